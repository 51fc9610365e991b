package live

import (
	"context"
	"errors"
	"sync"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"parley/graph/view"
	"parley/models"
)

// group is everyone who asks the same question with the same sight.
type group struct {
	stage *stage
	name  string
	question

	founded chan struct{} // closes when show or failure is known
	failure gqlerror.List
	show    *show // the stage's goroutine runs it

	replaying sync.Mutex // one at a time, as the next may find done what it needs

	// What follows is guarded by the stage.
	users   int
	open    bool // it is shown what happens
	members []*member
	past    past
}

// join adds m to those who hear what happens, after what it has not heard of the near past. It reports false if the group
// does not remember enough.
func (g *group) join(m *member) bool {
	g.stage.mu.Lock()
	defer g.stage.mu.Unlock()
	if m.gone() {
		return true
	}
	if !g.about(m.after) {
		return false
	}
	missed := g.past.after(m.after)
	for _, a := range missed {
		m.to.Next(a.payload)
	}
	g.stage.hub.observer.Replayed(len(missed))
	m.after = max(m.after, g.stage.seq)
	m.place = len(g.members)
	g.members = append(g.members, m)
	return true
}

// about reports whether the group can go on from there. Of whispers there is nothing to remember.
func (g *group) about(after int64) bool { return g.show.source.event == nil || after >= g.past.from }

// part takes m off the list.
func (g *group) part(m *member) {
	g.stage.mu.Lock()
	defer g.stage.mu.Unlock()
	g.remove(m)
}

// remove is part for who holds the lock.
func (g *group) remove(m *member) {
	if m.place == nowhere {
		return
	}
	last := len(g.members) - 1
	g.members[m.place] = g.members[last]
	g.members[m.place].place = m.place
	g.members[last] = nil
	g.members = g.members[:last]
	m.place = nowhere
}

// hear has everyone told what an event means to them, and returns how many that were and those to whom it means the end.
// The lock must be held.
func (g *group) hear(seq int64, a answer) (told int, ended []*member) {
	if a.end != nil {
		return 0, g.empty()
	}
	if a.payload == nil {
		return 0, nil
	}
	g.past.add(seq, a.payload)
	for _, m := range g.members {
		if seq > m.after {
			m.to.Next(a.payload)
			told++
		}
	}
	return told, nil
}

// empty takes everyone off the list. The lock must be held.
func (g *group) empty() []*member {
	members := g.members
	g.members = nil
	for _, m := range members {
		m.place = nowhere
	}
	return members
}

// release gives the group up for one user; without any it ends.
func (g *group) release() {
	s := g.stage
	s.mu.Lock()
	if g.users--; g.users == 0 {
		s.forget(g)
	}
	s.mu.Unlock()
	s.hub.release(s)
}

// replay answers for a client what happened behind where it stands, up to upTo. What it finds out others need not.
func (g *group) replay(ctx context.Context, m *member) (answers []answer, upTo int64, err error) {
	g.replaying.Lock()
	defer g.replaying.Unlock()
	g.stage.mu.Lock()
	known := g.about(m.after)
	g.stage.mu.Unlock()
	if known {
		return nil, m.after, nil
	}
	return g.read(ctx, m)
}

// reread is replay for a client that wants no more than this: it ends at its last event, which the group may be ahead of.
func (g *group) reread(ctx context.Context, m *member) (answers []answer, upTo int64, err error) {
	g.replaying.Lock()
	defer g.replaying.Unlock()
	return g.read(ctx, m)
}

// read answers for a client what the log has next. One at a time may.
func (g *group) read(ctx context.Context, m *member) (answers []answer, upTo int64, err error) {
	select {
	case g.stage.hub.replays <- struct{}{}:
		defer func() { <-g.stage.hub.replays }()
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	events, more, err := g.stage.reading.After(ctx, m.after)
	if err != nil {
		return nil, 0, err
	}
	if len(events) == 0 {
		return nil, m.after, m.await(ctx, g, more)
	}
	if events = m.wanted(events); len(events) == 0 {
		return nil, *m.last, nil
	}
	if events = m.mayHear(events[:min(len(events), replayed)]); len(events) == 0 {
		return nil, 0, errMoved
	}
	if answers, err = g.again(ctx, events); err != nil {
		return nil, 0, err
	}
	upTo = events[len(events)-1].Seq
	g.stage.mu.Lock()
	g.past.extend(m.after, upTo, events, answers)
	g.stage.mu.Unlock()
	return answers, upTo, nil
}

// errMoved says that the next event may have changed what the viewer may see.
var errMoved = errors.New("the sight may have changed")

// replayed is how many events are answered at once for one client.
const replayed = 100

// again answers events beside the group's own show.
func (g *group) again(ctx context.Context, events []models.Event) ([]answer, error) {
	moment := view.NewMoment(ctx, g.stage.hub.store, g.sight, events, g.show.needs(events))
	defer moment.Close()
	s, errs := g.begin(moment)
	if len(errs) > 0 {
		return []answer{{end: errs}}, moment.Fault()
	}
	answers := make([]answer, len(events))
	for i, e := range events {
		answers[i] = s.ofEvent(moment, e)
	}
	return answers, moment.Fault()
}
