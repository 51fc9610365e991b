package inbox_test

import (
	"testing"
	"time"

	"parley/inbox/inboxtest"
	"parley/models"
)

func TestEdit(t *testing.T) {
	t.Parallel()
	t.Run("changes the text", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := w.Says("491701", "helo?")
		w.Receive(in)
		w.Clock.Advance(time.Minute)
		end := w.LogEnd()

		w.Receive(w.Edit(in, "hello?"))

		m := w.MessageSaid(in.ExternalID)
		inboxtest.Same(t, "text", m.Text, "hello?")
		inboxtest.At(t, "edited", m.EditedAt, w.Clock.Now())
		log := w.Log(end)
		if len(log) != 1 || log[0].Type != models.MessageChanged || log[0].Data.Change != "EDITED" || log[0].MessageID != m.ID {
			t.Errorf("the log says %+v", log)
		}
	})
	t.Run("is ignored if it is older than the last one", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := w.Says("491701", "one")
		w.Receive(in)
		w.Clock.Advance(time.Minute)
		second := w.Edit(in, "two")
		w.Clock.Advance(time.Minute)
		third := w.Edit(in, "three")

		w.Receive(third)
		end := w.LogEnd()
		w.Receive(second, third)

		inboxtest.Same(t, "text", w.MessageSaid(in.ExternalID).Text, "three")
		inboxtest.Same(t, "events", w.Events(end), nil)
	})
	t.Run("makes no work", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := w.Says("491701", "helo?")
		w.Receive(in)
		c := w.Conversation(w.MessageSaid(in.ExternalID).ConversationID)
		w.Reply(c, "hi")

		w.Receive(w.Edit(in, "hello?"))

		c = w.Conversation(c.ID)
		inboxtest.Same(t, "status", c.Status, models.Pending)
		inboxtest.Same(t, "unread", c.UnreadCount, 1)
	})
	t.Run("waits for its message", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := w.Says("491701", "one")
		w.Clock.Advance(time.Minute)
		second := w.Edit(in, "two")
		w.Clock.Advance(time.Minute)
		third := w.Edit(in, "three")

		w.Receive(third)
		w.Receive(second)
		w.Receive(in)

		m := w.MessageSaid(in.ExternalID)
		inboxtest.Same(t, "text", m.Text, "three")
		inboxtest.At(t, "edited", m.EditedAt, third.At)
		inboxtest.Same(t, "waiting news", w.Count(`SELECT count(*) FROM early_news`), 0)
	})
	t.Run("finds its message or waits for it, when both come at once", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		for range 20 {
			in := w.Says("491701", "one")
			all := []models.Inbound{in, w.Edit(in, "two")}

			inboxtest.Together(2, func(i int) { w.Receive(all[i]) })

			inboxtest.Same(t, "text", w.MessageSaid(in.ExternalID).Text, "two")
		}
		inboxtest.Same(t, "waiting news", w.Count(`SELECT count(*) FROM early_news`), 0)
	})
}

func TestDeletion(t *testing.T) {
	t.Parallel()
	withPicture := func(w *inboxtest.World) models.Inbound {
		in := w.Says("491701", "look")
		in.Attachments = []models.Attachment{{Kind: models.Image, MediaID: "1"}}
		in.Details.Forwarded = true
		return in
	}
	gone := func(t *testing.T, w *inboxtest.World, in models.Inbound, at time.Time) {
		t.Helper()
		m := w.MessageSaid(in.ExternalID)
		inboxtest.Same(t, "text", m.Text, "")
		inboxtest.Same(t, "details", m.Details, models.MessageDetails{})
		inboxtest.At(t, "deleted", m.DeletedAt, at)
		inboxtest.Same(t, "attachments", w.Attachments(m), []models.Attachment{})
	}
	t.Run("drops text, details and attachments", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := withPicture(w)
		w.Receive(in)
		w.Clock.Advance(time.Minute)
		end := w.LogEnd()

		w.Receive(w.Deletion(in))
		w.Receive(w.Deletion(in))

		gone(t, w, in, w.Clock.Now())
		inboxtest.Same(t, "events", w.Events(end), []models.EventType{models.MessageChanged})
	})
	t.Run("waits for its message", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := withPicture(w)
		w.Clock.Advance(time.Minute)

		w.Receive(w.Deletion(in))
		w.Receive(in)

		gone(t, w, in, w.Clock.Now())
		inboxtest.Same(t, "the words, anywhere", w.Count(`SELECT count(*) FROM messages WHERE text LIKE '%look%'`), 0)
	})
	t.Run("is final", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := withPicture(w)
		w.Receive(in)
		deletion := w.Deletion(in)
		w.Clock.Advance(time.Minute)

		w.Receive(deletion, w.Edit(in, "back again"), in)

		gone(t, w, in, deletion.At)
	})
}

