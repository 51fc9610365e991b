package inbox_test

import (
	"errors"
	"testing"

	"parley/channels"
	"parley/inbox/inboxtest"
	"parley/models"
)

// kept is everything that is or was quarantined, oldest first.
func kept(w *inboxtest.World) (all []*models.Quarantined) {
	w.T.Helper()
	w.Look(func(tx *models.Tx) error {
		page, err := tx.ListQuarantine(models.QuarantineFilter{Settled: true}, models.Page{})
		all = page.Nodes()
		return err
	})
	return all
}

// unread quarantines a delivery nobody could read.
func unread(w *inboxtest.World) *models.Quarantined {
	w.T.Helper()
	w.Must(w.Inbox.Receive(w.Context(), w.Channel.Platform, channels.Delivery{AccountID: w.Channel.AccountID, Body: []byte("{new}")},
		channels.Parsed{Unreadable: []error{errors.New("what is that?")}}))
	return kept(w)[0]
}

func replay(w *inboxtest.World, q *models.Quarantined) error {
	_, err := w.Inbox.Replay(w.Context(), w.Admin, q.ID, "")
	return err
}

func TestReplay(t *testing.T) {
	t.Parallel()
	t.Run("takes in what the parser has learnt to read", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Facebook)
		q := unread(w)
		in, strange := w.Says("erika", "in a new way"), w.Says("erika", "of another account")
		strange.AccountID = "another"
		able.Readings.Says(channels.Parsed{Inbound: []models.Inbound{in, strange}})

		w.Must(replay(w, q))
		w.Work(models.DueQuarantined)

		w.MessageSaid(in.ExternalID)
		inboxtest.Same(t, "body", string(able.Readings.Asked()[0].Body), "{new}")
		q = kept(w)[0]
		inboxtest.Same(t, "settled", []any{q.Settlement, q.Body == nil, q.DueAt == nil, q.SettledAt != nil}, []any{models.Imported, true, true, true})
		inboxtest.Same(t, "messages", w.Count(`SELECT count(*) FROM messages`), 1)
		inboxtest.Refused(t, replay(w, q), models.Settled)
	})
	t.Run("takes in what can be read by now, and keeps the rest with an explanation", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Facebook)
		q := unread(w)
		in := w.Says("erika", "in a new way")
		for range 2 {
			able.Readings.Says(channels.Parsed{Inbound: []models.Inbound{in}, Unreadable: []error{errors.New("still")}})
			w.Must(replay(w, q))
			w.Work(models.DueQuarantined)
		}

		w.MessageSaid(in.ExternalID)
		q = kept(w)[0]
		inboxtest.Same(t, "kept", []any{q.Settlement, string(q.Body), q.DueAt == nil, q.Reason, q.Explanation},
			[]any{models.Unsettled, "{new}", true, models.HeldUnreadable, "It still cannot be read."})
	})
	t.Run("survives a parser that does not", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Facebook)
		q := unread(w)
		able.Readings.Does(func(channels.Delivery) (channels.Parsed, error) { panic("new") })

		w.Must(replay(w, q))
		w.Work(models.DueQuarantined)

		inboxtest.Same(t, "explanation", kept(w)[0].Explanation, "It still cannot be read.")
	})
	t.Run("keeps what the database still refuses", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.Facebook)
		w.Receive(w.Says("erika", "a\x00b"))
		q := kept(w)[0]

		w.Must(replay(w, q))
		w.Work(models.DueQuarantined)

		q = kept(w)[0]
		inboxtest.Same(t, "kept", []any{q.Reason, q.Explanation, q.Settlement, len(q.Elements)},
			[]any{models.HeldRefused, "The database refuses it.", models.Unsettled, 1})
	})
	t.Run("is refused while the inbox is deactivated, and imports nothing on a channel on hold", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.SMS)
		plan(w, models.Standard)
		w.Receive(w.Says("+4917", "hello?"))
		q := kept(w)[0]

		w.Must(replay(w, q))
		w.Work(models.DueQuarantined)
		inboxtest.Same(t, "explanation", kept(w)[0].Explanation, "The channel is on hold.")

		deactivate(w)
		inboxtest.Refused(t, replay(w, q), models.InboxDeactivated)
	})
	t.Run("does not outlive a discard", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Facebook)
		q := unread(w)
		able.Readings.Does(func(channels.Delivery) (channels.Parsed, error) {
			_, err := w.Inbox.Discard(w.Context(), w.Owner, q.ID, "")
			w.Must(err)
			return channels.Parsed{Inbound: []models.Inbound{w.Says("erika", "too late")}}, nil
		})

		w.Must(replay(w, q))
		w.Work(models.DueQuarantined)

		inboxtest.Same(t, "settled", kept(w)[0].Settlement, models.Discarded)
		inboxtest.Same(t, "messages", w.Count(`SELECT count(*) FROM messages`), 0)
	})
}

func TestDiscard(t *testing.T) {
	t.Parallel()
	w, _ := inboxtest.NewOn(t, models.Facebook)
	q := unread(w)
	n := w.Neighbour("99")
	_, agent := w.Inbox.Discard(w.Context(), w.Agent, q.ID, "")
	_, stranger := n.Inbox.Discard(n.Context(), n.Owner, q.ID, "")
	_, strangersReplay := n.Inbox.Replay(n.Context(), n.Owner, q.ID, "")
	inboxtest.Refused(t, agent, models.Forbidden)
	inboxtest.Refused(t, stranger, models.NotFound)
	inboxtest.Refused(t, strangersReplay, models.NotFound)

	_, first := w.Inbox.Discard(w.Context(), w.Admin, q.ID, "key")
	_, repeated := w.Inbox.Discard(w.Context(), w.Admin, q.ID, "key")
	_, second := w.Inbox.Discard(w.Context(), w.Admin, q.ID, "")

	w.Must(first)
	w.Must(repeated)
	inboxtest.Refused(t, second, models.Settled)
	inboxtest.Same(t, "settled", []any{kept(w)[0].Settlement, kept(w)[0].Body == nil}, []any{models.Discarded, true})
	inboxtest.Same(t, "due", w.Work(models.DueQuarantined), 0)
}
