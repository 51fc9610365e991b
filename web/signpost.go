package web

import (
	"fmt"
	"net/http"
)

// Signpost is for servers without GraphiQL: nothing is there, and it says what is.
func Signpost() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(http.StatusNotFound)
		_, _ = fmt.Fprintln(w, "The API is at /graphql, its reference at /docs, its schema at /schema.graphql.")
	})
}
