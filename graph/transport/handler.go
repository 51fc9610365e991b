// Package transport carries GraphQL over HTTP and websockets, for any executor of gqlgen.
//
// HTTP answers queries and mutations. Streams serves subscriptions over HTTP, as server-sent events or in parts.
// WebSocket speaks graphql-transport-ws and nothing older. Guard refuses documents that cost more to read than they
// are worth, Meter has operations paid for, and Documents finds those that requests only name, on every transport alike;
// Handler ties them together. None of them knows a schema or a viewer: Authenticate is where the two worlds meet.
package transport

import (
	"log/slog"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Handler serves an executor over the first of its transports that supports the request.
type Handler struct {
	Executor   graphql.GraphExecutor
	Transports []graphql.Transport
	// Log receives panics of an executor that does not handle them. Nil: slog.Default().
	Log *slog.Logger
}

// ServeHTTP always answers in a GraphQL shape, after a panic too.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = r.WithContext(graphql.StartOperationTrace(r.Context()))
	defer func() {
		switch panicked := recover(); panicked {
		case nil:
		case http.ErrAbortHandler:
			panic(panicked)
		default:
			err := recovered(r.Context(), h.Executor, logger(h.Log), panicked)
			setHeaders(w, mediaJSON)
			writeResponse(w, http.StatusInternalServerError, &graphql.Response{Errors: gqlerror.List{err}}, nil)
		}
	}()
	for _, t := range h.Transports {
		if t.Supports(r) {
			t.Do(w, r, h.Executor)
			return
		}
	}
	setHeaders(w, mediaJSON)
	badRequest("This endpoint does not speak that protocol.").write(w)
}
