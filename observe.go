package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"parley/channels"
	"parley/graph"
	"parley/graph/live"
	"parley/models"
	"parley/telemetry"
	"parley/telemetry/span"
)

// Where operators may look, if nothing else is said.
const (
	metricsAuto    = "auto"
	metricsOff     = "off"
	metricsDefault = "127.0.0.1:9090"
)

// watch is what operators see of the process: what it counts, where spans go, and the address to look at.
type watch struct {
	metrics *telemetry.Metrics
	traces  *telemetry.Traces
	http    *telemetry.HTTP
	log     *slog.Logger
	server  *http.Server
	serving sync.WaitGroup

	operations, webhooks, sends, jobs telemetry.Tally
	errors, rejected                  telemetry.Tally
	durations                         telemetry.Timings
	cost, lag                         func(float64)
	delivered                         func(int)
}

var _ live.Observer = (*watch)(nil)

// openWatch serves metrics from here on, so that a start can be watched, too.
func openWatch(ctx context.Context, config Config, log *slog.Logger) (*watch, error) {
	traces, err := telemetry.OpenTraces(ctx, log)
	if err != nil {
		return nil, err
	}
	w := &watch{metrics: telemetry.NewMetrics(), traces: traces, log: log}
	w.http = w.metrics.HTTP(traces.Tracer, w.answered)
	w.operations = w.metrics.Tally("graphql_operations_total", "GraphQL operations that ended.", "type", "outcome")
	w.durations = w.metrics.Timings("graphql_operation_duration_seconds", "How long queries and mutations took.", "type", "outcome")
	w.errors = w.metrics.Tally("graphql_errors_total", "Errors in GraphQL answers, by code.", "code")
	w.rejected = w.metrics.Tally("graphql_rejected_total", "GraphQL requests that were turned away before anything ran.", "reason")
	w.cost = w.metrics.Spread("graphql_operation_cost", "What operations cost, in points.", []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000})
	w.delivered = w.metrics.Count("graphql_events_delivered_total", "Payloads handed to clients' connections.")
	w.lag = w.metrics.Spread("graphql_event_lag_seconds", "From the transaction of an event to the connections of those who hear of it.", telemetry.Seconds)
	w.webhooks = w.metrics.Tally("webhook_deliveries_total", "Deliveries of platforms.", "platform", "outcome")
	w.sends = w.metrics.Tally("message_sends_total", "Attempts to send a message: SENT, or why not.", "platform", "outcome")
	w.jobs = w.metrics.Tally("jobs_claimed_total", "Due rows this process took.", "kind")
	listener, err := config.listenPrivately(log)
	if err != nil {
		return nil, errors.Join(err, traces.Close(ctx))
	}
	w.serve(listener)
	return w, nil
}

// listenPrivately opens the address of the metrics; nil if there is none.
func (c Config) listenPrivately(log *slog.Logger) (net.Listener, error) {
	if c.MetricsListen == metricsOff {
		return nil, nil
	}
	address := c.MetricsListen
	if address == metricsAuto {
		address = metricsDefault
	}
	listener, err := net.Listen("tcp", address)
	switch {
	case err == nil:
		return listener, nil
	case c.MetricsListen == metricsAuto:
		log.Warn("no metrics are served: set PARLEY_METRICS_LISTEN", "error", err)
		return nil, nil
	default:
		return nil, fmt.Errorf("PARLEY_METRICS_LISTEN: %w", err)
	}
}

func (w *watch) serve(listener net.Listener) {
	if listener == nil {
		return
	}
	w.log.Info("serving metrics", "address", listener.Addr().String())
	w.server = &http.Server{
		Handler: w.metrics.Private(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(w.log.Handler(), slog.LevelWarn),
	}
	w.serving.Go(func() {
		if err := w.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			w.log.Error("serve metrics", "error", err)
		}
	})
}

// close comes last, after what there is to see has ended.
func (w *watch) close(within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if err := w.traces.Close(ctx); err != nil {
		w.log.Warn("stop", "error", err) // a collector that is away keeps nobody from stopping
	}
	if w.server == nil {
		return nil
	}
	err := w.server.Close()
	w.serving.Wait()
	return err
}

// observing is the extension that sees the operations.
func (w *watch) observing() graph.Observing {
	return graph.Observing{Tracer: w.traces.Tracer, Tell: w.operation, Log: w.log}
}

func (w *watch) operation(done graph.Operation) {
	w.operations.Add(done.Type, string(done.Outcome), 1)
	w.count(done.Codes)
	switch {
	case done.Outcome != graph.Rejected:
		w.durations.Observe(done.Type, string(done.Outcome), done.Took.Seconds())
	case len(done.Codes) > 0:
		w.rejected.Add(strings.ToLower(done.Codes[0]), "", 1)
	}
	if done.Cost > 0 {
		w.cost(float64(done.Cost))
	}
}

func (w *watch) count(codes []string) {
	for _, code := range codes {
		w.errors.Add(code, "", 1)
	}
}

// refusals are the reasons a transport has to turn a request away, by the status it answers with.
var refusals = map[int]string{
	http.StatusUnauthorized: "unauthenticated", http.StatusForbidden: "forbidden", http.StatusMethodNotAllowed: "method_not_allowed",
	http.StatusNotAcceptable: "not_acceptable", http.StatusRequestEntityTooLarge: "request_too_large",
	http.StatusRequestURITooLong: "request_too_large", http.StatusUnsupportedMediaType: "unsupported_media_type",
	http.StatusTooManyRequests: "rate_limited", http.StatusServiceUnavailable: "unavailable",
}

func (w *watch) answered(route string, status int) {
	if reason := refusals[status]; route == "/graphql" && reason != "" {
		w.rejected.Add(reason, "", 1)
	}
}

// Shown counts what a batch of events came to.
func (w *watch) Shown(ages []time.Duration, payloads int) {
	w.delivered(payloads)
	for _, age := range ages {
		w.lag(age.Seconds())
	}
}

// Delivered ends the trace of what caused a delivery.
func (w *watch) Delivered(causes []string, payloads int, began time.Time) {
	step := w.traces.Tracer.After(causes, "deliver", began)
	step.SetInt("parley.payloads", payloads)
	step.End(nil)
}

// Replayed counts what a client had missed.
func (w *watch) Replayed(payloads int) { w.delivered(payloads) }

// Ended counts a subscription.
func (w *watch) Ended(_ time.Duration, codes []string) {
	outcome := graph.Succeeded
	if len(codes) > 0 {
		outcome = graph.Failed
	}
	w.operations.Add("subscription", string(outcome), 1)
	w.count(codes)
}

func (w *watch) webhook(p models.Platform, outcome channels.Outcome) {
	w.webhooks.Add(string(p), string(outcome), 1)
}

func (w *watch) sent(p models.Platform, failed models.FailureReason) {
	if failed == "" {
		failed = "SENT"
	}
	w.sends.Add(string(p), string(failed), 1)
}

func (w *watch) claimed(kind models.JobKind, n int) { w.jobs.Add(string(kind), "", n) }

// socket is the context of a socket: what it asks for belongs to its handshake.
func (w *watch) socket(all context.Context, handshake *http.Request) context.Context {
	ctx := telemetry.WithRequestID(all, strings.Clone(telemetry.RequestID(handshake.Context())))
	if !w.traces.Tracer.IsOn() {
		return ctx
	}
	return span.Remote(ctx, handshake.Header.Get("Traceparent"), handshake.Header.Get("Tracestate"))
}
