// Command bench measures the product beside its peers and the floors of the machine, and writes docs/performance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"parley/bench/report"
	"parley/bench/scenario"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, readOptions()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// scenarios in the order they are measured and told.
var scenarios = []struct {
	name    string
	measure func(*scenario.Lab, context.Context) error
}{
	{"fanout", (*scenario.Lab).Fanout},
	{"idle", (*scenario.Lab).Idle},
	{"latency", (*scenario.Lab).Latency},
	{"page", (*scenario.Lab).Page},
	{"timeline", (*scenario.Lab).Timeline},
	{"ingest", (*scenario.Lab).Ingest},
	{"due", (*scenario.Lab).Due},
}

// options are what the command line says.
type options struct {
	chosen, only, read []string
	small              bool
	runs               int
	module, peers, out string
	document           string
}

func readOptions() (o options) {
	chosen := flag.String("scenario", "", "comma-separated: of fanout, idle, latency, page, timeline, ingest and due, only these")
	size := flag.String("size", "full", "small takes minutes and writes no document; full takes hours")
	only := flag.String("only", "", "comma-separated: of parley and its peers, only these")
	read := flag.String("read", "", "comma-separated: files with results of before; nothing is measured")
	flag.IntVar(&o.runs, "reps", 3, "how often everything is measured; the median counts")
	flag.StringVar(&o.module, "module", ".", "directory of the product")
	flag.StringVar(&o.peers, "peers", "../shared/bench", "directory of the peers' module; they are left out if it does not exist")
	flag.StringVar(&o.out, "out", "bench.out", "file for results, a line of JSON each")
	flag.StringVar(&o.document, "doc", "docs/performance.md", "document to write the tables into, with a picture beside it; empty: none")
	flag.Parse()
	o.chosen, o.only, o.read, o.small = words(*chosen), words(*only), words(*read), *size == "small"
	if *size != "small" && *size != "full" {
		fmt.Fprintln(os.Stderr, "bench: -size is small or full")
		os.Exit(2)
	}
	return o
}

func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

func (o options) wants(name string) bool {
	return len(o.chosen) == 0 || slices.Contains(o.chosen, name)
}

func run(ctx context.Context, o options) error {
	if len(o.read) > 0 {
		all, err := readResults(o.read)
		if err != nil {
			return err
		}
		return o.tell(all)
	}
	all, err := measure(ctx, o)
	if ctx.Err() != nil || len(all) == 0 {
		return err
	}
	return errors.Join(err, o.tell(all))
}

func readResults(paths []string) (all []report.Measurement, err error) {
	for _, path := range paths {
		some, err := report.Read(path)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func measure(ctx context.Context, o options) (all []report.Measurement, err error) {
	book, err := report.OpenBook(o.out)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	if _, err := os.Stat(o.peers); errors.Is(err, fs.ErrNotExist) {
		fmt.Printf("no peers in %s: only the product and the floors are measured\n", o.peers)
		o.peers = ""
	}
	lab, err := scenario.Open(ctx, scenario.Options{
		Module: o.module, Peers: o.peers, Small: o.small, Runs: o.runs, Only: o.only, Out: os.Stdout, Book: book,
	})
	if err != nil {
		return nil, err
	}
	defer lab.Close()
	for _, s := range scenarios {
		if !o.wants(s.name) {
			continue
		}
		if err := s.measure(lab, ctx); err != nil {
			return book.All, fmt.Errorf("measure %s: %w", s.name, err)
		}
	}
	return book.All, nil
}

// tell prints the tables, and writes them into the document: those of scenarios that were not measured stay. The picture
// is of all that was measured; it stays if that was only a part. Of a small look neither tells.
func (o options) tell(all []report.Measurement) error {
	whole := true
	small := slices.ContainsFunc(all, func(m report.Measurement) bool { return m.Small })
	for _, s := range scenarios {
		if !slices.ContainsFunc(all, func(m report.Measurement) bool { return m.Scenario == s.name }) {
			whole = false
			continue
		}
		tables := report.Tables(all, s.name)
		fmt.Printf("\n%s\n\n%s\n", s.name, tables)
		if o.document == "" || small {
			continue
		}
		if err := report.Insert(o.document, s.name, tables); err != nil {
			return err
		}
	}
	if !whole && len(o.read) == 0 || o.document == "" || small {
		return nil
	}
	return os.WriteFile(strings.TrimSuffix(o.document, ".md")+".svg", []byte(report.Picture(all)), 0o644)
}
