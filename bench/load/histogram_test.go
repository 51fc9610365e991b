package load

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	t.Parallel()
	t.Run("tells quantiles within two percent", func(t *testing.T) {
		t.Parallel()
		random := rand.New(rand.NewPCG(1, 2))
		var h, half Histogram
		var all []time.Duration
		for i := range 10_000 {
			d := time.Duration(random.ExpFloat64() * float64(5*time.Millisecond))
			all = append(all, d)
			if i%2 == 0 {
				h.Add(d)
			} else {
				half.Add(d)
			}
		}
		h.Merge(&half)
		slices.Sort(all)
		for _, share := range []float64{0, .5, .9, .99, .999} {
			want := all[int(share*float64(len(all)))]
			if got := h.Quantile(share); got > want || float64(got) < .98*float64(want) {
				t.Errorf("quantile %v: got %v, want %v", share, got, want)
			}
		}
	})
	t.Run("is exact about what is short, and takes what is long", func(t *testing.T) {
		t.Parallel()
		for _, d := range []time.Duration{0, 1, 63, 64, 127, 1<<63 - 1} {
			var h Histogram
			h.Add(d)
			if got := h.Quantile(.5); got > d || float64(got) < .98*float64(d) || d < 128 && got != d {
				t.Errorf("got %v, want %v", got, d)
			}
		}
	})
	t.Run("of nothing is zero", func(t *testing.T) {
		t.Parallel()
		var h Histogram
		if got := h.Quantile(.99); got != 0 {
			t.Errorf("got %v", got)
		}
	})
}
