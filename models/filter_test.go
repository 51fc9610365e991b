package models_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"parley/models"
)

func postgresTakes(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

func TestConversationFilter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	telegram := w.connect(models.Telegram)
	var team *models.Team
	w.system(func(tx *models.Tx) error {
		team = tx.NewTeam("First line")
		return tx.Create(team)
	})
	now := w.clock.Now()
	names := make(map[string]string) // of conversations, by id
	for name, change := range map[string]func(*models.Conversation){
		"new":      func(c *models.Conversation) { c.WindowExpiresAt, c.WaitingSince = ptr(now.Add(day)), &now },
		"pending":  func(c *models.Conversation) { c.Status, c.AssigneeUserID = models.Pending, &w.agent.UserID },
		"resolved": func(c *models.Conversation) { c.Status, c.AssigneeTeamID = models.Resolved, &team.ID },
		"both":     func(c *models.Conversation) { c.AssigneeUserID, c.AssigneeTeamID = &w.owner.UserID, &team.ID },
		"closing":  func(c *models.Conversation) { c.WindowExpiresAt = ptr(now.Add(time.Hour)) },
		"closed":   func(c *models.Conversation) { c.WindowExpiresAt = ptr(now.Add(-time.Hour)) },
		"comment":  func(c *models.Conversation) { c.Surface = models.Comment },
	} {
		names[w.conversation(name, change).ID] = name
	}
	names[w.conversationOn(telegram, "telegram", nil).ID] = "telegram"

	yes, no := true, false
	for _, test := range []struct {
		name   string
		filter models.ConversationFilter
		sort   models.ConversationSort
		want   string
	}{
		{"nothing", models.ConversationFilter{}, "", "both closed closing comment new pending resolved telegram"},
		{"a status", models.ConversationFilter{Statuses: []models.ConversationStatus{models.Pending}}, "", "pending"},
		{"statuses", models.ConversationFilter{Statuses: []models.ConversationStatus{models.Pending, models.Resolved}}, "", "pending resolved"},
		{"a channel", models.ConversationFilter{ChannelIDs: []string{telegram.ID, "chn_unknown"}}, "", "telegram"},
		{"a platform", models.ConversationFilter{Platforms: []models.Platform{models.Telegram}}, "", "telegram"},
		{"a surface", models.ConversationFilter{Surfaces: []models.Surface{models.Comment}}, "", "comment"},
		{"an assignee", models.ConversationFilter{AssigneeUserID: &w.agent.UserID}, "", "pending"},
		{"a team", models.ConversationFilter{AssigneeTeamID: &team.ID}, "", "both resolved"},
		{"unassigned", models.ConversationFilter{Unassigned: &yes}, "", "closed closing comment new telegram"},
		{"assigned", models.ConversationFilter{Unassigned: &no}, "", "both pending resolved"},
		{"an assignee of the unassigned", models.ConversationFilter{Unassigned: &yes, AssigneeUserID: &w.agent.UserID}, "", ""},
		{"open windows", models.ConversationFilter{WindowStates: []models.WindowState{models.WindowOpen}}, "", "new"},
		{"windows that close soon", models.ConversationFilter{WindowStates: []models.WindowState{models.WindowIsClosing}}, "", "closing"},
		{"closed windows", models.ConversationFilter{WindowStates: []models.WindowState{models.WindowIsClosed}}, "", "both closed pending resolved"},
		{"no windows", models.ConversationFilter{WindowStates: []models.WindowState{models.WindowUnlimited}}, "", "telegram"},
		{"an unknown window", models.ConversationFilter{WindowStates: []models.WindowState{"AJAR"}}, "", ""},
		{"a status and a team", models.ConversationFilter{Statuses: []models.ConversationStatus{models.New}, AssigneeTeamID: &team.ID}, "", "both"},
		{"windows that close soon of the resolved", models.ConversationFilter{
			Statuses: []models.ConversationStatus{models.Resolved}, WindowStates: []models.WindowState{models.WindowIsClosing, models.WindowOpen},
		}, "", ""},
		{"those that wait", models.ConversationFilter{}, models.OldestWaiting, "new"},
		{"those with a window to come", models.ConversationFilter{}, models.WindowExpiresIn, "closing new"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, c := range w.list(t, test.filter, test.sort, models.Page{}).Nodes() {
				got = append(got, names[c.ID])
			}
			slices.Sort(got)
			if want := strings.Fields(test.want); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			if test.sort != "" {
				return
			}
			w.look(func(tx *models.Tx) error {
				for id, name := range names {
					matches, err := tx.Matches(id, test.filter)
					if err != nil || matches != slices.Contains(got, name) {
						t.Errorf("%s matches: %t, %v", name, matches, err)
					}
				}
				return nil
			})
		})
	}

	t.Run("too many values are refused", func(t *testing.T) {
		w.look(func(tx *models.Tx) error {
			full := models.ConversationFilter{ChannelIDs: slices.Repeat([]string{"chn_1"}, 100)}
			if _, err := tx.ListConversations(full, "", models.Page{}); err != nil {
				t.Error(err)
			}
			full.ChannelIDs = append(full.ChannelIDs, "chn_1")
			_, err := tx.ListConversations(full, "", models.Page{})
			wantCode(t, err, models.InvalidInput)
			return nil
		})
	})
}

