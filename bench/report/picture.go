package report

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// The picture is so wide, and its bars stand on a scale of powers of ten from one tenth to a hundred.
const (
	width, margin, line = 820, 400, 24
	least, most         = .1, 100.
)

// Picture draws how many times better than each peer the product is, with a mark at the target, as SVG.
func Picture(all []Measurement) string {
	s := Summarize(all)
	var bars []string
	for _, t := range Targets {
		v, measured := s.Verdict(t)
		if !measured || t.Beside == "" || t.Plus > 0 {
			continue
		}
		better, wanted := v.Ratio, t.Least
		if t.Least == 0 { // of what is to be little, less is better
			better, wanted = 1/v.Ratio, 1/t.Most
		}
		bars = append(bars, bar(len(bars), v, better, wanted))
	}
	height := (len(bars) + 3) * line
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="How Parley compares">
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.met { fill: #2da44e } .missed { fill: #cf222e } .scale { stroke: #8c959f; stroke-width: 1 } .target { stroke: #24292f; stroke-width: 2 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .target { stroke: #e6edf3 } }
</style>
<text x="%d" y="17">times better than the other (target: the line)</text>
`, width, height, width, height, margin)
	for power := least; power <= most; power *= 10 {
		x := at(power)
		fmt.Fprintf(&out, `<line class="scale" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/><text x="%.1f" y="%d" text-anchor="middle">%g</text>`+"\n",
			x, x, line, height-line, x, height-7, power)
	}
	out.WriteString(strings.Join(bars, ""))
	out.WriteString("</svg>\n")
	return out.String()
}

// bar starts where both are equal, and goes to the right where the product is better.
func bar(n int, v Verdict, better, wanted float64) string {
	class, y := "missed", (n+1)*line+5
	if v.Met {
		class = "met"
	}
	from, to := min(at(1), at(better)), max(at(1), at(better))
	name := fmt.Sprintf("%s, %s: %s, beside %s", v.Scenario, v.Case, v.Figure, v.beside())
	return fmt.Sprintf(`<text x="%d" y="%d" text-anchor="end">%s</text><rect class="%s" x="%.1f" y="%d" width="%.1f" height="%d"/>`+
		`<line class="target" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/><text x="%.1f" y="%d">%s</text>`+"\n",
		margin-10, y+12, html.EscapeString(name), class, from, y, max(to-from, 1), line-10,
		at(wanted), at(wanted), y-2, y+line-8, max(to, at(wanted))+6, y+12, number(better))
}

// at is where a ratio stands.
func at(ratio float64) float64 {
	ratio = min(max(ratio, least), most)
	return margin + (width-margin-50)*math.Log(ratio/least)/math.Log(most/least)
}
