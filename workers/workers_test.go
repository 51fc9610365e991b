package workers_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"parley/inbox/inboxtest"
	"parley/models"
	"parley/workers"
)

func TestMain(m *testing.M) { inboxtest.Main(m) }

// process is a crew with a store and an inbox of its own on the world's database.
func process(w *inboxtest.World, clock models.Clock, poll time.Duration) (*models.Store, *workers.Crew) {
	w.T.Helper()
	cipher, err := models.NewCipher(make([]byte, 32))
	w.Must(err)
	store, err := models.Open(w.Context(), models.Config{URL: w.URL, Clock: clock, Cipher: cipher, Rules: models.DefaultRules()})
	w.Must(err)
	w.T.Cleanup(func() { _ = store.Close() })
	return store, workers.New(store, inboxtest.Quiet, poll, workers.Kinds(w.OpenInbox(store)))
}

// start lets crews work until the test ends.
func start(t testing.TB, crews ...*workers.Crew) {
	t.Helper()
	for _, c := range crews {
		c.Start()
		t.Cleanup(func() {
			if err := c.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

// committed is an event, and when its commit was heard of.
type committed struct {
	models.Event
	at time.Time
}

// bells are the events that stores commit.
func bells(stores ...*models.Store) <-chan committed {
	heard := make(chan committed, 100_000)
	for _, s := range stores {
		s.OnCommit(func(_ string, events []models.Event) {
			now := time.Now()
			for _, e := range events {
				heard <- committed{e, now}
			}
		})
	}
	return heard
}

func TestCrew(t *testing.T) {
	t.Parallel()
	t.Run("of two processes handles every row, and none twice", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		const rows = 60
		for i := range rows {
			w.CustomerWrites(fmt.Sprint(491700+i), "hello?")
		}
		end := w.LogEnd()
		w.Clock.Advance(23 * time.Hour)
		one, first := process(w, w.Clock, time.Hour)
		two, second := process(w, w.Clock, time.Hour)
		heard := bells(one, two)

		start(t, first, second)

		told := map[string]int{}
		for range rows {
			told[(<-heard).ConversationID]++
		}
		inboxtest.Same(t, "conversations", len(told), rows)
		inboxtest.Same(t, "events", w.LogEnd()-end, rows)
	})
	t.Run("sleeps until a row is due", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		due := time.Now().Add(300 * time.Millisecond)
		w.Break(fmt.Sprintf(`UPDATE conversations SET window_due_at = '%[1]s', window_expires_at = '%[1]s'::timestamptz + INTERVAL '2 hours'`,
			due.UTC().Format(time.RFC3339Nano)))
		store, crew := process(w, models.SystemClock{}, time.Hour)
		heard := bells(store)

		start(t, crew)

		e := <-heard
		for e.Type != models.WindowClosingSoon { // by the real clock the inbox has been left alone, too
			e = <-heard
		}
		inboxtest.Same(t, "told of", e.ConversationID, c.ID)
		if late := e.At.Sub(due.Truncate(time.Microsecond)); late < 0 || late > time.Minute {
			t.Errorf("it was %s late", late)
		}
	})
	t.Run("looks at once when it is woken", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		w.CustomerWrites("491701", "hello?")
		store, crew := process(w, w.Clock, time.Hour)
		heard := bells(store)
		start(t, crew)
		w.Clock.Advance(23 * time.Hour)

		crew.Wake(models.DueWindows)

		inboxtest.Same(t, "told", (<-heard).Type, models.WindowClosingSoon)
	})
	t.Run("finds what nobody woke it for", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		w.CustomerWrites("491701", "hello?")
		store, crew := process(w, w.Clock, 10*time.Millisecond)
		heard := bells(store)
		start(t, crew)

		w.Clock.Advance(23 * time.Hour)

		inboxtest.Same(t, "told", (<-heard).Type, models.WindowClosingSoon)
	})
	t.Run("hands rows of one organization to one handler, and outlives its panic", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("999")
		for i := range 3 {
			w.CustomerWrites(fmt.Sprint(491700+i), "hello?")
			n.CustomerWrites(fmt.Sprint(491800+i), "hello?")
		}
		w.Clock.Advance(23 * time.Hour)
		got := map[string]int{}
		crew := workers.New(w.Store, inboxtest.Quiet, time.Hour, []workers.Kind{{
			Due: models.DueWindows, Lease: time.Minute, Slots: 1,
			HandleBatch: func(_ context.Context, organizationID string, ids []string) error {
				got[organizationID] += 10 + len(ids)
				panic("poison")
			},
		}})

		done, err := crew.RunOnce(w.Context(), models.DueWindows)

		w.Must(err)
		inboxtest.Same(t, "rows", done, 6)
		inboxtest.Same(t, "handlers and rows", got, map[string]int{w.Org.ID: 13, n.Org.ID: 13})
	})
}
