package rig

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// IngestFloor is the transaction that takes in one message, for pgbench: variables organizations and people.
//
//go:embed floor/ingest.sql
var IngestFloor string

// Floor is what PostgreSQL itself can do with a script.
type Floor struct {
	PerSecond     float64
	P50, P95, P99 time.Duration
}

// Bench runs a script by pgbench with so many clients.
func (p *Postgres) Bench(ctx context.Context, dir, database, script string, clients int, span time.Duration, variables map[string]int) (f Floor, err error) {
	path := filepath.Join(dir, "floor.sql")
	if err := os.WriteFile(path, []byte(script), 0o644); err != nil {
		return f, err
	}
	log := filepath.Join(dir, "pgbench")
	args := []string{
		"-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", strconv.Itoa(min(clients, 2)), "-T", strconv.Itoa(int(span.Seconds())),
		"-l", "--log-prefix=" + log, "-f", path,
	}
	for name, value := range variables {
		args = append(args, "-D", fmt.Sprintf("%s=%d", name, value))
	}
	before, _ := filepath.Glob(log + ".*")
	out, err := p.Program(ctx, "pgbench", append(args, database)...).CombinedOutput()
	if err != nil {
		return f, fmt.Errorf("run pgbench: %w: %s", err, out)
	}
	if f.PerSecond, err = throughput(string(out)); err != nil {
		return f, err
	}
	logs, _ := filepath.Glob(log + ".*")
	var took []time.Duration
	for _, path := range logs {
		if slices.Contains(before, path) {
			continue
		}
		if took, err = latencies(path, took); err != nil {
			return f, err
		}
	}
	if len(took) == 0 {
		return f, errors.New("pgbench did nothing")
	}
	slices.Sort(took)
	at := func(share float64) time.Duration { return took[int(share*float64(len(took)-1))] }
	f.P50, f.P95, f.P99 = at(.5), at(.95), at(.99)
	return f, nil
}

func throughput(out string) (float64, error) {
	for line := range strings.Lines(out) {
		if rest, found := strings.CutPrefix(line, "tps = "); found {
			return strconv.ParseFloat(strings.Fields(rest)[0], 64)
		}
	}
	return 0, fmt.Errorf("pgbench told no speed: %s", out)
}

// latencies reads a log of pgbench: the third word of a line is how many microseconds a transaction took.
func latencies(path string, took []time.Duration) ([]time.Duration, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) < 3 {
			continue
		}
		us, err := strconv.ParseInt(words[2], 10, 64)
		if err == nil { // "failed" and "skipped" took no time
			took = append(took, time.Duration(us)*time.Microsecond)
		}
	}
	return took, errors.Join(lines.Err(), os.Remove(path))
}
