package span_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"parley/telemetry/span"
)

func recorder(t *testing.T) (span.Tracer, *tracetest.InMemoryExporter) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(sdk.WithSyncer(spans))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	return span.NewTracer(provider), spans
}

func TestStart(t *testing.T) {
	t.Parallel()
	t.Run("follows its cause, and tells that it failed, not why", func(t *testing.T) {
		t.Parallel()
		tracer, spans := recorder(t)
		ctx, outer := tracer.Serve(t.Context(), "outer")
		_, inner := span.Start(ctx, "inner")
		inner.End(errors.New("what a customer wrote"))
		outer.End(nil)

		got := spans.GetSpans()
		if got[0].Parent.SpanID() != got[1].SpanContext.SpanID() || got[0].Status.Code != codes.Error {
			t.Errorf("recorded %+v", got)
		}
		if got[0].Status.Description != "" || len(got[0].Events) > 0 {
			t.Errorf("the span tells %+v", got[0])
		}
	})
}

// TestNothing runs alone: what others allocate would be counted.
func TestNothing(t *testing.T) {
	t.Run("costs nothing where nothing is followed", func(t *testing.T) {
		type key struct{}
		ctx := context.WithValue(t.Context(), key{}, 1)
		allocations := testing.AllocsPerRun(100, func() {
			inner, s := span.Start(ctx, "inner")
			s.Set("key", "value")
			span.Link(inner, span.Parent(inner))
			inner, served := span.Tracer{}.Serve(inner, "served")
			served.End(nil)
			s.End(inner.Err())
		})
		if allocations > 0 {
			t.Errorf("allocates %v times", allocations)
		}
	})
}

func TestAfter(t *testing.T) {
	t.Parallel()
	tracer, spans := recorder(t)
	var causes []string
	for range 3 {
		ctx, s := tracer.Serve(t.Context(), "cause")
		causes = append(causes, span.Parent(ctx))
		s.End(nil)
	}
	tracer.After(causes, "effect", time.Now()).End(nil)

	got := spans.GetSpans()
	effect := got[3]
	if effect.Parent.SpanID() != got[0].SpanContext.SpanID() || len(effect.Links) != 2 {
		t.Errorf("recorded %+v", effect)
	}
	if effect.Links[1].SpanContext.TraceID() != got[2].SpanContext.TraceID() {
		t.Errorf("linked to %+v", effect.Links)
	}
}

func FuzzRemote(f *testing.F) {
	f.Add("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b")
	f.Add("00-00000000000000000000000000000000-b7ad6b7169203331-01", "")
	f.Add("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", strings.Repeat("a=b,", 200))
	f.Fuzz(func(t *testing.T, traceparent, tracestate string) {
		trace, step := span.IDs(span.Remote(t.Context(), traceparent, tracestate))
		if trace == "" {
			return
		}
		if len(trace) != 32 || len(step) != 16 || !strings.Contains(traceparent, trace) || !strings.Contains(traceparent, step) {
			t.Errorf("%q is read as %s %s", traceparent, trace, step)
		}
	})
}
