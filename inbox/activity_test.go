package inbox_test

import (
	"testing"
	"time"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

const day = 24 * time.Hour

// daily lets days pass, one by one, with the workers at work, and returns what was told about the inbox.
func daily(w *inboxtest.World, days int) (told []models.Event) {
	w.T.Helper()
	end := w.LogEnd()
	for range days {
		w.Clock.Advance(day)
		w.Work(models.DueInboxes)
	}
	for _, e := range w.Log(end) {
		switch e.Type {
		case models.InboxInactivityWarning, models.InboxDeactivatedEvent, models.InboxActivatedEvent:
			told = append(told, e)
		}
	}
	return told
}

func TestInactivity(t *testing.T) {
	t.Parallel()
	t.Run("is warned of 14, 7 and 1 days before, and deactivates after more than 60 days", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		end := inboxtest.Start.Add(60 * day)

		var days []int
		for _, e := range daily(w, 60) {
			inboxtest.Same(t, "type", e.Type, models.InboxInactivityWarning)
			inboxtest.At(t, "deactivation", e.Data.ExpiresAt, end)
			inboxtest.At(t, "warned", &e.At, end.Add(-time.Duration(e.Data.Days)*day))
			days = append(days, e.Data.Days)
		}
		inboxtest.Same(t, "warnings", days, []int{14, 7, 1})
		inboxtest.Same(t, "active at exactly 60 days", w.Organization().IsActive(), true)

		w.Clock.Advance(time.Microsecond)
		inboxtest.Same(t, "looked at", w.Work(models.DueInboxes), 1)

		o := w.Organization()
		inboxtest.Same(t, "status", o.InboxStatus, models.InboxIsDeactivated)
		inboxtest.At(t, "deactivated", o.DeactivatedAt, w.Clock.Now())
		log := w.Log(0)
		inboxtest.Same(t, "told", log[len(log)-1].Type, models.InboxDeactivatedEvent)
		inboxtest.Same(t, "told once", len(daily(w, 100)), 0)
	})
	t.Run("is warned of and ends in a deactivation once, also with two processes", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		crews := []crew{w.Crew, w.AnotherProcess()}
		end := w.LogEnd()

		for range 61 {
			w.Clock.Advance(day)
			inboxtest.Together(2, func(i int) {
				if _, err := crews[i].RunOnce(w.Context(), models.DueInboxes); err != nil {
					t.Error(err)
				}
			})
		}

		inboxtest.Same(t, "told", w.Events(end), []models.EventType{
			models.InboxInactivityWarning, models.InboxInactivityWarning, models.InboxInactivityWarning, models.InboxDeactivatedEvent})
	})
	t.Run("is the same however often one looks", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		look := func() {
			for range 2 {
				w.Must(w.Inbox.CheckActivity(w.Context(), models.Job{OrganizationID: w.Org.ID, ID: w.Org.ID}))
			}
		}
		end := w.LogEnd()

		for range 60 {
			w.Clock.Advance(day)
			look()
		}

		inboxtest.Same(t, "told at exactly 60 days", w.Events(end), []models.EventType{
			models.InboxInactivityWarning, models.InboxInactivityWarning, models.InboxInactivityWarning})
		w.Clock.Advance(time.Microsecond)
		look()
		inboxtest.Same(t, "told", w.Events(end+3), []models.EventType{models.InboxDeactivatedEvent})
	})
	t.Run("is warned of once with the nearest warning if nobody looked in time", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		w.Clock.Advance(54*day + time.Hour)
		end := w.LogEnd()

		w.Work(models.DueInboxes)

		log := w.Log(end)
		if len(log) != 1 || log[0].Data.Days != 7 {
			t.Errorf("told %+v", log)
		}
	})
	for name, active := range map[string]func(*inboxtest.World, *models.Conversation){
		"someone opens it": func(w *inboxtest.World, _ *models.Conversation) {
			_, err := w.Inbox.OpenInbox(w.Context(), w.Onlooker, "")
			w.Must(err)
		},
		"a person replies": func(w *inboxtest.World, c *models.Conversation) { w.Reply(c, "hi") },
		"an automatic reply is sent": func(w *inboxtest.World, _ *models.Conversation) {
			w.Must(w.Store.Do(w.Context(), models.System(w.Org.ID), models.DeliverMessages, func(tx *models.Tx) error {
				o, err := tx.LockOrganization()
				if err != nil {
					return err
				}
				o.AutoRepliedAt = &tx.Now
				return tx.UpdateOrganization(o, "auto_replied_at")
			}))
		},
	} {
		t.Run("begins anew when "+name, func(t *testing.T) {
			t.Parallel()
			w := inboxtest.New(t)
			daily(w, 59)
			c := w.CustomerWrites("491701", "hello?") // is no activity of ours

			active(w, c)

			var days []int
			for _, e := range daily(w, 60) {
				days = append(days, e.Data.Days)
			}
			inboxtest.Same(t, "warnings", days, []int{14, 7, 1})
			inboxtest.Same(t, "status", w.Organization().InboxStatus, models.InboxIsActive)
			inboxtest.Same(t, "a day later", daily(w, 1)[0].Type, models.InboxDeactivatedEvent)
		})
	}
	t.Run("is not ended by customers", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		for range 7 {
			w.CustomerWrites("491701", "hello?")
			daily(w, 9)
		}

		inboxtest.Same(t, "status", w.Organization().InboxStatus, models.InboxIsDeactivated)
	})
}

