package transport

import "time"

// bucket is a token bucket: burst at once, then rate a second. It is not for concurrent use.
type bucket struct {
	rate, burst float64
	tokens      float64
	filledAt    time.Time
}

func newBucket(rate, burst int, now time.Time) *bucket {
	return &bucket{rate: float64(rate), burst: float64(burst), tokens: float64(burst), filledAt: now}
}

// take takes one token and says how long to wait for it.
func (b *bucket) take(now time.Time) time.Duration {
	b.tokens = min(b.burst, b.tokens+b.rate*now.Sub(b.filledAt).Seconds()) - 1
	b.filledAt = now
	if b.tokens >= 0 {
		return 0
	}
	return time.Duration(-b.tokens / b.rate * float64(time.Second))
}
