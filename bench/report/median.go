package report

import "slices"

// Key names a figure of a server in a case.
type Key struct{ Scenario, Case, Server, Figure string }

// Summary is one number for each figure, however often it was measured.
type Summary struct {
	medians map[Key]float64
	worst   map[Key]float64
	runs    int
}

// Summarize takes the median of every figure over the runs.
func Summarize(all []Measurement) Summary {
	s := Summary{medians: make(map[Key]float64), worst: make(map[Key]float64)}
	values := make(map[Key][]float64)
	for _, m := range all {
		s.runs = max(s.runs, m.Run+1)
		for figure, value := range m.Figures {
			k := Key{m.Scenario, m.Case, m.Server, figure}
			values[k] = append(values[k], value)
		}
	}
	for k, of := range values {
		slices.Sort(of)
		s.medians[k], s.worst[k] = median(of), of[len(of)-1]
	}
	return s
}

// median is the middle of sorted numbers.
func median(sorted []float64) float64 {
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// of is the number that counts for a figure. Of what must never happen that is the worst run, of all else the median.
func (s Summary) of(k Key) (float64, bool) {
	from := s.medians
	if slices.Contains(never, k.Figure) {
		from = s.worst
	}
	value, measured := from[k]
	return value, measured
}

// Faults is the figure of everything that arrived wrongly or was left out.
const Faults = "lost, doubled, misled"

// never are the figures of what must not happen.
var never = []string{Faults, "undelivered", "missed", "twice"}
