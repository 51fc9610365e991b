package simulator_test

import (
	"sync"
	"testing"
	"time"
)

// clock stands still until it is advanced.
type clock struct {
	mu      sync.Mutex
	now     time.Time
	waiters []waiter
	joined  chan time.Duration
}

type waiter struct {
	at time.Time
	c  chan time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2026, 8, 3, 9, 0, 0, 0, time.UTC), joined: make(chan time.Duration, 1000)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := waiter{c.now.Add(d), make(chan time.Time, 1)}
	c.waiters = append(c.waiters, w)
	c.joined <- d
	return w.c
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	var still []waiter
	for _, w := range c.waiters {
		if w.at.After(c.now) {
			still = append(still, w)
			continue
		}
		w.c <- c.now
	}
	c.waiters = still
}

// waits returns how long the next one waits who asks the clock.
func (c *clock) waits(t *testing.T) time.Duration {
	t.Helper()
	select {
	case d := <-c.joined:
		return d
	case <-soon(t).Done():
		t.Fatal("nobody waits on the clock")
		return 0
	}
}
