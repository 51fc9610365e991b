package simulator

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Sent is something one of our accounts sent and the platform accepted.
type Sent struct {
	Account Account `json:"-"`
	// MessageID is the platform's id, as the adapter was told it.
	MessageID string `json:"messageId,omitempty"`
	Recipient string `json:"recipient"`
	Kind      Kind   `json:"kind"`
	// Surface is where it was said, as far as the platform has several; in private when empty.
	Surface Surface `json:"surface,omitempty"`
	// Text is the body or caption; for a reaction the emoji.
	Text string `json:"text,omitempty"`
	// Template is the name of the template that was sent.
	Template string `json:"template,omitempty"`
	// Media is the link or the id of the file.
	Media string `json:"media,omitempty"`
	// Target is the message replied to, reacted to, edited, deleted or marked as read.
	Target string `json:"target,omitempty"`
	// Reference is the word of our own that the platform carries along.
	Reference string    `json:"reference,omitempty"`
	At        time.Time `json:"at"`
}

// Sent lists the messages and reactions the platform accepted from an account, the oldest first; after ten
// thousand the oldest are forgotten.
func (s *Simulator) Sent(id Account) []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, known := s.accounts[id]; known {
		return slices.Clone(a.sent)
	}
	return nil
}

// Actions lists what else an account did: read marks, typing, edits, deletions, answers to buttons.
func (s *Simulator) Actions(id Account) []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, known := s.accounts[id]; known {
		return slices.Clone(a.actions)
	}
	return nil
}

// Await waits until the account has sent at least n messages since it was added or reset, and lists them.
func (s *Simulator) Await(ctx context.Context, id Account, n int) ([]Sent, error) {
	enough := func() bool {
		a, known := s.accounts[id]
		return known && a.accepted >= n
	}
	if err := s.until(ctx, enough); err != nil {
		return s.Sent(id), fmt.Errorf("await %d messages of %s: %w", n, id, err)
	}
	return s.Sent(id), nil
}

func (a *account) record(sent Sent) {
	if sent.Kind.isAction() {
		a.actions = keepNewest(append(a.actions, sent), mostSent)
		return
	}
	a.sent = keepNewest(append(a.sent, sent), mostSent)
	a.accepted++
	if c, known := a.customers[sent.Recipient]; known && sent.Kind != Reaction {
		c.heard++
	}
}

// exchange is one call that sends something, in a platform's own words.
type exchange struct {
	// accept checks the call and makes it true, with mu held.
	accept func(now time.Time) (Sent, error)
	answer func(http.ResponseWriter, Sent)
	// refuse answers what accept refused, or a Failure.
	refuse func(http.ResponseWriter, error)
}

// serveSend takes a send through the faults of its account.
func (s *Simulator) serveSend(w http.ResponseWriter, r *http.Request, a *account, x exchange) {
	sent, faults, failure, err := s.admit(a, x)
	if err != nil {
		s.config.Logger.Info("send refused", "account", a.Account, "reason", err)
		s.pause(r.Context(), faults.Latency)
		x.refuse(w, err)
		return
	}
	if faults.ReceiptsFirst {
		select {
		case <-s.startReceipts(a, sent, faults, failure):
		case <-r.Context().Done():
		}
	} else {
		defer s.startReceipts(a, sent, faults, failure)
	}
	s.pause(r.Context(), faults.Latency)
	if failure != nil && failure.Class == AnswerLost {
		panic(http.ErrAbortHandler) // net/http closes the connection and says nothing
	}
	x.answer(w, sent)
	// The answer leaves before the first receipt does; a writer that cannot flush loses only that.
	_ = http.NewResponseController(w).Flush()
}

// admit lets the dialect accept the send unless a failure is due.
func (s *Simulator) admit(a *account, x exchange) (Sent, Faults, *Failure, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	failure := a.nextFailure()
	if failure != nil && failure.refuses() {
		a.failed()
		return Sent{}, a.faults, failure, *failure
	}
	now := s.config.Now()
	sent, err := x.accept(now)
	if err != nil {
		return Sent{}, a.faults, nil, err
	}
	if failure != nil {
		a.failed()
	}
	sent.Account, sent.At = a.Account, now
	a.record(sent)
	s.change()
	return sent, a.faults, failure, nil
}

// act lets an account do something that no failure is meant for, and answers as slowly as its faults say.
func (s *Simulator) act(r *http.Request, a *account, do func() ([]Sent, error)) error {
	s.mu.Lock()
	done, err := do()
	now := s.config.Now()
	for _, action := range done {
		action.Account, action.At = a.Account, now
		a.record(action)
	}
	s.change()
	s.mu.Unlock()
	s.slow(r, a)
	return err
}

// slow waits as long as the account's answers take.
func (s *Simulator) slow(r *http.Request, a *account) {
	s.mu.Lock()
	latency := a.faults.Latency
	s.mu.Unlock()
	s.pause(r.Context(), latency)
}
