package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// columns are the figures of a scenario that a reader wants to see.
var columns = map[string][]string{
	"fanout":   {"CPU s per 1M", "deliveries/s", "p50 ms", "p99 ms", "KiB per connection", "connections/s", Faults, "undelivered", "cores of the client"},
	"idle":     {"KiB per connection", "KiB after connecting", "connections/s", "cores"},
	"latency":  {"p50 ms", "p99 ms"},
	"ingest":   {"messages/s", "p50 ms", "p99 ms", "CPU us per message"},
	"page":     {"queries/s", "p50 ms", "p99 ms", "kB per answer", "CPU ms per query"},
	"timeline": {"queries/s", "p50 ms", "p99 ms", "kB per answer", "CPU ms per query"},
	"due":      {"timers", "seconds", "rows/s", "late p50 ms", "late p99 ms", "missed", "twice", "CPU ms per row"},
}

// Tables are the targets of a scenario and all its figures, as Markdown.
func Tables(all []Measurement, scenario string) string {
	s := Summarize(all)
	return strings.TrimSpace(s.targets(scenario) + "\n" + figures(all, s, scenario))
}

func (s Summary) targets(scenario string) string {
	var out strings.Builder
	for _, t := range Targets {
		if t.Scenario != scenario {
			continue
		}
		v, measured := s.Verdict(t)
		if !measured {
			continue
		}
		if out.Len() == 0 {
			out.WriteString("| case | figure | Parley | beside it | ratio | target | met |\n|---|---|---:|---:|---:|---|---|\n")
		}
		theirs, ratio, met := "", "", "no"
		if t.Beside != "" {
			theirs, ratio = number(v.Theirs)+" "+t.beside(), number(v.Ratio)
		}
		if v.Met {
			met = "yes"
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s | %s |\n", t.Case, t.Figure, number(v.Ours), theirs, ratio, t.wants(), met)
	}
	return out.String()
}

// figures are a line for each case and server, in the order they were measured first.
func figures(all []Measurement, s Summary, scenario string) string {
	var out strings.Builder
	var done []Key
	shown := columns[scenario]
	for _, m := range all {
		line := Key{Scenario: m.Scenario, Case: m.Case, Server: m.Server}
		if m.Scenario != scenario || slices.Contains(done, line) {
			continue
		}
		if len(done) == 0 {
			fmt.Fprintf(&out, "| case | server | %s |\n|---|---|%s\n", strings.Join(shown, " | "), strings.Repeat("---:|", len(shown)))
		}
		done = append(done, line)
		fmt.Fprintf(&out, "| %s | %s |", m.Case, m.Server)
		for _, figure := range shown {
			value, measured := s.of(Key{scenario, m.Case, m.Server, figure})
			if !measured {
				out.WriteString(" – |")
				continue
			}
			fmt.Fprintf(&out, " %s |", number(value))
		}
		out.WriteString("\n")
	}
	out.WriteString("\n")
	for _, line := range done {
		for _, remark := range remarksOn(all, line) {
			fmt.Fprintf(&out, "- %s, %s: %s\n", line.Case, line.Server, remark)
		}
	}
	return out.String()
}

// remarksOn are what was remarked on a case and server, each once.
func remarksOn(all []Measurement, line Key) (remarks []string) {
	for _, m := range all {
		if m.Scenario != line.Scenario || m.Case != line.Case || m.Server != line.Server {
			continue
		}
		for _, remark := range m.Remarks {
			if first, _, _ := strings.Cut(remark, "\n"); !slices.Contains(remarks, first) {
				remarks = append(remarks, first)
			}
		}
	}
	return remarks
}

// number writes a figure with three digits that count.
func number(v float64) string {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	decimals := max(2-int(math.Floor(math.Log10(math.Abs(v)))), 0)
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if decimals > 0 {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	whole, rest, _ := strings.Cut(text, ".")
	for at := len(whole) - 3; at > 0 && whole[at-1] != '-'; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if rest != "" {
		return whole + "." + rest
	}
	return whole
}
