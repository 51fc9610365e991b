package models

import "time"

// Rules are the numbers of the product an operator may change.
type Rules struct {
	WindowLead     time.Duration // how long before a reply window closes it is announced as closing soon
	InactiveAfter  time.Duration // an inbox without activity for longer is deactivated
	WarnBefore     []int         // days before deactivation at which it is announced, descending
	EventRetention time.Duration // how far back the event log reaches
	KeyRetention   time.Duration // how long an idempotency key is remembered
	EarlyRetention time.Duration // how long news waits for its message
	MaxAttempts    int           // of one round of sending a message
	HumanAgent     bool          // Meta has approved the Human Agent feature for our app
}

// DefaultRules are the product's.
func DefaultRules() Rules {
	return Rules{
		WindowLead:     2 * time.Hour,
		InactiveAfter:  60 * 24 * time.Hour,
		WarnBefore:     []int{14, 7, 1},
		EventRetention: 30 * 24 * time.Hour,
		KeyRetention:   24 * time.Hour,
		EarlyRetention: 7 * 24 * time.Hour,
		MaxAttempts:    8,
		HumanAgent:     true,
	}
}
