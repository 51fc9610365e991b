package simulator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Autopilot says how lively customers are who write on their own.
type Autopilot struct {
	// Every is the mean pause between two deeds of customers, measured with Config.After; 20 s when zero.
	Every time.Duration
	// Random decides who writes when and what. The same source leads to the same conversations.
	Random *rand.Rand
}

// talk is where a customer is in what they wanted to say.
type talk struct {
	account  Account
	customer Customer
	lines    []string // what they have still to say
	heard    int      // messages to them when they last spoke
}

// Run lets customers write until ctx ends: those who were answered answer first, else somebody who has said
// all they wanted begins anew. It knows the customers that were added before it started. A message that our
// webhook does not accept within ten seconds is left to its delivery.
func (s *Simulator) Run(ctx context.Context, pilot Autopilot) error {
	if pilot.Random == nil {
		return errors.New("run autopilot: it needs a source of chance")
	}
	if pilot.Every <= 0 {
		pilot.Every = 20 * time.Second
	}
	talks := s.strangers()
	if len(talks) == 0 {
		return errors.New("run autopilot: no customers")
	}
	for {
		pause := pilot.Every/2 + time.Duration(pilot.Random.Int64N(int64(pilot.Every)))
		if !s.pause(ctx, pause) {
			return nil
		}
		if err := s.beat(ctx, talks, pilot.Random); err != nil && ctx.Err() == nil {
			return fmt.Errorf("run autopilot: %w", err)
		}
	}
}

// strangers are all customers, who have nothing to say yet.
func (s *Simulator) strangers() []*talk {
	var talks []*talk
	for _, a := range s.Accounts() {
		for _, c := range s.Customers(a) {
			talks = append(talks, &talk{account: a, customer: c})
		}
	}
	return talks
}

// beat lets one customer say one thing. When all of them wait for us, now and then one asks again.
func (s *Simulator) beat(ctx context.Context, talks []*talk, random *rand.Rand) error {
	var silent []*talk
	for _, t := range talks {
		if len(t.lines) == 0 {
			silent = append(silent, t)
			continue
		}
		if s.heardBy(t) > t.heard {
			return s.speak(ctx, t)
		}
	}
	if len(silent) == 0 {
		if random.IntN(4) > 0 {
			return nil
		}
		t := talks[random.IntN(len(talks))]
		if again := impatience(t.customer.Language); t.lines[0] != again {
			t.lines = append([]string{again}, t.lines...)
		}
		return s.speak(ctx, t)
	}
	t := silent[random.IntN(len(silent))]
	t.lines = smallTalk(t.customer.Language, random)
	return s.speak(ctx, t)
}

// heardBy counts what was ever sent to the person of a talk.
func (s *Simulator) heardBy(t *talk) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts[t.account].customers[t.customer.ID].heard
}

// speak says the next line. Somebody who blocked us keeps their words for later.
func (s *Simulator) speak(ctx context.Context, t *talk) error {
	t.heard = s.heardBy(t)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.CustomerWrites(ctx, Inbound{Account: t.account, Customer: t.customer, Text: t.lines[0]})
	if errors.Is(err, errBlocked) {
		return nil
	}
	t.lines = t.lines[1:]
	if errors.Is(err, errAbandoned) || wasTurnedAway(err) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}
