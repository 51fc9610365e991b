package models_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"parley/models"
)

// sorts are the orders of conversations, by the time that decides.
var sorts = map[models.ConversationSort]func(*models.Conversation) time.Time{
	models.NewestActivity:  func(c *models.Conversation) time.Time { return c.LastActivityAt },
	models.OldestWaiting:   func(c *models.Conversation) time.Time { return *c.WaitingSince },
	models.WindowExpiresIn: func(c *models.Conversation) time.Time { return *c.WindowExpiresAt },
}

// inOrder is what a list has to show: by time, then by id, newest first for NewestActivity.
func inOrder(sort models.ConversationSort, all []*models.Conversation) []string {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b *models.Conversation) int {
		order := cmp.Or(sorts[sort](a).Compare(sorts[sort](b)), cmp.Compare(a.ID, b.ID))
		if sort == models.NewestActivity {
			return -order
		}
		return order
	})
	ids := make([]string, len(sorted))
	for i, c := range sorted {
		ids[i] = c.ID
	}
	return ids
}

// at makes a conversation whose every time is some minutes from now.
func (w *world) at(name string, minutes int) *models.Conversation {
	w.t.Helper()
	when := w.clock.Now().Add(time.Duration(minutes) * time.Minute)
	return w.conversation(name, func(c *models.Conversation) {
		c.LastActivityAt, c.WaitingSince, c.WindowExpiresAt = when, &when, &when
	})
}

func (w *world) list(t testing.TB, f models.ConversationFilter, s models.ConversationSort, p models.Page) (c *models.ConversationConnection) {
	t.Helper()
	must(t, w.store.Read(context.Background(), w.owner, models.ViewInbox, func(tx *models.Tx) (err error) {
		c, err = tx.ListConversations(f, s, p)
		return err
	}))
	return c
}

// walk goes through a list page by page, and calls between after each.
func (w *world) walk(t *testing.T, s models.ConversationSort, size int, backward bool, between func()) (ids []string) {
	t.Helper()
	var cursor *string
	for range 1000 {
		page := models.Page{First: &size, After: cursor}
		if backward {
			page = models.Page{Last: &size, Before: cursor}
		}
		list := w.list(t, models.ConversationFilter{}, s, page)
		var here []string
		for _, e := range list.Edges {
			here = append(here, e.Node.ID)
		}
		if len(here) > size {
			t.Fatalf("a page of %d has %d entries", size, len(here))
		}
		more := list.PageInfo.HasNextPage
		if backward {
			ids, more, cursor = append(here, ids...), list.PageInfo.HasPreviousPage, list.PageInfo.StartCursor
		} else {
			ids, cursor = append(ids, here...), list.PageInfo.EndCursor
		}
		if !more {
			return ids
		}
		between()
	}
	t.Fatal("the list has no end")
	return nil
}

