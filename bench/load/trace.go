package load

import (
	"context"
	"fmt"
	"time"
)

// Trace sends one message after the other on the first topic, with pauses between them, and tells how long after the
// entrance's answer each had reached everybody. One that was faster than the answer counts as none.
func (s *Swarm) Trace(ctx context.Context, messages int, gap time.Duration) (*Histogram, error) {
	caller, h := NewCaller(s.plan.Entrance.Address), &Histogram{}
	defer caller.Close()
	for range messages {
		pause(ctx, gap)
		s.sequences[0]++
		s.sent++
		s.board.send(0, s.sequences[0], s.readers[0])
		message := errand{0, s.sequences[0]}.message()
		if _, err := caller.Post(s.plan.Entrance.Request([]Message{message})); err != nil {
			return nil, err
		}
		answered := time.Duration(time.Now().UnixNano())
		if !s.drain(ctx, patience) {
			return nil, fmt.Errorf("message %d did not arrive: %v", s.sequences[0], s.ends())
		}
		h.Add(time.Duration(s.board.slot(0, s.sequences[0]).at.Load()) - answered)
	}
	return h, s.failed(ctx)
}
