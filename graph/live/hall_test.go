package live_test

import (
	"context"
	"encoding/json"
	"fmt"
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

// These tests have no Redis; its client need not tell.
func init() { redis.SetLogger(silent{}) }

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func TestMain(m *testing.M) { inboxtest.Main(m) }

// longest bounds what should happen soon, so that a test fails instead of hanging.
const longest = 30 * time.Second

// hall is a world with a hub.
type hall struct {
	*inboxtest.World
	exec     *executor.Executor
	feed     *inbox.Feed
	whispers *inbox.Whispers
	hub      *live.Hub

	mu        sync.Mutex
	listeners []*listener
}

func newHall(t testing.TB) *hall {
	t.Helper()
	h := &hall{World: inboxtest.New(t)}
	// Nobody listens there: followers hear of their own process at once.
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialerRetries: 1})
	h.feed = inbox.NewFeed(h.Store, client, time.Hour, inboxtest.Quiet)
	h.whispers = inbox.NewWhispers(client, h.Clock.Now, inboxtest.Quiet)
	h.Store.OnCommit(h.feed.Ring)
	h.hub = live.NewHub(h.Store, h.feed, h.whispers, inboxtest.Quiet)
	h.exec = graph.NewExecutor(&graph.Resolver{Inbox: h.Inbox}, inboxtest.Quiet)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { h.feed.Run(ctx) })
	t.Cleanup(func() {
		for _, l := range h.listeners {
			l.stop()
		}
		h.hub.Wait()
		stop()
		running.Wait()
		_ = client.Close()
	})
	return h
}

// listener is a client that keeps what it is sent.
type listener struct {
	t    testing.TB
	stop func()

	mu    sync.Mutex
	heard [][]byte
	ended bool
	why   gqlerror.List
	news  chan struct{}
}

func (l *listener) Next(payload []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		l.t.Errorf("heard %s after the end", payload)
	}
	l.heard = append(l.heard, payload)
	l.tell()
}

func (l *listener) End(why gqlerror.List) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		l.t.Error("ended twice")
	}
	l.ended, l.why = true, why
	l.tell()
}

func (l *listener) Room(ctx context.Context) error { return ctx.Err() }

func (l *listener) tell() {
	close(l.news)
	l.news = make(chan struct{})
}

// until waits until what it has heard is enough.
func (l *listener) until(enough func(heard [][]byte, ended bool) bool) [][]byte {
	l.t.Helper()
	timeout := time.After(longest)
	for {
		l.mu.Lock()
		heard, ended, news := l.heard, l.ended, l.news
		l.mu.Unlock()
		if enough(heard, ended) {
			return heard
		}
		select {
		case <-news:
		case <-timeout:
			l.t.Fatalf("heard %d only, last %s", len(heard), last(heard))
		}
	}
}

func last(heard [][]byte) []byte {
	if len(heard) == 0 {
		return nil
	}
	return heard[len(heard)-1]
}

func (l *listener) hears(n int) [][]byte {
	l.t.Helper()
	return l.until(func(heard [][]byte, _ bool) bool { return len(heard) >= n })
}

// code waits for the end, and gives its reason.
func (l *listener) code() any {
	l.t.Helper()
	l.until(func(_ [][]byte, ended bool) bool { return ended })
	if len(l.why) == 0 {
		return nil
	}
	return l.why[0].Extensions["code"]
}

type object = map[string]any

// listen subscribes as the viewer.
func (h *hall) listen(v models.Viewer, query string, variables object) *listener {
	h.T.Helper()
	l := &listener{t: h.T, news: make(chan struct{})}
	ctx := graphql.StartOperationTrace(view.WithViewer(context.Background(), v))
	op, errs := h.exec.CreateOperationContext(ctx, &graphql.RawParams{Query: query, Variables: variables})
	if len(errs) > 0 {
		h.T.Fatal(errs)
	}
	l.stop = sync.OnceFunc(h.hub.Subscribe(ctx, h.exec, op, l))
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listeners = append(h.listeners, l)
	return l
}

// cursorNow is the end of the log.
func (h *hall) cursorNow() string { return models.EventCursor(int64(h.LogEnd())) }

// event reads what a payload says of its one field.
func event(t *testing.T, payload []byte) object {
	t.Helper()
	var message struct{ Data map[string]object }
	if err := json.Unmarshal(payload, &message); err != nil {
		t.Fatalf("%s: %v", payload, err)
	}
	for _, e := range message.Data {
		return e
	}
	t.Fatalf("%s says nothing", payload)
	return nil
}

func seqOf(t *testing.T, payload []byte) int64 {
	t.Helper()
	seq, err := models.ParseEventCursor(fmt.Sprint(event(t, payload)["cursor"]))
	if err != nil {
		t.Fatal(err)
	}
	return seq
}
