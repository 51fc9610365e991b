package simulator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Delivery is one webhook on its way to us, with every attempt.
type Delivery struct {
	ID      int     `json:"id"`
	Account Account `json:"account"`
	// Events names what the body tells, in order.
	Events []string `json:"events"`
	// Copy counts the deliveries of the same body, from 1.
	Copy     int       `json:"copy"`
	Body     string    `json:"body"`
	Attempts []Attempt `json:"attempts"`
	// Done says that the last attempt was answered with 2xx.
	Done bool `json:"done"`
}

// Attempt is one request to our webhook and its outcome.
type Attempt struct {
	At time.Time `json:"at"`
	// Status is the answer's, 0 when there was none.
	Status int    `json:"status,omitempty"`
	Error  string `json:"error,omitempty"`
}

// Deliveries lists an account's webhooks, the oldest first; after ten thousand of all accounts the oldest
// are forgotten.
func (s *Simulator) Deliveries(id Account) []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Delivery
	for _, d := range s.deliveries {
		if d.Account == id {
			c := *d
			c.Attempts = slices.Clone(d.Attempts)
			list = append(list, c)
		}
	}
	return list
}

// Flush delivers the events that wait for an account's batch to fill.
func (s *Simulator) Flush(id Account) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.account(id)
	if err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	s.flush(a)
	return nil
}

func (s *Simulator) flush(a *account) {
	if len(a.held) == 0 {
		return
	}
	held := a.held
	a.held = nil
	s.post(a, held)
}

// emit delivers an event, or holds it until its batch is full. The channel yields the outcome; nil means
// held. With mu held.
func (s *Simulator) emit(a *account, e event) <-chan reply {
	a.held = append(a.held, e)
	if len(a.held) < a.faults.Batch {
		return nil
	}
	batch := a.held
	a.held = nil
	return s.post(a, batch)
}

// post starts the delivery of one body, in as many copies as the account's faults ask for. With mu held.
func (s *Simulator) post(a *account, events []event) <-chan reply {
	outcome := make(chan reply, 1)
	if s.closed {
		outcome <- reply{err: errClosed}
		return outcome
	}
	body := a.dialect.body(a, events)
	copies := s.note(a, events, body)
	life, together := a.life, a.faults.Together
	enter, leave := s.queue(a, events[0].order)
	a.pending++
	s.start(func() {
		err := enter(life)
		if err == nil {
			err = s.deliverCopies(life, a, copies, together)
		}
		s.mu.Lock()
		a.pending--
		leave()
		s.mu.Unlock()
		outcome <- reply{err: err}
	})
	return outcome
}

// note enters the copies of one body into the log. With mu held.
func (s *Simulator) note(a *account, events []event, body []byte) []*Delivery {
	var names []string
	for _, e := range events {
		names = append(names, e.name)
	}
	copies := make([]*Delivery, max(a.faults.Copies, 1))
	for i := range copies {
		s.posted++
		copies[i] = &Delivery{ID: s.posted, Account: a.Account, Events: names, Copy: i + 1, Body: string(body)}
	}
	s.deliveries = keepNewest(append(s.deliveries, copies...), mostDeliveries)
	return copies
}

// queue gives a delivery its place: enter returns when all before it have left. With mu held, as is leave.
func (s *Simulator) queue(a *account, order string) (enter func(context.Context) error, leave func()) {
	if order == "" {
		return func(context.Context) error { return nil }, func() {}
	}
	key := a.Account.String() + "/" + order
	before, mine := s.queues[key], make(chan struct{})
	s.queues[key] = mine
	enter = func(ctx context.Context) error {
		if before == nil {
			return nil
		}
		select {
		case <-before:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	leave = func() {
		close(mine)
		if s.queues[key] == mine {
			delete(s.queues, key)
		}
	}
	return enter, leave
}

func (s *Simulator) deliverCopies(ctx context.Context, a *account, copies []*Delivery, together bool) error {
	outcomes := make(chan error, len(copies))
	for _, d := range copies {
		if together {
			go func() { outcomes <- s.deliver(ctx, a, d) }()
			continue
		}
		outcomes <- s.deliver(ctx, a, d)
	}
	var all error
	for range copies {
		all = errors.Join(all, <-outcomes)
	}
	return all
}