func TestDeactivated(t *testing.T) {
	t.Parallel()
	t.Run("keeps what arrives, counts it once and shows nothing", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		deactivate(w)
		before, end := w.Conversation(c.ID), w.LogEnd()
		one, two, three := w.Says("491701", "one"), w.Says("491702", "two"), w.Says("491702", "three")

		w.Receive(one, two)
		w.Receive(one, two)        // the platform's retry
		w.Receive(two)             // in another batch
		w.Receive(three, one, two) // and together with news

		inboxtest.Same(t, "kept", w.Held(models.HeldInactive), 3)
		inboxtest.Same(t, "conversation", w.Conversation(c.ID), before)
		inboxtest.Same(t, "messages", w.Count(`SELECT count(*) FROM messages`), 1)
		inboxtest.Same(t, "contacts", w.Count(`SELECT count(*) FROM contacts`), 1)
		var counts []int
		for _, e := range w.Log(end) {
			inboxtest.Same(t, "told", []string{string(e.Type), e.Data.Reason}, []string{"INBOUND_QUARANTINED", "INBOX_DEACTIVATED"})
			counts = append(counts, e.Data.Count)
		}
		inboxtest.Same(t, "told counts", counts, []int{2, 1})
		inboxtest.Same(t, "due", w.Work(models.DueQuarantined), 0)
	})
	t.Run("keeps each as it is refused by the database, too", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		deactivate(w)
		bad, good := w.Says("491701", "a\x00b"), w.Says("491701", "hello?")

		w.Receive(bad, good)
		activate(w, false)
		w.Work(models.DueQuarantined)

		w.MessageSaid(good.ExternalID)
		inboxtest.Same(t, "refused", w.Held(models.HeldRefused), 1)
	})
	t.Run("still takes receipts, opt-outs and new numbers", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		m := w.Reply(c, "hi")
		w.Work(models.DueMessages)
		deactivate(w)

		w.Receive(w.Receipt("wamid.OUT1", models.Read), w.Opt("491701", models.InboundOptOut), w.NewNumber("491701", "491799"))

		inboxtest.Same(t, "status", *w.Message(m.ID).Status, models.Read)
		inboxtest.Same(t, "opted out", w.Identity(c).OptedOutAt != nil, true)
		inboxtest.Same(t, "number", w.Identity(c).ExternalID, "491799")
		inboxtest.Same(t, "kept", w.Held(models.HeldInactive), 0)
	})
	t.Run("refuses replies and what is assigned from a stream", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		deactivate(w)

		_, reply := try(w, w.Agent, c.ID, models.Draft{Text: "hi"})
		_, stream := w.Inbox.AssignFromStream(w.Context(), w.Agent, inbox.StreamRequest{
			ChannelID: w.Channel.ID, Surface: models.PostSurface, Post: models.PostFacts{ExternalID: "1"}, Author: models.Author{ID: "2"},
		})

		inboxtest.Refused(t, reply, models.InboxDeactivated)
		inboxtest.Refused(t, stream, models.InboxDeactivated)
	})
	t.Run("is not activated by being opened", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		deactivate(w)

		o, err := w.Inbox.OpenInbox(w.Context(), w.Owner, "")
		w.Must(err)

		inboxtest.Same(t, "status", o.InboxStatus, models.InboxIsDeactivated)
	})
}

