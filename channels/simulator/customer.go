package simulator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Customer is a person who writes to our accounts.
type Customer struct {
	// ID is the platform's id of the person: digits of a phone number, a Telegram user id.
	ID       string `json:"id"`
	Name     string `json:"name,omitempty"`
	Username string `json:"username,omitempty"`
	Language string `json:"language,omitempty"`
	// WroteAt is when they last wrote to us, which opens windows and chats. Saying it for somebody new lets
	// a world begin in the middle of things.
	WroteAt time.Time `json:"wroteAt,omitzero"`
}

// Inbound is something a customer does on one of our accounts.
type Inbound struct {
	Account  Account
	Customer Customer
	// Kind is what they do; Text when empty.
	Kind Kind
	// Surface is where they do it; in private when empty.
	Surface Surface
	// Post is the platform's id of the post they comment on: one made known with AddPost.
	Post string
	// Text is the body, the caption, the new wording of an edit, or the title of a pressed button.
	Text string
	// Media is the file of an image, video, audio, voice, document or sticker; a small sample when nil.
	Media *Media
	// Target is the message replied to, reacted to, edited or revoked, or the one whose button is pressed.
	Target string
	// Emoji is the reaction; none takes it back.
	Emoji string
	// Payload is what the pressed button stands for.
	Payload string
}

var errBlocked = errors.New("they have blocked us: unblock first")

// AddCustomer makes a person reachable on an account without their having written.
func (s *Simulator) AddCustomer(id Account, person Customer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.account(id)
	if err != nil {
		return fmt.Errorf("add customer %s: %w", person.ID, err)
	}
	if _, err := a.meet(person); err != nil {
		return fmt.Errorf("add customer to %s: %w", id, err)
	}
	return nil
}

// Customers lists the people an account knows, in a stable order.
func (s *Simulator) Customers(id Account) []Customer {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Customer
	if a, known := s.accounts[id]; known {
		for _, c := range a.customers {
			list = append(list, c.Customer)
		}
	}
	slices.SortFunc(list, func(a, b Customer) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// CustomerWrites lets a customer do something and returns its id on the platform once our webhook answered
// with 2xx, or our Messenger did. It returns at once when the platform does not report such things, or while the
// event waits for its batch to fill. The delivery goes on when ctx ends first.
func (s *Simulator) CustomerWrites(ctx context.Context, in Inbound) (string, error) {
	id, answered, err := s.write(in)
	if err != nil {
		return "", fmt.Errorf("customer %s writes to %s: %w", in.Customer.ID, in.Account, err)
	}
	if answered == nil {
		return id, nil
	}
	select {
	case answer := <-answered:
		id, err = cmp.Or(answer.id, id), answer.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return id, fmt.Errorf("deliver message of customer %s to %s: %w", in.Customer.ID, in.Account, err)
	}
	return id, nil
}

// write lets it happen. The channel, when there is one, yields the outcome of the delivery.
func (s *Simulator) write(in Inbound) (string, <-chan reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return "", nil, errClosed
	}
	a, err := s.account(in.Account)
	if err != nil {
		return "", nil, err
	}
	if in.Kind == "" {
		in.Kind = Text
	}
	if d, ok := a.dialect.(reworder); ok {
		in = d.reword(in)
	}
	if err := in.check(); err != nil {
		return "", nil, err
	}
	c, err := a.meet(in.Customer)
	if err != nil {
		return "", nil, err
	}
	if c.blocked && in.Kind != Unblock {
		return "", nil, errBlocked
	}
	e, id, err := a.dialect.tell(a, c, in)
	if err != nil {
		return "", nil, err
	}
	if in.Surface == Private { // what is said in public opens no private window
		c.did(in.Kind, s.config.Now())
	}
	if d, ok := a.dialect.(visited); ok {
		return id, d.visit(a, c, in), nil
	}
	if e == nil {
		return id, nil, nil
	}
	return id, s.emit(a, *e), nil
}

func (in Inbound) check() error {
	switch in.Kind {
	case Text:
		if in.Text == "" {
			return errors.New("a text needs words")
		}
	case Edit, Revoke, Reaction:
		if in.Target == "" {
			return fmt.Errorf("%s needs the message it is about", in.Kind)
		}
	case Button:
		if in.Target == "" && in.Payload == "" { // a menu's button stands under no message
			return fmt.Errorf("%s needs the message it is about, or what it stands for", in.Kind)
		}
	}
	return nil
}

// meet finds the customer or makes their acquaintance; what is said of them anew replaces what was known.
func (a *account) meet(person Customer) (*customer, error) {
	if !a.dialect.isPerson(person.ID) {
		return nil, fmt.Errorf("%q is no person's id on %s", person.ID, a.Platform)
	}
	c, known := a.customers[person.ID]
	if !known {
		c = &customer{Customer: person}
		a.customers[person.ID] = c
	}
	if person.Name != "" {
		c.Name = person.Name
	}
	if person.Username != "" {
		c.Username = person.Username
	}
	if person.Language != "" {
		c.Language = person.Language
	}
	if person.WroteAt.After(c.WroteAt) {
		c.WroteAt = person.WroteAt
	}
	return c, nil
}
