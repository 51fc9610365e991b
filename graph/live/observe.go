package live

import (
	"time"

	"parley/models"
)

// Observer hears what a Hub did, once for many clients. It is called from many goroutines, some of which hold locks: it
// must not wait, and keep nothing it is given.
type Observer interface {
	// Shown tells that payloads about events were handed to transports, and how old each event was by then.
	Shown(ages []time.Duration, payloads int)
	// Delivered tells that a group, for which that began at an instant, was handed payloads about events which are
	// followed: causes are the steps that committed them.
	Delivered(causes []string, payloads int, began time.Time)
	// Replayed tells that a client was handed payloads about what it had missed.
	Replayed(payloads int)
	// Ended tells how long a subscription lasted, and of which errors it ended.
	Ended(lasted time.Duration, codes []string)
}

// Observe has somebody hear of what the Hub does. To be called before anybody subscribes.
func (h *Hub) Observe(o Observer) { h.observer = o }

// Count is how many subscriptions there are.
func (h *Hub) Count() int { return int(h.active.Load()) }

type nobody struct{}

func (nobody) Shown([]time.Duration, int)         {}
func (nobody) Delivered([]string, int, time.Time) {}
func (nobody) Replayed(int)                       {}
func (nobody) Ended(time.Duration, []string)      {}

// payloads counts the answers a client is handed.
func payloads(answers []answer) (n int) {
	for _, a := range answers {
		if a.payload != nil {
			n++
		}
	}
	return n
}

// showing is what a batch of events came to.
type showing struct {
	began    time.Time
	payloads int
	heard    [batch]bool       // of the events that somebody heard of
	followed map[*group]effect // nil: nothing of it is
}

// effect is what followed events came to for a group.
type effect struct {
	causes   []string
	payloads int
}

// count notes that a group was handed payloads about an event of the batch.
func (s *showing) count(g *group, event int, e *models.Event, payloads int) {
	if payloads == 0 {
		return
	}
	s.payloads += payloads
	s.heard[event] = true
	if e.Trace == "" {
		return
	}
	if s.followed == nil {
		s.followed = make(map[*group]effect)
	}
	f := s.followed[g]
	f.payloads += payloads
	if n := len(f.causes); n == 0 || f.causes[n-1] != e.Trace {
		f.causes = append(f.causes, e.Trace)
	}
	s.followed[g] = f
}

// report tells the observer.
func (s *showing) report(o Observer, events []models.Event, now time.Time) {
	if s.payloads == 0 {
		return
	}
	ages := make([]time.Duration, 0, len(events))
	for i := range events {
		if s.heard[i] {
			ages = append(ages, now.Sub(events[i].At))
		}
	}
	o.Shown(ages, s.payloads)
	for _, f := range s.followed {
		o.Delivered(f.causes, f.payloads, s.began)
	}
}
