package simulator

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Bounds of what the simulator remembers; the oldest goes first.
const (
	mostSent       = 10_000
	mostDeliveries = 10_000
	mostMessages   = 1_000 // of one customer
)

// account is what the simulator knows of one of our accounts.
type account struct {
	Account
	name      string
	dialect   dialect
	life      context.Context
	abandon   context.CancelCauseFunc
	customers map[string]*customer
	posts     map[string]*Post
	faults    Faults
	failures  []Failure
	sent      []Sent
	actions   []Sent
	accepted  int
	held      []event
	pending   int // webhooks on their way
	trouble   trouble
}

// trouble is the last failure of an account's webhook.
type trouble struct {
	at     time.Time
	reason string
}

// customer is one person as one account sees them.
type customer struct {
	Customer
	blocked  bool
	heard    int // messages from us, ever
	messages []message
	lastID   int64
}

// message is one utterance both sides can point at.
type message struct {
	id      string
	ours    bool
	at      time.Time
	content object
}

// add makes an account known, or gives a known one its new name. With mu held.
func (s *Simulator) add(id Account, name string, d dialect) *account {
	a, known := s.accounts[id]
	if !known {
		a = &account{Account: id, dialect: d, customers: map[string]*customer{}, posts: map[string]*Post{}}
		a.life, a.abandon = context.WithCancelCause(s.life)
		s.accounts[id] = a
	}
	a.name = name
	return a
}

// account finds the account with mu held.
func (s *Simulator) account(id Account) (*account, error) {
	a, known := s.accounts[id]
	if !known {
		return nil, fmt.Errorf("no account %s", id)
	}
	return a, nil
}

// Accounts lists our accounts in a stable order.
func (s *Simulator) Accounts() []Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Account
	for id := range s.accounts {
		list = append(list, id)
	}
	slices.SortFunc(list, func(a, b Account) int { return strings.Compare(a.String(), b.String()) })
	return list
}

// forget returns the account to the state after add, its customers with it. With mu held.
func (a *account) forget(life context.Context) {
	a.drop(life)
	a.faults, a.failures, a.held = Faults{}, nil, nil
	a.sent, a.actions, a.accepted = nil, nil, 0
	a.trouble = trouble{}
	if d, ok := a.dialect.(forgetter); ok {
		d.forget(a)
	}
	for _, c := range a.customers {
		// lastID stays: a platform never gives the same id twice.
		c.WroteAt, c.blocked, c.messages = time.Time{}, false, nil
	}
}

// drop abandons the webhooks on their way. With mu held.
func (a *account) drop(life context.Context) {
	a.abandon(errAbandoned)
	a.life, a.abandon = context.WithCancelCause(life)
}

func (c *customer) remember(m message) {
	c.messages = keepNewest(append(c.messages, m), mostMessages)
}

// message finds what was said under this id, newest first.
func (c *customer) message(id string) *message {
	for i := len(c.messages) - 1; i >= 0; i-- {
		if c.messages[i].id == id {
			return &c.messages[i]
		}
	}
	return nil
}

func (c *customer) forget(id string) {
	c.messages = slices.DeleteFunc(c.messages, func(m message) bool { return m.id == id })
}

// keepNewest drops the older half of a list that outgrew its bound, so that it rarely has to.
func keepNewest[T any](list []T, most int) []T {
	if len(list) <= most {
		return list
	}
	return slices.Clone(list[len(list)-most/2:])
}
