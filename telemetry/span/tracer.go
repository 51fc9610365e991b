package span

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// Tracer begins what nothing in this process led to. The zero Tracer follows nothing.
type Tracer struct{ tracer trace.Tracer }

// NewTracer makes a Tracer whose spans go to the provider.
func NewTracer(p trace.TracerProvider) Tracer { return Tracer{p.Tracer(scope)} }

// IsOn reports whether anything is followed at all.
func (t Tracer) IsOn() bool { return t.tracer != nil }

// Serve begins to answer somebody, after what ctx belongs to. The Span must be ended.
func (t Tracer) Serve(ctx context.Context, name string) (context.Context, Span) {
	if t.tracer == nil {
		return ctx, Span{}
	}
	ctx, s := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer))
	return ctx, Span{s}
}

// mostLinks is how many causes of one step are named.
const mostLinks = 32

// After is a step that began at an instant and has just ended: it follows the first of what caused it, and is linked to
// the others.
func (t Tracer) After(causes []string, name string, began time.Time) Span {
	if t.tracer == nil || len(causes) == 0 {
		return Span{}
	}
	var links []trace.Link
	for _, other := range causes[1:min(len(causes), mostLinks+1)] {
		links = append(links, trace.Link{SpanContext: contextOf(other)})
	}
	_, s := t.tracer.Start(Remote(context.Background(), causes[0], ""), name,
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithTimestamp(began), trace.WithLinks(links...))
	return Span{s}
}
