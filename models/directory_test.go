package models_test

import (
	"context"
	"testing"

	"parley/models"
)

// directory is what somebody sees now, and how many statements that took beside entering.
func (w *world) directory(t testing.TB, store *models.Store) (d *models.Directory, statements int) {
	t.Helper()
	made, err := store.Statements(func(s *models.Store) error {
		return s.Read(context.Background(), w.owner, models.ViewInbox, func(tx *models.Tx) (err error) {
			d, err = tx.Directory()
			return err
		})
	})
	must(t, err)
	return d, len(made)
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	t.Run("is read once", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		first, cost := w.directory(t, w.store)
		again, nothing := w.directory(t, w.store)
		if cost == 0 || nothing != 0 || first != again {
			t.Errorf("it took %d statements, then %d", cost, nothing)
		}
		if len(first.Users) != 4 || first.Channels[w.channel.ID].Name != w.channel.Name || first.Channels[w.channel.ID].Credentials != nil {
			t.Errorf("it has %d users and the channel %+v", len(first.Users), first.Channels[w.channel.ID])
		}
	})
	t.Run("is never another organization's", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		other := w.neighbour()
		mine, _ := w.directory(t, w.store)
		theirs, _ := other.directory(t, w.store)
		if mine.Channels[other.channel.ID] != nil || theirs.Channels[w.channel.ID] != nil || theirs.Users[w.agent.UserID] != nil {
			t.Error("one organization sees the other")
		}
	})
	for name, change := range map[string]func(*world, *models.Tx) error{
		"a channel is renamed": func(w *world, tx *models.Tx) error {
			w.channel.Name = "Renamed"
			return tx.Update(w.channel, "name")
		},
		"a team is made": func(_ *world, tx *models.Tx) error { return tx.Create(tx.NewTeam("First line")) },
		"the inbox is deactivated": func(_ *world, tx *models.Tx) error {
			o, err := tx.LockOrganization()
			if err != nil {
				return err
			}
			o.InboxStatus = models.InboxIsDeactivated
			return tx.UpdateOrganization(o, "inbox_status")
		},
	} {
		t.Run("is seen anew in every process once "+name+", and not by an older snapshot", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			elsewhere := openAt(t, w.url, w.clock, 0)
			before, _ := w.directory(t, w.store)
			older, err := w.store.OpenRead(context.Background(), w.owner, models.ViewInbox)
			must(t, err)
			defer older.Close()

			must(t, elsewhere.Do(context.Background(), models.System(w.org.ID), models.DeliverMessages, func(tx *models.Tx) error { return change(w, tx) }))

			after, cost := w.directory(t, w.store)
			if cost == 0 || after == before {
				t.Error("what was remembered is shown")
			}
			now, err := older.Directory()
			must(t, err)
			if len(now.Teams) != len(before.Teams) || now.Channels[w.channel.ID].Name != before.Channels[w.channel.ID].Name ||
				now.Organization.InboxStatus != before.Organization.InboxStatus {
				t.Error("an older snapshot sees what is newer")
			}
			if again, cost := w.directory(t, w.store); cost != 0 || again != after {
				t.Error("the older snapshot made the newer one forgotten")
			}
		})
	}
	t.Run("does not change when a channel is polled", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.directory(t, w.store)
		w.system(func(tx *models.Tx) error {
			w.channel.PollMark = "mark"
			return tx.Update(w.channel, "poll_mark")
		})
		if _, cost := w.directory(t, w.store); cost != 0 {
			t.Errorf("it took %d statements", cost)
		}
	})
}