func TestSearch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	says := func(contact models.Author, text string) (*models.Conversation, *models.Message) {
		w.identity(w.channel, contact)
		c := w.conversation(contact.ID, nil)
		return c, w.message(c, models.InboundMessage, func(m *models.Message) { m.Text = text })
	}
	flowers, _ := says(models.Author{ID: "49151", Name: "Rosa Grünwald", Handle: "rosa.green"},
		"Wo bleiben meine Blumen? Bestellung AB-1234 vom 2026-02-27, info@example.com, 19.90 Euro, https://shop.example/tulips/red?x=1")
	_, hindi := says(models.Author{ID: "91981", Name: "Asha"}, "मेरा हिन्दी संदेश")
	gone, taken := says(models.Author{ID: "33612", Name: "Zoé O'Neill"}, "forget this")
	w.system(func(tx *models.Tx) error {
		taken.DeletedAt = &tx.Now
		return tx.Update(taken, "deleted_at")
	})

	for text, want := range map[string]string{
		"blumen":              flowers.ID,
		"BLUM":                flowers.ID, // the beginning of a word
		"best blei":           flowers.ID,
		"lumen":               "",
		"Blumen Tulpen":       "",
		"rosa":                flowers.ID,
		"grün":                flowers.ID,
		"GRÜNWALD":            flowers.ID,
		"rosa blumen":         "", // one is the contact's, the other the message's: neither has both
		"rosa.green":          flowers.ID,
		"49151":               flowers.ID,
		"+49 151":             "",
		"AB-1234":             flowers.ID,
		"1234":                flowers.ID,
		"2026-02-27":          flowers.ID,
		"info@example.com":    flowers.ID,
		"example.com":         flowers.ID,
		"shop.example/tulips": flowers.ID,
		"19.90":               flowers.ID,
		"हिन्दी":              hindi.ConversationID,
		"हिन":                 hindi.ConversationID,
		"o'neill":             gone.ID,
		"zoé":                 gone.ID,
		"forget":              "", // what was taken back
		"'; DROP TABLE x --":  "",
		"q & | ! ( :* <-> z":  "",
		`\ ' " $1 ? @zz bl:*`: "",
		"x\x00y\xff":          "",
	} {
		t.Run(text, func(t *testing.T) {
			var got []string
			for _, c := range w.list(t, models.ConversationFilter{Text: &text}, "", models.Page{}).Nodes() {
				got = append(got, c.ID)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("found %v, want %s", got, want)
			}
		})
	}

	for name, text := range map[string]string{"nothing to search for": "?!", "too much": strings.Repeat("a", 201)} {
		t.Run("refuses "+name, func(t *testing.T) {
			err := w.store.Read(context.Background(), w.owner, models.ViewInbox, func(tx *models.Tx) error {
				_, err := tx.ListConversations(models.ConversationFilter{Text: &text}, "", models.Page{})
				return err
			})
			wantCode(t, err, models.InvalidInput)
		})
	}
	t.Run("spaces do not narrow", func(t *testing.T) {
		if list := w.list(t, models.ConversationFilter{Text: ptr(" ")}, "", models.Page{}); len(list.Edges) != 3 {
			t.Errorf("found %d", len(list.Edges))
		}
	})
}

func FuzzSearchWords(f *testing.F) {
	for _, seed := range []string{"", "blumen", "a & b", ":*", "' OR 1=1", "x\x00y", "हिन्दी", "\u0301", "ǅ²⅓"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words, err := models.SearchWords(text)
		if err != nil {
			wantCode(t, err, models.InvalidInput)
			return
		}
		if !postgresTakes(words) {
			t.Errorf("%q is %q", text, words)
		}
		for _, word := range strings.Split(words, " & ") {
			if bare, ok := strings.CutSuffix(word, ":*"); !ok || bare == "" || strings.ContainsAny(bare, " &|!():*<>'\\") {
				t.Errorf("%q is %q", text, words)
			}
		}
	})
}
