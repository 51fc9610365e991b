package inboxtest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/channels"
	"parley/models"
)

type plain = Platform

// Able stands in for a platform that can do all a platform can do. What it is asked is kept, and answered as the test says.
type Able struct {
	*plain

	Acts        Script[channels.Action, struct{}]              // accepted, unless told otherwise
	Completions Script[models.Inbound, models.Inbound]         // answered with what was asked
	Lookups     Script[string, models.PostFacts]               // answered with nothing
	Polls       Script[string, channels.Polled]                // asked with the mark, answered with the same and nothing else
	Renewals    Script[models.Credentials, models.Credentials] // answered with what was there
	Readings    Script[channels.Delivery, channels.Parsed]     // answered with nothing
}

var _ interface {
	channels.Actor
	channels.Completer
	channels.PostReader
	channels.Poller
	channels.Refresher
} = (*Able)(nil)

// NewAble makes a stand-in for a platform with all abilities.
func NewAble(p models.Platform) *Able { return &Able{plain: NewPlatform(p)} }

// NewOn makes a world whose channel is on such a platform. Whatever else New connects is there as well.
func NewOn(t testing.TB, p models.Platform) (*World, *Able) {
	t.Helper()
	w, able := New(t), NewAble(p)
	adapters := []channels.Adapter{able}
	for _, other := range []*Platform{w.Platform, w.Telegram} {
		if other.platform != p {
			adapters = append(adapters, other)
		}
	}
	w.Inbox = w.OpenInbox(w.Store, adapters...)
	w.Crew = w.Hire(w.Inbox)
	w.Platform = able.plain
	w.Channel = w.Connect(p, "account-on-"+string(p))
	return w, able
}

// Act does one thing.
func (p *Able) Act(_ context.Context, _ channels.Account, a channels.Action) error {
	_, err := p.Acts.ask(a, struct{}{})
	return err
}

// Complete says what an element lacks.
func (p *Able) Complete(_ context.Context, _ channels.Account, in models.Inbound) (models.Inbound, error) {
	return p.Completions.ask(in, in)
}

// ReadPost says what there is to know of a post.
func (p *Able) ReadPost(_ context.Context, _ channels.Account, externalID string) (models.PostFacts, error) {
	return p.Lookups.ask(externalID, models.PostFacts{})
}

// Poll says what happened since the mark.
func (p *Able) Poll(_ context.Context, _ channels.Account, mark string, _ time.Time) (channels.Polled, error) {
	return p.Polls.ask(mark, channels.Polled{Mark: mark})
}

// Refresh gives a new token.
func (p *Able) Refresh(_ context.Context, a channels.Account, _ time.Time) (models.Credentials, error) {
	return p.Renewals.ask(a.Credentials, a.Credentials)
}

// Parse reads what it was taught to.
func (p *Able) Parse(d channels.Delivery, _ *channels.Account) channels.Parsed {
	parsed, err := p.Readings.ask(d, channels.Parsed{})
	if err != nil {
		parsed.Unreadable = append(parsed.Unreadable, err)
	}
	return parsed
}

// Script is what a stand-in was asked, and what it says to the next questions.
type Script[Q, A any] struct {
	mu    sync.Mutex
	asked []Q
	lines []func(Q) (A, error)
}

// Says makes it answer the next question so.
func (s *Script[Q, A]) Says(answer A) { s.Does(func(Q) (A, error) { return answer, nil }) }

// Refuses makes it refuse the next question.
func (s *Script[Q, A]) Refuses(refusal channels.SendError) {
	s.Does(func(Q) (a A, err error) { return a, &refusal })
}

// Does has the next question answered by do.
func (s *Script[Q, A]) Does(do func(Q) (A, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, do)
}

// Asked is everything it was asked, in order.
func (s *Script[Q, A]) Asked() []Q {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

func (s *Script[Q, A]) ask(q Q, otherwise A) (A, error) {
	s.mu.Lock()
	s.asked = append(s.asked, q)
	var do func(Q) (A, error)
	if len(s.lines) > 0 {
		do, s.lines = s.lines[0], s.lines[1:]
	}
	s.mu.Unlock()
	if do == nil {
		return otherwise, nil
	}
	return do(q)
}
