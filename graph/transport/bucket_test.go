package transport

import (
	"testing"
	"time"
)

func TestBucket(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	b := newBucket(10, 3, now)
	for i, want := range []time.Duration{0, 0, 0, 100 * time.Millisecond, 200 * time.Millisecond} {
		if got := b.take(now); got.Round(time.Millisecond) != want {
			t.Errorf("token %d: wait %v, want %v", i, got, want)
		}
	}
	now = now.Add(time.Hour)
	for i, want := range []time.Duration{0, 0, 0, 100 * time.Millisecond} {
		if got := b.take(now); got.Round(time.Millisecond) != want {
			t.Errorf("an hour later, token %d: wait %v, want %v", i, got, want)
		}
	}
}
