package inbox_test

import (
	"context"
	"sync"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
	"parley/telemetry/span"
)

func TestTrace(t *testing.T) {
	t.Parallel()
	t.Run("reaches the followers of another process with the bell", func(t *testing.T) {
		t.Parallel()
		w, r := inboxtest.New(t), newRedis(t)
		here, there := newProcess(w, r.URL(), never), newProcess(w, r.URL(), never)
		f := here.follow(w.Owner, cursor(w.LogEnd()))
		awaitListeners(w, r.URL(), 1)
		spans := tracetest.NewInMemoryExporter()
		tracer := span.NewTracer(sdk.NewTracerProvider(sdk.WithSyncer(spans)))

		ctx, cause := tracer.Serve(context.Background(), "webhook")
		w.Must(says(ctx, w.OpenInbox(there.store), w.Says("491701", "hello?")))
		cause.End(nil)

		transaction := spans.GetSpans()[0].SpanContext
		for _, e := range f.take(1) {
			trace, step := span.IDs(span.Remote(context.Background(), e.Trace, ""))
			if trace != transaction.TraceID().String() || step != transaction.SpanID().String() {
				t.Errorf("%s came with %q", e.Type, e.Trace)
			}
		}
	})
	t.Run("of deliveries taken in together is linked", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		spans := tracetest.NewInMemoryExporter()
		tracer := span.NewTracer(sdk.NewTracerProvider(sdk.WithSyncer(spans)))
		const deliveries = 20
		var all sync.WaitGroup
		for range deliveries {
			in := w.Says("491701", "hello?")
			all.Go(func() {
				ctx, cause := tracer.Serve(context.Background(), "webhook")
				defer cause.End(nil)
				if err := says(ctx, w.Inbox, in); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()

		transactions, links := 0, 0
		for _, s := range spans.GetSpans() {
			links += len(s.Links)
			if s.Name == "transaction" {
				transactions++
			}
		}
		if transactions+links != deliveries || links == 0 {
			t.Errorf("%d deliveries are in %d transactions and %d links", deliveries, transactions, links)
		}
	})
}

// says has an inbox receive something.
func says(ctx context.Context, b *inbox.Inbox, in models.Inbound) error {
	return b.Receive(ctx, models.WhatsApp, channels.Delivery{Body: []byte("body")}, channels.Parsed{Inbound: []models.Inbound{in}})
}
