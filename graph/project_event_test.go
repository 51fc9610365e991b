package graph_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/redis/go-redis/v9"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"parley/graph"
	"parley/graph/live"
	"parley/graph/view"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// happenings is a world in which much has happened, and a hub that tells of it.
type happenings struct {
	*inboxtest.World
	both
	hub  *live.Hub
	talk string            // a conversation with more than words
	last map[string]string // where the last event is, by the way to follow them
}

func newHappenings(t testing.TB) *happenings {
	t.Helper()
	w, b, _ := crowded(t)
	w.Work(models.DueWindows)
	picture := w.Says("491701", "look")
	picture.Attachments = []models.Attachment{{Kind: models.Image, URL: "https://example.com/a.png"}}
	again := w.Says("491701", "an answer")
	again.ReplyToExternalID = picture.ExternalID
	w.Receive(picture, w.Reaction("491701", picture.ExternalID, "👍"), again, w.Comments("491702", "thread", "first!"), w.Comments("491703", "thread", "second!"))
	_, err := w.Inbox.ChangeRole(w.Context(), w.Owner, w.Colleague.UserID, models.Supervisor, "")
	w.Must(err)
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialerRetries: 1})
	feed := inbox.NewFeed(w.Store, client, time.Hour, inboxtest.Quiet)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { feed.Run(ctx) })
	whispers := inbox.NewWhispers(client, w.Clock.Now, inboxtest.Quiet)
	h := &happenings{
		World: w, both: b, hub: live.NewHub(w.Store, feed, whispers, inboxtest.Quiet),
		talk: w.MessageSaid(picture.ExternalID).ConversationID,
	}
	h.last = make(map[string]string)
	for _, e := range h.Log(0) {
		h.last["inboxEvents"] = e.Cursor()
		if e.ConversationID != "" {
			h.last["conversationChanged"] = e.Cursor()
		}
		if e.Type == models.MessageAdded && e.ConversationID == h.talk {
			h.last["messageAdded"] = e.Cursor()
		}
	}
	t.Cleanup(func() {
		h.hub.Wait()
		stop()
		running.Wait()
		_ = client.Close()
	})
	return h
}

// hearer keeps what it is sent.
type hearer struct {
	heard []string
	last  string // the place of the last
	done  chan struct{}
}

func (l *hearer) Next(payload []byte) {
	l.heard = append(l.heard, string(payload))
	if strings.Contains(string(payload), `"place":"`+l.last+`"`) {
		close(l.done)
	}
}

func (l *hearer) End(why gqlerror.List) {
	l.heard = append(l.heard, fmt.Sprint("the end: ", why))
	close(l.done)
}

func (*hearer) Room(ctx context.Context) error { return ctx.Err() }

// all is what a subscription tells of everything that has happened.
func (h *happenings) all(t *testing.T, e *executor.Executor, v models.Viewer, document string, variables map[string]any, last string) []string {
	t.Helper()
	ctx := graphql.StartOperationTrace(view.WithViewer(context.Background(), v))
	op, errs := e.CreateOperationContext(ctx, &graphql.RawParams{Query: document, Variables: variables})
	if len(errs) > 0 {
		return []string{errs.Error()} // authors do not count aliases
	}
	l := &hearer{last: last, done: make(chan struct{})}
	defer h.hub.Subscribe(ctx, e, op, l)()
	select {
	case <-l.done:
		return l.heard
	case <-time.After(30 * time.Second):
		t.Fatalf("%s does not tell of everything", document)
		return nil
	}
}

// subscription asks for events of one of the three ways to follow them.
func (a *author) subscription() string {
	a.fragments, a.spreads = nil, 0
	var body string
	switch a.IntN(3) {
	case 0:
		var parts []string
		possible := a.schema.Types["InboxEvent"].Types
		for range 6 {
			name := possible[a.IntN(len(possible))]
			parts = append(parts, "... on "+name+" "+a.wrapped(name, 0))
		}
		body = "inboxEvents(organizationId: $o, after: $a) { __typename ... on Event " + a.object("Event", 0) + " " + strings.Join(parts, " ") + " ... on Event { place: cursor } }"
	case 1:
		body = "messageAdded(conversationId: $c, after: $a) { " + strings.Trim(a.wrapped("MessageAdded", 0), "{}") + " place: cursor }"
	default:
		body = "conversationChanged(after: $a) { " + strings.Trim(a.wrapped("ConversationChange", 0), "{}") + " place: cursor }"
	}
	body = "{ " + body + " } " + strings.Join(a.fragments, " ")
	declared := []string{}
	for _, d := range []string{"$yes: Boolean! = true", "$no: Boolean! = false", "$o: ID!", "$c: ID!", "$a: String"} {
		if name, _, _ := strings.Cut(d, ":"); strings.Contains(body, name) {
			declared = append(declared, d)
		}
	}
	return "subscription (" + strings.Join(declared, ", ") + ") " + body
}

