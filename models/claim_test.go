package models_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/models"
)

func (w *world) claim(t testing.TB, kind models.JobKind, limit int) (ids []string) {
	t.Helper()
	jobs, err := w.store.Claim(patience(t), kind, limit, time.Minute)
	must(t, err)
	for _, j := range jobs {
		if j.OrganizationID != w.org.ID {
			t.Errorf("claimed %s of %s", j.ID, j.OrganizationID)
		}
		ids = append(ids, j.ID)
	}
	return ids
}

// queued makes an outbound message that is due some time from now.
func (w *world) queued(c *models.Conversation, due time.Duration) *models.Message {
	w.t.Helper()
	return w.message(c, models.OutboundMessage, func(m *models.Message) { m.DueAt = ptr(w.clock.Now().Add(due)) })
}

// settle says that a message needs nobody any more.
func (w *world) settle(m *models.Message) {
	w.t.Helper()
	w.system(func(tx *models.Tx) error {
		m.DueAt = nil
		return tx.Update(m, "due_at")
	})
}

func TestClaim(t *testing.T) {
	t.Parallel()

	t.Run("takes what is due, in order, no more than asked, and nothing else", func(t *testing.T) {
		t.Parallel()
		w := newOwnWorld(t)
		due := make(map[time.Duration]string)
		for i, after := range []time.Duration{-time.Minute, time.Microsecond, -time.Hour, 0, time.Hour} {
			due[after] = w.queued(w.conversation(fmt.Sprint(i), nil), after).ID
		}
		w.message(w.conversation("never", nil), models.OutboundMessage, nil)
		first, rest := w.claim(t, models.DueMessages, 1), w.claim(t, models.DueMessages, 10)
		slices.Sort(rest) // an UPDATE does not return in order
		want := []string{due[-time.Minute], due[0]}
		slices.Sort(want)
		if !slices.Equal(first, []string{due[-time.Hour]}) || !slices.Equal(rest, want) {
			t.Errorf("got %v, then %v, of %v", first, rest, due)
		}
		if again := w.claim(t, models.DueMessages, 10); len(again) > 0 {
			t.Errorf("claimed %v again", again)
		}
	})

	t.Run("gives rows back when the lease is over", func(t *testing.T) {
		t.Parallel()
		w := newOwnWorld(t)
		m := w.queued(w.conversation("1", nil), 0)
		for range 3 {
			if got := w.claim(t, models.DueMessages, 10); !slices.Equal(got, []string{m.ID}) {
				t.Fatalf("got %v", got)
			}
			w.clock.Advance(time.Minute - tick)
			if got := w.claim(t, models.DueMessages, 10); len(got) > 0 {
				t.Fatalf("claimed %v during the lease", got)
			}
			w.clock.Advance(tick)
		}
	})

	t.Run("takes only the oldest waiting message of a conversation", func(t *testing.T) {
		t.Parallel()
		w := newOwnWorld(t)
		c, other := w.conversation("1", nil), w.conversation("2", nil)
		first, second := w.queued(c, 0), w.queued(c, -time.Hour)
		elsewhere := w.queued(other, 0)
		got := w.claim(t, models.DueMessages, 10)
		slices.Sort(got)
		if !slices.Equal(got, []string{first.ID, elsewhere.ID}) {
			t.Fatalf("got %v, want %s and %s", got, first.ID, elsewhere.ID)
		}
		if got := w.claim(t, models.DueMessages, 10); len(got) > 0 {
			t.Errorf("%v overtook a message that is being sent", got)
		}
		w.settle(first)
		if got := w.claim(t, models.DueMessages, 10); !slices.Equal(got, []string{second.ID}) {
			t.Errorf("then got %v, want %s", got, second.ID)
		}
	})

	t.Run("lets a message wait for one that is tried again later", func(t *testing.T) {
		t.Parallel()
		w := newOwnWorld(t)
		c := w.conversation("1", nil)
		later := w.queued(c, time.Minute)
		w.queued(c, 0)
		if got := w.claim(t, models.DueMessages, 10); len(got) > 0 {
			t.Errorf("got %v", got)
		}
		w.clock.Advance(time.Minute)
		if got := w.claim(t, models.DueMessages, 10); !slices.Equal(got, []string{later.ID}) {
			t.Errorf("got %v", got)
		}
	})

	t.Run("takes only what was kept first of a channel", func(t *testing.T) {
		t.Parallel()
		w := newOwnWorld(t)
		w.system(func(tx *models.Tx) error {
			for i, due := range []time.Duration{0, -time.Hour} {
				_, err := tx.Quarantine(models.Quarantined{
					ChannelID: w.channel.ID, Reason: models.HeldInactive, ElementCount: i + 1, Body: fmt.Append(nil, i), DueAt: ptr(tx.Now.Add(due)),
				})
				must(t, err)
			}
			return nil
		})
		kept := texts(t, w.raw(), `SELECT id FROM quarantine ORDER BY element_count`)
		if got := w.claim(t, models.DueQuarantined, 10); !slices.Equal(got, kept[:1]) {
			t.Errorf("got %v of %v", got, kept)
		}
	})

	t.Run("never gives one row to two workers", func(t *testing.T) {
		t.Parallel()
		w := newOwnWorld(t)
		want := make(map[string]bool)
		for i := range 60 {
			want[w.queued(w.conversation(fmt.Sprint(i), nil), -time.Duration(i)*time.Second).ID] = true
		}
		var mu sync.Mutex
		taken := make(map[string]int)
		var working sync.WaitGroup
		for range 6 {
			working.Go(func() {
				for { // an empty claim may only mean that others hold what is left: that is theirs then
					jobs, err := w.store.Claim(patience(t), models.DueMessages, 4, time.Minute)
					if err != nil {
						t.Error(err)
					}
					if len(jobs) == 0 {
						return
					}
					mu.Lock()
					for _, j := range jobs {
						taken[j.ID]++
					}
					mu.Unlock()
				}
			})
		}
		working.Wait()
		for id, times := range taken {
			if times > 1 || !want[id] {
				t.Errorf("%s was taken %d times", id, times)
			}
		}
		for _, id := range w.claim(t, models.DueMessages, 100) {
			taken[id]++
		}
		if len(taken) != len(want) {
			t.Errorf("%d of %d were taken", len(taken), len(want))
		}
	})

	t.Run("goes past rows somebody holds", func(t *testing.T) {
		t.Parallel()
		w := newOwnWorld(t)
		held, free := w.queued(w.conversation("1", nil), -time.Hour), w.queued(w.conversation("2", nil), 0)
		w.system(func(tx *models.Tx) error {
			held.Text = "being changed"
			must(t, tx.Update(held, "text"))
			if got := w.claim(t, models.DueMessages, 10); !slices.Equal(got, []string{free.ID}) {
				t.Errorf("got %v", got)
			}
			return nil
		})
		if got := w.claim(t, models.DueMessages, 10); !slices.Equal(got, []string{held.ID}) {
			t.Errorf("then got %v", got)
		}
	})

	t.Run("knows everything that can be due", func(t *testing.T) {
		t.Parallel()
		w := newOwnWorld(t)
		soon := w.clock.Now().Add(time.Hour)
		want := map[models.JobKind]string{models.DueInboxes: w.org.ID, models.DueLogs: w.org.ID}
		want[models.DueWindows] = w.conversation("1", func(c *models.Conversation) { c.WindowDueAt = &soon }).ID
		w.conversation("2", nil)
		w.system(func(tx *models.Tx) error {
			o, err := tx.LockOrganization()
			must(t, err)
			o.InactivityDueAt, o.EventsDueAt = &soon, &soon
			must(t, tx.UpdateOrganization(o, "inactivity_due_at", "events_due_at"))
			for _, due := range []*time.Time{nil, &soon} {
				_, err = tx.Quarantine(models.Quarantined{
					ChannelID: w.channel.ID, Reason: models.HeldInactive, ElementCount: 1, Body: fmt.Append(nil, due), DueAt: due,
				})
				must(t, err)
			}
			return nil
		})
		want[models.DueQuarantined] = texts(t, w.raw(), `SELECT id FROM quarantine WHERE due_at IS NOT NULL`)[0]

		w.clock.Advance(time.Hour - tick)
		for kind := range want {
			if got := w.claim(t, kind, 10); len(got) > 0 {
				t.Errorf("%s: claimed %v too early", kind, got)
			}
		}
		w.clock.Advance(tick)
		for kind, id := range want {
			if got := w.claim(t, kind, 10); !slices.Equal(got, []string{id}) {
				t.Errorf("%s: got %v, want %s", kind, got, id)
			}
			if got := w.claim(t, kind, 10); len(got) > 0 {
				t.Errorf("%s: claimed %v again", kind, got)
			}
		}
	})

	t.Run("does not know other kinds", func(t *testing.T) {
		t.Parallel()
		if _, err := newWorld(t).store.Claim(context.Background(), "nothing", 1, time.Minute); err == nil {
			t.Error("claimed nothing")
		}
	})
}
