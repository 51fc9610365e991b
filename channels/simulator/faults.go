package simulator

import (
	"errors"
	"fmt"
	"time"
)

// Class names what went wrong, the same word on every platform.
type Class string

// The classes a send can fail with.
const (
	RateLimited          Class = "rate_limited"
	AuthExpired          Class = "auth_expired"
	OutsideWindow        Class = "outside_window"
	RecipientBlocked     Class = "recipient_blocked"
	RecipientUnreachable Class = "recipient_unreachable"
	InvalidRequest       Class = "invalid_request"
	Permission           Class = "permission"
	ChannelRestricted    Class = "channel_restricted"
	Transient            Class = "transient"
	// AnswerLost accepts the message and then closes the connection in place of an answer.
	AnswerLost Class = "answer_lost"
)

// Failure makes sends fail.
type Failure struct {
	Class Class
	// Times is how many sends fail; one when zero.
	Times int
	// RetryAfter is what a rate limit asks for; 30 seconds when zero.
	RetryAfter time.Duration
	// AsReceipt accepts the message and reports the failure by a webhook later.
	AsReceipt bool
}

// Error makes a Failure what a dialect has to answer.
func (f Failure) Error() string { return "refused: " + string(f.Class) }

func (f Failure) refuses() bool { return f.Class != AnswerLost && !f.AsReceipt }

// retrySeconds is RetryAfter as platforms say it.
func (f Failure) retrySeconds() int {
	if f.RetryAfter <= 0 {
		return 30
	}
	return int((f.RetryAfter + time.Second - 1) / time.Second)
}

// Faults are an account's bad habits; they last until they are set anew. The zero value has none.
type Faults struct {
	// Latency passes before any of the account's calls is answered.
	Latency time.Duration
	// TokenExpired refuses every call as if our token had been taken back; on WeChat, every call with a token that was
	// given out before.
	TokenExpired bool
	// Copies is how often each webhook is delivered; Together delivers them at the same time.
	Copies   int
	Together bool
	// Batch is how many events are put into one webhook body; they are held until it is full.
	Batch int
	// ReceiptsFirst delivers the receipts of a message before its send is answered.
	ReceiptsFirst bool
	// ReceiptsReversed delivers read before delivered before sent.
	ReceiptsReversed bool
	// ReceiptDelay passes before each receipt.
	ReceiptDelay time.Duration
	// DropReceipts loses them all. A visitor of a widget does not read, then.
	DropReceipts bool
}

const mostCopies = 100

// SetFaults gives an account these habits in place of those it had. Events held for a batch are delivered.
func (s *Simulator) SetFaults(id Account, faults Faults) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.account(id)
	if err != nil {
		return fmt.Errorf("set faults: %w", err)
	}
	if err := a.canSuffer(faults); err != nil {
		return fmt.Errorf("set faults of %s: %w", id, err)
	}
	s.flush(a)
	a.faults = faults
	if d, ok := a.dialect.(expirer); ok && faults.TokenExpired {
		d.expire(a)
	}
	return nil
}

func (a *account) canSuffer(faults Faults) error {
	if d, ok := a.dialect.(visited); ok {
		return d.suffers(faults)
	}
	if faults.Copies > mostCopies {
		return fmt.Errorf("at most %d copies", mostCopies)
	}
	if most := a.dialect.batches(); faults.Batch > most {
		return fmt.Errorf("at most %d events in one webhook", most)
	}
	if _, reports := a.dialect.(receipter); !reports && faults.touchReceipts() {
		return fmt.Errorf("%s knows no receipts", a.Platform)
	}
	return nil
}

func (f Faults) touchReceipts() bool {
	return f.ReceiptsFirst || f.ReceiptsReversed || f.DropReceipts || f.ReceiptDelay > 0
}

// FailNext makes the next sends of an account fail, after those that were already asked to.
func (s *Simulator) FailNext(id Account, failure Failure) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.account(id)
	if err != nil {
		return fmt.Errorf("fail next: %w", err)
	}
	if err := a.canFail(failure); err != nil {
		return fmt.Errorf("fail next of %s: %w", id, err)
	}
	failure.Times = max(failure.Times, 1)
	a.failures = append(a.failures, failure)
	return nil
}

func (a *account) canFail(failure Failure) error {
	_, comes := a.dialect.(visited) // no answer of ours to lose
	if failure.Class == AnswerLost && !failure.AsReceipt && !comes {
		return nil
	}
	if !a.dialect.fails(failure.Class) {
		return fmt.Errorf("%s never fails with %q", a.Platform, failure.Class)
	}
	_, reports := a.dialect.(receipter)
	if _, never := a.dialect.(prompt); failure.AsReceipt && (never || !reports) {
		return errors.New("the platform reports no failures later")
	}
	return nil
}

// nextFailure is the failure the next send will meet, which stays in place until failed. With mu held.
func (a *account) nextFailure() *Failure {
	if len(a.failures) == 0 {
		return nil
	}
	next := a.failures[0]
	return &next
}

// failed uses up one of the sends that were to fail. With mu held.
func (a *account) failed() {
	if a.failures[0].Times--; a.failures[0].Times == 0 {
		a.failures = a.failures[1:]
	}
}
