package live_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"parley/channels"
	"parley/models"
	"parley/telemetry/span"
)

// watched is an observer that remembers.
type watched struct {
	mu        sync.Mutex
	ages      []time.Duration
	payloads  int
	delivered [][]string
	replayed  int
	ended     [][]string
}

func (w *watched) Shown(ages []time.Duration, payloads int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ages, w.payloads = append(w.ages, ages...), w.payloads+payloads
}

func (w *watched) Delivered(causes []string, _ int, _ time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delivered = append(w.delivered, slices.Clone(causes))
}

func (w *watched) Replayed(payloads int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.replayed += payloads
}

func (w *watched) Ended(_ time.Duration, codes []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = append(w.ended, codes)
}

const added = `subscription ($o: ID!, $a: String) { inboxEvents(organizationId: $o, after: $a, filter: {types: [MESSAGE_ADDED]}) { ... on Event { cursor } } }`

func TestObserver(t *testing.T) {
	t.Parallel()
	t.Run("hears how much was handed to how many, how late, and what they had missed", func(t *testing.T) {
		t.Parallel()
		h, w := newHall(t), &watched{}
		h.hub.Observe(w)
		start := h.cursorNow()
		h.CustomerWrites("491701", "before")
		first, second := h.listen(h.Agent, added, object{"o": h.Org.ID}), h.listen(h.Colleague, added, object{"o": h.Org.ID})
		late := h.listen(h.Owner, added, object{"o": h.Org.ID, "a": start})
		late.hears(1)

		h.CustomerWrites("491701", "after")

		first.hears(1)
		second.hears(1)
		late.hears(2)
		if n := h.hub.Count(); n != 3 {
			t.Errorf("counts %d subscriptions", n)
		}
		h.rest()
		if len(w.ages) != 1 || w.payloads != 3 || w.replayed != 1 || w.ages[0] < 0 {
			t.Errorf("heard of %+v", w)
		}
		if len(w.delivered) > 0 {
			t.Errorf("followed %v", w.delivered)
		}
		if n := h.hub.Count(); n != 0 || len(w.ended) != 3 {
			t.Errorf("%d subscriptions are left, %d have ended", n, len(w.ended))
		}
	})
	t.Run("hears why a subscription ended", func(t *testing.T) {
		t.Parallel()
		h, w := newHall(t), &watched{}
		h.hub.Observe(w)
		l := h.listen(h.Colleague, added, object{"o": h.Org.ID})
		_, err := h.Inbox.RemoveMember(h.Context(), h.Owner, h.Colleague.UserID, "")
		h.Must(err)
		l.code()
		h.rest()
		if len(w.ended) != 1 || !slices.Equal(w.ended[0], []string{string(models.AccessRevoked)}) {
			t.Errorf("heard %v", w.ended)
		}
	})
	t.Run("hears once for each group which step caused what it was handed", func(t *testing.T) {
		t.Parallel()
		h, w := newHall(t), &watched{}
		h.hub.Observe(w)
		spans := tracetest.NewInMemoryExporter()
		tracer := span.NewTracer(sdk.NewTracerProvider(sdk.WithSyncer(spans)))
		one, two := h.listen(h.Agent, added, object{"o": h.Org.ID}), h.listen(h.Colleague, added, object{"o": h.Org.ID})

		ctx, cause := tracer.Serve(h.Context(), "webhook")
		in := h.Says("491701", "hello?")
		h.Must(h.Inbox.Receive(ctx, h.Channel.Platform, channels.Delivery{Body: []byte("body")}, channels.Parsed{Inbound: []models.Inbound{in}}))
		cause.End(nil)

		one.hears(1)
		two.hears(1)
		h.rest()
		transaction := spans.GetSpans()[0].SpanContext
		want := "00-" + transaction.TraceID().String() + "-" + transaction.SpanID().String() + "-01"
		if len(w.delivered) != 1 || !slices.Equal(w.delivered[0], []string{want}) {
			t.Errorf("heard of %v, want %s", w.delivered, want)
		}
	})
}

// rest ends all subscriptions, and waits until nothing happens any more.
func (h *hall) rest() {
	for _, l := range h.listeners {
		l.stop()
	}
	h.hub.Wait()
}
