package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"parley/bench/load"
	"parley/bench/report"
	"parley/bench/rig"
)

// pageDocument is the list an agent looks at: fifty conversations in some thirty kilobytes.
const pageDocument = `query($filter: ConversationFilter, $after: String, $first: Int = 50) {
	conversations(filter: $filter, first: $first, after: $after) { pageInfo { hasNextPage endCursor } edges { node {
		id status unreadCount lastActivityAt waitingSince replyWindow { state expiresAt }
		contact { id name } identity { externalId handle } assignment { user { id name } } channel { id platform name }
		lastMessage { id text direction createdAt } } } } }`

// turnDocument only walks on.
const turnDocument = `query($filter: ConversationFilter, $after: String, $first: Int) {
	conversations(filter: $filter, first: $first, after: $after) { pageInfo { hasNextPage endCursor } } }`

// shelf is a world for the inbox page. The smallest one has enough to fill a page of each kind.
func (l *Lab) shelf(large bool) (name string, w rig.World) {
	w = rig.World{Organizations: 10, Users: 50, Conversations: 20_000, Messages: 200_000}
	if l.Small {
		w.Conversations, w.Messages = 8000, 40_000
	}
	if !large {
		return "page_small", w
	}
	w.Conversations, w.Messages = 10*w.Conversations, 10*w.Messages
	return "page_large", w
}

// Page measures the inbox page: filtered by status, assignee or channel, near the front and far behind.
func (l *Lab) Page(ctx context.Context) error {
	library, err := l.openLibrary(ctx)
	if err != nil {
		return err
	}
	for run := range l.Runs {
		for _, clients := range []int{1, 8} {
			if err := l.ownPages(ctx, clients, run); err != nil {
				return err
			}
			if err := l.peerPages(ctx, library, clients, run); err != nil {
				return err
			}
		}
	}
	return nil
}

