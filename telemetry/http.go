package telemetry

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parley/telemetry/span"
)

// HTTP watches a server: every request gets an id, a span if traces are on, and is timed by its route.
type HTTP struct {
	tracer    span.Tracer
	durations *prometheus.HistogramVec
	tell      func(route string, status int)
}

// HTTP makes the watch of a server. It tells of every answer.
func (m *Metrics) HTTP(tracer span.Tracer, tell func(route string, status int)) *HTTP {
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "http_server_request_duration_seconds",
		Help:    "How long requests took to answer, streams until their answer began.",
		Buckets: Seconds,
	}, []string{"method", "route", "status"})
	m.registry.MustRegister(durations)
	return &HTTP{tracer: tracer, durations: durations, tell: tell}
}

// Watch wraps the handler of a server, which must be an http.ServeMux or lead to one: its patterns are the routes.
func (h *HTTP) Watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id := requestID(r)
		w.Header().Set(HeaderRequestID, id)
		ctx := WithRequestID(r.Context(), id)
		if h.tracer.IsOn() {
			ctx = span.Remote(ctx, r.Header.Get("Traceparent"), r.Header.Get("Tracestate"))
		}
		ctx, step := h.tracer.Serve(ctx, method(r))
		r = r.WithContext(ctx)
		answer := &answer{ResponseWriter: w}
		defer func() { h.finish(r, answer, step, began) }()
		answer.panicked = true
		next.ServeHTTP(answer, r)
		answer.panicked = false
	})
}

func (h *HTTP) finish(r *http.Request, a *answer, step span.Span, began time.Time) {
	took := time.Since(began)
	if a.streams {
		took = a.begun.Sub(began)
	}
	path := route(r)
	status := strconv.Itoa(a.code())
	h.durations.WithLabelValues(method(r), path, status).Observe(took.Seconds())
	h.tell(path, a.code())
	step.Name(method(r) + " " + path)
	step.Set("http.request.method", method(r))
	step.Set("http.route", path)
	step.SetInt("http.response.status_code", a.code())
	step.End(a.failure())
}

// route is the pattern that matched, without its method.
func route(r *http.Request) string {
	pattern := r.Pattern
	if _, path, ok := strings.Cut(pattern, " "); ok {
		pattern = path
	}
	if pattern == "" {
		return other
	}
	return pattern
}

// method is one of those there are.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodPost, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete, http.MethodPatch:
		return r.Method
	default:
		return "_OTHER"
	}
}
