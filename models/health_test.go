package models_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"parley/models"
	"parley/telemetry/span"
)

func TestReady(t *testing.T) {
	t.Parallel()
	t.Run("fails while a migration is missing, not while there are more", func(t *testing.T) {
		t.Parallel()
		w := newOwnWorld(t)
		change := func(sql string) {
			_, err := w.raw().Exec(patience(t), sql)
			must(t, err)
		}
		must(t, w.store.Ready(patience(t)))
		change(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`)
		must(t, w.store.Ready(patience(t)))

		change(`DELETE FROM goose_db_version WHERE version_id > 1`)

		if w.store.Ready(patience(t)) == nil {
			t.Error("it is ready without its schema")
		}
	})
	t.Run("fails without a database", func(t *testing.T) {
		t.Parallel()
		store := openAt(t, shared, newFrozen(), 0)
		must(t, store.Close())
		if store.Ready(patience(t)) == nil {
			t.Error("it is ready")
		}
	})
}

func TestCountDue(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	for i := range 3 {
		w.queued(w.conversation(fmt.Sprint(i), nil), -time.Minute)
	}
	w.queued(w.conversation("later", nil), time.Minute)
	kinds := []models.JobKind{models.DueMessages, models.DueMedia}
	for most, want := range map[int]int{100: 3, 2: 2} {
		due, err := w.store.CountDue(patience(t), kinds, most)
		must(t, err)
		if due[models.DueMessages] != want || due[models.DueMedia] != 0 || len(due) != 2 {
			t.Errorf("counted up to %d: %v", most, due)
		}
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewInMemoryExporter()
	tracer := span.NewTracer(sdk.NewTracerProvider(sdk.WithSyncer(spans)))
	w := newOwnWorld(t)
	var rung []models.Event
	w.store.OnCommit(func(_ string, events []models.Event) { rung = append(rung, events...) })
	record := func(ctx context.Context, err error) error {
		return w.store.Do(ctx, models.System(w.org.ID), models.KeepTheClock, func(tx *models.Tx) error {
			tx.Record(models.Event{Type: models.ContactChanged})
			return err
		})
	}

	ctx, cause := tracer.Serve(patience(t), "cause")
	must(t, record(ctx, nil))
	if record(ctx, errUndo) == nil {
		t.Error("an error was lost")
	}
	cause.End(nil)
	must(t, record(patience(t), nil))

	got := spans.GetSpans()
	if len(got) != 3 || got[0].Name != "transaction" || got[0].Parent.SpanID() != got[2].SpanContext.SpanID() {
		t.Fatalf("recorded %+v", got)
	}
	if got[0].Status.Code == codes.Error || got[1].Status.Code != codes.Error {
		t.Errorf("the outcomes are %v and %v", got[0].Status, got[1].Status)
	}
	if want := fmt.Sprintf("00-%s-%s-01", got[0].SpanContext.TraceID(), got[0].SpanContext.SpanID()); rung[0].Trace != want {
		t.Errorf("rang with %q, want %q", rung[0].Trace, want)
	}
	if rung[1].Trace != "" {
		t.Errorf("rang with %q for what nobody follows", rung[1].Trace)
	}
}