func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	random := rand.New(rand.NewPCG(8, 9))
	var all []*models.Conversation
	for i := range 23 {
		all = append(all, w.at(fmt.Sprint(i), random.IntN(6))) // many at one time
	}

	for sort := range sorts {
		for _, backward := range []bool{false, true} {
			for _, size := range []int{1, 7, 22, 23} {
				t.Run(fmt.Sprintf("%s, %d at a time, backward: %t", sort, size, backward), func(t *testing.T) {
					got := w.walk(t, sort, size, backward, func() {})
					if want := inOrder(sort, all); !slices.Equal(got, want) {
						t.Errorf("got  %v\nwant %v", got, want)
					}
				})
			}
		}
	}

	t.Run("has cursors that stay what they are", func(t *testing.T) {
		edge := w.list(t, models.ConversationFilter{}, models.NewestActivity, models.Page{First: ptr(1)}).Edges[0]
		place, err := base64.RawURLEncoding.DecodeString(edge.Cursor)
		must(t, err)
		at, err := json.Marshal(edge.Node.LastActivityAt)
		must(t, err)
		if want := `{"c":"last_activity_at","t":` + string(at) + `,"i":"` + edge.Node.ID + `"}`; string(place) != want {
			t.Errorf("got %s, want %s", place, want)
		}
	})
	t.Run("says what lies around", func(t *testing.T) {
		want := inOrder(models.NewestActivity, all)
		first := w.list(t, models.ConversationFilter{}, models.NewestActivity, models.Page{First: ptr(5)})
		second := w.list(t, models.ConversationFilter{}, models.NewestActivity, models.Page{First: ptr(5), After: first.PageInfo.EndCursor})
		back := w.list(t, models.ConversationFilter{}, models.NewestActivity, models.Page{Last: ptr(5), Before: second.PageInfo.StartCursor})
		between := w.list(t, models.ConversationFilter{}, models.NewestActivity,
			models.Page{First: ptr(100), After: first.PageInfo.StartCursor, Before: second.PageInfo.EndCursor})
		if p := first.PageInfo; p.HasPreviousPage || !p.HasNextPage || *p.StartCursor != first.Edges[0].Cursor || *p.EndCursor != first.Edges[4].Cursor {
			t.Errorf("first: %+v", p)
		}
		if p := second.PageInfo; !p.HasPreviousPage || !p.HasNextPage {
			t.Errorf("second: %+v", p)
		}
		if p := back.PageInfo; p.HasPreviousPage || !p.HasNextPage || back.Edges[0].Node.ID != want[0] || len(back.Edges) != 5 {
			t.Errorf("back: %+v", p)
		}
		if len(between.Edges) != 8 || between.Edges[0].Node.ID != want[1] {
			t.Errorf("between: %d entries", len(between.Edges))
		}
	})

	t.Run("has 25 entries unless asked", func(t *testing.T) {
		w := newWorld(t)
		for i := range 26 {
			w.at(fmt.Sprint(i), i)
		}
		if list := w.list(t, models.ConversationFilter{}, models.NewestActivity, models.Page{}); len(list.Edges) != 25 || !list.PageInfo.HasNextPage {
			t.Errorf("%d entries, more: %t", len(list.Edges), list.PageInfo.HasNextPage)
		}
	})

	t.Run("is empty without cursors where there is nothing", func(t *testing.T) {
		list := w.neighbour().list(t, models.ConversationFilter{}, models.NewestActivity, models.Page{})
		if len(list.Edges) != 0 || len(list.Nodes()) != 0 || list.PageInfo != (models.PageInfo{}) {
			t.Errorf("got %+v", list)
		}
	})

	t.Run("says where in the log it was read", func(t *testing.T) {
		w := newWorld(t)
		w.at("1", 0)
		w.record(3)
		w.look(func(tx *models.Tx) error {
			w.record(1)
			list, err := tx.ListConversations(models.ConversationFilter{}, models.NewestActivity, models.Page{})
			must(t, err)
			if list.EventCursor != models.EventCursor(3) {
				t.Errorf("got %s", list.EventCursor)
			}
			return nil
		})
	})
}

// TestPagesUnderInserts: a list grows while it is read, also with what carries an old time.
func TestPagesUnderInserts(t *testing.T) {
	t.Parallel()
	for sort := range sorts {
		for _, backward := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, backward: %t", sort, backward), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				random := rand.New(rand.NewPCG(10, 11))
				var there []*models.Conversation
				for i := range 20 {
					there = append(there, w.at(fmt.Sprint(i), random.IntN(6)))
				}
				came := 0
				got := w.walk(t, sort, 3, backward, func() {
					if came++; came <= 8 {
						w.at(fmt.Sprint("new ", came), random.IntN(6))
					}
				})
				known := make(map[string]bool)
				for _, id := range got {
					if known[id] {
						t.Errorf("%s was shown twice", id)
					}
					known[id] = true
				}
				want := inOrder(sort, there)
				got = slices.DeleteFunc(got, func(id string) bool { return !slices.Contains(want, id) })
				if !slices.Equal(got, want) {
					t.Errorf("of what was there got %v, want %v", got, want)
				}
			})
		}
	}
}

func TestPageRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.at("1", 0)
	good := w.list(t, models.ConversationFilter{}, models.NewestActivity, models.Page{}).PageInfo.EndCursor
	encode := func(s string) *string { return ptr(base64.RawURLEncoding.EncodeToString([]byte(s))) }
	for _, test := range []struct {
		name  string
		page  models.Page
		code  models.ErrorCode
		field string
	}{
		{"no entries", models.Page{First: ptr(0)}, models.InvalidInput, "first"},
		{"fewer than none", models.Page{First: ptr(-1)}, models.InvalidInput, "first"},
		{"more than a hundred", models.Page{First: ptr(101)}, models.InvalidInput, "first"},
		{"no last entries", models.Page{Last: ptr(0)}, models.InvalidInput, "last"},
		{"more than the last hundred", models.Page{Last: ptr(101)}, models.InvalidInput, "last"},
		{"first and last together", models.Page{First: ptr(1), Last: ptr(1)}, models.InvalidInput, "last"},
		{"an empty cursor", models.Page{After: ptr("")}, models.InvalidCursor, "after"},
		{"words for a cursor", models.Page{After: ptr("page 2, please")}, models.InvalidCursor, "after"},
		{"a cursor of the event log", models.Page{After: ptr(models.EventCursor(7))}, models.InvalidCursor, "after"},
		{"half a cursor", models.Page{Last: ptr(1), Before: ptr((*good)[:len(*good)/2])}, models.InvalidCursor, "before"},
		{"a cursor with a tail", models.Page{After: ptr(*good + "AAAA")}, models.InvalidCursor, "after"},
		{"a cursor without an id", models.Page{After: encode(`{"t":"2026-03-01T12:00:00Z"}`)}, models.InvalidCursor, "after"},
		{"a cursor without sense", models.Page{After: encode(`{"t":7,"i":"cnv_1"}`)}, models.InvalidCursor, "after"},
		{"a cursor of another age", models.Page{After: encode(`{"t":"99999-03-01T12:00:00Z","i":"cnv_1"}`)}, models.InvalidCursor, "after"},
		{"a cursor of another list", models.Page{After: encode(`{"c":"created_at","t":"2026-03-01T12:00:00Z","i":"cnv_1"}`)}, models.InvalidCursor, "after"},
		{"a cursor PostgreSQL would choke on", models.Page{After: encode(`{"t":"2026-03-01T12:00:00Z","i":"cnv_\u0000"}`)}, models.InvalidCursor, "after"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for sort := range sorts {
				err := w.store.Read(context.Background(), w.owner, models.ViewInbox, func(tx *models.Tx) error {
					_, err := tx.ListConversations(models.ConversationFilter{}, sort, test.page)
					return err
				})
				wantCode(t, err, test.code)
				if refusal, ok := err.(*models.Error); ok && refusal.Field != test.field { //nolint:errorlint // it is shown as it is
					t.Errorf("blames %s", refusal.Field)
				}
			}
		})
	}
}

func TestOtherLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.conversation("1", nil)
	var messages, teams, channels []string
	for i := range 7 {
		messages = append(messages, w.message(c, models.InboundMessage, func(m *models.Message) {
			m.CreatedAt = w.clock.Now().Add(time.Duration(i/3) * time.Second)
		}).ID)
	}
	channels = append(channels, w.channel.ID)
	w.system(func(tx *models.Tx) error {
		for _, name := range []string{"c", "a", "b"} {
			team := tx.NewTeam(name)
			teams = append(teams, team.ID)
			must(t, tx.Create(team))
		}
		return nil
	})
	for _, p := range []models.Platform{models.Telegram, models.SMS} {
		channels = append(channels, w.connect(p).ID)
	}

	t.Run("messages, oldest first", func(t *testing.T) {
		wantWalk(t, w, messages, func(tx *models.Tx, p models.Page) (*models.MessageConnection, error) { return tx.ListMessages(c.ID, p) },
			func(m *models.Message) string { return m.ID })
	})
	t.Run("teams, oldest first", func(t *testing.T) {
		wantWalk(t, w, teams, func(tx *models.Tx, p models.Page) (*models.TeamConnection, error) { return tx.ListTeams(p) },
			func(m *models.Team) string { return m.ID })
	})
	t.Run("channels, oldest first", func(t *testing.T) {
		wantWalk(t, w, channels, func(tx *models.Tx, p models.Page) (*models.ChannelConnection, error) { return tx.ListChannels(p) },
			func(m *models.Channel) string { return m.ID })
	})
	t.Run("tokens of the user that can be used", func(t *testing.T) {
		first, _ := w.token(nil)
		revoked, _ := w.token(nil)
		w.revoke(revoked)
		w.token(ptr(w.clock.Now())) // just expired
		last, _ := w.token(ptr(w.clock.Now().Add(tick)))
		wantWalk(t, w, []string{first.ID, last.ID}, func(tx *models.Tx, p models.Page) (*models.ApiTokenConnection, error) {
			return tx.ListTokens(w.agent.UserID, p)
		}, func(m *models.Token) string { return m.ID })
	})
}

// wantWalk goes through a list two at a time, both ways.
func wantWalk[T any](t *testing.T, w *world, want []string, list func(*models.Tx, models.Page) (*models.Connection[T], error), id func(*T) string) {
	t.Helper()
	w.look(func(tx *models.Tx) error {
		var forward, backward []string
		down, up := models.Page{First: ptr(2)}, models.Page{Last: ptr(2)}
		for range want {
			page, err := list(tx, down)
			must(t, err)
			for _, n := range page.Nodes() {
				forward = append(forward, id(n))
			}
			if down.After = page.PageInfo.EndCursor; !page.PageInfo.HasNextPage {
				break
			}
		}
		for range want {
			page, err := list(tx, up)
			must(t, err)
			for _, n := range slices.Backward(page.Nodes()) {
				backward = append(backward, id(n))
			}
			if up.Before = page.PageInfo.StartCursor; !page.PageInfo.HasPreviousPage {
				break
			}
		}
		slices.Reverse(backward)
		if !slices.Equal(forward, want) || !slices.Equal(backward, want) {
			t.Errorf("got %v forward and %v backward, want %v", forward, backward, want)
		}
		return nil
	})
}

func FuzzListCursor(f *testing.F) {
	for _, seed := range []string{"", "e30", "bnVsbA", base64.RawURLEncoding.EncodeToString([]byte(`{"t":"2026-03-01T12:00:00Z","i":"cnv_1"}`)),
		base64.RawURLEncoding.EncodeToString([]byte(`{"i":"\u0000"}`)), base64.RawURLEncoding.EncodeToString([]byte(`{"i":"x","t":"0000-01-01T00:00:00+23:59"}`))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := models.ParseListCursor(text, "after")
		if err != nil {
			wantCode(t, err, models.InvalidCursor)
			return
		}
		if c.ID == "" || !postgresTakes(c.ID) || c.At.Year() < -1 || c.At.Year() > 10000 {
			t.Errorf("%q is %+v", text, c)
		}
	})
}

func FuzzEventCursor(f *testing.F) {
	for _, seed := range []string{"", models.EventCursor(0), models.EventCursor(1 << 62), "ZXZlbnQ6LTE", "ZXZlbnQ6KzE", "ZXZlbnQ6OTIyMzM3MjAzNjg1NDc3NTgwOA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		seq, err := models.ParseEventCursor(text)
		if err != nil {
			wantCode(t, err, models.InvalidCursor)
			return
		}
		if again, err := models.ParseEventCursor(models.EventCursor(seq)); seq < 0 || again != seq || err != nil {
			t.Errorf("%q is %d, then %d, %v", text, seq, again, err)
		}
	})
}
