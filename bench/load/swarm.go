// Package load puts load on servers and measures what comes of it. A swarm is thousands of websockets read by one thread
// each few thousand, so that one core can hold a client for ten thousand subscribers; callers post over HTTP.
package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Plan says what a swarm is made of.
type Plan struct {
	Address string
	Path    string
	Dialect Dialect
	Sockets int
	Topics  int // socket number i listens to topic i modulo Topics
	Stalled int // so many sockets never read once they have subscribed
	Threads int // that read; 0: one
	// Rest is how long a thread sleeps when nothing has come; 0: half a millisecond. It polls rather than waits: to wake a
	// client that waits on another core costs the server time, which clients in the network do not.
	Rest     time.Duration
	Entrance Entrance
}

// Swarm is many websockets that listen, and the entrance of what they are to hear.
type Swarm struct {
	plan    Plan
	sockets []*socket
	readers []int // by topic: how many sockets read it
	loops   []*loop
	board   *board
	press   *press

	sequences []uint32 // by topic: the last message sent
	sent      int64
	turn      int // the topic that is next

	base  uint32        // messages up to here only show who listens; changed while the loops stand still
	since time.Duration // of messages sent before the latency is not counted; likewise
	round uint32        // of messages that show who listens; likewise
	heard atomic.Int64  // sockets that heard the round

	over    atomic.Bool
	reading sync.WaitGroup
	fault   atomic.Pointer[error]

	// Opening is how long it took to open and greet all sockets.
	Opening time.Duration
}

// handshakes is how many sockets are opened at once.
const handshakes = 64

// Open opens the sockets of a plan. The swarm has to be closed.
func Open(ctx context.Context, p Plan) (*Swarm, error) {
	p.Threads, p.Rest = max(p.Threads, 1), cmp.Or(p.Rest, 500*time.Microsecond)
	s := &Swarm{
		plan: p, sockets: make([]*socket, p.Sockets), readers: make([]int, p.Topics), board: newBoard(p.Topics),
		sequences: make([]uint32, p.Topics), base: math.MaxUint32,
	}
	for range p.Threads {
		l, err := newLoop(s)
		if err != nil {
			return nil, err
		}
		s.loops = append(s.loops, l)
	}
	s.press = newPress(p.Entrance)
	for _, l := range s.loops { // the first sockets are pinged before the last are open
		s.reading.Go(l.run)
	}
	began := time.Now()
	if err := s.openAll(ctx); err != nil {
		s.Close()
		return nil, err
	}
	s.Opening = time.Since(began)
	return s, nil
}

func (s *Swarm) openAll(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	numbers := make(chan int)
	var opening sync.WaitGroup
	for range handshakes {
		opening.Go(func() {
			for i := range numbers {
				if err := s.open(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := 0; i < s.plan.Sockets && ctx.Err() == nil; i++ {
		numbers <- i
	}
	close(numbers)
	opening.Wait()
	return context.Cause(ctx)
}

func (s *Swarm) open(ctx context.Context, i int) error {
	talk, err := dial(ctx, &s.plan, i)
	if err != nil {
		return err
	}
	fd, err := detach(talk.Conn)
	if err != nil {
		return err
	}
	k := &socket{fd: fd, topic: i % s.plan.Topics, stalled: i < s.plan.Stalled, partial: talk.unread}
	l := s.loops[i%len(s.loops)]
	l.mu.Lock()
	defer l.mu.Unlock()
	s.sockets[i] = k
	if k.stalled {
		return narrow(fd)
	}
	return l.poller.add(fd, i)
}

// Await sends rounds of messages, one on each topic, until one has reached every socket that reads. What follows is
// counted. The wait grows from round to round, so that a slow server has its rest.
func (s *Swarm) Await(ctx context.Context) error {
	reading := int64(0)
	for _, k := range s.sockets {
		if !k.stalled {
			s.readers[k.topic]++
			reading++
		}
	}
	for wait := time.Second; wait <= patience; wait *= 2 {
		s.still(func() { s.round++; s.heard.Store(0) })
		for topic := range s.sequences {
			s.sequences[topic] = s.round
			s.press.publish(topic, s.round)
		}
		for end := time.Now().Add(wait); time.Now().Before(end); pause(ctx, 10*time.Millisecond) {
			if s.heard.Load() == reading && s.press.waiting.Load() == 0 {
				s.begin()
				return nil
			}
			if err := s.failed(ctx); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("%d of %d sockets hear nothing: %v", reading-s.heard.Load(), reading, s.ends())
}

// begin counts from the next message on.
func (s *Swarm) begin() {
	s.still(func() {
		s.base = s.round
		for _, k := range s.sockets {
			k.tally = tally{next: s.base + 1}
		}
	})
}

// still does something while no loop reads.
func (s *Swarm) still(do func()) {
	for _, l := range s.loops {
		l.mu.Lock()
		defer l.mu.Unlock()
	}
	do()
}

func (s *Swarm) failed(ctx context.Context) error {
	if err := s.fault.Load(); err != nil {
		return *err
	}
	return errors.Join(ctx.Err(), s.press.failed())
}

// ends says why sockets ended, and how many.
func (s *Swarm) ends() map[string]int {
	all := make(map[string]int)
	s.still(func() {
		for _, l := range s.loops {
			for why, n := range l.ends {
				all[why] += n
			}
		}
	})
	return all
}

// Close closes every socket.
func (s *Swarm) Close() {
	s.over.Store(true)
	s.press.close()
	s.reading.Wait()
	for _, k := range s.sockets {
		if k != nil && !k.over {
			hangUp(k.fd)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
