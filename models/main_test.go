package models_test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"parley/embedded/embeddedtest"
	"parley/models"
)

var server string // the address of the test cluster's database

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	url, stop, err := embeddedtest.Postgres()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer stop()
	server = url
	return m.Run()
}

// frozen is a clock that stands still until it is moved.
type frozen struct{ now atomic.Pointer[time.Time] }

func newFrozen() *frozen {
	c := &frozen{}
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c.now.Store(&start)
	return c
}

func (c *frozen) Now() time.Time { return *c.now.Load() }

func (c *frozen) Advance(d time.Duration) {
	next := c.Now().Add(d)
	c.now.Store(&next)
}

func open(t *testing.T) (*models.Store, *frozen) {
	t.Helper()
	clock := newFrozen()
	cipher, err := models.NewCipher(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	store, err := models.Open(context.Background(), models.Config{
		URL: embeddedtest.Database(t, server, ""), Clock: clock, Cipher: cipher, Rules: models.DefaultRules(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store, clock
}

func TestSmoke(t *testing.T) {
	store, _ := open(t)
	ctx := context.Background()
	o, users, err := store.Found(ctx, "Acme", models.Enterprise, models.NewMember{Email: "A@x.de", Name: "A", Role: models.Owner})
	if err != nil {
		t.Fatal(err)
	}
	v := models.Viewer{Kind: models.ActorUser, OrganizationID: o.ID, UserID: users[0]}
	err = store.Do(ctx, v, models.ManageChannels, func(tx *models.Tx) error {
		c, err := tx.NewChannel(models.WhatsApp, "1", "w", models.Credentials{AccessToken: "x"})
		if err != nil {
			return err
		}
		if err := tx.Create(c); err != nil {
			return err
		}
		tx.Record(models.Event{Type: models.ChannelChanged, ChannelID: c.ID})
		return tx.Route(c)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = store.Read(ctx, v, models.ViewInbox, func(tx *models.Tx) error {
		cs, err := tx.Channels(nil)
		if err != nil || len(cs) != 1 {
			return fmt.Errorf("%v %v", cs, err)
		}
		es, err := tx.EventsAfter(0, 10)
		if err != nil || len(es) != 1 {
			return fmt.Errorf("%v %v", es, err)
		}
		state := []models.WindowState{models.WindowOpen, models.WindowIsClosed, models.WindowUnlimited, models.WindowIsClosing}
		text := "hello wor"
		_, err = tx.ListConversations(models.ConversationFilter{WindowStates: state, Text: &text}, models.NewestActivity, models.Page{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []models.JobKind{models.DueMessages, models.DueWindows, models.DueInboxes, models.DueLogs, models.DueQuarantined} {
		if _, err := store.Claim(ctx, k, 3, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
}
