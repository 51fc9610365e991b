// Package scenario measures the product, and beside it peers and floors, as docs/performance.md describes.
package scenario

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"parley/bench/report"
	"parley/bench/rig"
)

// Options say what is measured and how thoroughly.
type Options struct {
	Module string // the directory of the product's module
	Peers  string // the directory of the peers' module; empty: there are none
	Small  bool   // a look that takes minutes
	Runs   int
	Only   []string // of the servers; empty: all
	Out    io.Writer
	Book   *report.Book
}

// Lab is where everything runs.
type Lab struct {
	Options
	dir      string
	postgres *rig.Postgres
	redis    *rig.Redis
	parley   string
	built    map[string]string // peers
	worlds   map[string]string // databases that are filled
}

// Open starts what all scenarios need. The lab has to be closed.
func Open(ctx context.Context, o Options) (_ *Lab, err error) {
	l := &Lab{Options: o, built: make(map[string]string), worlds: make(map[string]string)}
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	if l.dir, err = os.MkdirTemp("", "parley-bench-"); err != nil {
		return nil, err
	}
	if err := os.Chmod(l.dir, 0o755); err != nil { // another user runs the database
		return nil, err
	}
	if l.parley, err = rig.Build(o.Module, ".", l.dir); err != nil {
		return nil, err
	}
	if l.postgres, err = rig.StartPostgres(ctx, l.dir, os.Getenv("DATABASE_URL")); err != nil {
		return nil, err
	}
	l.redis, err = rig.StartRedis(ctx, l.dir, os.Getenv("REDIS_URL"))
	return l, err
}

// Close ends what Open started.
func (l *Lab) Close() {
	if l.redis != nil {
		l.redis.Stop()
	}
	if l.postgres != nil {
		l.postgres.Stop()
	}
	if l.dir != "" {
		_ = os.RemoveAll(l.dir)
	}
}

// peer builds a peer once.
func (l *Lab) peer(pkg string) (string, error) {
	if program, there := l.built[pkg]; there {
		return program, nil
	}
	program, err := rig.Build(l.Peers, "./"+pkg, l.dir)
	l.built[pkg] = program
	return program, err
}

// wants reports whether a server is to be measured.
func (l *Lab) wants(server string) bool { return len(l.Only) == 0 || slices.Contains(l.Only, server) }

// world is a database with so much in it, filled once.
func (l *Lab) world(ctx context.Context, name string, w rig.World) (database string, err error) {
	if database, there := l.worlds[name]; there {
		return database, nil
	}
	began := time.Now()
	if database, err = l.postgres.Database(ctx, "bench_"+name); err != nil {
		return "", err
	}
	first, err := rig.Parley(ctx, l.parley, l.dir, "maker", nil, database, l.redis.URL) // makes the tables
	if err != nil {
		return "", err
	}
	first.Stop()
	if err := rig.Seed(ctx, database, w); err != nil {
		return "", err
	}
	fmt.Fprintf(l.Out, "world %q is filled, in %v\n", name, time.Since(began).Round(time.Second))
	l.worlds[name] = database
	return database, nil
}

// pair starts the product twice on one database: the first is measured on its own core, through the second messages enter.
func (l *Lab) pair(ctx context.Context, database string, measured, rest rig.Cores) (a, b *rig.Server, stop func(), err error) {
	if a, err = rig.Parley(ctx, l.parley, l.dir, "parley-a", measured, database, l.redis.URL); err != nil {
		return nil, nil, nil, err
	}
	if b, err = rig.Parley(ctx, l.parley, l.dir, "parley-b", rest, database, l.redis.URL); err != nil {
		a.Stop()
		return nil, nil, nil, err
	}
	return a, b, func() { a.Stop(); b.Stop() }, nil
}

// pin moves all but the measured server to cores of their own; none sets them free again.
func (l *Lab) pin(to rig.Cores) error {
	others := append(append(l.postgres.Processes(), l.redis.Processes()...), os.Getpid())
	return to.Pin(others...)
}

// note keeps a measurement, or that it could not be made: the others go on.
func (l *Lab) note(ctx context.Context, m report.Measurement, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		m.Figures, m.Remarks = nil, append(m.Remarks, err.Error())
	}
	return l.add(m)
}

// add keeps a measurement and says it.
func (l *Lab) add(m report.Measurement) error {
	fmt.Fprintf(l.Out, "%s, %s: %s, run %d:", m.Scenario, m.Case, m.Server, m.Run+1)
	for _, name := range slices.Sorted(maps.Keys(m.Figures)) {
		fmt.Fprintf(l.Out, " %s %.4g;", name, m.Figures[name])
	}
	for _, remark := range m.Remarks {
		fmt.Fprintf(l.Out, " %s!", remark)
	}
	fmt.Fprintln(l.Out)
	m.Small = l.Small
	return l.Book.Add(m)
}

func (l *Lab) file(name string) string { return filepath.Join(l.dir, name) }
