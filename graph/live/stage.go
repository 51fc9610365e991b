package live

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"parley/graph/view"
	"parley/inbox"
	"parley/models"
)

// stage shows what happens in one organization to everyone who follows it.
type stage struct {
	hub            *Hub
	organizationID string
	reading        *inbox.Reading
	ctx            context.Context
	stop           context.CancelFunc
	users          int       // guarded by the Hub
	shown          time.Time // when the last batch was; its goroutine's

	mu     sync.Mutex
	seq    int64 // everyone has been told of everything up to here
	ahead  int64 // and what is being worked out reaches to here
	groups map[string]*group
}

func newStage(h *Hub, organizationID string, reading *inbox.Reading, last int64) *stage {
	s := &stage{hub: h, organizationID: organizationID, reading: reading, seq: last, ahead: last, groups: make(map[string]*group)}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// group finds or founds the group of a question. It must be released, unless it fails.
func (s *stage) group(name string, q question) (*group, gqlerror.List) {
	s.mu.Lock()
	g, known := s.groups[name]
	if !known {
		g = &group{stage: s, name: name, question: q, founded: make(chan struct{})}
		s.groups[name] = g
	}
	g.users++
	s.mu.Unlock()
	if !known {
		s.found(g)
	}
	<-g.founded
	if len(g.failure) > 0 {
		s.mu.Lock()
		s.forget(g)
		s.mu.Unlock()
		return nil, g.failure
	}
	return g, nil
}

func (s *stage) found(g *group) {
	defer close(g.founded)
	moment := view.NewMoment(s.ctx, s.hub.store, g.sight, nil, view.Needs{})
	defer moment.Close()
	show, errs := g.begin(moment)
	if show == nil {
		if g.failure = errs; len(errs) == 0 {
			g.failure = g.errors(context.Canceled)
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g.show, g.open, g.past.from = show, true, s.ahead
}

// forget lets nobody join any more. The lock must be held.
func (s *stage) forget(g *group) {
	if s.groups[g.name] == g {
		delete(s.groups, g.name)
	}
	g.open = false
}

// run shows what happens until the last follower leaves, or the feed stops.
func (s *stage) run() {
	defer s.reading.Close()
	heard, leave := s.hub.whispers.Listen(inbox.ToMembers(s.organizationID))
	defer leave()
	for s.ctx.Err() == nil {
		if !s.step(heard) {
			s.endAll(nil)
			return
		}
	}
}

// batch is how many events are worked out before anyone is told.
const batch = 64

// step does what there is to do, or waits for it. It reports false when the feed has stopped.
func (s *stage) step(heard <-chan inbox.Whisper) bool {
	events, more, err := s.reading.After(s.ctx, s.seq)
	switch {
	case s.ctx.Err() != nil:
		return true
	case models.CodeOf(err) == models.CursorExpired:
		s.endAll(err)
		s.skip(s.reading.Last())
		return true
	case err != nil:
		s.hub.log.Warn("read the log for subscribers: trying again", "organization", s.organizationID, "error", err)
		return s.pause(time.Second)
	case len(events) > 0 && s.pace(len(events)):
		s.show(events[:min(len(events), batch)])
		return true
	case len(events) > 0:
		return true
	}
	select {
	case <-s.ctx.Done():
	case <-s.reading.Done():
		return false
	case <-more:
	case w := <-heard:
		s.whisper(w)
	}
	return true
}

// round is the least time from one batch of a busy stage to the next. The first event after a silence is shown at once;
// what follows goes together, which costs little more than one.
const round = 20 * time.Millisecond

// pace reports whether to show what there is. If it was too soon, it has waited, and there may be more.
func (s *stage) pace(events int) bool {
	left := round - time.Since(s.shown)
	if events >= batch || left <= 0 {
		s.shown = time.Now()
		return true
	}
	s.pause(left)
	return false
}

// pause waits before another try. It reports false when the feed has stopped.
func (s *stage) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ctx.Done():
		return true
	case <-s.reading.Done():
		return false
	}
}

// show works out what events mean to every group, then tells everyone, in the order of the log.
func (s *stage) show(events []models.Event) {
	shown := showing{began: time.Now()}
	s.mu.Lock()
	s.ahead = events[len(events)-1].Seq
	groups := s.open(func(show *show) bool { return show.source.event != nil })
	s.mu.Unlock()
	answers, over := s.answer(groups, events)
	defer over()

	var after []func() // what is not to be done under the lock
	s.mu.Lock()
	for i, e := range events {
		for _, m := range s.takeOut(e) {
			after = append(after, func() { s.hub.work.Go(func() { m.move(e.Seq) }) })
		}
		for k, g := range groups {
			if answers[k] == nil {
				continue
			}
			a := answers[k][i]
			told, ended := g.hear(e.Seq, a)
			shown.count(g, i, &e, told)
			for _, m := range ended {
				after = append(after, func() { m.end(a.end) })
			}
		}
		s.seq = e.Seq
	}
	s.mu.Unlock()
	shown.report(s.hub.observer, events, s.hub.store.Now())
	for _, do := range after {
		do()
	}
}

// whisper tells everyone who listens for such things. Nothing is lost with it if it cannot be told.
func (s *stage) whisper(w inbox.Whisper) {
	s.mu.Lock()
	groups := s.open(func(show *show) bool { return show.source.whisper != nil })
	s.mu.Unlock()
	moments := s.moments(nil, view.Needs{})
	defer moments.close()
	for _, g := range groups {
		a := g.show.ofWhisper(moments.of(g), w)
		if a.payload == nil {
			continue
		}
		s.mu.Lock()
		for _, m := range g.members {
			m.to.Next(a.payload)
		}
		s.mu.Unlock()
	}
}

// open lists the groups to be shown something. The lock must be held.
func (s *stage) open(about func(*show) bool) (groups []*group) {
	for _, g := range s.groups {
		if g.open && about(g.show) {
			groups = append(groups, g)
		}
	}
	return groups
}

// takeOut removes from their groups those whose sight an event may have changed. The lock must be held.
func (s *stage) takeOut(e models.Event) (moved []*member) {
	if e.Type != models.MembershipChanged && e.Type != models.TokenRevoked {
		return nil
	}
	for _, g := range s.groups {
		for _, m := range slices.Clone(g.members) {
			if e.Seq > m.checked && inbox.Concerns(e, m.viewer) {
				g.remove(m)
				moved = append(moved, m)
			}
		}
	}
	return moved
}

// endAll has everyone hear why there is no more to come.
func (s *stage) endAll(err error) {
	s.mu.Lock()
	var everyone []*member
	for _, g := range s.groups {
		everyone = append(everyone, g.empty()...)
	}
	s.mu.Unlock()
	for _, m := range everyone {
		var why gqlerror.List
		if err != nil {
			why = m.errors(err)
		}
		m.end(why)
	}
}

// skip goes on behind seq.
func (s *stage) skip(seq int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq, s.ahead = seq, seq
	for _, g := range s.groups {
		g.past = past{from: seq}
	}
}
