package graph_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
	"github.com/redis/go-redis/v9"

	"parley/embedded/embeddedtest"
	"parley/graph"
	"parley/graph/live"
	"parley/graph/transport"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// instance is one process of several on one database and one Redis.
type instance struct {
	w   *inboxtest.World
	url string
}

func newInstance(w *inboxtest.World, redisURL string) *instance {
	w.T.Helper()
	options, err := redis.ParseURL(redisURL)
	w.Must(err)
	client, store := redis.NewClient(options), w.OpenStore()
	feed, whispers := inbox.NewFeed(store, client, time.Hour, inboxtest.Quiet), inbox.NewWhispers(client, w.Clock.Now, inboxtest.Quiet)
	hub, authenticate := live.NewHub(store, feed, whispers, inboxtest.Quiet), graph.Authenticate(store)
	sockets := transport.NewWebSocket(transport.WebSocketConfig{Authenticate: authenticate, Live: hub, Log: inboxtest.Quiet, Now: w.Clock.Now})
	answers := transport.HTTP{Authenticate: authenticate, Log: inboxtest.Quiet}
	streams := transport.NewStreams(transport.StreamsConfig{HTTP: answers, Live: hub, Now: w.Clock.Now})
	revocations := inbox.NewRevocations(inbox.RevocationsConfig{
		Store: store, Redis: client, Guests: []inbox.Guests{sockets, streams}, Every: time.Hour, Log: inboxtest.Quiet,
	})
	store.OnCommit(func(organizationID string, events []models.Event) {
		feed.Ring(organizationID, events)
		revocations.Ring(organizationID, events)
	})
	server := httptest.NewServer(transport.Handler{
		Executor:   graph.NewExecutor(&graph.Resolver{Inbox: w.OpenInbox(store)}, inboxtest.Quiet),
		Transports: []graphql.Transport{sockets, streams, answers},
		Log:        inboxtest.Quiet,
	})
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { feed.Run(ctx) })
	running.Go(func() { revocations.Run(ctx) })
	w.T.Cleanup(func() {
		patience, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		streams.EndStreams()
		if err := sockets.Shutdown(patience); err != nil {
			w.T.Error(err)
		}
		hub.Wait()
		stop()
		running.Wait()
		server.Close()
		_ = client.Close()
	})
	return &instance{w, server.URL}
}

// greet opens a socket, and says how it is answered.
func (i *instance) greet(token string) (c *websocket.Conn, answer string, err error) {
	i.w.T.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	c, _, err = dialer.DialContext(i.w.Context(), "ws"+strings.TrimPrefix(i.url, "http"), nil)
	i.w.Must(err)
	i.w.T.Cleanup(func() { _ = c.Close() })
	_ = c.SetReadDeadline(time.Now().Add(30 * time.Second))
	i.w.Must(c.WriteJSON(object{"type": "connection_init", "payload": object{"Authorization": "Bearer " + token}}))
	_, text, err := c.ReadMessage()
	return c, string(text), err
}

// idle is a socket on which nothing runs.
func (i *instance) idle(token string) *websocket.Conn {
	i.w.T.Helper()
	c, answer, err := i.greet(token)
	if err != nil || !strings.Contains(answer, "connection_ack") {
		i.w.T.Fatalf("the socket answered %s, %v", answer, err)
	}
	return c
}

// follow opens a stream of everything, and tells when it is over.
func (i *instance) follow(token, accept string) <-chan struct{} {
	i.w.T.Helper()
	body := `{"query":"subscription { inboxEvents(organizationId: \"` + i.w.Org.ID + `\") { __typename } }"}`
	r, err := http.NewRequestWithContext(i.w.Context(), http.MethodPost, i.url, strings.NewReader(body))
	i.w.Must(err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", accept)
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	i.w.Must(err)
	if resp.StatusCode != http.StatusOK {
		i.w.T.Fatalf("the stream answered %s", resp.Status)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
	}()
	return over
}

// awaitHearers waits until n processes hear of revocations through Redis.
func awaitHearers(t *testing.T, redisURL string, n int64) {
	t.Helper()
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	again, late := time.NewTicker(2*time.Millisecond), time.After(30*time.Second)
	defer again.Stop()
	for {
		hearers, err := client.PubSubNumSub(context.Background(), "parley:revoked").Result()
		if err == nil && hearers["parley:revoked"] == n {
			return
		}
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("%d processes listen instead of %d (%v)", hearers["parley:revoked"], n, err)
		}
	}
}

// forbidden fails the test unless the socket is closed with 4403 for the token.
func forbidden(t *testing.T, err error) {
	t.Helper()
	var closed *websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != transport.CloseForbidden || closed.Text != "Token revoked" {
		t.Errorf("the socket ended with %v", err)
	}
}

func TestRevocation(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t)
	r, err := embeddedtest.StartRedis()
	w.Must(err)
	t.Cleanup(r.Stop)
	here, there := newInstance(w, r.URL()), newInstance(w, r.URL())
	made, err := w.Inbox.CreateToken(w.Context(), w.Agent, inbox.TokenRequest{Name: "phone"})
	w.Must(err)
	kept, err := w.Inbox.CreateToken(w.Context(), w.Agent, inbox.TokenRequest{Name: "watch"})
	w.Must(err)
	awaitHearers(t, r.URL(), 2)
	sockets := []*websocket.Conn{here.idle(made.Secret), there.idle(made.Secret)}
	streams := []<-chan struct{}{
		here.follow(made.Secret, "text/event-stream"), there.follow(made.Secret, "text/event-stream"),
		there.follow(made.Secret, `multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json`),
	}
	other := there.idle(kept.Secret)

	w.Must(sockets[0].WriteJSON(object{"type": "subscribe", "id": "1", "payload": object{
		"query": `mutation { revokeApiToken(input: {apiTokenId: "` + made.Token.ID + `"}) { userErrors { message } } }`,
	}}))
	for _, want := range []string{`"userErrors":[]`, `"complete"`} { // who revokes their own is still answered
		if _, text, err := sockets[0].ReadMessage(); err != nil || !strings.Contains(string(text), want) {
			t.Fatalf("revoking was answered with %s, %v", text, err)
		}
	}
	for _, c := range sockets {
		_, _, err := c.ReadMessage()
		forbidden(t, err)
	}
	for _, over := range streams {
		select {
		case <-over:
		case <-time.After(30 * time.Second):
			t.Error("a stream goes on")
		}
	}
	_, _, err = there.greet(made.Secret) // that process still remembers whose the token was
	forbidden(t, err)
	w.Must(other.WriteJSON(object{"type": "ping"}))
	if _, text, err := other.ReadMessage(); err != nil || !strings.Contains(string(text), "pong") {
		t.Errorf("the socket of another token heard %s, %v", text, err)
	}
}
