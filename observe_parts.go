package main

import (
	"context"
	"time"

	"parley/models"
	"parley/workers"
)

// mostDue is how far what is due is counted: who has more is as late.
const mostDue = 10_000

// look has the parts of the product read whenever somebody looks.
func (w *watch) look(p *parley) {
	w.metrics.Gauge("graphql_subscriptions_active", "Subscriptions that run.", func() float64 { return float64(p.live.Count()) })
	for name, count := range map[string]func() int{"websocket": p.sockets.Count, "stream": p.streams.Count} {
		w.metrics.Gauge("graphql_connections_active", "Connections of GraphQL clients that last.",
			func() float64 { return float64(count()) }, "transport", name)
	}
	w.lookAtPools(p)
	var kinds []models.JobKind
	for _, k := range workers.Kinds(p.inbox) {
		kinds = append(kinds, k.Due)
	}
	w.metrics.Gauges("jobs_due", "Rows that are due, of all processes, counted up to 10000.", "kind", func() (map[string]float64, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		due, err := p.store.CountDue(ctx, kinds, mostDue)
		all := make(map[string]float64, len(due))
		for kind, n := range due {
			all[string(kind)] = float64(n)
		}
		return all, err
	})
}

func (w *watch) lookAtPools(p *parley) {
	gauge, total := w.metrics.Gauge, w.metrics.Total
	gauge("db_pool_connections_max", "Most connections to PostgreSQL.", func() float64 { return float64(p.store.Pool().MaxOpenConnections) })
	gauge("db_pool_connections", "Connections to PostgreSQL.", func() float64 { return float64(p.store.Pool().InUse) }, "state", "used")
	gauge("db_pool_connections", "Connections to PostgreSQL.", func() float64 { return float64(p.store.Pool().Idle) }, "state", "idle")
	total("db_pool_waits_total", "How often a connection was waited for.", func() float64 { return float64(p.store.Pool().WaitCount) })
	total("db_pool_wait_seconds_total", "How long connections were waited for.", func() float64 { return p.store.Pool().WaitDuration.Seconds() })
	gauge("redis_pool_connections", "Connections to Redis.", func() float64 { return float64(p.redis.PoolStats().TotalConns) })
	gauge("redis_pool_connections_idle", "Connections to Redis that are idle.", func() float64 { return float64(p.redis.PoolStats().IdleConns) })
	total("redis_pool_timeouts_total", "How often no connection to Redis was to be had in time.", func() float64 { return float64(p.redis.PoolStats().Timeouts) })
}
