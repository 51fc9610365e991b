package inbox_test

import (
	"testing"
	"time"

	"parley/inbox/inboxtest"
	"parley/models"
)

func TestAnnounceWindow(t *testing.T) {
	t.Parallel()
	const lead = 2 * time.Hour
	// announced does what is due and returns what was told about windows.
	announced := func(w *inboxtest.World) (told []models.EventType) {
		w.T.Helper()
		end := w.LogEnd()
		w.Work(models.DueWindows)
		return w.Events(end)
	}
	t.Run("tells that it closes soon, and that it closed, once each", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		expires := *c.WindowExpiresAt

		w.Clock.Advance(24*time.Hour - lead - time.Microsecond)
		inboxtest.Same(t, "too early", announced(w), nil)

		w.Clock.Advance(time.Microsecond)
		inboxtest.Same(t, "two hours before", announced(w), []models.EventType{models.WindowClosingSoon})
		inboxtest.Same(t, "again", announced(w), nil)

		w.Clock.Advance(lead)
		inboxtest.Same(t, "at its last instant", announced(w), nil)

		w.Clock.Advance(time.Microsecond)
		inboxtest.Same(t, "after it", announced(w), []models.EventType{models.WindowClosedEvent})
		w.Clock.Advance(100 * time.Hour)
		inboxtest.Same(t, "ever after", announced(w), nil)

		log := w.Log(0)
		for _, e := range log[len(log)-2:] {
			inboxtest.Same(t, "conversation", e.ConversationID, c.ID)
			inboxtest.Same(t, "actor", e.ActorKind, models.ActorSystem)
			inboxtest.At(t, "expiry", e.Data.ExpiresAt, expires)
		}
	})
	t.Run("tells once, also with two processes", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		const conversations = 10
		for i := range conversations {
			w.CustomerWrites(string(rune('a'+i)), "hello?")
		}
		crews := []crew{w.Crew, w.AnotherProcess()}
		end := w.LogEnd()

		for _, wait := range []time.Duration{22 * time.Hour, 3 * time.Hour} {
			w.Clock.Advance(wait)
			inboxtest.Together(4, func(i int) {
				if _, err := crews[i%2].RunOnce(w.Context(), models.DueWindows); err != nil {
					t.Error(err)
				}
			})
		}

		count := map[models.EventType]int{}
		for _, e := range w.Events(end) {
			count[e]++
		}
		inboxtest.Same(t, "told", count, map[models.EventType]int{models.WindowClosingSoon: conversations, models.WindowClosedEvent: conversations})
	})
	t.Run("tells only that it closed, if nobody looked in time", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		w.CustomerWrites("491701", "hello?")
		w.Clock.Advance(30 * time.Hour)

		inboxtest.Same(t, "told", announced(w), []models.EventType{models.WindowClosedEvent})
	})
	t.Run("begins anew with a new message in between", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		w.CustomerWrites("491701", "hello?")
		w.Clock.Advance(23 * time.Hour)
		inboxtest.Same(t, "before", announced(w), []models.EventType{models.WindowClosingSoon})

		w.CustomerWrites("491701", "anyone?")

		w.Clock.Advance(2 * time.Hour)
		inboxtest.Same(t, "when the first would have closed", announced(w), nil)
		w.Clock.Advance(20 * time.Hour)
		inboxtest.Same(t, "before the second closes", announced(w), []models.EventType{models.WindowClosingSoon})
		w.Clock.Advance(3 * time.Hour)
		inboxtest.Same(t, "after it", announced(w), []models.EventType{models.WindowClosedEvent})
	})
	t.Run("opens again after it closed", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Clock.Advance(25 * time.Hour)
		announced(w)

		w.CustomerWrites("491701", "anyone?")

		w.Reply(c, "hi")
		w.Clock.Advance(25 * time.Hour)
		inboxtest.Same(t, "told", announced(w), []models.EventType{models.WindowClosedEvent})
	})
	t.Run("is not moved by our reply", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Clock.Advance(21 * time.Hour)

		w.Reply(c, "hi")
		w.Work(models.DueMessages)

		w.Clock.Advance(time.Hour)
		inboxtest.Same(t, "told", announced(w), []models.EventType{models.WindowClosingSoon})
	})
	t.Run("says nothing where there is no window", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		onTelegram(w, "5551", "hello?")

		for range 30 {
			w.Clock.Advance(time.Hour)
			inboxtest.Same(t, "told", announced(w), nil)
		}
	})
	t.Run("tells of many in one go, and leaves out only what cannot be written", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		var poisoned *models.Conversation
		const conversations = 20
		for i := range conversations {
			poisoned = w.CustomerWrites(string(rune('a'+i)), "hello?")
		}
		w.Break(`ALTER TABLE conversations ADD CONSTRAINT poison CHECK (id <> '` + poisoned.ID + `' OR window_notice = '')`)
		w.Clock.Advance(23 * time.Hour)
		end := w.LogEnd()

		inboxtest.Same(t, "taken", w.Work(models.DueWindows), conversations)

		inboxtest.Same(t, "told", len(w.Log(end)), conversations-1)
		for _, e := range w.Log(end) {
			if e.ConversationID == poisoned.ID || e.Type != models.WindowClosingSoon {
				t.Errorf("told %v", e)
			}
		}
	})
	t.Run("does not let one that somebody is changing hold up the others", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		held := w.CustomerWrites("491701", "hello?")
		free := w.CustomerWrites("491702", "hello?")
		w.Clock.Advance(23 * time.Hour)
		told := make(chan models.Event, 2)
		b := w.OpenInbox(w.OpenStore())
		b.Store().OnCommit(func(_ string, events []models.Event) {
			for _, e := range events {
				told <- e
			}
		})
		working := make(chan error, 1)

		w.Must(w.Store.Do(w.Context(), models.System(w.Org.ID), models.KeepTheClock, func(tx *models.Tx) error {
			if err := tx.Lock(&models.Conversation{}, held.ID); err != nil {
				return err
			}
			go func() { working <- b.AnnounceWindows(w.Context(), w.Org.ID, []string{held.ID, free.ID}) }()
			inboxtest.Same(t, "told first", (<-told).ConversationID, free.ID)
			return nil
		}))

		inboxtest.Same(t, "told then", (<-told).ConversationID, held.ID)
		w.Must(<-working)
	})
	t.Run("is told by another when a worker dies with it", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		w.CustomerWrites("491701", "hello?")
		w.Clock.Advance(23 * time.Hour)
		taken, err := w.OpenStore().Claim(w.Context(), models.DueWindows, 10, time.Minute)
		w.Must(err)
		inboxtest.Same(t, "taken by the one that dies", len(taken), 1)

		w.Clock.Advance(time.Minute - time.Microsecond)
		inboxtest.Same(t, "during the lease", announced(w), nil)
		w.Clock.Advance(time.Microsecond)
		inboxtest.Same(t, "after it", announced(w), []models.EventType{models.WindowClosingSoon})
		inboxtest.Same(t, "again", announced(w), nil)
	})
}
