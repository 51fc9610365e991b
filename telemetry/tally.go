package telemetry

import (
	"regexp"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// mostSeries is how many combinations of labels a family has. They are words of ours, so it is never reached, unless
// somebody hands on what is not.
const mostSeries = 500

// other counts what has no series of its own.
const other = "other"

// word is what a label may be.
var word = regexp.MustCompile(`^[A-Za-z0-9_]{1,40}$`)

// Tally counts by one or two words.
type Tally struct{ all *series[prometheus.Counter] }

// Tally makes counters. Two labels are the most; of a family with one the second word is "".
func (m *Metrics) Tally(name, help string, labels ...string) Tally {
	vector := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(vector)
	return Tally{newSeries(len(labels), vector.WithLabelValues)}
}

// Add counts n more. What is no word counts as "other".
func (t Tally) Add(first, second string, n int) { t.all.of(first, second).Add(float64(n)) }

// Timings are durations by one or two words.
type Timings struct{ all *series[prometheus.Observer] }

// Timings makes histograms, with labels like those of Tally.
func (m *Metrics) Timings(name, help string, labels ...string) Timings {
	vector := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: Seconds}, labels)
	m.registry.MustRegister(vector)
	return Timings{newSeries(len(labels), vector.WithLabelValues)}
}

// Observe takes in one duration, in seconds.
func (t Timings) Observe(first, second string, seconds float64) {
	t.all.of(first, second).Observe(seconds)
}

// series are the children of a family, each resolved once.
type series[T any] struct {
	labels  int
	resolve func(labels ...string) T

	known sync.Map // of [2]string to T
	mu    sync.Mutex
	count int
}

func newSeries[T any](labels int, resolve func(...string) T) *series[T] {
	return &series[T]{labels: labels, resolve: resolve}
}

func (s *series[T]) of(first, second string) T {
	key := [2]string{first, second}
	if found, ok := s.known.Load(key); ok {
		return found.(T)
	}
	for i := range s.labels {
		if !word.MatchString(key[i]) {
			key[i] = other
		}
	}
	return s.make(key)
}

func (s *series[T]) make(key [2]string) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok := s.known.Load(key); ok {
		return found.(T)
	}
	if s.count >= mostSeries {
		return s.resolve([]string{other, other}[:s.labels]...)
	}
	s.count++
	made := s.resolve(key[:s.labels]...)
	s.known.Store(key, made)
	return made
}
