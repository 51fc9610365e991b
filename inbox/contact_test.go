package inbox_test

import (
	"testing"
	"time"

	"parley/inbox/inboxtest"
	"parley/models"
)

// as is what a person says who is known by a phone number, a user id, or both.
func as(w *inboxtest.World, id, alt, text string) models.Inbound {
	in := w.Says(id, text)
	in.Author.AltID = alt
	return in
}

func conversationOf(w *inboxtest.World, in models.Inbound) *models.Conversation {
	w.T.Helper()
	return w.Conversation(w.MessageSaid(in.ExternalID).ConversationID)
}

func TestPersonWithTwoIDs(t *testing.T) {
	t.Parallel()
	t.Run("stays one, by whichever id", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		both, byUser, byPhone := as(w, "491701", "DE.1", "hello?"), as(w, "DE.1", "", "again"), as(w, "491701", "", "and again")

		w.Receive(both)
		w.Receive(byUser)
		w.Receive(byPhone)

		c := conversationOf(w, both)
		inboxtest.Same(t, "conversations", []string{conversationOf(w, byUser).ID, conversationOf(w, byPhone).ID}, []string{c.ID, c.ID})
		i := w.Identity(c)
		inboxtest.Same(t, "identity", []string{i.ExternalID, *i.AltExternalID}, []string{"491701", "DE.1"})
		inboxtest.Same(t, "contacts", w.Count(`SELECT count(*) FROM contacts`), 1)
	})
	t.Run("who told the user id first is answered by phone number once it is known", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		byUser, both := as(w, "DE.1", "", "hello?"), as(w, "491701", "DE.1", "again")

		w.Receive(byUser)
		w.Receive(both)

		c := conversationOf(w, both)
		inboxtest.Same(t, "conversation", c.ID, conversationOf(w, byUser).ID)
		inboxtest.Same(t, "answered to", w.Identity(c).ExternalID, "491701")
	})
	t.Run("who turns out to be one has both histories, and one conversation for what comes", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		byPhone, byUser := as(w, "491701", "", "by phone"), as(w, "DE.1", "", "by name")
		w.Receive(byPhone, byUser)
		w.Receive(w.Reaction("DE.1", byUser.ExternalID, "👍"))
		both := as(w, "491701", "DE.1", "it is me")

		w.Receive(both)

		first, second, third := conversationOf(w, byPhone), conversationOf(w, byUser), conversationOf(w, both)
		inboxtest.Same(t, "identity", second.IdentityID, first.IdentityID)
		inboxtest.Same(t, "contact", second.ContactID, first.ContactID)
		inboxtest.Same(t, "conversation", third.ID, first.ID)
		inboxtest.Same(t, "author", *w.MessageSaid(byUser.ExternalID).AuthorIdentityID, first.IdentityID)
		inboxtest.Same(t, "reactions", w.Reactions(w.MessageSaid(byUser.ExternalID)), []string{"👍"})
		inboxtest.Same(t, "identities", w.Count(`SELECT count(*) FROM contact_identities`), 1)
		inboxtest.Same(t, "quarantined", w.Held(models.HeldRefused), 0)
	})
	t.Run("who turns out to be one is still blocked", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		w.Receive(as(w, "491701", "", "by phone"), as(w, "DE.1", "", "by name"))
		w.Receive(w.Opt("DE.1", models.InboundOptOut))
		both := as(w, "491701", "DE.1", "it is me")

		w.Receive(both)

		inboxtest.At(t, "opted out", w.Identity(conversationOf(w, both)).OptedOutAt, w.Clock.Now())
	})
	t.Run("is one when both ids come at once", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		says := []models.Inbound{as(w, "491701", "DE.1", "a"), as(w, "491701", "", "b"), as(w, "491701", "DE.1", "c")}

		inboxtest.Together(3, func(i int) { w.Receive(says[i]) })

		inboxtest.Same(t, "identities", w.Count(`SELECT count(*) FROM contact_identities WHERE external_id = '491701'`), 1)
		inboxtest.Same(t, "conversations", w.Count(`SELECT count(*) FROM conversations`), 1)
		inboxtest.Same(t, "messages", w.Count(`SELECT count(*) FROM messages`), 3)
	})
}

