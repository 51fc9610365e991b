package inbox_test

import (
	"testing"
	"time"

	"parley/channels"
	"parley/inbox/inboxtest"
	"parley/models"
)

func TestImportIncomplete(t *testing.T) {
	t.Parallel()
	// mention is one of which the platform names the id only.
	mention := func(w *inboxtest.World) models.Inbound {
		in := w.Comments("", "root-1", "")
		in.Author, in.Incomplete = models.Author{}, true
		return in
	}
	whole := func(in models.Inbound) models.Inbound {
		in.Author, in.Text = models.Author{ID: "erika", Name: "Erika"}, "look at @shop"
		return in
	}
	t.Run("is shown once the platform has told the rest", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Instagram)
		in := mention(w)
		end := w.LogEnd()
		able.Completions.Says(whole(in))

		w.Receive(in)
		w.Receive(in)
		inboxtest.Same(t, "shown before", w.LogEnd(), end)
		w.Work(models.DueQuarantined)
		w.Receive(in)
		w.Work(models.DueQuarantined)

		m := w.MessageSaid(in.ExternalID)
		inboxtest.Same(t, "message", []any{m.Text, author(w, m), m.Details.Unsupported}, []any{"look at @shop", "erika", false})
		inboxtest.Same(t, "asked", len(able.Completions.Asked()), 1)
		inboxtest.Same(t, "kept", w.Held(models.HeldIncomplete), 0)
	})
	t.Run("is asked for again, in its order, and shown without words in the end", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Instagram)
		in, next := mention(w), mention(w)
		w.Receive(in)
		w.Receive(next)
		for range 8 {
			able.Completions.Refuses(failure(models.Transient))
		}
		able.Completions.Says(whole(next))

		for range 9 {
			w.Work(models.DueQuarantined)
			w.Clock.Advance(10 * time.Minute)
		}

		m := w.MessageSaid(in.ExternalID)
		inboxtest.Same(t, "message", []any{m.Details.Unsupported, m.Details.UnsupportedCode}, []any{true, "4711"})
		inboxtest.Same(t, "the next", w.MessageSaid(next.ExternalID).Text, "look at @shop")
		asked := able.Completions.Asked()
		inboxtest.Same(t, "asked", []any{len(asked), asked[7].ExternalID, asked[8].ExternalID}, []any{9, in.ExternalID, next.ExternalID})
	})
	t.Run("is shown without words at once when the platform refuses", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Instagram)
		in := mention(w)
		able.Completions.Refuses(failure(models.PlatformRefused))

		w.Receive(in)
		w.Work(models.DueQuarantined)

		inboxtest.Same(t, "unsupported", w.MessageSaid(in.ExternalID).Details.Unsupported, true)
	})
	t.Run("has an ended token renewed", func(t *testing.T) {
		t.Parallel()
		w, able := renewable(t)
		in := mention(w)
		able.Completions.Refuses(channels.SendError{Failure: models.Failure{Reason: models.AuthExpired}})
		able.Completions.Says(whole(in))
		able.Renewals.Says(fresh(w))

		w.Receive(in)
		w.Work(models.DueQuarantined, models.DueTokens)
		w.Clock.Advance(time.Minute)
		w.Work(models.DueQuarantined)

		inboxtest.Same(t, "token", token(w), "new")
		inboxtest.Same(t, "text", w.MessageSaid(in.ExternalID).Text, "look at @shop")
	})
	t.Run("waits for the inbox to be active again, and is asked for then", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Instagram)
		in := mention(w)
		able.Completions.Does(func(models.Inbound) (models.Inbound, error) {
			deactivate(w)
			return whole(in), nil
		})
		w.Receive(in)
		w.Work(models.DueQuarantined)
		inboxtest.Same(t, "shown", w.Count(`SELECT count(*) FROM messages`), 0)
		inboxtest.Same(t, "kept", w.Held(models.HeldInactive), 1)

		able.Completions.Says(whole(in))
		activate(w, false)
		w.Work(models.DueQuarantined)

		inboxtest.Same(t, "text", w.MessageSaid(in.ExternalID).Text, "look at @shop")
	})
	t.Run("is taken in once, though a worker died over it", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Instagram)
		in := mention(w)
		able.Completions.Does(func(models.Inbound) (models.Inbound, error) { panic("killed") })
		able.Completions.Says(whole(in))
		w.Receive(in)
		w.Work(models.DueQuarantined)
		inboxtest.Same(t, "while the lease lasts", w.Work(models.DueQuarantined), 0)
		w.Clock.Advance(time.Minute)

		w.Work(models.DueQuarantined)

		inboxtest.Same(t, "text", w.MessageSaid(in.ExternalID).Text, "look at @shop")
	})
}