// newReporter is an author of subscriptions.
func newReporter(seed uint64) *author {
	a := newAuthor(seed)
	a.rarely = 75
	a.omits = maps.Clone(unwritten)
	for _, way := range []string{"Message.conversation", "Message.replyTo", "Message.privateReplyTo"} {
		delete(a.omits, way)
	}
	a.seldom = maps.Clone(left)
	for name := range a.seldom {
		if strings.HasPrefix(name, "Message.") {
			delete(a.seldom, name)
		}
	}
	for _, name := range []string{"Message.openActions", "Message.viewerCanReplyPrivately", "Message.viewerCannotReplyPrivatelyReasons"} {
		a.seldom[name] = true
	}
	return a
}

// compareAll fails the test unless a subscription tells the same of everything with and without projections.
func (h *happenings) compareAll(t *testing.T, v models.Viewer, document string, yes bool) {
	t.Helper()
	variables := map[string]any{"o": h.Org.ID, "c": h.talk, "a": models.EventCursor(0), "yes": yes}
	last := ""
	for way, place := range h.last {
		if strings.Contains(document, way+"(") {
			last = place
		}
	}
	want := h.all(t, h.without, v, document, variables, last)
	got := h.all(t, h.with, v, document, variables, last)
	inboxtest.Same(t, "told of", len(got), len(want))
	for i := range want {
		if got[i] == want[i] {
			continue
		}
		t.Fatalf("%s\ntells of event %d\n%s\nwant\n%s", document, i, got[i], want[i])
	}
}

func TestEventProjection(t *testing.T) {
	t.Parallel()
	h := newHappenings(t)
	t.Run("tells of events as the executor does", func(t *testing.T) {
		a := newReporter(7)
		h.compareAll(t, h.Agent, `subscription ($o: ID!, $a: String) { inboxEvents(organizationId: $o, after: $a) { ... on MessageAdded {
			actor { user { id } } message { authorContact { externalId } attachments { kind } reactions { emoji } replyTo { id } conversation { id } } } ... on Event { place: cursor } } }`, false)
		written, kinds := 0, 0
		for range 150 {
			document, yes := a.subscription(), a.chance(50)
			h.compareAll(t, []models.Viewer{h.Agent, h.Onlooker, h.Owner}[a.IntN(3)], document, yes)
			w, k := h.writes(t, document, yes)
			written, kinds = written+w, kinds+k
		}
		if written < kinds/3 || written == kinds {
			t.Errorf("%d of %d types of events were written", written, kinds)
		}
	})
}

// A replay asks what it needs while the group's own show goes on: both once compiled into one map.
func TestEventProjectionBesideItself(t *testing.T) {
	t.Parallel()
	executor := newBoth(nil).with
	op, errs := executor.CreateOperationContext(graphql.StartOperationTrace(context.Background()), &graphql.RawParams{
		Query: `subscription { inboxEvents(organizationId: "o") { ... on MessageAdded { message { id } } ... on Event { cursor } } }`})
	if errs != nil {
		t.Fatal(errs)
	}
	writer := graph.NewWriter(op)
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for _, kind := range []models.EventType{models.MessageAdded, models.ConversationRead, models.ChannelChanged, models.WindowClosedEvent} {
				if got := writer.Needs(models.Event{Type: kind}).Message; got != (kind == models.MessageAdded) {
					t.Errorf("%s needs a message: %v", kind, got)
				}
			}
		})
	}
	asking.Wait()
}

// writes counts the types of events a subscription can tell of, and those of them that are written by projections.
func (h *happenings) writes(t *testing.T, document string, yes bool) (written, kinds int) {
	t.Helper()
	op, errs := h.with.CreateOperationContext(graphql.StartOperationTrace(context.Background()), &graphql.RawParams{
		Query: document, Variables: map[string]any{"o": h.Org.ID, "c": h.talk, "yes": yes}})
	if errs != nil {
		return 0, 0
	}
	return graph.WrittenKinds(op)
}

// FuzzEventProjection looks for subscriptions that projections answer otherwise than the executor does.
func FuzzEventProjection(f *testing.F) {
	h := newHappenings(f)
	for seed := range uint64(3) {
		f.Add(seed, seed%2 == 0)
	}
	f.Fuzz(func(t *testing.T, seed uint64, yes bool) {
		h.compareAll(t, h.Agent, newReporter(seed).subscription(), yes)
	})
}