func TestChangedNumber(t *testing.T) {
	t.Parallel()
	t.Run("keeps the person, and the conversation", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		end := w.LogEnd()

		w.Receive(w.NewNumber("491701", "491799"))
		w.Receive(w.NewNumber("491701", "491799"))

		inboxtest.Same(t, "events", w.Events(end), []models.EventType{models.ContactChanged})
		m := w.Reply(c, "hi")
		w.Work(models.DueMessages)
		inboxtest.Same(t, "answered to", w.Platform.Sent()[0].RecipientID, "491799")
		inboxtest.Same(t, "status", *w.Message(m.ID).Status, models.Sent)
		inboxtest.Same(t, "conversation", w.CustomerWrites("491799", "thanks").ID, c.ID)
	})
	t.Run("keeps the next owner of the number out", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")

		w.Receive(w.NewNumber("491701", "491799"))
		next := w.CustomerWrites("491701", "I am new here")

		inboxtest.Same(t, "another conversation", next.ID != c.ID && next.ContactID != c.ContactID, true)
		inboxtest.Same(t, "quarantined", w.Held(models.HeldRefused), 0)
	})
	t.Run("joins what was written from the new number already", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		old, early := w.CustomerWrites("491701", "hello?"), w.CustomerWrites("491799", "my new number")

		w.Receive(w.NewNumber("491701", "491799"))
		c := w.CustomerWrites("491799", "it is me")

		inboxtest.Same(t, "conversation", c.ID, early.ID)
		inboxtest.Same(t, "contact", c.ContactID, w.Conversation(old.ID).ContactID)
		inboxtest.Same(t, "identities", w.Count(`SELECT count(*) FROM contact_identities`), 1)
	})
	t.Run("keeps the next owner out of what was joined, too", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		old := w.CustomerWrites("491701", "hello?")
		w.CustomerWrites("491799", "my new number")

		w.Receive(w.NewNumber("491701", "491799"))
		next := w.CustomerWrites("491701", "I am new here")

		inboxtest.Same(t, "another conversation", next.ID != old.ID && next.ContactID != old.ContactID, true)
		inboxtest.Same(t, "quarantined", w.Held(models.HeldRefused), 0)
	})
	t.Run("of somebody unknown is nothing", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		end := w.LogEnd()

		w.Receive(w.NewNumber("491701", "491799"))

		inboxtest.Same(t, "events", w.Events(end), nil)
		inboxtest.Same(t, "contacts", w.Count(`SELECT count(*) FROM contacts`), 0)
	})
}

func TestOpt(t *testing.T) {
	t.Parallel()
	t.Run("lets the opt-out hold of two in one second", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Receive(w.Opt("491701", models.InboundOptIn))
		w.Receive(w.Opt("491701", models.InboundOptOut))
		w.Receive(w.Opt("491701", models.InboundOptIn)) // the platform's retry

		if w.Identity(c).OptedOutAt == nil {
			t.Error("can be written to")
		}
	})
	t.Run("out and in again, once each", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		end := w.LogEnd()

		out := w.Opt("491701", models.InboundOptOut)
		w.Receive(out)
		w.Receive(out)
		inboxtest.At(t, "opted out", w.Identity(c).OptedOutAt, out.At)

		w.Clock.Advance(time.Minute)
		w.Receive(w.Opt("491701", models.InboundOptIn))
		inboxtest.Same(t, "opted out again", w.Identity(c).OptedOutAt, nil)
		var changes []string
		for _, e := range w.Log(end) {
			changes = append(changes, e.Data.Change)
		}
		inboxtest.Same(t, "changes", changes, []string{"OPTED_OUT", "OPTED_IN"})
	})
	t.Run("holds by the platform's time, in whatever order it comes", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		in := w.Opt("491701", models.InboundOptIn)
		w.Clock.Advance(time.Minute)

		w.Receive(w.Opt("491701", models.InboundOptOut))
		w.Receive(in)

		inboxtest.At(t, "opted out", w.Identity(c).OptedOutAt, w.Clock.Now())
	})
	t.Run("out of somebody unknown is remembered", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		w.Receive(w.Opt("491701", models.InboundOptOut))

		c := w.CustomerWrites("491701", "hello?")

		inboxtest.At(t, "opted out", w.Identity(c).OptedOutAt, w.Clock.Now())
	})
}
