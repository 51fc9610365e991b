package graph_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"

	"parley/channels"
	"parley/graph"
	"parley/graph/view"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

const inboxPage = `query Inbox($filter: ConversationFilter, $after: String) { conversations(filter: $filter, first: 50, after: $after) {
	edges { cursor node { id status unreadCount lastActivityAt waitingSince contact { id name } identity { externalId handle }
		assignment { user { id name } team { id name } } channel { id platform name } replyWindow { state expiresAt }
		lastMessage { id text direction createdAt delivery { status } } } }
	pageInfo { hasNextPage endCursor } eventCursor } }`

const timelinePage = `query Timeline($id: ID!) { conversation(id: $id) { messages(last: 50) { edges { cursor node {
	id text direction createdAt authorUser { id name } delivery { status } } } pageInfo { hasPreviousPage startCursor } } } }`

// big is a database of models.TestScale, or a small one of this benchmark's own.
func big(b *testing.B) (*inbox.Inbox, models.Viewer) {
	b.Helper()
	url := os.Getenv("PARLEY_SCALE_URL")
	if url == "" {
		w, _, _ := crowded(b)
		return w.Inbox, w.Agent
	}
	cipher, err := models.NewCipher(make([]byte, 32))
	if err != nil {
		b.Fatal(err)
	}
	store, err := models.Open(b.Context(), models.Config{URL: url, Clock: models.SystemClock{}, Cipher: cipher, Rules: models.DefaultRules()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	return inbox.New(inbox.Config{Store: store, Adapters: channels.NewRegistry(), Log: inboxtest.Quiet}), models.Viewer{
		Kind: models.ActorUser, OrganizationID: "org_" + strings.Repeat("0", 31) + "1", UserID: "usr_" + strings.Repeat("0", 29) + "102",
	}
}

// pages asks again and again, at once, and tells how soon the slowest of a hundred is answered.
func pages(b *testing.B, e *executor.Executor, v models.Viewer, document string, variables func(i int) map[string]any) {
	b.Helper()
	b.ReportAllocs()
	b.SetParallelism(4) // eight clients on two cores
	took := make(chan time.Duration, b.N)
	bytes := 0
	ctx := view.WithViewer(b.Context(), v)
	b.RunParallel(func(p *testing.PB) {
		for i := 0; p.Next(); i++ {
			begun := time.Now()
			traced := graphql.StartOperationTrace(ctx)
			op, errs := e.CreateOperationContext(traced, &graphql.RawParams{Query: document, Variables: variables(i)})
			if errs != nil {
				b.Error(errs)
				return
			}
			next, answering := e.DispatchOperation(traced, op)
			if response := next(answering); len(response.Errors) > 0 {
				b.Error(response.Errors)
			} else {
				bytes = len(response.Data)
			}
			took <- time.Since(begun)
		}
	})
	close(took)
	var all []time.Duration
	for d := range took {
		all = append(all, d)
	}
	slices.Sort(all)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "queries/s")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(bytes), "bytes")
}

func BenchmarkInbox(b *testing.B) {
	i, viewer := big(b)
	variables := func(i int) map[string]any { // 12 of a status, 5 of an assignee, 3 of a channel
		filter := map[string]any{"statuses": []any{"NEW"}}
		switch n := i % 20; {
		case n >= 17:
			filter["channelIds"] = []any{fmt.Sprintf("chn_%032d", 101+2*(n%3))}
		case n >= 12:
			filter["assigneeUserId"] = fmt.Sprintf("usr_%032d", 101+n)
		}
		return map[string]any{"filter": filter} // the executor writes into it
	}
	for name, resolver := range map[string]*graph.Resolver{"projected": {Inbox: i}, "plain": {Inbox: i, Plain: true}} {
		e := graph.NewExecutor(resolver, inboxtest.Quiet)
		b.Run("page/"+name, func(b *testing.B) { pages(b, e, viewer, inboxPage, variables) })
	}
	e := graph.NewExecutor(&graph.Resolver{Inbox: i}, inboxtest.Quiet)
	b.Run("timeline", func(b *testing.B) {
		variables := func(i int) map[string]any { return map[string]any{"id": fmt.Sprintf("cnv_%032d", 2+2*(i%50))} }
		pages(b, e, viewer, timelinePage, variables)
	})
}