// ownPages measures the product on the large world, then on the small one and on single pages.
func (l *Lab) ownPages(ctx context.Context, clients, run int) error {
	if !l.wants("parley") {
		return nil
	}
	for _, large := range []bool{true, false} {
		cases := []string{"small"}
		if large {
			cases = []string{"mixed", "page 1", "page 400"}
		}
		err := l.withReader(ctx, large, func(r *reader) error {
			for _, name := range cases {
				m := report.Measurement{Scenario: "page", Case: fmt.Sprintf("%s, %d", name, clients), Server: "parley", Run: run}
				requests, err := r.requests(name)
				if err == nil {
					m.Figures, m.Remarks = l.browse(ctx, r.server, clients, requests, `"lastActivityAt"`)
				}
				if err := l.note(ctx, m, err); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) withReader(ctx context.Context, large bool, do func(*reader) error) error {
	name, w := l.shelf(large)
	database, err := l.world(ctx, name, w)
	if err != nil {
		return err
	}
	server, err := rig.Parley(ctx, l.parley, l.dir, "parley-a", nil, database, l.redis.URL)
	if err != nil {
		return err
	}
	defer server.Stop()
	r := &reader{server: server, world: w, caller: load.NewCaller(server.Address)}
	defer r.caller.Close()
	return do(r)
}

// weighed is a request that is made as often as its weight says.
type weighed struct {
	weight  int
	request load.Request
}

// browse asks for random pages.
func (l *Lab) browse(ctx context.Context, s *rig.Server, clients int, pages []weighed, wants string) (map[string]float64, []string) {
	total := 0
	for _, p := range pages {
		total += p.weight
	}
	a := load.Ask(ctx, load.Questions{
		Address: s.Address, Clients: clients, Warm: l.span() / 5, For: l.span(), Wants: wants, Refuses: `"errors"`, Processes: []int{s.ID()},
		Next: func(int) load.Request {
			n := rand.IntN(total)
			for _, p := range pages {
				if n -= p.weight; n < 0 {
					return p.request
				}
			}
			panic("weights do not add up")
		},
	})
	good := max(float64(a.Good), 1)
	return map[string]float64{
		"queries/s": a.PerSecond(), "p50 ms": milliseconds(a.Latency.Quantile(.5)), "p99 ms": milliseconds(a.Latency.Quantile(.99)),
		"kB per answer": float64(a.Bytes) / 1000 / good, "CPU ms per query": milliseconds(a.CPU[0]) / good,
	}, complaints(a)
}

// reader asks the product in the name of a member of the first organization.
type reader struct {
	server *rig.Server
	world  rig.World
	caller *load.Caller
}

func ask(document string, variables map[string]any) load.Request {
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		panic(fmt.Sprintf("write a query: %v", err)) // strings and numbers
	}
	return load.JSON("/graphql", "Authorization: Bearer "+rig.Token(1, 2)+"\r\n", body)
}

// requests are those of a case.
func (r *reader) requests(name string) ([]weighed, error) {
	switch name {
	case "page 1":
		return []weighed{{1, ask(pageDocument, nil)}}, nil
	case "page 400":
		after, err := r.walk(nil, 399*50)
		if err != nil {
			return nil, err
		}
		return []weighed{{1, ask(pageDocument, map[string]any{"after": after})}}, nil
	}
	return r.mixed()
}

// mixed are full pages of new conversations: everybody's, of one member, on one channel.
func (r *reader) mixed() (all []weighed, err error) {
	status := []string{"NEW"}
	filters := map[int][]map[string]any{ofEverybody: {{"statuses": status}}}
	for user := 1; user <= 20; user++ {
		filters[ofMembers] = append(filters[ofMembers], map[string]any{"statuses": status, "assigneeUserId": rig.ID("usr", 1000+user)})
	}
	for channel := 1; channel <= 6; channel++ {
		filters[ofChannels] = append(filters[ofChannels], map[string]any{"statuses": status, "channelIds": []string{rig.ID("chn", 10+channel)}})
	}
	for weight, some := range filters {
		before := len(all)
		for _, filter := range some {
			if all, err = r.pages(all, weight, filter); err != nil {
				return nil, err
			}
		}
		if len(all) == before {
			return nil, fmt.Errorf("there is no full page of %v", some[0])
		}
	}
	return balance(all), nil
}

// Of a hundred queries, so many are of a kind.
const ofEverybody, ofMembers, ofChannels = 60, 25, 15

// pages adds the first ten pages of a filter, or as many as are full: who has less to show has less to do, and worlds are to
// be compared by what the same page costs.
func (r *reader) pages(all []weighed, weight int, filter map[string]any) ([]weighed, error) {
	var after any
	for range 10 {
		next, more, err := r.turn(filter, after, 50)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		all = append(all, weighed{weight, ask(pageDocument, map[string]any{"filter": filter, "after": after})})
		after = next
	}
	return all, nil
}

// balance shares the weight of a kind among its pages: 60, 25 and 15 of a hundred, however many pages each has.
func balance(all []weighed) []weighed {
	count := make(map[int]int)
	for _, p := range all {
		count[p.weight]++
	}
	for i := range all {
		all[i].weight = all[i].weight * 10_000 / count[all[i].weight]
	}
	return all
}

// walk is the cursor after so many conversations.
func (r *reader) walk(filter map[string]any, far int) (after any, err error) {
	for step := 0; step < far; step += 50 {
		next, more, err := r.turn(filter, after, 50)
		if err != nil {
			return nil, err
		}
		if !more {
			return after, nil // a small world ends earlier
		}
		after = next
	}
	return after, nil
}

func (r *reader) turn(filter map[string]any, after any, first int) (next string, more bool, err error) {
	answer, err := r.caller.Post(ask(turnDocument, map[string]any{"filter": filter, "after": after, "first": first}))
	if err != nil {
		return "", false, err
	}
	var page struct {
		Data struct {
			Conversations struct {
				PageInfo struct {
					HasNextPage bool
					EndCursor   string
				}
			}
		}
		Errors []any
	}
	if err := json.Unmarshal(answer, &page); err != nil {
		return "", false, fmt.Errorf("read a page: %w", err)
	}
	if len(page.Errors) > 0 {
		return "", false, fmt.Errorf("turn a page: %v", page.Errors)
	}
	info := page.Data.Conversations.PageInfo
	return info.EndCursor, info.HasNextPage, nil
}
