package simulator

import "context"

// startReceipts reports what becomes of a message. The channel closes when that is done.
func (s *Simulator) startReceipts(a *account, sent Sent, faults Faults, failure *Failure) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := make(chan struct{})
	d, reports := a.dialect.(receipter)
	if !reports || faults.DropReceipts || s.closed {
		close(done)
		return done
	}
	states := d.receipts(sent)
	if failure != nil && failure.AsReceipt && len(states) > 0 {
		states = []string{"failed"}
	}
	life := a.life
	s.start(func() {
		defer close(done)
		s.report(life, a, d, sent, states, faults, failure)
	})
	return done
}

// report delivers the receipts one after the other, each when the one before was answered.
func (s *Simulator) report(
	ctx context.Context, a *account, d receipter, sent Sent, states []string, faults Faults, failure *Failure,
) {
	var reversed []event
	for _, state := range states {
		if !s.pause(ctx, faults.ReceiptDelay) {
			return
		}
		s.mu.Lock()
		receipt := d.receipt(a, sent, state, failure, s.config.Now())
		s.mu.Unlock()
		if faults.ReceiptsReversed {
			reversed = append([]event{receipt}, reversed...)
			continue
		}
		s.emitAndWait(ctx, a, receipt)
	}
	for _, receipt := range reversed {
		s.emitAndWait(ctx, a, receipt)
	}
}

func (s *Simulator) emitAndWait(ctx context.Context, a *account, e event) {
	s.mu.Lock()
	var answered <-chan reply
	if ctx.Err() == nil { // or else the account has been reset, and the message forgotten
		answered = s.emit(a, e)
	}
	s.mu.Unlock()
	if answered != nil {
		_ = <-answered // what it says is in the deliveries
	}
}
