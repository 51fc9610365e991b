package models_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"parley/models"
)

// limit limits a member to channels.
func (w *world) limit(v models.Viewer, channels ...*models.Channel) {
	w.t.Helper()
	w.system(func(tx *models.Tx) error {
		m, err := tx.LockMembership(v.UserID)
		must(w.t, err)
		m.ChannelIDs = models.Array[string]{}
		for _, c := range channels {
			m.ChannelIDs = append(m.ChannelIDs, c.ID)
		}
		return tx.Update(m, "channel_ids")
	})
}

// counts are the rows of each table that somebody behind the wall sees.
func counts(t *testing.T, tx pgx.Tx, tables []string) map[string]int {
	t.Helper()
	counts := make(map[string]int)
	for _, table := range tables {
		var n int
		must(t, tx.QueryRow(context.Background(), `SELECT count(*) FROM `+table).Scan(&n))
		counts[table] = n
	}
	return counts
}

func TestLimitedRole(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	w.furnish()
	c := w.raw()
	tables := texts(t, c, `SELECT polrelid::regclass::text FROM pg_policy WHERE NOT polpermissive`)
	seen := func(t *testing.T, role string, channels *string) map[string]int {
		tx := behindTheWall(t, c, w.org.ID)
		defer func() { _ = tx.Rollback(context.Background()) }()
		_, err := tx.Exec(context.Background(), `SELECT set_config('role', $1, TRUE)`, role)
		must(t, err)
		if channels != nil {
			_, err := tx.Exec(context.Background(), `SELECT set_config('app.channels', $1, TRUE)`, *channels)
			must(t, err)
		}
		return counts(t, tx, tables)
	}
	all := seen(t, "parley_app", nil)
	for _, test := range []struct {
		name     string
		channels *string
		sees     bool
	}{
		{"sees all of its channel", &w.channel.ID, true},
		{"sees all of one channel of many", ptr("chn_other," + w.channel.ID), true},
		{"sees nothing of another channel", ptr("chn_other"), false},
		{"sees nothing without channels", ptr(""), false},
		{"sees nothing if the door did not say", nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			for table, n := range seen(t, "parley_limited", test.channels) {
				if want := all[table]; want == 0 || test.sees && n != want || !test.sees && n != 0 {
					t.Errorf("%d of %d rows of %s", n, want, table)
				}
			}
		})
	}
}

func TestLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hidden := w.channel
	shown := w.connect(models.Instagram)
	theirs := w.conversationOn(shown, "ana", nil)
	secret := w.conversationOn(hidden, "491701", nil)
	for _, c := range []*models.Conversation{theirs, secret} {
		w.message(c, models.InboundMessage, func(m *models.Message) { m.ExternalID, m.Text = ptr("x"+c.ID), "tulips" })
	}
	w.limit(w.agent, shown)
	ctx := context.Background()
	look := func(t *testing.T, v models.Viewer, fn func(*models.Tx) error) {
		t.Helper()
		must(t, w.store.Read(ctx, v, models.ViewInbox, fn))
	}
	standing, err := w.store.Stand(ctx, w.agent, models.ViewInbox)
	must(t, err)

	for name, viewer := range map[string]models.Viewer{"the member": w.agent, "who shares their sight": models.Sight(w.org.ID, standing.Access)} {
		t.Run(name+" reads and searches what is theirs", func(t *testing.T) {
			for _, f := range []models.ConversationFilter{{}, {Text: ptr("tulips")}, {Text: ptr("491701")}, {ChannelIDs: []string{hidden.ID}}} {
				want := 1
				if f.ChannelIDs != nil || f.Text != nil && *f.Text == "491701" {
					want = 0
				}
				look(t, viewer, func(tx *models.Tx) error {
					list, err := tx.ListConversations(f, models.NewestActivity, models.Page{})
					if err != nil || len(list.Edges) != want || want == 1 && list.Edges[0].Node.ID != theirs.ID {
						t.Errorf("%+v shows %d, %v", f, len(list.Edges), err)
					}
					return nil
				})
				_, list, err := w.store.Glance(ctx, viewer, models.ViewInbox, models.ConversationColumns{}, f, models.NewestActivity, models.Page{})
				if err != nil || len(list.Edges) != want {
					t.Errorf("a glance at %+v shows %d, %v", f, len(list.Edges), err)
				}
			}
			look(t, viewer, func(tx *models.Tx) error {
				wantCode(t, tx.Find(&models.Conversation{}, secret.ID), models.NotFound)
				wantCode(t, tx.Find(&models.Contact{}, secret.ContactID), models.NotFound)
				return tx.Find(&models.Contact{}, theirs.ContactID)
			})
			tx, facts, err := w.store.OpenReadAbout(ctx, viewer, models.ViewInbox, models.About{Conversations: []string{theirs.ID, secret.ID}, Identities: true})
			must(t, err)
			defer tx.Close()
			if len(facts.Conversations) != 1 || len(facts.Identities) != 1 {
				t.Errorf("a response begins with %d conversations and %d people", len(facts.Conversations), len(facts.Identities))
			}
		})
	}
	t.Run("the directory has their channels, and nobody else's lacks any", func(t *testing.T) {
		channels := func(v models.Viewer) (n int) {
			look(t, v, func(tx *models.Tx) error {
				d, err := tx.Directory()
				if d != nil {
					n = len(d.Channels)
				}
				return err
			})
			return n
		}
		got := []int{channels(w.agent), channels(w.owner), channels(w.agent), channels(w.owner)}
		if got[0] > 1 || got[1] != 2 || got[2] != 1 || got[3] != 2 {
			t.Errorf("directories have %v channels", got)
		}
	})
	t.Run("changes nothing that is not theirs", func(t *testing.T) {
		do := func(fn func(*models.Tx) error) error { return w.store.Do(ctx, w.agent, models.ChangeStatus, fn) }
		wantCode(t, do(func(tx *models.Tx) error { return tx.Lock(&models.Conversation{}, secret.ID) }), models.NotFound)
		wantCode(t, do(func(tx *models.Tx) error { c := *secret; return tx.Update(&c, "status") }), models.NotFound)
		if do(func(tx *models.Tx) error { c := *theirs; c.ChannelID = hidden.ID; return tx.Update(&c, "channel_id") }) == nil {
			t.Error("a conversation was moved out of sight")
		}
		if do(func(tx *models.Tx) error {
			tx.Record(models.Event{Type: models.ConversationRead, ConversationID: secret.ID, ChannelID: hidden.ID})
			return nil
		}) == nil {
			t.Error("an event was recorded out of sight")
		}
		must(t, do(func(tx *models.Tx) error {
			tx.Record(models.Event{Type: models.ConversationRead, ConversationID: theirs.ID, ChannelID: shown.ID})
			return nil
		}))
	})
	t.Run("owners and admins cannot be", func(t *testing.T) {
		err := w.store.Do(ctx, models.System(w.org.ID), models.KeepTheClock, func(tx *models.Tx) error {
			m, err := tx.LockMembership(w.owner.UserID)
			must(t, err)
			m.ChannelIDs = models.Array[string]{shown.ID}
			return tx.Update(m, "channel_ids")
		})
		if err == nil {
			t.Error("an owner was limited")
		}
	})
}

func TestEntering(t *testing.T) {
	t.Parallel()
	t.Run("looks up each row by an index", func(t *testing.T) {
		t.Parallel()
		c := newWorld(t).raw()
		for _, statement := range []string{
			`SET enable_seqscan = off`, // of tables this small it would be cheaper
			`SET plan_cache_mode = force_generic_plan`,
			`PREPARE entering (TEXT, TEXT, TEXT, TIMESTAMPTZ, TEXT) AS ` + models.Entering,
		} {
			_, err := c.Exec(context.Background(), statement)
			must(t, err)
		}
		plan := strings.Join(texts(t, c, `EXPLAIN EXECUTE entering('org', 'usr', 'tok', now(), NULL)`), "\n")
		if strings.Count(plan, "Index Scan") != 4 || strings.Contains(plan, "Seq Scan") {
			t.Errorf("it is read otherwise:\n%s", plan)
		}
	})
}

func TestSees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limit(w.agent, w.channel)
	access := func(v models.Viewer) models.Access {
		standing, err := w.store.Stand(context.Background(), v, models.ViewInbox)
		must(t, err)
		return standing.Access
	}
	limited, all := access(w.agent), access(w.owner)
	for _, test := range []struct {
		name  string
		event models.Event
		sees  bool
	}{
		{"on the channel", models.Event{ChannelID: w.channel.ID, ConversationID: "cnv"}, true},
		{"on another channel", models.Event{ChannelID: "chn_other", ConversationID: "cnv"}, false},
		{"on a channel whose id is a part of it", models.Event{ChannelID: w.channel.ID[:10]}, false},
		{"of the organization", models.Event{Type: models.InboxDeactivatedEvent}, true},
		{"of a conversation nobody says the channel of", models.Event{ConversationID: "cnv"}, false},
		{"of a message nobody says the channel of", models.Event{MessageID: "msg"}, false},
	} {
		if got := limited.Sees(test.event); got != test.sees {
			t.Errorf("an event %s: %v", test.name, got)
		}
		if !all.Sees(test.event) {
			t.Errorf("an owner does not see an event %s", test.name)
		}
	}
	if limited == access(w.visitor) || limited.String() == access(w.visitor).String() {
		t.Error("the limited and the unlimited share a sight")
	}
}
