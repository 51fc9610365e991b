// Package live runs subscriptions for many clients at once. Those who ask the same question and may see the same share one
// execution and one payload; where a client begins to hear is its own affair, as is how fast it listens.
package live

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"parley/graph/transport"
	"parley/graph/view"
	"parley/inbox"
	"parley/models"
)

// Hub has a stage for every organization that somebody follows.
type Hub struct {
	store    *models.Store
	feed     *inbox.Feed
	whispers *inbox.Whispers
	log      *slog.Logger
	replays  chan struct{} // so many at once
	observer Observer
	active   atomic.Int64

	mu     sync.Mutex
	stages map[string]*stage
	work   sync.WaitGroup
}

var _ transport.Live = (*Hub)(nil)

// NewHub makes a Hub on a feed that runs.
func NewHub(store *models.Store, feed *inbox.Feed, whispers *inbox.Whispers, log *slog.Logger) *Hub {
	return &Hub{
		store: store, feed: feed, whispers: whispers, log: log,
		replays: make(chan struct{}, 4*runtime.GOMAXPROCS(0)), stages: make(map[string]*stage), observer: nobody{},
	}
}

// Wait returns when everything the Hub runs for its subscribers has ended. There must be none any more.
func (h *Hub) Wait() { h.work.Wait() }

// Subscribe has a client hear what its subscription asks for: everything after its cursor, in order and each once, until
// stop or the end of ctx.
func (h *Hub) Subscribe(ctx context.Context, exec graphql.GraphExecutor, op *graphql.OperationContext, to transport.Stream) (stop func()) {
	viewer := view.ViewerFrom(ctx)
	asked := spanOf(op)
	m := &member{
		hub: h, ctx: ctx, viewer: viewer, question: question{exec: exec, op: op, sight: viewer}, to: to, ends: asked.ends,
		began: time.Now(),
	}
	h.active.Add(1)
	m.enter(asked.after)
	return m.leave
}

// stage returns the stage of an organization whose log reached to last a moment ago. It must be released.
func (h *Hub) stage(organizationID string, last int64) (*stage, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, ok := h.stages[organizationID]
	if !ok {
		reading, err := h.feed.Open(organizationID, last)
		if err != nil {
			return nil, err
		}
		s = newStage(h, organizationID, reading, last)
		h.stages[organizationID] = s
		h.work.Go(s.run)
	}
	s.users++
	return s, nil
}

func (h *Hub) release(s *stage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.users--; s.users == 0 {
		delete(h.stages, s.organizationID)
		s.stop()
	}
}
