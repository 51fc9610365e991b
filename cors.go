package main

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/rs/cors"
)

// shared lets pages of the origins in PARLEY_ORIGINS ask, and read all an answer says. Who asks shows it with a token they
// hold, never with a cookie, so no credentials are allowed; other pages get no permission at all.
func (c Config) shared(next http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool { return slices.Contains(c.Origins, origin) },
		AllowedMethods:  []string{http.MethodGet, http.MethodPost},
		AllowedHeaders:  []string{"*"}, // clients and tracers bring their own
		ExposedHeaders:  []string{"RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"},
		MaxAge:          600,
	}).Handler(next)
}

// isOrigin reports whether browsers would name a page's origin so.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && text == u.Scheme+"://"+u.Host
}