func TestActivate(t *testing.T) {
	t.Parallel()
	t.Run("brings the inbox back at once", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		deactivate(w)
		end := w.LogEnd()

		o := activate(w, false)

		inboxtest.Same(t, "organization", []any{o.InboxStatus, o.DeactivatedAt, o.InactivityWarnedDays},
			[]any{models.InboxIsActive, (*time.Time)(nil), 0})
		inboxtest.Same(t, "told", w.Events(end), []models.EventType{models.InboxActivatedEvent})
		w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		var days []int
		for _, e := range daily(w, 61) {
			days = append(days, e.Data.Days)
		}
		inboxtest.Same(t, "warned, and deactivated", days, []int{14, 7, 1, 0})
	})
	t.Run("imports what arrived meanwhile in its order, with its times", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		deactivate(w)
		var says []models.Inbound
		for _, text := range []string{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine"} {
			w.Clock.Advance(time.Hour)
			says = append(says, w.Says("491701", text))
			w.Receive(says[len(says)-1], w.Says("491702", text))
		}
		w.Receive(w.Edit(says[1], "two!"), w.Deletion(says[2]), w.Reaction("491701", says[0].ExternalID, "👍"))
		w.Clock.Advance(time.Hour)
		crews := []crew{w.Crew, w.AnotherProcess()}

		activate(w, false)
		inboxtest.Together(4, func(i int) {
			if _, err := crews[i%2].RunOnce(w.Context(), models.DueQuarantined); err != nil {
				t.Error(err)
			}
		})

		c := conversationOf(w, says[0])
		var texts []string
		for i, m := range w.Timeline(c) {
			texts = append(texts, m.Text)
			inboxtest.At(t, "the platform's time", m.PlatformAt, says[i].At)
			inboxtest.At(t, "our time", &m.CreatedAt, w.Clock.Now())
		}
		inboxtest.Same(t, "texts", texts, []string{"one", "two!", "", "four", "five", "six", "seven", "eight", "nine"})
		inboxtest.Same(t, "reactions", w.Reactions(w.MessageSaid(says[0].ExternalID)), []string{"👍"})
		inboxtest.At(t, "waiting since", c.WaitingSince, says[0].At)
		inboxtest.At(t, "window", c.WindowExpiresAt, says[8].At.Add(24*time.Hour))
		inboxtest.Same(t, "unread", c.UnreadCount, 9)
		inboxtest.Same(t, "kept", w.Held(models.HeldInactive), 0)
		inboxtest.Same(t, "imported", w.Count(`SELECT count(*) FROM quarantine WHERE settlement = 'IMPORTED' AND settled_at IS NOT NULL AND due_at IS NULL`), 21)
		inboxtest.Same(t, "their words", w.Count(`SELECT count(*) FROM quarantine WHERE elements::text LIKE '%two%'`), 0)
	})
	t.Run("imports what was said too long ago without a window", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		deactivate(w)
		in := w.Says("491701", "hello?")
		w.Receive(in)
		w.Clock.Advance(25 * time.Hour)

		activate(w, false)
		w.Work(models.DueQuarantined)

		_, err := try(w, w.Agent, conversationOf(w, in).ID, models.Draft{Text: "hi"})
		inboxtest.Refused(t, err, models.ReplyWindowClosed)
	})
	t.Run("imports nothing twice", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		deactivate(w)
		before, during := w.Says("491701", "one"), w.Says("491701", "two")
		w.Receive(before, during)

		activate(w, false)
		w.Receive(during) // the platform's retry is faster
		live := w.Says("491701", "three")
		w.Receive(live)
		w.Work(models.DueQuarantined)
		w.Receive(before, during, live)

		c := conversationOf(w, live)
		inboxtest.Same(t, "messages", len(w.Timeline(c)), 3)
		inboxtest.Same(t, "unread", c.UnreadCount, 3)
		inboxtest.Same(t, "quarantined", w.Held(models.HeldInactive)+w.Held(models.HeldRefused), 0)
	})
	t.Run("discards what arrived meanwhile", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		deactivate(w)
		in := w.Says("491701", "hello?")
		w.Receive(in)

		activate(w, true)
		w.Work(models.DueQuarantined)

		inboxtest.Same(t, "messages", w.Count(`SELECT count(*) FROM messages`), 0)
		inboxtest.Same(t, "kept", w.Held(models.HeldInactive), 0)
		inboxtest.Same(t, "discarded, without its words",
			w.Count(`SELECT count(*) FROM quarantine WHERE settlement = 'DISCARDED' AND elements IS NULL`), 1)
	})
	t.Run("leaves alone what could not be read", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		deactivate(w)
		w.Must(w.Inbox.Receive(w.Context(), models.WhatsApp, channels.Delivery{AccountID: w.Channel.AccountID, Body: []byte("?")},
			channels.Parsed{Unreadable: []error{channels.ErrNotSigned}}))

		activate(w, true)

		inboxtest.Same(t, "kept", w.Held(models.HeldUnreadable), 1)
	})
	t.Run("is refused while the inbox is active, and to agents", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)

		_, active := w.Inbox.ActivateInbox(w.Context(), w.Admin, false, "")
		deactivate(w)
		_, agent := w.Inbox.ActivateInbox(w.Context(), w.Agent, false, "")

		inboxtest.Refused(t, active, models.InboxActive)
		inboxtest.Refused(t, agent, models.Forbidden)
	})
}

func activate(w *inboxtest.World, discard bool) *models.Organization {
	w.T.Helper()
	o, err := w.Inbox.ActivateInbox(w.Context(), w.Admin, discard, "")
	w.Must(err)
	return o
}
