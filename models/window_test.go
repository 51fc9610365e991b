package models_test

import (
	"context"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"parley/models"
)

const (
	day  = 24 * time.Hour
	lead = 2 * time.Hour // of DefaultRules
	tick = time.Microsecond
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// windowed is a platform that takes free text for a day, and templates after it.
var windowed = models.Capabilities{
	Openings: []models.Opening{{By: models.Writes, For: day}}, ModesInside: []models.ReplyMode{models.FreeForm, models.TemplateMode}, ModesAfter: []models.ReplyMode{models.TemplateMode},
}

func TestWindow(t *testing.T) {
	t.Parallel()
	open, closed := windowed.ModesInside, windowed.ModesAfter
	for _, test := range []struct {
		name    string
		caps    models.Capabilities
		expires *time.Time
		state   models.WindowState
		modes   []models.ReplyMode
	}{
		{"is closed before the contact wrote", windowed, nil, models.WindowIsClosed, closed},
		{"is open", windowed, ptr(noon.Add(day)), models.WindowOpen, open},
		{"is open an instant before its last hours", windowed, ptr(noon.Add(lead + tick)), models.WindowOpen, open},
		{"closes soon in its last hours", windowed, ptr(noon.Add(lead)), models.WindowIsClosing, open},
		{"is open at its last instant", windowed, ptr(noon), models.WindowIsClosing, open},
		{"is closed an instant later", windowed, ptr(noon.Add(-tick)), models.WindowIsClosed, closed},
		{"is closed for good", windowed, ptr(noon.Add(-365 * day)), models.WindowIsClosed, closed},
		{"has no end where the platform has none", models.Capabilities{ModesInside: open}, nil, models.WindowUnlimited, open},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := models.Conversation{WindowExpiresAt: test.expires}.Window(test.caps, models.DefaultRules(), noon)
			want := models.ReplyWindow{State: test.state, ExpiresAt: test.expires, AllowedModes: test.modes}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestMoveWindow(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		before  *time.Time
		at      time.Time
		expires *time.Time // afterwards
		moved   bool
	}{
		{"opens with the first message", nil, noon, ptr(noon.Add(day)), true},
		{"counts from the platform's time", nil, noon.Add(-time.Hour), ptr(noon.Add(day - time.Hour)), true},
		{"stays open longer with the next message", ptr(noon.Add(time.Hour)), noon, ptr(noon.Add(day)), true},
		{"opens again after it was closed", ptr(noon.Add(-day)), noon, ptr(noon.Add(day)), true},
		{"is not shortened by a late message", ptr(noon.Add(day)), noon.Add(-time.Hour), ptr(noon.Add(day)), false},
		{"is not moved by the same message again", ptr(noon.Add(day)), noon, ptr(noon.Add(day)), false},
		{"is not lengthened by a clock that runs ahead", nil, noon.Add(5 * time.Hour), ptr(noon.Add(day)), true},
		{"is known closed when the message comes a day late", nil, noon.Add(-day - tick), ptr(noon.Add(-tick)), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := models.Conversation{WindowExpiresAt: test.before, WindowNotice: models.ClosingNotice}
			moved := c.MoveWindow(windowed, models.DefaultRules(), models.Writes, test.at, noon)
			if moved != test.moved || !c.WindowExpiresAt.Equal(*test.expires) {
				t.Errorf("moved: %t to %v, want %t to %v", moved, c.WindowExpiresAt, test.moved, test.expires)
			}
			if moved && (c.WindowNotice != models.NoNotice || !c.WindowDueAt.Equal(c.WindowExpiresAt.Add(-lead))) {
				t.Errorf("announced %q and due at %v", c.WindowNotice, c.WindowDueAt)
			}
			if !moved && (c.WindowNotice != models.ClosingNotice || c.WindowDueAt != nil) {
				t.Error("what was announced changed, but the window did not move")
			}
		})
	}

	t.Run("does nothing where the platform has no window", func(t *testing.T) {
		t.Parallel()
		var c models.Conversation
		if c.MoveWindow(models.Capabilities{}, models.DefaultRules(), models.Writes, noon, noon) || !reflect.DeepEqual(c, models.Conversation{}) {
			t.Errorf("became %+v", c)
		}
	})

	t.Run("ends the same whatever order the messages come in", func(t *testing.T) {
		t.Parallel()
		random := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			times := make([]time.Time, 1+random.IntN(6))
			for i := range times {
				times[i] = noon.Add(time.Duration(random.Int64N(int64(3*day))) - 2*day)
			}
			latest := slices.MaxFunc(times, time.Time.Compare)
			if latest.After(noon) {
				latest = noon
			}
			var c models.Conversation
			for _, at := range times {
				before := c.WindowExpiresAt
				c.MoveWindow(windowed, models.DefaultRules(), models.Writes, at, noon)
				if before != nil && c.WindowExpiresAt.Before(*before) {
					t.Fatalf("%v: shortened from %v to %v", times, before, c.WindowExpiresAt)
				}
			}
			if want := latest.Add(day); !c.WindowExpiresAt.Equal(want) {
				t.Fatalf("%v: ends at %v, want %v", times, c.WindowExpiresAt, want)
			}
		}
	})
}

