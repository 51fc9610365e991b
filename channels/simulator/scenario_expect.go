package simulator

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// expectWithin is how long an expectation waits that does not say it.
const expectWithin = Span(30 * time.Second)

// mark is where an account's logs stood when the scenario began, and what was found in them since.
type mark struct {
	sent, actions int // counted from the account's beginning
	taken         map[int]bool
	takenActions  map[int]bool
}

// begin remembers where all logs stand: only what comes now counts.
func (p *play) begin() {
	p.sim.mu.Lock()
	defer p.sim.mu.Unlock()
	p.posted = p.sim.posted
	for id, a := range p.sim.accounts {
		p.since[id] = mark{a.accepted, len(a.actions), map[int]bool{}, map[int]bool{}}
	}
}

// expect waits for what we ought to do. Nothing we did answers two expectations.
func (p *play) expect(ctx context.Context, e Expectation) (string, error) {
	name := e.Account
	if name == "" {
		name = p.Customers[e.To].Account
	}
	id := p.accounts[name]
	fits := p.fitting(e)
	if e.Within == 0 {
		e.Within = expectWithin
	}
	ctx, cancel := p.sim.within(ctx, e.Within)
	defer cancel()
	var found *Sent
	err := p.sim.until(ctx, func() bool {
		found = p.find(id, e.Kind, fits)
		return found != nil
	})
	switch {
	case found != nil && e.Never:
		return found.MessageID, errors.New("it came")
	case found != nil:
		if e.As != "" {
			p.names[e.As] = named{id: found.MessageID}
		}
		return found.MessageID, nil
	case e.Never && errors.Is(err, errTooLate):
		return "", nil
	case errors.Is(err, errTooLate):
		return "", fmt.Errorf("it did not come within %s%s", time.Duration(e.Within), p.instead(id))
	}
	return "", err
}

// fitting tells whether something we did is what is expected.
func (p *play) fitting(e Expectation) func(Sent) bool {
	words := regexp.MustCompile(e.Matches) // check has compiled it
	to, target := "", p.id(e.Target)
	if e.To != "" {
		to = p.Customers[e.To].ID
	}
	return func(sent Sent) bool {
		return (to == "" || sent.Recipient == to) && (e.Kind == "" || sent.Kind == e.Kind) &&
			(target == "" || sent.Target == target) && strings.Contains(sent.Text, e.Contains) && words.MatchString(sent.Text)
	}
}

// find looks through what we did since the scenario began and takes the first that fits. With mu held.
func (p *play) find(id Account, kind Kind, fits func(Sent) bool) *Sent {
	a, since := p.sim.accounts[id], p.since[id]
	list, first, begin, taken := a.sent, a.accepted-len(a.sent), since.sent, since.taken
	if kind.isAction() {
		list, first, begin, taken = a.actions, 0, since.actions, since.takenActions
	}
	for i := max(begin-first, 0); i < len(list); i++ {
		if !taken[first+i] && fits(list[i]) {
			taken[first+i] = true
			found := list[i]
			return &found
		}
	}
	return nil
}

// instead says what we did that nobody expected, for the reader of the outcome.
func (p *play) instead(id Account) string {
	p.sim.mu.Lock()
	defer p.sim.mu.Unlock()
	a, since := p.sim.accounts[id], p.since[id]
	var others []string
	for i, sent := range a.sent {
		if at := a.accepted - len(a.sent) + i; at >= since.sent && !since.taken[at] {
			others = append(others, fmt.Sprintf("%s %.60q to %s", sent.Kind, sent.Text, sent.Recipient))
		}
	}
	if len(others) == 0 {
		return "; nothing else was sent"
	}
	return "; what was sent: " + strings.Join(others[max(len(others)-5, 0):], ", ")
}

// told waits until we have accepted webhooks that tell of an event.
func (p *play) told(ctx context.Context, t Told) error {
	id, times := p.accounts[t.Account], max(t.Times, 1)
	if t.Within == 0 {
		t.Within = expectWithin
	}
	ctx, cancel := p.sim.within(ctx, t.Within)
	defer cancel()
	got := 0
	err := p.sim.until(ctx, func() bool {
		got = p.accepted(id, t.Event)
		return got >= times
	})
	if errors.Is(err, errTooLate) {
		return fmt.Errorf("%q was accepted %d times within %s, not %d", t.Event, got, time.Duration(t.Within), times)
	}
	return err
}

// accepted counts the webhooks since the beginning that told of an event. With mu held.
func (p *play) accepted(id Account, event string) int {
	count := 0
	for _, d := range p.sim.deliveries {
		if d.ID <= p.posted || d.Account != id || !d.Done {
			continue
		}
		for _, name := range d.Events {
			if strings.HasPrefix(name, event) {
				count++
			}
		}
	}
	return count
}
