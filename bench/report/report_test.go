package report

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func measured(scenario, name, server string, run int, figure string, value float64) Measurement {
	return Measurement{Scenario: scenario, Case: name, Server: server, Run: run, Figures: map[string]float64{figure: value}}
}

func TestTables(t *testing.T) {
	t.Parallel()
	all := []Measurement{
		measured("fanout", "few", "parley", 0, "CPU s per 1M", 90),
		measured("fanout", "few", "parley", 1, "CPU s per 1M", 10),
		measured("fanout", "few", "parley", 2, "CPU s per 1M", 14),
		measured("fanout", "few", "gorilla", 0, "CPU s per 1M", 28),
		measured("fanout", "few", "parley", 0, Faults, 0),
		measured("fanout", "few", "parley", 1, Faults, 1),
		measured("fanout", "few", "parley", 2, Faults, 0),
		measured("fanout", "saturated", "parley", 0, "deliveries/s", 1234567),
		measured("fanout", "saturated", "centrifuge", 0, "deliveries/s", 617283.5),
		{Scenario: "fanout", Case: "saturated", Server: "stock", Remarks: []string{"stuck: for ever\nand ever"}},
	}
	tables := Tables(all, "fanout")
	for behaviour, line := range map[string]string{
		"compares the median with the peer's":         "| few | CPU s per 1M | 14 | 28 gorilla | 0.5 | at most 1 × | yes |",
		"takes the worst run of what must not happen": "| few | " + Faults + " | 1 |  |  | 0 | no |",
		"says where a target is missed":               "| saturated | deliveries/s | 1,234,567 | 617,284 centrifuge | 2 | at least 5 × | no |",
		"shows what could not be measured":            "- saturated, stock: stuck: for ever",
	} {
		if !strings.Contains(tables, line) {
			t.Errorf("%s: %s is not in\n%s", behaviour, line, tables)
		}
	}
	if strings.Contains(tables, "at least 50") {
		t.Errorf("judges what was not measured:\n%s", tables)
	}
}

func TestPicture(t *testing.T) {
	t.Parallel()
	picture := Picture([]Measurement{
		measured("fanout", "few", "parley", 0, "CPU s per 1M", 14),
		measured("fanout", "few", "gorilla", 0, "CPU s per 1M", 28),
		measured("ingest", "hot, 8", "parley", 0, "messages/s", 100),
		measured("ingest", "hot, 8", "floor", 0, "messages/s", 200),
	})
	bars := make(map[string]string)
	for decoder := xml.NewDecoder(strings.NewReader(picture)); ; {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, picture)
		}
		element, ok := token.(xml.StartElement)
		if !ok || element.Name.Local != "rect" {
			continue
		}
		bars[element.Attr[0].Value] = element.Attr[3].Value
	}
	// Twice as good is as long as half as good.
	if len(bars) != 2 || bars["met"] == "" || bars["met"] != bars["missed"] {
		t.Errorf("got %v", bars)
	}
}

func TestInsert(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "page.md")
	given := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	given("before\n<!-- fanout -->\nold\n<!-- end of fanout -->\n<!-- page -->\nkept\n<!-- end of page -->\n")
	for range 2 {
		if err := Insert(path, "fanout", "new\n"); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	want := "before\n<!-- fanout -->\n\nnew\n\n<!-- end of fanout -->\n<!-- page -->\nkept\n<!-- end of page -->\n"
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	given("<!-- fanout -->\nnever closed\n")
	if err := Insert(path, "fanout", "new"); err == nil {
		t.Error("wrote into a page without a place for it")
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for value, want := range map[float64]string{0: "0", 0.0123456: "0.0123", 1.5: "1.5", 12.345: "12.3", 1234.5: "1,234", 1234567: "1,234,567", -5000: "-5,000"} {
		if got := number(value); got != want && !(value == 1234.5 && got == "1,235") {
			t.Errorf("%v: got %s, want %s", value, got, want)
		}
	}
}
