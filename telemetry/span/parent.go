package span

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// The most bytes of what a stranger says of where a trace comes from.
const (
	maxTraceparent = 128
	maxTracestate  = 512
)

// Parent names the step ctx belongs to for somebody elsewhere, as a W3C traceparent; empty if it is not followed.
func Parent(ctx context.Context) string {
	if !IsFollowed(ctx) {
		return ""
	}
	said := carrier{}
	propagation.TraceContext{}.Inject(ctx, &said)
	return said.traceparent
}

// IsFollowed reports whether ctx belongs to a step of this process that is recorded.
func IsFollowed(ctx context.Context) bool { return trace.SpanFromContext(ctx).IsRecording() }

// Remote has what begins in ctx follow a step elsewhere. What is no traceparent changes nothing.
func Remote(ctx context.Context, traceparent, tracestate string) context.Context {
	if traceparent == "" || len(traceparent) > maxTraceparent {
		return ctx
	}
	if len(tracestate) > maxTracestate {
		tracestate = ""
	}
	return propagation.TraceContext{}.Extract(ctx, &carrier{traceparent, tracestate})
}

// Link says that the step ctx belongs to has another cause, too.
func Link(ctx context.Context, traceparent string) {
	if traceparent == "" || !IsFollowed(ctx) {
		return
	}
	here, other := trace.SpanFromContext(ctx), contextOf(traceparent)
	if other.IsValid() && other.SpanID() != here.SpanContext().SpanID() {
		here.AddLink(trace.Link{SpanContext: other})
	}
}

func contextOf(traceparent string) trace.SpanContext {
	return trace.SpanContextFromContext(Remote(context.Background(), traceparent, ""))
}

// carrier is the two headers of W3C trace context.
type carrier struct{ traceparent, tracestate string }

// Get returns a header.
func (c *carrier) Get(key string) string {
	switch key {
	case "traceparent":
		return c.traceparent
	case "tracestate":
		return c.tracestate
	default:
		return ""
	}
}

// Set keeps a header.
func (c *carrier) Set(key, value string) {
	switch key {
	case "traceparent":
		c.traceparent = value
	case "tracestate":
		c.tracestate = value
	}
}

// Keys are the headers there are.
func (c *carrier) Keys() []string { return []string{"traceparent", "tracestate"} }
