package graph_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/redis/go-redis/v9"

	"parley/embedded/embeddedtest"
	"parley/graph"
	"parley/graph/live"
	"parley/graph/transport"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// newMoments is an API that knows what happens at this moment.
func newMoments(t *testing.T) *api {
	t.Helper()
	return newMomentsOf(t, newAPI(t))
}

func newMomentsOf(t *testing.T, a *api) *api {
	t.Helper()
	r, err := embeddedtest.StartRedis()
	a.Must(err)
	t.Cleanup(r.Stop)
	options, err := redis.ParseURL(r.URL())
	a.Must(err)
	client := redis.NewClient(options)
	whispers := inbox.NewWhispers(client, a.Clock.Now, inboxtest.Quiet)
	hub := live.NewHub(a.Store, a.feed, whispers, inboxtest.Quiet)
	authenticate := graph.Authenticate(a.Store)
	sockets := transport.NewWebSocket(transport.WebSocketConfig{Authenticate: authenticate, Live: hub, Log: inboxtest.Quiet, Now: a.Clock.Now})
	server := httptest.NewServer(transport.Handler{
		Executor:   graph.NewExecutor(&graph.Resolver{Inbox: a.Inbox, Whispers: whispers, Limits: generous}, inboxtest.Quiet),
		Transports: []graphql.Transport{sockets, transport.HTTP{Authenticate: authenticate, Log: inboxtest.Quiet}},
		Log:        inboxtest.Quiet,
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := sockets.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		hub.Wait()
		server.Close()
		_ = client.Close()
	})
	return &api{World: a.World, server: server, feed: a.feed, tokens: map[models.Viewer]string{}}
}

func TestMoments(t *testing.T) {
	t.Parallel()
	const report = `mutation ($c: ID!) { reportPresence(input: {}) { seconds userErrors { code } }
		reportViewing(input: {conversationId: $c}) { seconds userErrors { code } }
		reportTyping(input: {conversationId: $c}) { seconds userErrors { code } } }`
	const moments = `subscription ($o: ID!) { moments(organizationId: $o) { __typename
		... on MemberPresence { online user { id } } ... on MemberViewing { viewing user { id } conversation { id } } } }`

	t.Run("are shown to colleagues", func(t *testing.T) {
		t.Parallel()
		a := newMoments(t)
		c := a.CustomerWrites("491701", "hello?")

		a.data(a.Agent, report, object{"c": c.ID})

		got := a.data(a.Colleague, `query ($c: ID!) { presence { online user { id } }
			conversation(id: $c) { viewers { isTyping user { id } } } }`, object{"c": c.ID})
		here, viewer := at(got, "presence", 0), at(got, "conversation", "viewers", 0)
		if at(here, "user", "id") != a.Agent.UserID || at(here, "online") != true {
			t.Errorf("here is %v", here)
		}
		if at(viewer, "user", "id") != a.Agent.UserID || at(viewer, "isTyping") != true {
			t.Errorf("the conversation is seen by %v", viewer)
		}
	})
	t.Run("are streamed", func(t *testing.T) {
		t.Parallel()
		a := newMoments(t)
		c := a.CustomerWrites("491701", "hello?")
		stream := a.subscribe(t, a.Colleague, moments, object{"o": a.Org.ID})
		told := make(chan object, 1)
		go func() { told <- stream.event("moments") }()
		again := time.NewTicker(20 * time.Millisecond)
		defer again.Stop()
		viewing := true
		for begun := false; !begun; { // until the stream listens
			a.data(a.Agent, `mutation ($c: ID!, $v: Boolean!) { reportViewing(input: {conversationId: $c, viewing: $v}) { seconds } }`,
				object{"c": c.ID, "v": viewing})
			viewing = !viewing
			a.Clock.Advance(time.Second)
			select {
			case got := <-told:
				begun = true
				if got["__typename"] != "MemberViewing" || at(got, "user", "id") != a.Agent.UserID || at(got, "conversation", "id") != c.ID {
					t.Errorf("told %v", got)
				}
			case <-again.C:
			}
		}
	})
	t.Run("of others are as if they did not exist", func(t *testing.T) {
		t.Parallel()
		a := newMoments(t)
		c := a.CustomerWrites("491701", "secret")
		b := &api{World: a.Neighbour("999"), server: a.server, feed: a.feed, tokens: map[models.Viewer]string{}}
		for _, id := range []string{c.ID, c.ID[:4] + strings.Repeat("0", 32)} {
			got := b.data(b.Agent, report, object{"c": id})
			for _, field := range []string{"reportViewing", "reportTyping"} {
				if code := at(got, field, "userErrors", 0, "code"); code != "NOT_FOUND" {
					t.Errorf("%s of %s answers %v", field, id, code)
				}
			}
		}
		if code := b.subscribe(t, b.Agent, moments, object{"o": a.Org.ID}).failure(); code != "NOT_FOUND" {
			t.Errorf("following ends with %v", code)
		}
	})
}
