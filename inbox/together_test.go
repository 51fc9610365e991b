package inbox_test

import (
	"context"
	"fmt"
	"testing"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

func delivery(w *inboxtest.World, elements ...models.Inbound) inbox.Delivered {
	return inbox.Delivered{Channel: w.Channel, Elements: elements}
}

func TestReceiveTogether(t *testing.T) {
	t.Parallel()
	t.Run("takes plain deliveries in at once, with events in one run and one ring of the bell", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		end := w.LogEnd()
		var rings [][]models.Event
		w.Store.OnCommit(func(_ string, events []models.Event) { rings = append(rings, events) })
		known := w.CustomerWrites("491700", "before")
		rings, end = nil, end+2

		errs := w.Inbox.TakeTogether(w.Context(), delivery(w, w.Says("491700", "hello?")), delivery(w, w.Says("491701", "hello?")),
			delivery(w, w.Says("491700", "anyone?"), w.Says("491702", "hello?")))

		inboxtest.Same(t, "errors", errs, []error{nil, nil, nil})
		inboxtest.Same(t, "unread", w.Conversation(known.ID).UnreadCount, 3)
		inboxtest.Same(t, "transactions", w.Count(`SELECT count(DISTINCT xmin::text) FROM messages WHERE text <> 'before'`), 1)
		inboxtest.Same(t, "rings", len(rings), 1)
		log := w.Log(end)
		for i, e := range rings[0] {
			inboxtest.Same(t, "rung", []any{e.Seq, e.Type, e.MessageID}, []any{log[i].Seq, log[i].Type, log[i].MessageID})
		}
		inboxtest.Same(t, "events", w.Events(end), []models.EventType{
			models.MessageAdded, models.ConversationOpened, models.MessageAdded, models.MessageAdded, models.ConversationOpened, models.MessageAdded,
		})
	})
	t.Run("lets a delivery that fails, or panics, fail alone", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		bad := w.Says("491703", "a\x00b")
		unknown := models.Inbound{Kind: "RIDDLE", AccountID: w.Channel.AccountID}
		panics := models.Inbound{Kind: models.InboundNotice, AccountID: w.Channel.AccountID} // without a notice
		before, after := w.Says("491701", "hello?"), w.Says("491701", "anyone?")

		errs := w.Inbox.TakeTogether(w.Context(), delivery(w, before), delivery(w, bad), delivery(w, unknown), delivery(w, panics),
			delivery(w, after))

		for i, fails := range []bool{false, false, true, true, false} {
			if (errs[i] != nil) != fails {
				t.Errorf("delivery %d: %v", i, errs[i])
			}
		}
		said := w.Timeline(w.Conversation(w.MessageSaid(before.ExternalID).ConversationID))
		inboxtest.Same(t, "messages", []string{said[0].Text, said[1].Text}, []string{"hello?", "anyone?"})
		inboxtest.Same(t, "kept", w.Held(models.HeldRefused), 1)
	})
	t.Run("blames nobody when the database is away", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		store := w.OpenStore()
		away := w.OpenInbox(store)
		w.Must(store.Close())

		errs := away.TakeTogether(w.Context(), delivery(w, w.Says("491701", "hello?")), delivery(w, w.Says("491702", "hello?")))

		for _, err := range errs {
			if err == nil {
				t.Error("it was taken in")
			}
		}
	})
	t.Run("goes where an account is connected now", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("206540352242922")
		w.Receive(w.Says("491701", "ours"))
		_, err := w.Inbox.DisconnectChannel(w.Context(), w.Admin, w.Channel.ID, "")
		w.Must(err)
		theirs := n.Connect(models.WhatsApp, w.Channel.AccountID)
		in := w.Says("491701", "theirs")

		w.Receive(in)

		inboxtest.Same(t, "messages there", w.Count(`SELECT count(*) FROM messages WHERE channel_id = $1`, theirs.ID), 1)
		inboxtest.Same(t, "messages here", w.Count(`SELECT count(*) FROM messages WHERE channel_id = $1`, w.Channel.ID), 1)
	})
}

// TestReceiveInARace has two processes receive from many callers at once, most deliveries twice.
func TestReceiveInARace(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t)
	inboxes := []*inbox.Inbox{w.Inbox, w.OpenInbox(w.OpenStore())}
	const callers, each, people = 16, 12, 5
	var all [callers][each]models.Inbound
	for c := range all {
		for i := range all[c] {
			all[c][i] = w.Says(fmt.Sprint("4917", (c+i)%people), fmt.Sprintf("%02d %02d", c, i))
			if i == each-1 {
				all[c][i] = w.Edit(all[c][0], "edited")
			}
		}
	}
	errs := make(chan error, callers*each*3)

	inboxtest.Together(callers, func(c int) {
		for i, in := range all[c] {
			parsed := channels.Parsed{Inbound: []models.Inbound{in}}
			gone, leave := context.WithCancel(w.Context())
			if leave(); i%4 == 0 { // the platform hung up, and comes again
				_ = inboxes[i%2].Receive(gone, w.Channel.Platform, body, parsed)
			}
			inboxtest.Together(2, func(n int) {
				errs <- inboxes[n].Receive(w.Context(), w.Channel.Platform, body, parsed)
			})
		}
	})

	close(errs)
	for err := range errs {
		w.Must(err)
	}
	inboxtest.Same(t, "messages", w.Count(`SELECT count(*) FROM messages`), callers*(each-1))
	inboxtest.Same(t, "conversations", w.Count(`SELECT count(*) FROM conversations`), people)
	inboxtest.Same(t, "unread", w.Count(`SELECT sum(unread_count)::int FROM conversations`), callers*(each-1))
	inboxtest.Same(t, "contacts", w.Count(`SELECT count(*) FROM contacts`), people)
	inboxtest.Same(t, "edited", w.Count(`SELECT count(*) FROM messages WHERE text = 'edited'`), callers)
	inboxtest.Same(t, "events added", w.Count(`SELECT count(DISTINCT message_id) FROM events WHERE type = 'MESSAGE_ADDED'`), callers*(each-1))
	inboxtest.Same(t, "events doubled", w.Count(`SELECT count(*) FROM events WHERE type = 'MESSAGE_ADDED'`), callers*(each-1))
	inboxtest.Same(t, "out of order", w.Count(`SELECT count(*) FROM messages a JOIN messages b
		ON left(a.text, 2) = left(b.text, 2) AND a.text < b.text AND a.id > b.id WHERE a.text <> 'edited' AND b.text <> 'edited'`), 0)
	inboxtest.Same(t, "quarantined", w.Count(`SELECT count(*) FROM quarantine`), 0)
}
