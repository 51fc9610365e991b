package models_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/models"
)

// glance is what a viewer sees of a list at a glance.
func glance(store *models.Store, v models.Viewer, f models.ConversationFilter, s models.ConversationSort, p models.Page) (*models.ConversationConnection, error) {
	_, list, err := store.Glance(context.Background(), v, models.ViewInbox, models.ConversationColumns{}, f, s, p)
	return list, err
}

func TestGlance(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	other := w.neighbour()
	crowd(t, w, other)
	all := models.ConversationFilter{}
	first := w.list(t, all, models.NewestActivity, models.Page{})

	t.Run("says what reading says", func(t *testing.T) {
		for name, f := range map[string]models.ConversationFilter{
			"everything":    all,
			"two statuses":  {Statuses: []models.ConversationStatus{models.New, models.Resolved}},
			"one channel's": {ChannelIDs: []string{w.channel.ID}},
			"two channels'": {ChannelIDs: []string{w.channel.ID, other.channel.ID}},
			"nobody's":      {Unassigned: ptr(true)},
			"some words":    {Text: ptr("tulip77")},
		} {
			for _, s := range []models.ConversationSort{models.NewestActivity, models.OldestWaiting, models.WindowExpiresIn} {
				pages := []models.Page{{}, {Last: ptr(3)}}
				if s == models.NewestActivity {
					pages = append(pages, models.Page{First: ptr(7), After: first.PageInfo.EndCursor})
				}
				for _, p := range pages {
					want := w.list(t, f, s, p)
					got, err := glance(w.store, w.owner, f, s, p)
					must(t, err)
					if !reflect.DeepEqual(got, want) {
						t.Errorf("%s, %s: it says\n%+v, not\n%+v", name, s, got, want)
					}
				}
			}
		}
	})
	t.Run("tells nothing to whom the door refuses, not even what is wrong with the question", func(t *testing.T) {
		for name, v := range map[string]models.Viewer{
			"nobody":                  {},
			"a stranger":              {Kind: models.ActorUser, OrganizationID: w.org.ID, UserID: other.owner.UserID},
			"a token that is no more": {Kind: models.ActorUser, OrganizationID: w.org.ID, UserID: w.owner.UserID, TokenID: "tok_none"},
		} {
			for _, p := range []models.Page{{}, {After: ptr("nonsense")}, {First: ptr(0)}} {
				list, err := glance(w.store, v, all, models.NewestActivity, p)
				if list != nil || models.CodeOf(err) != models.Unauthenticated {
					t.Errorf("%s is told %v, %v", name, list, err)
				}
			}
		}
	})
	t.Run("leaves its connection to others as it was, also when it goes wrong", func(t *testing.T) {
		alone := openAt(t, w.url, w.clock, 1)
		_, err := glance(alone, w.owner, all, models.NewestActivity, models.Page{})
		must(t, err)
		const connections = `SELECT pid::TEXT FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' ORDER BY 1`
		c := w.raw()
		before := texts(t, c, connections)
		broken := models.ConversationFilter{ChannelIDs: []string{"\x00"}}
		if _, err := glance(alone, w.owner, broken, models.NewestActivity, models.Page{}); !models.IsUnkeepableText(err) {
			t.Errorf("NUL in an id is answered with %v", err)
		}
		over, cancel := context.WithCancel(context.Background())
		cancel()
		if _, _, err := alone.Glance(over, w.owner, models.ViewInbox, models.ConversationColumns{}, all, models.NewestActivity, models.Page{}); err == nil {
			t.Error("nobody waits, and yet it is answered")
		}
		for range 2 {
			got, err := glance(alone, w.owner, all, models.NewestActivity, models.Page{})
			must(t, err)
			if !reflect.DeepEqual(got, first) {
				t.Error("it is not what it was")
			}
			if _, err := alone.OrganizationsOf(patience(t), w.owner.UserID); err != nil {
				t.Errorf("outside of the wall: %v", err)
			}
		}
		if after := texts(t, c, connections); !slices.Equal(after, before) {
			t.Errorf("the connections are %v, no longer %v", after, before)
		}
	})
	t.Run("finds the steady pages in an index whatever is asked", func(t *testing.T) {
		for _, statuses := range [][]models.ConversationStatus{nil, {models.New}, {models.Resolved}, {models.New, models.Pending}, {models.New, models.Resolved}} {
			for _, p := range []models.Page{{}, {After: first.PageInfo.EndCursor}, {Last: ptr(25), Before: first.PageInfo.EndCursor}} {
				steadily(t, w, models.ConversationFilter{Statuses: statuses}, p)
			}
		}
	})
	t.Run("stays behind the wall with a statement that was prepared before it", func(t *testing.T) {
		_, err := w.raw().Exec(context.Background(), `ALTER POLICY tenant ON conversations USING (organization_id = 'org_nobody')`)
		must(t, err)
		for _, store := range []*models.Store{w.store, openAt(t, w.url, w.clock, 1)} {
			list, err := glance(store, w.owner, all, models.NewestActivity, models.Page{})
			must(t, err)
			if len(list.Edges) > 0 {
				t.Error("it sees over the wall")
			}
		}
	})
}

// steadily checks the plan that serves all values of a page.
func steadily(t *testing.T, w *world, f models.ConversationFilter, p models.Page) {
	t.Helper()
	var text string
	var args []any
	must(t, w.store.Read(context.Background(), w.owner, models.ViewInbox, func(tx *models.Tx) (err error) {
		var steady bool
		if text, args, steady, err = tx.Leaf(f, models.NewestActivity, p); !steady {
			t.Errorf("%v varies", f)
		}
		return err
	}))
	values := make([]string, len(args))
	for i, a := range args {
		if at, is := a.(time.Time); is {
			a = at.Format(time.RFC3339Nano)
		}
		values[i] = fmt.Sprintf("'%s'", a)
	}
	tx := behindTheWall(t, w.raw(), w.org.ID)
	for _, statement := range []string{"SET LOCAL plan_cache_mode = force_generic_plan", "PREPARE page AS " + text} {
		_, err := tx.Exec(context.Background(), statement)
		must(t, err)
	}
	rows, err := tx.Query(context.Background(), "EXPLAIN EXECUTE page ("+strings.Join(values, ", ")+")")
	must(t, err)
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var line string
		must(t, rows.Scan(&line))
		plan.WriteString(line + "\n")
	}
	must(t, rows.Err())
	said := plan.String()
	if !strings.Contains(said, "newest on conversations") || strings.Contains(said, "Sort  ") || strings.Contains(said, "Seq Scan") ||
		strings.Contains(said, "Filter: (ROW(") || strings.Contains(text, ", id) ") && !strings.Contains(said, "(ROW(") {
		t.Errorf("%s\nis planned as\n%s", text, said)
	}
}
