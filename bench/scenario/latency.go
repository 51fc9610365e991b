package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"parley/bench/load"
	"parley/bench/report"
	"parley/bench/rig"
)

// Latency measures how long after a webhook's answer its message is with a subscriber, on an idle server, beside what a
// commit takes.
func (l *Lab) Latency(ctx context.Context) error {
	if err := l.pin(rig.Rest); err != nil {
		return err
	}
	defer func() { _ = l.pin(nil) }()
	for run := range l.Runs {
		for server, measure := range map[string]func(context.Context) (*load.Histogram, error){
			"parley": l.latency, "commit": l.commits,
		} {
			h, err := measure(ctx)
			m := report.Measurement{Scenario: "latency", Case: "idle server", Server: server, Run: run}
			if err == nil {
				m.Figures = map[string]float64{"p50 ms": milliseconds(h.Quantile(.5)), "p99 ms": milliseconds(h.Quantile(.99))}
			}
			if err := l.note(ctx, m, err); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Lab) messages() int {
	if l.Small {
		return 30
	}
	return 200
}

func (l *Lab) latency(ctx context.Context) (*load.Histogram, error) {
	stage, err := l.startParley(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer stage.stop()
	swarm, err := load.Open(ctx, load.Plan{
		Address: stage.measured.Address, Path: stage.path, Dialect: stage.dialect, Entrance: stage.entrance,
		Sockets: 1, Topics: 1, Rest: 50 * time.Microsecond,
	})
	if err != nil {
		return nil, err
	}
	defer swarm.Close()
	if err := swarm.Await(ctx); err != nil {
		return nil, err
	}
	return swarm.Trace(ctx, l.messages(), 50*time.Millisecond)
}

// commits are transactions of one row each.
func (l *Lab) commits(ctx context.Context) (*load.Histogram, error) {
	database, err := l.postgres.Database(ctx, "bench_commits")
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return nil, fmt.Errorf("connect to commit: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE TABLE commits (n BIGINT)"); err != nil {
		return nil, fmt.Errorf("make table: %w", err)
	}
	h := &load.Histogram{}
	for n := range l.messages() {
		time.Sleep(10 * time.Millisecond) // as idle as the server that is measured
		began := time.Now()
		if _, err := conn.Exec(ctx, "INSERT INTO commits VALUES ($1)", n); err != nil {
			return nil, fmt.Errorf("commit a row: %w", err)
		}
		h.Add(time.Since(began))
	}
	return h, nil
}
