package simulator

import (
	"context"
	"errors"
	"time"
)

var errTooLate = errors.New("the time is over")

// within is ctx until the world's clock has gone on so far. Its end is waited for by cancel.
func (s *Simulator) within(ctx context.Context, d Span) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	over, done := s.config.After(time.Duration(d)), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-over:
			cancel(errTooLate)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel(context.Canceled)
		<-done
	}
}
