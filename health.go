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

// readiness answers whether requests may be sent here: not without a database, and not any more once we are stopping.
type readiness struct {
	ping    func(context.Context) error
	stopped atomic.Bool
}

func (r *readiness) stop() { r.stopped.Store(true) }

// ServeHTTP answers 200 or 503.
func (r *readiness) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	ctx, cancel := context.WithTimeout(request.Context(), 2*time.Second)
	defer cancel()
	switch {
	case r.stopped.Load():
		answer(w, http.StatusServiceUnavailable, "stopping\n")
	case r.ping(ctx) != nil:
		answer(w, http.StatusServiceUnavailable, "no database\n")
	default:
		answer(w, http.StatusOK, "ready\n")
	}
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
