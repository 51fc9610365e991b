package report

import "fmt"

// own is the name of the product among the servers.
const own = "parley"

// Target is what a figure of the product has to be: in relation to another one, or by itself.
type Target struct {
	Scenario, Case, Figure string
	Beside                 string  // the server to compare with; empty: none
	BesideCase             string  // empty: the same
	Most, Least            float64 // of the ratio, or of the figure if there is none beside it
	Plus                   float64 // at most so much more than the other; instead of a ratio
}

// Targets are those of docs/performance.md.
var Targets = targets()

func targets() (all []Target) {
	for _, crowd := range []string{"few", "many"} {
		all = append(all,
			Target{Scenario: "fanout", Case: crowd, Figure: "CPU s per 1M", Beside: "gorilla", Most: 1},
			Target{Scenario: "fanout", Case: crowd, Figure: "CPU s per 1M", Beside: "centrifuge", Most: .8},
			Target{Scenario: "fanout", Case: crowd, Figure: "CPU s per 1M", Beside: "stock", Most: .1},
		)
	}
	all = append(all,
		Target{Scenario: "fanout", Case: "many", Figure: "p99 ms", Beside: "centrifuge", Most: 1},
		Target{Scenario: "fanout", Case: "saturated", Figure: "deliveries/s", Beside: "centrifuge", Least: 5},
		Target{Scenario: "fanout", Case: "saturated", Figure: "deliveries/s", Beside: "stock", Least: 50},
		Target{Scenario: "fanout", Case: "groups", Figure: "CPU s per 1M", Beside: "centrifuge", Most: 1.1},
	)
	for _, crowd := range []string{"few", "many", "saturated", "groups", "stalled"} {
		all = append(all,
			Target{Scenario: "fanout", Case: crowd, Figure: Faults},
			Target{Scenario: "fanout", Case: crowd, Figure: "undelivered"},
		)
	}
	all = append(all,
		Target{Scenario: "idle", Case: "subscribed", Figure: "KiB per connection", Most: 12},
		Target{Scenario: "idle", Case: "subscribed", Figure: "KiB per connection", Most: 4},
		Target{Scenario: "latency", Case: "idle server", Figure: "p50 ms", Beside: "commit", Plus: 2},
		Target{Scenario: "page", Case: "mixed, 8", Figure: "queries/s", Beside: "dl", Least: 10},
		Target{Scenario: "page", Case: "mixed, 8", Figure: "queries/s", Beside: "postgraphile", Least: 4},
		Target{Scenario: "page", Case: "mixed, 8", Figure: "queries/s", Beside: "direct", Least: .6},
		Target{Scenario: "page", Case: "mixed, 8", Figure: "p99 ms", Beside: own, BesideCase: "small, 8", Most: 1.2},
		Target{Scenario: "page", Case: "page 400, 8", Figure: "queries/s", Beside: own, BesideCase: "page 1, 8", Least: .9},
	)
	for _, town := range []struct {
		name  string
		least float64
	}{{"hot, 8", 3}, {"hot, 64", 3}, {"many, 8", .8}, {"many, 64", 1}} {
		all = append(all,
			Target{Scenario: "ingest", Case: town.name, Figure: "messages/s", Beside: "floor", Least: town.least},
			Target{Scenario: "ingest", Case: town.name, Figure: "p99 ms", Beside: "floor", Most: 3},
			Target{Scenario: "ingest", Case: town.name, Figure: "CPU us per message", Most: 150},
		)
	}
	return append(all,
		Target{Scenario: "due", Case: "one of a hundred at once", Figure: "seconds", Most: 60},
		Target{Scenario: "due", Case: "steady", Figure: "late p99 ms", Most: 1000},
		Target{Scenario: "due", Case: "one of a hundred at once", Figure: "twice"},
		Target{Scenario: "due", Case: "steady", Figure: "twice"},
		Target{Scenario: "due", Case: "steady", Figure: "missed"},
	)
}

// Verdict is what came of a target.
type Verdict struct {
	Target
	Ours, Theirs float64
	Ratio        float64 // 0 if there is nothing to compare with
	Met          bool
}

// Verdict judges a target; it is not ok if something for it was not measured.
func (s Summary) Verdict(t Target) (v Verdict, ok bool) {
	v.Target = t
	if v.Ours, ok = s.of(Key{t.Scenario, t.Case, own, t.Figure}); !ok {
		return v, false
	}
	if t.Beside == "" {
		v.Met = v.Ours <= t.Most // of what has no bound, there may be none
		return v, true
	}
	other := t.BesideCase
	if other == "" {
		other = t.Case
	}
	if v.Theirs, ok = s.of(Key{t.Scenario, other, t.Beside, t.Figure}); !ok || v.Theirs == 0 {
		return v, false
	}
	v.Ratio = v.Ours / v.Theirs
	switch {
	case t.Plus > 0:
		v.Met = v.Ours <= v.Theirs+t.Plus
	case t.Least > 0:
		v.Met = v.Ratio >= t.Least
	default:
		v.Met = v.Ratio <= t.Most
	}
	return v, true
}

// wants says a target in words.
func (t Target) wants() string {
	switch {
	case t.Plus > 0:
		return fmt.Sprintf("at most %g more", t.Plus)
	case t.Least > 0:
		return fmt.Sprintf("at least %g ×", t.Least)
	case t.Beside != "":
		return fmt.Sprintf("at most %g ×", t.Most)
	case t.Most > 0:
		return fmt.Sprintf("at most %g", t.Most)
	default:
		return "0"
	}
}

// beside names what the product is compared with.
func (t Target) beside() string {
	if t.Beside == own {
		return "its own " + t.BesideCase
	}
	return t.Beside
}
