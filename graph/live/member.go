package live

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"parley/graph/transport"
	"parley/inbox"
	"parley/models"
)

// member is one client's subscription.
type member struct {
	hub    *Hub
	ctx    context.Context // of the connection
	viewer models.Viewer
	question
	to    transport.Stream
	began time.Time

	// after is how far the client has been told. Who tells it next knows: its own goroutine, or the stage of its group.
	after int64
	// checked is the newest event when the viewer was last let in.
	checked int64
	// ends is whether the client wants no more than what had happened by then.
	ends bool
	last *int64 // where that is; nil: not known yet

	over  atomic.Bool
	mu    sync.Mutex         // before that of a stage
	quit  context.CancelFunc // of the goroutine that catches up; nil: there is none
	group *group
	place int // among the group's members; guarded by the stage
}

const nowhere = -1

// enter lets the viewer in at the cursor, or now, and joins the group that asks the same.
func (m *member) enter(after *string) {
	place, err := m.hub.feed.Begin(m.ctx, m.viewer, after)
	if err != nil {
		m.fail(err)
		return
	}
	m.start(place)
}

func (m *member) start(place inbox.Place) {
	m.after, m.checked = place.After, place.Last
	if m.last == nil {
		m.last = &place.Last
	}
	g, errs := m.find(place)
	switch {
	case len(errs) > 0:
		m.end(errs)
	case g == nil:
	case m.ends:
		m.hub.work.Go(func() { m.hearOut(g) })
	case g.join(m):
	default:
		m.hub.work.Go(func() { m.catchUp(g) })
	}
}

// working is the context of the goroutine that catches up. done must be called.
func (m *member) working() (ctx context.Context, done func()) {
	ctx, quit := context.WithCancel(m.ctx)
	m.mu.Lock()
	m.quit = quit
	m.mu.Unlock()
	if m.over.Load() {
		quit()
	}
	return ctx, sync.OnceFunc(func() {
		m.mu.Lock()
		m.quit = nil
		m.mu.Unlock()
		quit()
	})
}

// find finds or founds the group, unless the client has gone meanwhile.
func (m *member) find(place inbox.Place) (*group, gqlerror.List) {
	q := question{m.exec, m.op, models.Sight(m.viewer.OrganizationID, place.Access), place.Access}
	name, err := key(m.op, place.Access)
	if err != nil {
		return nil, q.errors(err)
	}
	s, err := m.hub.stage(m.viewer.OrganizationID, place.Last)
	if err != nil {
		return nil, q.errors(err)
	}
	g, errs := s.group(name, q)
	if len(errs) > 0 {
		m.hub.release(s)
		return nil, errs
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over.Load() {
		g.release()
		return nil, nil
	}
	m.question = g.question // all members share one
	m.group, m.place = g, nowhere
	return g, nil
}

// catchUp tells the client what it missed, until its group can take over. The group remembers the newest answers, so the
// two meet.
func (m *member) catchUp(g *group) {
	ctx, done := m.working()
	defer done()
	for m.hearMore(ctx, done, g.replay) {
		if g.join(m) {
			return
		}
	}
}

// hearOut tells the client what it missed, and that this is all.
func (m *member) hearOut(g *group) {
	ctx, done := m.working()
	defer done()
	for m.after < *m.last {
		if !m.hearMore(ctx, done, g.reread) {
			return
		}
	}
	m.end(nil)
}

// hearMore tells the client some of what it missed, and reports whether there may be more to tell here.
func (m *member) hearMore(ctx context.Context, done func(), from func(context.Context, *member) ([]answer, int64, error)) bool {
	answers, upTo, err := from(ctx, m)
	switch {
	case ctx.Err() != nil:
		return false
	case errors.Is(err, errMoved):
		done() // the next goroutine is another's
		m.move(m.after + 1)
		return false
	case err != nil:
		m.fail(err)
		return false
	}
	for _, a := range answers {
		if m.to.Room(ctx) != nil || !m.tell(a) {
			return false
		}
	}
	m.after = upTo
	m.hub.observer.Replayed(payloads(answers))
	return true
}

// tell sends an answer, and reports whether there may be more.
func (m *member) tell(a answer) bool {
	switch {
	case a.end != nil:
		m.end(a.end)
		return false
	case a.payload != nil:
		m.to.Next(a.payload)
	}
	return true
}

// await returns when there is more to read, for a client that has to be told up to an event this process has yet to hear of.
func (m *member) await(ctx context.Context, g *group, more <-chan struct{}) error {
	if !m.ends {
		return nil
	}
	select {
	case <-more:
		return nil
	case <-g.stage.reading.Done():
		return context.Canceled
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wanted returns the events the client wants to hear of.
func (m *member) wanted(events []models.Event) []models.Event {
	for i, e := range events {
		if m.ends && e.Seq > *m.last {
			return events[:i]
		}
	}
	return events
}

// mayHear returns the events before the first that may have changed what the viewer may see since they were let in.
func (m *member) mayHear(events []models.Event) []models.Event {
	for i, e := range events {
		if e.Seq > m.checked && inbox.Concerns(e, m.viewer) {
			return events[:i]
		}
	}
	return events
}

// move enters anew at the event that may have changed what the viewer may see. The member is on no group's list.
func (m *member) move(event int64) {
	m.quitGroup()
	after := models.EventCursor(max(m.after, event-1))
	place, err := m.hub.feed.Begin(m.ctx, m.viewer, &after)
	if err != nil {
		m.fail(inbox.Revoked(err))
		return
	}
	m.start(place)
}

// fail ends with an error, unless the client has gone.
func (m *member) fail(err error) {
	if m.ctx.Err() != nil {
		m.leave()
		return
	}
	m.end(m.errors(err))
}

// end has the client hear why, and leaves.
func (m *member) end(why gqlerror.List) {
	m.finish(why)
	m.to.End(why)
	m.leave()
}

// gone reports whether there is nobody to tell any more.
func (m *member) gone() bool { return m.over.Load() || m.ctx.Err() != nil }

// leave ends the subscription without a word.
func (m *member) leave() {
	m.finish(nil)
	m.mu.Lock()
	if m.quit != nil {
		m.quit()
	}
	m.mu.Unlock()
	m.quitGroup()
}

// finish counts the subscription no more.
func (m *member) finish(why gqlerror.List) {
	if !m.over.Swap(true) {
		m.hub.active.Add(-1)
		m.hub.observer.Ended(time.Since(m.began), transport.CodesOf(why))
	}
}

func (m *member) quitGroup() {
	m.mu.Lock()
	g := m.group
	m.group = nil
	m.mu.Unlock()
	if g != nil {
		g.part(m)
		g.release()
	}
}
