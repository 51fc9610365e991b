package load

import (
	"math/bits"
	"time"
)

// steps is how many buckets a doubling of the duration has: a percentile is off by less than two percent.
const steps = 64

// Histogram counts durations in buckets that grow with them. The zero value is empty.
type Histogram struct {
	buckets [58 * steps]uint64
	count   uint64
	longest time.Duration
}

// Add counts one duration; a negative one counts as none.
func (h *Histogram) Add(d time.Duration) {
	h.buckets[bucket(uint64(max(d, 0)))]++
	h.count++
	h.longest = max(h.longest, d)
}

// Merge adds what another histogram has counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.buckets {
		h.buckets[i] += n
	}
	h.count += other.count
	h.longest = max(h.longest, other.longest)
}

// Count is how many durations were added.
func (h *Histogram) Count() uint64 { return h.count }

// Quantile is the duration that a share of all stay within, 0 if there are none.
func (h *Histogram) Quantile(share float64) time.Duration {
	rank, passed := uint64(share*float64(h.count)), uint64(0)
	for i, n := range h.buckets {
		passed += n
		if passed > rank || passed == h.count && n > 0 {
			return min(lower(i), h.longest)
		}
	}
	return h.longest
}

// bucket is exact below two times steps, and keeps the first seven binary digits above.
func bucket(ns uint64) int {
	excess := max(bits.Len64(ns)-bits.Len64(steps), 0)
	return excess*steps + int(ns>>excess)
}

// lower is the shortest duration of a bucket.
func lower(i int) time.Duration {
	excess := max(i/steps-1, 0)
	return time.Duration(i-excess*steps) << excess
}
