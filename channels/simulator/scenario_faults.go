package simulator

import (
	"errors"
	"time"
)

// faultWords are Faults and Failures as JSON says them, in a scenario and in POST /simulator/faults.
type faultWords struct {
	LatencyMs        int           `json:"latencyMs,omitempty"`
	TokenExpired     bool          `json:"tokenExpired,omitempty"`
	Copies           int           `json:"copies,omitempty"`
	Together         bool          `json:"together,omitempty"`
	Batch            int           `json:"batch,omitempty"`
	ReceiptsFirst    bool          `json:"receiptsFirst,omitempty"`
	ReceiptsReversed bool          `json:"receiptsReversed,omitempty"`
	ReceiptDelayMs   int           `json:"receiptDelayMs,omitempty"`
	DropReceipts     bool          `json:"dropReceipts,omitempty"`
	Fail             []failureWord `json:"fail,omitempty"`
}

type failureWord struct {
	Class             Class `json:"class"`
	Times             int   `json:"times,omitempty"`
	RetryAfterSeconds int   `json:"retryAfterSeconds,omitempty"`
	AsReceipt         bool  `json:"asReceipt,omitempty"`
}

// misbehave gives an account the faults these words say.
func (s *Simulator) misbehave(a Account, words faultWords) error {
	err := s.SetFaults(a, Faults{
		Latency: time.Duration(words.LatencyMs) * time.Millisecond, TokenExpired: words.TokenExpired,
		Copies: words.Copies, Together: words.Together, Batch: words.Batch,
		ReceiptsFirst: words.ReceiptsFirst, ReceiptsReversed: words.ReceiptsReversed,
		ReceiptDelay: time.Duration(words.ReceiptDelayMs) * time.Millisecond, DropReceipts: words.DropReceipts,
	})
	for _, f := range words.Fail {
		wait := time.Duration(f.RetryAfterSeconds) * time.Second
		err = errors.Join(err, s.FailNext(a, Failure{f.Class, f.Times, wait, f.AsReceipt}))
	}
	return err
}

// behave takes an account's faults and coming failures from it.
func (s *Simulator) behave(id Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, known := s.accounts[id]; known {
		a.faults, a.failures = Faults{}, nil
		s.flush(a)
	}
}
