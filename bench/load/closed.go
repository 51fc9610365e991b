package load

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Questions are what callers ask a server, as fast as it answers.
type Questions struct {
	Address string
	Clients int
	Warm    time.Duration // before it is measured
	For     time.Duration
	// Next makes a request; callers have numbers.
	Next func(client int) Request
	// Wants is in every good answer, Refuses in none. Empty: nothing is looked for.
	Wants, Refuses string
	// Processes whose time is accounted.
	Processes []int
}

// Answers are what came of questions.
type Answers struct {
	Elapsed   time.Duration
	Good, Bad int64
	FirstBad  string
	Bytes     int64
	Latency   *Histogram
	CPU       []time.Duration // of each process
	Client    time.Duration
}

// PerSecond is how many good answers came in a second.
func (a Answers) PerSecond() float64 { return float64(a.Good) / a.Elapsed.Seconds() }

// Ask lets callers ask, each one question after the other, until ctx or the time ends.
func Ask(ctx context.Context, q Questions) Answers {
	r := round{questions: q}
	var asking sync.WaitGroup
	for client := range q.Clients {
		asking.Go(func() { r.ask(ctx, client) })
	}
	pause(ctx, q.Warm)
	before, ours, began := each(q.Processes), cpu(), time.Now()
	r.measuring.Store(true)
	pause(ctx, q.For)
	r.measuring.Store(false)
	a := Answers{Elapsed: time.Since(began), Client: cpu() - ours, Latency: &r.latency}
	for i, used := range each(q.Processes) {
		a.CPU = append(a.CPU, used-before[i])
	}
	r.over.Store(true)
	asking.Wait()
	a.Good, a.Bad, a.Bytes, a.FirstBad = r.good, r.bad, r.bytes, r.firstBad
	return a
}

func each(processes []int) (used []time.Duration) {
	for _, id := range processes {
		used = append(used, CPU(id))
	}
	return used
}

// round is one Ask.
type round struct {
	questions Questions
	measuring atomic.Bool
	over      atomic.Bool

	mu               sync.Mutex
	latency          Histogram
	good, bad, bytes int64
	firstBad         string
}

func (r *round) ask(ctx context.Context, client int) {
	caller := NewCaller(r.questions.Address)
	defer caller.Close()
	for !r.over.Load() && ctx.Err() == nil {
		request, began := r.questions.Next(client), time.Now()
		body, err := caller.Post(request)
		if r.measuring.Load() {
			r.count(body, err, time.Since(began))
		}
	}
}

func (r *round) count(body []byte, err error, took time.Duration) {
	wanted, refused := []byte(r.questions.Wants), []byte(r.questions.Refuses)
	good := err == nil && bytes.Contains(body, wanted) && (len(refused) == 0 || !bytes.Contains(body, refused))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.latency.Add(took)
	r.bytes += int64(len(body))
	switch {
	case good:
		r.good++
		return
	case r.bad == 0 && err != nil:
		r.firstBad = err.Error()
	case r.bad == 0:
		r.firstBad = string(body[:min(len(body), 300)])
	}
	r.bad++
}
