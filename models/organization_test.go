package models_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata" // for a place whose days are not all of 24 hours

	"parley/models"
)

func TestIsInactive(t *testing.T) {
	t.Parallel()
	rules := models.DefaultRules()
	limit := 60 * day
	long := noon.Add(-1000 * day)
	for _, test := range []struct {
		name     string
		org      models.Organization
		inactive bool
	}{
		{"opened just now", models.Organization{InboxOpenedAt: noon}, false},
		{"opened exactly sixty days ago", models.Organization{InboxOpenedAt: noon.Add(-limit)}, false},
		{"opened an instant more than sixty days ago", models.Organization{InboxOpenedAt: noon.Add(-limit - tick)}, true},
		{"a person replied exactly sixty days ago", models.Organization{InboxOpenedAt: long, HumanRepliedAt: ptr(noon.Add(-limit))}, false},
		{"a person replied too long ago", models.Organization{InboxOpenedAt: long, HumanRepliedAt: ptr(noon.Add(-limit - tick))}, true},
		{"automatic replies alone keep it alive", models.Organization{InboxOpenedAt: long, AutoRepliedAt: ptr(noon.Add(-limit))}, false},
		{"automatic replies ended", models.Organization{InboxOpenedAt: long, AutoRepliedAt: ptr(noon.Add(-limit - tick))}, true},
		{"the newest of the three counts", models.Organization{InboxOpenedAt: noon.Add(-limit), HumanRepliedAt: &long, AutoRepliedAt: &long}, false},
		{"all three are old", models.Organization{InboxOpenedAt: long, HumanRepliedAt: &long, AutoRepliedAt: ptr(noon.Add(-61 * day))}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.org.IsInactive(rules, noon); got != test.inactive {
				t.Errorf("inactive: %t, deactivates at %v", got, test.org.DeactivatesAt(rules))
			}
		})
	}

	t.Run("the number of days is the operator's", func(t *testing.T) {
		t.Parallel()
		rules := models.Rules{InactiveAfter: 3 * day}
		o := models.Organization{InboxOpenedAt: noon.Add(-3 * day)}
		if o.IsInactive(rules, noon) || !o.IsInactive(rules, noon.Add(tick)) {
			t.Error("not after three days")
		}
	})
}

func TestInactivityWarning(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		left time.Duration // of the sixty days
		want int
	}{
		{60 * day, 0}, {14*day + tick, 0}, {14 * day, 14}, {7*day + tick, 14}, {7 * day, 7}, {day + tick, 7}, {day, 1}, {tick, 1}, {0, 1},
	} {
		t.Run(fmt.Sprint(test.left), func(t *testing.T) {
			t.Parallel()
			o := models.Organization{InboxOpenedAt: noon.Add(test.left - 60*day)}
			if got := o.InactivityWarning(models.DefaultRules(), noon); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestNextInactivityLook(t *testing.T) {
	t.Parallel()
	rules := models.DefaultRules()
	end := noon.Add(60 * day)
	o := models.Organization{InboxOpenedAt: noon}
	for _, test := range []struct {
		name      string
		now, want time.Time
	}{
		{"at the first warning", noon, end.Add(-14 * day)},
		{"at the second, once the first is reached", end.Add(-14 * day), end.Add(-7 * day)},
		{"at the third", end.Add(-7 * day), end.Add(-day)},
		{"when the time is over", end.Add(-day), end.Add(tick)},
		{"when the time is over, still at the last instant", end, end.Add(tick)},
		{"at once, if it is over", end.Add(day), end.Add(tick)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := o.NextInactivityLook(rules, test.now); !got.Equal(test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}

	// Days are of 24 hours, wherever the server is: the clocks change there, too.
	t.Run("is the very instant something becomes true", func(t *testing.T) {
		t.Parallel()
		berlin, err := time.LoadLocation("Europe/Berlin")
		must(t, err)
		random := rand.New(rand.NewPCG(5, 6))
		for range 300 {
			o := models.Organization{InboxOpenedAt: noon.Add(-time.Duration(random.Int64N(int64(120 * day)))).In(berlin)}
			now := o.InboxOpenedAt.Add(time.Duration(random.Int64N(int64(60 * day))))
			look := o.NextInactivityLook(rules, now)
			said := func(at time.Time) string { return fmt.Sprint(o.InactivityWarning(rules, at), o.IsInactive(rules, at)) }
			if !look.After(now) || said(now) != said(look.Add(-tick)) || said(look) == said(now) {
				t.Fatalf("opened %v, now %v: look %v: %s, %s, %s", o.InboxOpenedAt, now, look, said(now), said(look.Add(-tick)), said(look))
			}
		}
	})
}

func TestOrganization(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	t.Run("begins active, with its first look at the rule", func(t *testing.T) {
		w.look(func(tx *models.Tx) error {
			o, err := tx.Organization()
			must(t, err)
			if !o.IsActive() || !o.InactivityDueAt.Equal(noon.Add(46*day)) || o.EventsDueAt == nil {
				t.Errorf("got %+v", o)
			}
			return nil
		})
	})
	t.Run("is changed column by column", func(t *testing.T) {
		w.system(func(tx *models.Tx) error {
			o, err := tx.LockOrganization()
			must(t, err)
			o.InboxStatus, o.Name = models.InboxIsDeactivated, "not to be written"
			return tx.UpdateOrganization(o, "inbox_status")
		})
		w.look(func(tx *models.Tx) error {
			o, err := tx.Organization()
			must(t, err)
			if o.IsActive() || o.Name != w.org.Name {
				t.Errorf("got %+v", o)
			}
			return nil
		})
	})
	t.Run("platforms of another plan are refused", func(t *testing.T) {
		t.Parallel()
		standard, enterprise := models.Organization{Plan: models.Standard}, models.Organization{Plan: models.Enterprise}
		for _, p := range []models.Platform{models.WhatsApp, models.Telegram} {
			must(t, enterprise.RequirePlan(p))
		}
		must(t, standard.RequirePlan(models.WhatsApp))
		wantCode(t, standard.RequirePlan(models.Telegram), models.PlanRequired)
	})
}