func TestAnnounceWindow(t *testing.T) {
	t.Parallel()
	rules := models.DefaultRules()
	expires := noon.Add(day)

	t.Run("says each thing once, at its instant", func(t *testing.T) {
		t.Parallel()
		var c models.Conversation
		c.MoveWindow(windowed, rules, models.Writes, noon, noon)
		for _, step := range []struct {
			name   string
			now    time.Time
			notice models.WindowNotice
			due    bool
			next   *time.Time
		}{
			{"too early", expires.Add(-lead - tick), models.NoNotice, false, ptr(expires.Add(-lead))},
			{"closing", expires.Add(-lead), models.ClosingNotice, true, ptr(expires.Add(tick))},
			{"closing again", expires.Add(-lead), models.ClosingNotice, false, ptr(expires.Add(tick))},
			{"last instant", expires, models.ClosingNotice, false, ptr(expires.Add(tick))},
			{"closed", expires.Add(tick), models.ClosedNotice, true, nil},
			{"closed again", expires.Add(day), models.ClosedNotice, false, nil},
		} {
			notice, due := c.AnnounceWindow(rules, step.now)
			if notice != step.notice || due != step.due || !sameTime(c.WindowDueAt, step.next) {
				t.Errorf("%s: %q, due: %t, next: %v; want %q, %t, %v", step.name, notice, due, c.WindowDueAt, step.notice, step.due, step.next)
			}
			if c.WindowDueAt != nil && !c.WindowDueAt.After(step.now) {
				t.Errorf("%s: would be looked at again at once", step.name)
			}
		}
	})

	t.Run("says only that it closed when it was asked too late", func(t *testing.T) {
		t.Parallel()
		c := models.Conversation{WindowExpiresAt: &expires}
		if notice, due := c.AnnounceWindow(rules, expires.Add(day)); notice != models.ClosedNotice || !due || c.WindowDueAt != nil {
			t.Errorf("got %q, %t, next: %v", notice, due, c.WindowDueAt)
		}
	})

	t.Run("begins anew when the window moved", func(t *testing.T) {
		t.Parallel()
		c := models.Conversation{WindowExpiresAt: &expires, WindowNotice: models.ClosedNotice}
		now := expires.Add(day)
		c.MoveWindow(windowed, rules, models.Writes, now, now)
		if notice, due := c.AnnounceWindow(rules, now.Add(day-lead)); notice != models.ClosingNotice || !due {
			t.Errorf("got %q, %t", notice, due)
		}
	})

	t.Run("has nothing to say of a window that never opened", func(t *testing.T) {
		t.Parallel()
		c := models.Conversation{WindowDueAt: &expires}
		if notice, due := c.AnnounceWindow(rules, noon); notice != models.NoNotice || due || c.WindowDueAt != nil {
			t.Errorf("got %q, %t, next: %v", notice, due, c.WindowDueAt)
		}
	})
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

func TestCannotReply(t *testing.T) {
	t.Parallel()
	open, closed := ptr(noon), ptr(noon.Add(-tick))
	type world struct {
		c models.Conversation
		r models.ReplyContext
	}
	reasons := func(r ...models.CannotReplyReason) []models.CannotReplyReason { return r }
	for _, test := range []struct {
		name   string
		change func(*world)
		want   []models.CannotReplyReason
	}{
		{"nothing is against it", func(*world) {}, nil},
		{"at the window's last instant", func(w *world) { w.c.WindowExpiresAt = open }, nil},
		{"after the window", func(w *world) { w.c.WindowExpiresAt = closed }, reasons(models.CannotWindow)},
		{"a template after the window", func(w *world) { w.c.WindowExpiresAt, w.r.Mode = closed, models.TemplateMode }, nil},
		{"before the contact ever wrote", func(w *world) { w.c.WindowExpiresAt = nil }, reasons(models.CannotWindow)},
		{"a template where there are none", func(w *world) {
			w.r.Mode, w.r.Capabilities.ModesInside = models.TemplateMode, []models.ReplyMode{models.FreeForm}
		}, reasons(models.CannotMode)},
		{"an unknown mode", func(w *world) { w.r.Mode = "PIGEON" }, reasons(models.CannotMode)},
		{"the inbox is deactivated", func(w *world) { w.r.Organization.InboxStatus = models.InboxIsDeactivated }, reasons(models.CannotInactive)},
		{"the channel needs attention", func(w *world) { w.r.Channel.Status = models.NeedsAttention }, reasons(models.CannotDisconnected)},
		{"the channel is disconnected", func(w *world) { w.r.Channel.Status = models.Disconnected }, reasons(models.CannotDisconnected)},
		{"the contact opted out", func(w *world) { w.r.Identity.OptedOutAt = &noon }, reasons(models.CannotOptedOut)},
		{"the contact must start", func(w *world) { w.r.Capabilities.ContactMustStart = true }, reasons(models.CannotStart)},
		{"the contact had to start, and did", func(w *world) {
			w.r.Capabilities.ContactMustStart, w.c.LastInboundID = true, ptr("msg_1")
		}, nil},
		{"everything at once, in order", func(w *world) {
			w.r.Organization.InboxStatus, w.r.Channel.Status = models.InboxIsDeactivated, models.Disconnected
			w.r.Identity.OptedOutAt, w.c.WindowExpiresAt, w.r.Capabilities.ContactMustStart = &noon, closed, true
		}, reasons(models.CannotInactive, models.CannotDisconnected, models.CannotOptedOut, models.CannotWindow, models.CannotStart)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := world{
				c: models.Conversation{WindowExpiresAt: ptr(noon.Add(day))},
				r: models.ReplyContext{
					Capabilities: windowed, Rules: models.DefaultRules(), Mode: models.FreeForm,
					Organization: &models.Organization{InboxStatus: models.InboxIsActive},
					Channel:      &models.Channel{Status: models.Connected}, Identity: &models.ContactIdentity{},
				},
			}
			test.change(&w)
			if got := w.c.CannotReply(w.r, noon); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestReplyContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.conversation("1", func(c *models.Conversation) { c.WindowExpiresAt = ptr(w.clock.Now()) })
	w.look(func(tx *models.Tx) error {
		r, err := tx.ReplyContext(c, models.FreeForm)
		must(t, err)
		if r.Organization.ID != w.org.ID || r.Channel.ID != c.ChannelID || r.Identity.ID != c.IdentityID || r.Capabilities.WindowAfterMessage() != day {
			t.Errorf("got %+v", r)
		}
		if reasons := c.CannotReply(r, tx.Now); len(reasons) > 0 {
			t.Errorf("cannot reply: %v", reasons)
		}
		nowhere := *c
		nowhere.Surface = models.WallPost
		if _, err := tx.ReplyContext(&nowhere, models.FreeForm); err == nil {
			t.Error("a surface the platform does not have was accepted")
		}
		return nil
	})
}

// TestWindowInSQL holds the filter of lists to the rule in Go, for instants around every boundary.
func TestWindowInSQL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	random := rand.New(rand.NewPCG(3, 4))
	start := w.clock.Now()
	edges := []time.Duration{-day, -tick, 0, tick, lead - tick, lead, lead + tick, day}
	channels := []*models.Channel{w.channel, w.connect(models.Telegram)}
	var all []*models.Conversation
	for i := range 60 {
		all = append(all, w.conversationOn(channels[random.IntN(2)], string(rune('a'+i)), func(c *models.Conversation) {
			if i%5 == 0 {
				c.WindowMessagesLeft = ptr(random.IntN(2))
			}
			if i%7 > 0 {
				c.WindowExpiresAt = ptr(start.Add(edges[random.IntN(len(edges))] + time.Duration(random.IntN(3))*time.Hour))
			}
		}))
	}

	states := []models.WindowState{models.WindowUnlimited, models.WindowOpen, models.WindowIsClosing, models.WindowIsClosed}
	moments := []time.Duration{0, tick, lead, time.Hour, 2*time.Hour - tick, 5 * day}
	for range 4 {
		moments = append(moments, time.Duration(random.Int64N(int64(2*day))).Truncate(tick))
	}
	seen := make(map[models.WindowState]int)
	for _, moment := range moments {
		w.clock.Advance(start.Add(moment).Sub(w.clock.Now()))
		must(t, w.store.Read(context.Background(), w.owner, models.ViewInbox, func(tx *models.Tx) error {
			for set := 1; set < 1<<len(states); set++ {
				var filter models.ConversationFilter
				for i, s := range states {
					if set&(1<<i) != 0 {
						filter.WindowStates = append(filter.WindowStates, s)
					}
				}
				var want []string
				for _, c := range all {
					caps, _ := models.CapabilitiesOf(c.Platform, c.Surface)
					if s := c.Window(caps, tx.Rules, tx.Now).State; slices.Contains(filter.WindowStates, s) {
						want = append(want, c.ID)
						seen[s]++
					}
				}
				page, err := tx.ListConversations(filter, models.NewestActivity, models.Page{First: ptr(100)})
				must(t, err)
				if got := sortedIDs(page); !slices.Equal(got, want) {
					t.Errorf("after %v, %v: SQL finds %v, Go %v", moment, filter.WindowStates, got, want)
				}
			}
			return nil
		}))
	}
	if len(seen) != len(states) {
		t.Errorf("not every state occurred: %v", seen)
	}
}

func sortedIDs(c *models.ConversationConnection) []string {
	var ids []string
	for _, c := range c.Nodes() {
		ids = append(ids, c.ID)
	}
	slices.Sort(ids)
	return ids
}

// quota is a platform that takes five messages within two days of a message, and three within a minute of a tap.
var quota = models.Capabilities{
	Openings:    []models.Opening{{By: models.Writes, For: 2 * day, Messages: 5}, {By: models.Taps, For: time.Minute, Messages: 3}},
	ModesInside: []models.ReplyMode{models.FreeForm},
}

func TestWindowOfMessages(t *testing.T) {
	t.Parallel()
	rules := models.DefaultRules()
	var c models.Conversation
	left := func(what string, want int, state models.WindowState) {
		t.Helper()
		if c.WindowMessagesLeft == nil || *c.WindowMessagesLeft != want || c.Window(quota, rules, noon).State != state {
			t.Errorf("%s: %v left, %s", what, c.WindowMessagesLeft, c.Window(quota, rules, noon).State)
		}
	}
	c.MoveWindow(quota, rules, models.Writes, noon, noon)
	left("after a message", 5, models.WindowOpen)
	c.ReturnReply(quota, noon)
	left("never more than it opened with", 5, models.WindowOpen)
	for range 6 {
		c.CountReply()
	}
	left("never less than none", 0, models.WindowIsClosed)
	c.ReturnReply(quota, noon.Add(-tick))
	left("of a message from before the window", 0, models.WindowIsClosed)
	c.ReturnReply(quota, noon)
	left("of a message that failed", 1, models.WindowOpen)
	if c.MoveWindow(quota, rules, models.Taps, noon, noon) || c.MoveWindow(quota, rules, models.Reacts, noon, noon) {
		t.Error("a tap within a longer window moved it, or a reaction did")
	}
	left("after a tap", 1, models.WindowOpen)

	reply := models.ReplyContext{
		Capabilities: quota, Rules: rules, Mode: models.FreeForm, Organization: &models.Organization{InboxStatus: models.InboxIsActive},
		Channel: &models.Channel{Status: models.Connected}, Identity: &models.ContactIdentity{},
	}
	c.CountReply()
	if got := c.CannotReply(reply, noon); !slices.Equal(got, []models.CannotReplyReason{models.CannotWindow}) {
		t.Errorf("a sixth reply: %v", got)
	}
	if reply.Counted = true; len(c.CannotReply(reply, noon)) > 0 {
		t.Error("the fifth has its place, and is refused")
	}
}

func TestHumanAgent(t *testing.T) {
	t.Parallel()
	caps := windowed
	caps.ModesInside, caps.ModesAfter, caps.HumanAgentFor = []models.ReplyMode{models.FreeForm}, nil, 7*day
	c := models.Conversation{WindowAnchorAt: ptr(noon), WindowExpiresAt: ptr(noon.Add(day))}
	reply := models.ReplyContext{
		Capabilities: caps, Rules: models.DefaultRules(), Mode: models.FreeForm, Organization: &models.Organization{InboxStatus: models.InboxIsActive},
		Channel: &models.Channel{Status: models.Connected}, Identity: &models.ContactIdentity{},
	}
	for _, test := range []struct {
		name     string
		after    time.Duration
		byPerson bool
		approved bool
		mode     models.ReplyMode
		want     []models.CannotReplyReason
	}{
		{"within the window", day, true, true, models.FreeForm, nil},
		{"after it", day + tick, true, true, models.HumanAgent, nil},
		{"at the last instant of the week", 7 * day, true, true, models.HumanAgent, nil},
		{"after the week", 7*day + tick, true, true, models.FreeForm, []models.CannotReplyReason{models.CannotWindow}},
		{"by a program", day + tick, false, true, models.FreeForm, []models.CannotReplyReason{models.CannotWindow}},
		{"without Meta's approval", day + tick, true, false, models.FreeForm, []models.CannotReplyReason{models.CannotWindow}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, now := reply, noon.Add(test.after)
			r.ByPerson, r.Rules.HumanAgent = test.byPerson, test.approved
			if mode, why := c.ModeNow(r, now), c.CannotReply(r, now); mode != test.mode || !slices.Equal(why, test.want) {
				t.Errorf("goes as %s, refused for %v", mode, why)
			}
		})
	}
}
