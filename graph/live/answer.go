package live

import (
	"context"
	"errors"
	"time"

	"parley/graph/view"
	"parley/models"
)

const (
	answerWithin = 15 * time.Second       // then the database is asked anew
	answerAgain  = 100 * time.Millisecond // after the first fault; later ones wait longer
	answerTries  = 5                      // one after the other, while the database is there
)

// answer works out what each event means to each group; nil is nothing at all. What the database could not be asked for is
// asked for again: an answer that lacks it would be an event lost. over ends it, which nobody needs to wait for to be told.
func (s *stage) answer(groups []*group, events []models.Event) (answers [][]answer, over func()) {
	answers = make([][]answer, len(groups))
	there := 0 // so many tries failed though the database was there
	for try := 1; ; try++ {
		moments := s.tryAnswer(groups, events, answers)
		err := moments.fault()
		if err == nil || s.ctx.Err() != nil {
			return answers, moments.close
		}
		moments.close()
		s.hub.log.Warn("answer subscribers: trying again", "organization", s.organizationID, "error", err)
		if there++; s.hub.store.Ping(s.ctx) != nil {
			there = 0
		}
		if there == answerTries {
			return answers, func() {} // it is not the database: they get what there is, with errors
		}
		if !s.pause(answerAgain * time.Duration(min(try, 10))) {
			return answers, func() {}
		}
	}
}

// tryAnswer works all of it out, as far as it can.
func (s *stage) tryAnswer(groups []*group, events []models.Event, answers [][]answer) *moments {
	concerned := make(map[string]bool, len(events))
	for _, e := range events {
		concerned[e.ConversationID] = true
	}
	var needs view.Needs
	for k, g := range groups {
		if only := g.show.source.only; only == "" || concerned[only] {
			answers[k] = make([]answer, len(events))
			needs = needs.And(g.show.needs(events))
		}
	}
	moments := s.moments(events, needs)
	for k, g := range groups {
		if answers[k] == nil {
			continue
		}
		moment := moments.of(g)
		for i, e := range events {
			answers[k][i] = g.show.ofEvent(moment, e)
		}
	}
	return moments
}

// moments is what groups of the same sight share.
type moments struct {
	stage  *stage
	ctx    context.Context
	cancel context.CancelFunc
	events []models.Event
	needs  view.Needs
	open   map[models.Viewer]*view.Scope
}

func (s *stage) moments(events []models.Event, needs view.Needs) *moments {
	m := &moments{stage: s, events: events, needs: needs, open: make(map[models.Viewer]*view.Scope, 1)}
	m.ctx, m.cancel = context.WithTimeout(s.ctx, answerWithin)
	return m
}

func (m *moments) of(g *group) *view.Scope {
	scope, ok := m.open[g.sight]
	if !ok {
		scope = view.NewMoment(m.ctx, m.stage.hub.store, g.sight, m.events, m.needs)
		m.open[g.sight] = scope
	}
	return scope
}

func (m *moments) fault() error {
	var errs []error
	for _, scope := range m.open {
		errs = append(errs, scope.Fault())
	}
	return errors.Join(errs...)
}

func (m *moments) close() {
	for _, scope := range m.open {
		scope.Close()
	}
	m.cancel()
}
