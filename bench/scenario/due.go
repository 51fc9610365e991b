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

// Due measures reply windows that end: many at once among very many that do not, and a steady stream of them.
func (l *Lab) Due(ctx context.Context) error {
	w, rate, seconds := rig.World{Organizations: 10, Users: 2, Timers: 1_000_000}, 500, 20
	if l.Small {
		w.Timers, rate, seconds = 50_000, 100, 5
	}
	database, err := l.world(ctx, "due", w)
	if err != nil {
		return err
	}
	a, b, stop, err := l.pair(ctx, database, nil, nil)
	if err != nil {
		return err
	}
	defer stop()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return fmt.Errorf("connect to set timers: %w", err)
	}
	defer conn.Close(ctx)
	c := &clockwork{conn: conn, processes: []int{a.ID(), b.ID()}, timers: w.Timers}
	for run := range l.Runs {
		for _, part := range []struct {
			name   string
			timers int
			rate   float64
			within time.Duration
		}{
			{"one of a hundred at once", w.Timers / 100, 0, 5 * time.Minute},
			{"steady", rate * seconds, float64(rate), time.Duration(seconds)*time.Second + time.Minute},
		} {
			m := report.Measurement{Scenario: "due", Case: part.name, Server: "parley", Run: run}
			m.Figures, err = c.measure(ctx, part.timers, part.rate, part.within)
			if err := l.note(ctx, m, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// clockwork sets timers and looks whether what they announce happens.
type clockwork struct {
	conn      *pgx.Conn
	processes []int
	timers    int
	used      int // timers that have been set before
}

// measure lets some windows end, at once or at a rate, and waits until all of it is in the log.
func (c *clockwork) measure(ctx context.Context, n int, rate float64, within time.Duration) (map[string]float64, error) {
	lead := 0.0
	if rate > 0 {
		lead = 3 // the first one ends after the statement has
	}
	used, began := load.CPU(c.processes...), time.Now()
	// A timer is set by its number, so that every run takes others.
	_, err := c.conn.Exec(ctx, `
		WITH ending AS (
			SELECT bench_id('org', 1 + i % bench.organizations) AS organization_id, bench_id('cnv', i) AS id,
				now() + ($3 + CASE WHEN $4 > 0 THEN (i - $1) / $4 ELSE -1 END) * INTERVAL '1 second' AS ends
			FROM generate_series($1::BIGINT, $2::BIGINT) i, (SELECT count(*) AS organizations FROM organizations) bench)
		UPDATE conversations c SET window_expires_at = ends, window_due_at = ends, window_notice = 'CLOSING_SOON'
		FROM ending WHERE c.organization_id = ending.organization_id AND c.id = ending.id`, c.used+1, c.used+n, lead, rate)
	if err != nil {
		return nil, fmt.Errorf("set timers: %w", err)
	}
	if rate == 0 {
		began = time.Now()
	}
	first := c.used + 1
	c.used += n
	if err := c.await(ctx, first, n, began.Add(within)); err != nil {
		return nil, err
	}
	took := time.Since(began)
	figures, err := c.account(ctx, first, n)
	if err != nil {
		return nil, err
	}
	figures["seconds"], figures["rows/s"] = took.Seconds(), float64(n)/took.Seconds()
	figures["CPU ms per row"] = milliseconds(load.CPU(c.processes...)-used) / float64(n)
	return figures, nil
}

// await waits until none of the timers is due any more.
func (c *clockwork) await(ctx context.Context, first, n int, deadline time.Time) error {
	for {
		var left int
		err := c.conn.QueryRow(ctx, `
			SELECT count(*) FROM generate_series($1::BIGINT, $2::BIGINT) i
			JOIN conversations c ON c.organization_id = bench_id('org', 1 + i % (SELECT count(*) FROM organizations)) AND c.id = bench_id('cnv', i)
			WHERE c.window_notice <> 'CLOSED'`, first, first+n-1).Scan(&left)
		switch {
		case err != nil:
			return fmt.Errorf("look for what is left: %w", err)
		case left == 0:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("%d of %d timers were not handled in time", left, n)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// account counts what the log says of the timers, and how late it was.
func (c *clockwork) account(ctx context.Context, first, n int) (map[string]float64, error) {
	var events, handled int
	var p50, p99, latest float64
	err := c.conn.QueryRow(ctx, `
		SELECT count(*), count(DISTINCT e.conversation_id), COALESCE(percentile_cont(0.5) WITHIN GROUP (ORDER BY late), 0),
			COALESCE(percentile_cont(0.99) WITHIN GROUP (ORDER BY late), 0), COALESCE(max(late), 0)
		FROM events e
		JOIN conversations c ON c.organization_id = e.organization_id AND c.id = e.conversation_id,
		LATERAL (SELECT extract(epoch FROM e.at - c.window_expires_at) * 1000 AS late) timed
		WHERE e.type = 'REPLY_WINDOW_CLOSED' AND e.conversation_id BETWEEN bench_id('cnv', $1) AND bench_id('cnv', $2)`,
		first, first+n-1).Scan(&events, &handled, &p50, &p99, &latest)
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	return map[string]float64{
		"timers": float64(n), "missed": float64(n - handled), "twice": float64(events - handled),
		"late p50 ms": p50, "late p99 ms": p99, "late at most ms": latest,
	}, nil
}
