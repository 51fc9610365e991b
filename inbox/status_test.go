package inbox_test

import (
	"strings"
	"testing"
	"time"

	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

func TestChangeStatus(t *testing.T) {
	t.Parallel()
	change := func(w *inboxtest.World, by models.Viewer, c *models.Conversation, to models.ConversationStatus, reason, comment string) error {
		_, err := w.Inbox.ChangeStatus(w.Context(), by, inbox.StatusRequest{ConversationID: c.ID, Status: to, Reason: reason, Comment: comment})
		return err
	}
	t.Run("resolves with a reason and a comment", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Clock.Advance(time.Minute)
		end := w.LogEnd()

		w.Must(change(w, w.Agent, c, models.Resolved, "SOLD", "a dozen roses"))

		c = w.Conversation(c.ID)
		inboxtest.Same(t, "status", []string{string(c.Status), c.StatusReason, c.StatusComment}, []string{"RESOLVED", "SOLD", "a dozen roses"})
		inboxtest.At(t, "changed", &c.StatusChangedAt, w.Clock.Now())
		inboxtest.Same(t, "waiting since", c.WaitingSince, nil)
		log := w.Log(end)
		if len(log) != 1 || log[0].Type != models.ConversationStatusChange || log[0].ActorID != w.Agent.UserID ||
			log[0].Data.From != "NEW" || log[0].Data.To != "RESOLVED" || log[0].Data.Reason != "SOLD" {
			t.Errorf("the log says %+v", log)
		}
	})
	t.Run("reopens, and then waits from now on", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		resolve(w, c)
		w.Clock.Advance(time.Hour)

		w.Must(change(w, w.Agent, c, models.New, "", ""))

		c = w.Conversation(c.ID)
		inboxtest.Same(t, "status", []string{string(c.Status), c.StatusReason, c.StatusComment}, []string{"NEW", "", ""})
		inboxtest.At(t, "waiting since", c.WaitingSince, w.Clock.Now())
	})
	t.Run("to what it is already changes nothing", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		resolve(w, c)
		before, end := w.Conversation(c.ID), w.LogEnd()
		w.Clock.Advance(time.Hour)

		w.Must(change(w, w.Colleague, c, models.Resolved, "OTHER", ""))

		inboxtest.Same(t, "conversation", w.Conversation(c.ID), before)
		inboxtest.Same(t, "events", w.Events(end), nil)
	})
	t.Run("does not reopen what the contact continued elsewhere", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		startNew(w)
		c := w.CustomerWrites("491701", "hello?")
		resolve(w, c)
		newer := w.CustomerWrites("491701", "something else")

		inboxtest.Refused(t, change(w, w.Agent, c, models.New, "", ""), models.Superseded)
		inboxtest.Refused(t, change(w, w.Agent, c, models.Pending, "", ""), models.Superseded)

		inboxtest.Same(t, "status", w.Conversation(c.ID).Status, models.Resolved)
		resolve(w, newer)
		w.Must(change(w, w.Agent, c, models.New, "", ""))
	})
	t.Run("is refused", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("206540352242922")
		c := w.CustomerWrites("491701", "hello?")

		inboxtest.Refused(t, change(w, w.Onlooker, c, models.Resolved, "", ""), models.Forbidden)
		inboxtest.Refused(t, change(w, n.Agent, c, models.Resolved, "", ""), models.NotFound)
		inboxtest.Refused(t, change(w, w.Agent, c, models.Resolved, strings.Repeat("a", 101), ""), models.InvalidInput)
		inboxtest.Refused(t, change(w, w.Agent, c, models.Resolved, "", strings.Repeat("a", 2001)), models.InvalidInput)
		inboxtest.Refused(t, change(w, w.Agent, c, models.Resolved, "", "a\x00b"), models.InvalidInput)

		inboxtest.Same(t, "conversation", w.Conversation(c.ID), c)
	})
}

func TestMarkRead(t *testing.T) {
	t.Parallel()
	read := func(w *inboxtest.World, by models.Viewer, c *models.Conversation) error {
		_, err := w.Inbox.MarkRead(w.Context(), by, c.ID, "")
		return err
	}
	t.Run("counts from nothing again, and says so once", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		w.CustomerWrites("491701", "hello?")
		c := w.CustomerWrites("491701", "anyone?")
		inboxtest.Same(t, "before", c.UnreadCount, 2)
		end := w.LogEnd()

		w.Must(read(w, w.Agent, c))
		w.Must(read(w, w.Agent, c))

		c = w.Conversation(c.ID)
		inboxtest.Same(t, "unread", c.UnreadCount, 0)
		inboxtest.Same(t, "status", c.Status, models.New)
		inboxtest.Same(t, "waiting", c.WaitingSince != nil, true)
		inboxtest.Same(t, "events", w.Events(end), []models.EventType{models.ConversationRead})
		inboxtest.Same(t, "after the next", w.CustomerWrites("491701", "hm").UnreadCount, 1)
	})
	t.Run("is refused to those who only look on, and to strangers", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("206540352242922")
		c := w.CustomerWrites("491701", "hello?")

		inboxtest.Refused(t, read(w, w.Onlooker, c), models.Forbidden)
		inboxtest.Refused(t, read(w, n.Agent, c), models.NotFound)
	})
}
