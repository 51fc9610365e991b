package load

import (
	"context"
	"fmt"
	"time"
)

// Load says how many messages enter. One of Rate and Window is given.
type Load struct {
	Rate   float64       // a second over all topics, whether they arrive or not
	Window int           // so many are on their way to somebody at every moment
	Warm   time.Duration // before it is measured
	For    time.Duration
	Drain  time.Duration // how long the rest may take
}

// Report is what was measured between the two ends of a load.
type Report struct {
	Elapsed          time.Duration
	Messages         int64
	Deliveries       uint64
	Latency          *Histogram
	Server           time.Duration // processor time of the measured process
	Client           time.Duration // and of this one
	Bytes, Reads     uint64
	Lost             int // deliveries that were overtaken and never came
	Undelivered      int // that had not come when the patience was over
	Repeated, Late   uint64
	Backwards        uint64 // cursors that did not move on
	Contrary         int64  // messages that came with different cursors to different sockets
	Foreign          uint64 // messages nobody asked for
	Ended            map[string]int
	Drained          bool // everything arrived in time
	ClientIsTheLimit bool // its threads had hardly any rest
}

// PerMillion is the processor time of the server for a million deliveries.
func (r Report) PerMillion() time.Duration {
	return time.Duration(float64(r.Server) / max(float64(r.Deliveries), 1) * 1e6)
}

// PerSecond is how many deliveries were made in a second.
func (r Report) PerSecond() float64 { return float64(r.Deliveries) / r.Elapsed.Seconds() }

// Measure puts a load on the server and reports what came of it. It may be called again.
func (s *Swarm) Measure(ctx context.Context, server int, l Load) (Report, error) {
	if err := s.drive(ctx, l, l.Warm); err != nil {
		return Report{}, err
	}
	open := l.Window == 0
	if open {
		s.drain(ctx, l.Drain)
	}
	began, sent, before := time.Now(), s.sent, s.snapshot()
	s.still(func() { s.since = time.Duration(began.UnixNano()) })
	used, ours := CPU(server), cpu()
	if err := s.drive(ctx, l, l.For); err != nil {
		return Report{}, err
	}
	r := Report{Elapsed: l.For, Drained: true}
	if open {
		r.Drained = s.drain(ctx, l.Drain)
	}
	after := s.snapshot()
	r.Server, r.Client = CPU(server)-used, cpu()-ours
	if late := time.Since(began); !open || late > l.For*21/20 {
		r.Elapsed = late // a closed loop ends when its last message does, an overrun server later than it should
	}
	r.Messages = s.sent - sent
	r.Deliveries, r.Bytes, r.Reads = after.deliveries-before.deliveries, after.bytes-before.bytes, after.reads-before.reads
	r.ClientIsTheLimit = r.Client > time.Duration(.9*float64(len(s.loops))*float64(r.Elapsed))
	if !open {
		r.Drained = s.drain(ctx, l.Drain)
	}
	s.settle(&r)
	return r, s.failed(ctx)
}

// settle adds what can be told only when everything has arrived.
func (s *Swarm) settle(r *Report) {
	end := s.snapshot()
	r.Late, r.Repeated, r.Backwards, r.Foreign = end.late, end.repeated, end.backwards, end.foreign
	r.Contrary, r.Ended, r.Latency = s.board.contrary.Load(), s.ends(), &Histogram{}
	s.still(func() {
		for _, l := range s.loops {
			r.Latency.Merge(&l.latency)
			l.latency = Histogram{}
		}
		for _, k := range s.sockets {
			if !k.stalled && !k.over {
				r.Lost += k.tally.lost()
				r.Undelivered += k.tally.awaited(s.sequences[k.topic])
			}
		}
	})
}

func (s *Swarm) snapshot() (sum counts) {
	s.still(func() {
		for _, l := range s.loops {
			sum.deliveries += l.counts.deliveries
			sum.bytes += l.counts.bytes
			sum.reads += l.counts.reads
			sum.late += l.counts.late
			sum.repeated += l.counts.repeated
			sum.backwards += l.counts.backwards
			sum.foreign += l.counts.foreign
		}
	})
	return sum
}

// drive lets messages enter for some time.
func (s *Swarm) drive(ctx context.Context, l Load, span time.Duration) error {
	end, due := time.Now().Add(span), time.Now()
	for {
		if l.Window > 0 {
			if err := s.awaitRoom(ctx, l.Window, l.Drain); err != nil {
				return err
			}
			due = time.Now()
		}
		if !due.Before(end) {
			return s.failed(ctx)
		}
		pause(ctx, time.Until(due))
		if err := s.failed(ctx); err != nil {
			return err
		}
		s.publish()
		if l.Window == 0 {
			due = due.Add(time.Duration(float64(time.Second) / l.Rate))
		}
	}
}

func (s *Swarm) publish() {
	topic := s.turn
	s.turn = (s.turn + 1) % s.plan.Topics
	s.sequences[topic]++
	s.sent++
	s.board.send(topic, s.sequences[topic], s.readers[topic])
	s.press.publish(topic, s.sequences[topic])
}

// awaitRoom waits until fewer messages than the window are on their way.
func (s *Swarm) awaitRoom(ctx context.Context, window int, most time.Duration) error {
	timeout := time.NewTimer(most)
	defer timeout.Stop()
	for s.sent-s.board.finished.Load() >= int64(window) {
		select {
		case <-s.board.bell:
		case <-ctx.Done():
			return ctx.Err()
		case <-timeout.C:
			return fmt.Errorf("stuck: no message has reached everybody for %v; sockets that ended: %v", most, s.ends())
		}
		if err := s.failed(ctx); err != nil {
			return err
		}
	}
	return nil
}

// drain waits until every message has reached everybody, and reports whether that was in time.
func (s *Swarm) drain(ctx context.Context, most time.Duration) bool {
	timeout := time.After(most)
	for s.board.finished.Load() < s.sent {
		select {
		case <-s.board.bell:
		case <-ctx.Done():
			return false
		case <-timeout:
			return false
		}
	}
	return true
}
