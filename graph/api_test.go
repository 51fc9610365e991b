package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
	"github.com/redis/go-redis/v9"

	"parley/graph"
	"parley/graph/live"
	"parley/graph/transport"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

func TestMain(m *testing.M) { inboxtest.Main(m) }

type object = map[string]any

// api is a server of the schema on a world of the test's own.
type api struct {
	*inboxtest.World
	server *httptest.Server
	feed   *inbox.Feed

	mu     sync.Mutex
	tokens map[models.Viewer]string
}

func newAPI(t *testing.T) *api {
	t.Helper()
	return newAPIOf(t, inboxtest.New(t))
}

func newAPIOf(t *testing.T, w *inboxtest.World) *api {
	t.Helper()
	a := &api{World: w, tokens: map[models.Viewer]string{}}
	// Nobody listens there: followers hear of their own process at once, which is all there is.
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialerRetries: 1})
	a.feed = inbox.NewFeed(a.Store, client, time.Hour, inboxtest.Quiet)
	a.Store.OnCommit(a.feed.Ring)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { a.feed.Run(ctx) })
	authenticate := graph.Authenticate(a.Store)
	whispers := inbox.NewWhispers(client, a.Clock.Now, inboxtest.Quiet)
	hub := live.NewHub(a.Store, a.feed, whispers, inboxtest.Quiet)
	sockets := transport.NewWebSocket(transport.WebSocketConfig{Authenticate: authenticate, Live: hub, Log: inboxtest.Quiet, Now: a.Clock.Now})
	a.server = httptest.NewServer(transport.Handler{
		Executor:   graph.NewExecutor(&graph.Resolver{Inbox: a.Inbox, Limits: generous}, inboxtest.Quiet),
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
		stop()
		running.Wait()
		a.server.Close()
	})
	return a
}

// generous lets a test ask for all there is at once.
var generous = graph.Limits{Cost: 1_000_000}

// token is an API token of the viewer's; nobody has none.
func (a *api) token(v models.Viewer) string {
	a.T.Helper()
	if v == (models.Viewer{}) {
		return ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tokens[v] == "" {
		made, err := a.Inbox.CreateToken(a.Context(), v, inbox.TokenRequest{Name: "test"})
		a.Must(err)
		a.tokens[v] = made.Secret
	}
	return a.tokens[v]
}

type answer struct {
	Data   object
	Errors []struct {
		Message    string
		Path       []any
		Extensions object
	}
}

// code is that of the first error.
func (a answer) code() any {
	if len(a.Errors) == 0 {
		return nil
	}
	return a.Errors[0].Extensions["code"]
}

// ask asks as the viewer.
func (a *api) ask(v models.Viewer, query string, variables object) answer {
	a.T.Helper()
	body, err := json.Marshal(object{"query": query, "variables": variables})
	a.Must(err)
	request, err := http.NewRequestWithContext(a.Context(), http.MethodPost, a.server.URL, bytes.NewReader(body))
	a.Must(err)
	request.Header.Set("Content-Type", "application/json")
	if token := a.token(v); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := a.server.Client().Do(request)
	a.Must(err)
	defer response.Body.Close()
	var got answer
	a.Must(json.NewDecoder(response.Body).Decode(&got))
	return got
}

// data asks as the viewer, who must get an answer.
func (a *api) data(v models.Viewer, query string, variables object) object {
	a.T.Helper()
	got := a.ask(v, query, variables)
	if len(got.Errors) > 0 {
		a.T.Fatalf("%s: %+v", query, got.Errors)
	}
	return got.Data
}

// socket is a subscription over a websocket.
type socket struct {
	t *testing.T
	*websocket.Conn
}

func (a *api) subscribe(t *testing.T, v models.Viewer, query string, variables object) socket {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	c, _, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(a.server.URL, "http"), nil)
	a.Must(err)
	t.Cleanup(func() { _ = c.Close() })
	a.Must(c.WriteJSON(object{"type": "connection_init", "payload": object{"Authorization": "Bearer " + a.token(v)}}))
	s := socket{t, c}
	if kind, _ := s.next(); kind != "connection_ack" {
		t.Fatalf("the socket answered %s", kind)
	}
	a.Must(c.WriteJSON(object{"type": "subscribe", "id": "1", "payload": object{"query": query, "variables": variables}}))
	return s
}

// next is the next message of the socket and its payload.
func (s socket) next() (kind string, payload any) {
	s.t.Helper()
	_ = s.SetReadDeadline(time.Now().Add(30 * time.Second))
	var message struct {
		Type    string
		Payload any
	}
	if err := s.ReadJSON(&message); err != nil {
		s.t.Fatalf("read from the socket: %v", err)
	}
	return message.Type, message.Payload
}

// event is the next event of a subscription.
func (s socket) event(field string) object {
	s.t.Helper()
	kind, payload := s.next()
	event, ok := at(payload, "data", field).(object)
	if kind != "next" || !ok {
		s.t.Fatalf("the stream said %s %v", kind, payload)
	}
	return event
}

// failure is the code of the error the stream ends with.
func (s socket) failure() any {
	s.t.Helper()
	kind, payload := s.next()
	errs, ok := payload.([]any)
	if kind != "error" || !ok {
		s.t.Fatalf("the stream said %s %v", kind, payload)
	}
	return at(errs[0], "extensions", "code")
}

// at walks into decoded JSON.
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(object)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}