func TestReaction(t *testing.T) {
	t.Parallel()
	t.Run("is one per person, and can be taken away", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := w.Says("491701", "hello?")
		w.Receive(in)
		m := w.MessageSaid(in.ExternalID)
		end := w.LogEnd()

		w.Receive(w.Reaction("491701", in.ExternalID, "👍"))
		w.Receive(w.Reaction("491701", in.ExternalID, "👍"))
		inboxtest.Same(t, "after the first", w.Reactions(m), []string{"👍"})

		w.Clock.Advance(time.Second)
		w.Receive(w.Reaction("491701", in.ExternalID, "❤️"), w.Reaction("491702", in.ExternalID, "🎉"))
		inboxtest.Same(t, "after the second", w.Reactions(m), []string{"❤️", "🎉"})

		w.Clock.Advance(time.Second)
		w.Receive(w.Reaction("491701", in.ExternalID, ""))
		inboxtest.Same(t, "after it was taken away", w.Reactions(m), []string{"🎉"})
		inboxtest.Same(t, "events", len(w.Events(end)), 4)
	})
	t.Run("is ignored if it is older than the last one", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := w.Says("491701", "hello?")
		w.Receive(in)
		old := w.Reaction("491701", in.ExternalID, "👍")
		w.Clock.Advance(time.Minute)

		w.Receive(w.Reaction("491701", in.ExternalID, ""), old)

		inboxtest.Same(t, "reactions", w.Reactions(w.MessageSaid(in.ExternalID)), nil)
	})
	t.Run("reaches what we sent", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		w.Work(models.DueMessages)

		w.Receive(w.Reaction("491701", "wamid.OUT1", "👍"))

		inboxtest.Same(t, "reactions", w.Reactions(m), []string{"👍"})
	})
	t.Run("waits for its message", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := w.Says("491701", "hello?")

		w.Receive(w.Reaction("491702", in.ExternalID, "👍"))
		w.Receive(in)

		inboxtest.Same(t, "reactions", w.Reactions(w.MessageSaid(in.ExternalID)), []string{"👍"})
	})
}

func TestEcho(t *testing.T) {
	t.Parallel()
	t.Run("of our own reply is that reply", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		m := w.Reply(c, "hi")
		w.Work(models.DueMessages)
		echo := w.Echo("491701", "hi", m.ID)
		echo.ExternalID = "wamid.OUT1"
		end := w.LogEnd()

		w.Receive(echo)

		inboxtest.Same(t, "messages", len(w.Timeline(c)), 2)
		inboxtest.Same(t, "events", w.Events(end), nil)
	})
	t.Run("from another app answers the conversation", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		expires := c.WindowExpiresAt
		w.Clock.Advance(time.Minute)
		echo := w.Echo("491701", "hi from the phone", "")
		end := w.LogEnd()

		w.Receive(echo)
		w.Receive(echo)

		c = w.Conversation(c.ID)
		m := w.MessageSaid(echo.ExternalID)
		inboxtest.Same(t, "status", []string{string(c.Status), c.StatusReason}, []string{"PENDING", "ANSWERED_ELSEWHERE"})
		inboxtest.Same(t, "waiting since", c.WaitingSince, nil)
		inboxtest.Same(t, "last messages", *c.LastMessageID == m.ID && *c.LastInboundID != m.ID, true)
		inboxtest.Same(t, "unread", c.UnreadCount, 1)
		inboxtest.At(t, "window", c.WindowExpiresAt, *expires)
		inboxtest.Same(t, "message", []any{m.ConversationID, m.Direction, *m.Status, m.AuthorUserID, m.AuthorIdentityID},
			[]any{c.ID, models.OutboundMessage, models.Sent, (*string)(nil), (*string)(nil)})
		inboxtest.At(t, "sent", m.SentAt, echo.At)
		inboxtest.Same(t, "events", w.Events(end), []models.EventType{models.MessageAdded, models.ConversationStatusChange})
		inboxtest.Same(t, "due", w.Work(models.DueMessages), 0)
	})
	t.Run("from another app opens no work", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		echo := w.Echo("491701", "our summer sale", "")
		end := w.LogEnd()

		w.Receive(echo)

		c := w.Conversation(w.MessageSaid(echo.ExternalID).ConversationID)
		inboxtest.Same(t, "status", c.Status, models.Resolved)
		inboxtest.Same(t, "waiting since", c.WaitingSince, nil)
		inboxtest.Same(t, "window", c.WindowExpiresAt, nil)
		inboxtest.Same(t, "contact", w.Identity(c).ExternalID, "491701")
		inboxtest.Same(t, "events", w.Events(end), []models.EventType{models.MessageAdded})
		answer := w.CustomerWrites("491701", "how much?")
		inboxtest.Same(t, "the answer's conversation", answer.ID, c.ID)
		inboxtest.Same(t, "the answer's status", answer.Status, models.New)
	})
	t.Run("from another app leaves a resolved conversation resolved", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		resolve(w, c)

		w.Receive(w.Echo("491701", "bye", ""))

		inboxtest.Same(t, "status", w.Conversation(c.ID).Status, models.Resolved)
		inboxtest.Same(t, "messages", len(w.Timeline(c)), 2)
	})
	t.Run("gets the receipts that came before it", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		echo := w.Echo("491701", "our summer sale", "")

		w.Receive(w.Receipt(echo.ExternalID, models.Read))
		w.Receive(echo)

		inboxtest.Same(t, "status", *w.MessageSaid(echo.ExternalID).Status, models.Read)
	})
}
