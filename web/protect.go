package web

import (
	"net/http"
	"regexp"
	"strings"
)

// The host comes from the request: only what cannot end a directive may enter the policy.
var plainHost = regexp.MustCompile(`^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$`)

// protect keeps the token in the page: no foreign script, frame or address can reach it.
func protect(h http.Header, policy string) {
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}

// styleOnly is the policy of a page that is only read.
func styleOnly(string) string {
	return "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// ideOn is the policy of GraphiQL.
func ideOn(host string) string {
	// Older Safari does not count a WebSocket to the page's own host as 'self'.
	sockets := ""
	if plainHost.MatchString(host) {
		sockets = " ws://" + host + " wss://" + host
	}
	return strings.Join([]string{
		"default-src 'self'",
		"connect-src 'self'" + sockets,
		"img-src 'self' data:",
		"style-src 'self' 'unsafe-inline'", // the editor writes its colours into style elements
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"object-src 'none'",
	}, "; ")
}
