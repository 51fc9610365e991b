package main

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

type graphqlTransport = graphql.Transport

// readiness answers whether requests may be sent here: not without a database that is up to date, and not any more once we
// are stopping. Without Redis we still serve, with events of other processes at their next tick: to turn everybody away
// from every process at once would help nobody.
type readiness struct {
	database func(context.Context) error
	redis    func(context.Context) error
	stopped  atomic.Bool
}

func (r *readiness) stop() { r.stopped.Store(true) }

// The longest a look may take. Redis has less: it must not make the answer late.
const (
	databaseWithin = 2 * time.Second
	redisWithin    = time.Second
)

// ServeHTTP answers 200 or 503.
func (r *readiness) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if r.stopped.Load() {
		answer(w, http.StatusServiceUnavailable, "stopping\n")
		return
	}
	redis := make(chan error, 1)
	go func() { redis <- look(request.Context(), redisWithin, r.redis) }()
	database := look(request.Context(), databaseWithin, r.database)
	withoutRedis := <-redis
	switch {
	case r.stopped.Load():
		answer(w, http.StatusServiceUnavailable, "stopping\n")
	case database != nil:
		answer(w, http.StatusServiceUnavailable, "no database, or not migrated\n")
	case withoutRedis != nil:
		answer(w, http.StatusOK, "ready, without redis\n")
	default:
		answer(w, http.StatusOK, "ready\n")
	}
}

func look(ctx context.Context, within time.Duration, at func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return at(ctx)
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
