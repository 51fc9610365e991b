// Package inboxtest gives each test a world of its own: a database, a clock that moves when it is told to, an
// organization with its people, and a platform that does as it is told.
package inboxtest

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"parley/channels"
	"parley/inbox"
	"parley/media"
	"parley/models"
	"parley/workers"
)

// Start is when every test begins.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Clock stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is where the clock stands.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Set moves the clock to an instant.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// World is everything a test has to itself.
type World struct {
	T        testing.TB
	Clock    *Clock
	URL      string // of the database
	Store    *models.Store
	Inbox    *inbox.Inbox
	Crew     *workers.Crew // for RunOnce; not started
	Platform *Platform     // stands in for WhatsApp
	Telegram *Platform     // has no reply window
	Files    media.Storage // in a folder of the test's own

	Org     *models.Organization
	Channel *models.Channel // on the Platform

	Owner, Admin, Agent, Colleague, Onlooker models.Viewer

	place *place
}

// New makes a world: an Enterprise organization with one channel.
func New(t testing.TB) *World {
	t.Helper()
	p := takePlace(t)
	w := &World{
		T: t, Clock: p.clock, URL: p.url, Store: p.store, place: p,
		Platform: NewPlatform(models.WhatsApp), Telegram: NewPlatform(models.Telegram),
	}
	w.Files = folder(t)
	w.Inbox = w.OpenInbox(w.Store)
	w.Crew = w.Hire(w.Inbox)
	w.populate("Flower Shop", "106540352242922")
	return w
}

func folder(t testing.TB) *media.Folder {
	t.Helper()
	f, err := media.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// Neighbour is another organization in the same world, with a channel on an account of its own.
func (w *World) Neighbour(accountID string) *World {
	w.T.Helper()
	n := *w
	n.populate("Book Store", accountID)
	return &n
}

// Quiet drops what is logged.
var Quiet = slog.New(slog.DiscardHandler)

// OpenStore opens the world's database once more, as another process would.
func (w *World) OpenStore() *models.Store {
	w.T.Helper()
	store, err := openStore(w.URL, w.Clock)
	w.Must(err)
	w.T.Cleanup(func() { _ = store.Close() })
	return store
}

// OpenInbox makes an inbox on a store, as another process would. It speaks to the world's platforms, unless others are given.
func (w *World) OpenInbox(store *models.Store, adapters ...channels.Adapter) *inbox.Inbox {
	if len(adapters) == 0 {
		adapters = []channels.Adapter{w.Platform, w.Telegram}
	}
	return inbox.New(inbox.Config{
		Store: store, Adapters: channels.NewRegistry(adapters...), Log: Quiet, Webhooks: "https://inbox.example.com",
		Media: inbox.MediaConfig{Storage: w.Files, Fetcher: media.NewFetcher(media.FetcherConfig{AllowHosts: []string{"127.0.0.1"}})},
	})
}

// Hire makes a crew that works for an inbox; it is not started.
func (w *World) Hire(b *inbox.Inbox) *workers.Crew {
	return workers.New(b.Store(), Quiet, time.Minute, workers.Kinds(b))
}

// AnotherProcess is a crew with a store and an inbox of its own on the same database.
func (w *World) AnotherProcess() *workers.Crew {
	w.T.Helper()
	return w.Hire(w.OpenInbox(w.OpenStore()))
}

func (w *World) populate(name, accountID string) {
	w.T.Helper()
	person := func(name string, role models.Role) models.NewMember {
		return models.NewMember{Email: name + "@example.com", Name: name, Role: role}
	}
	org, users, err := w.Store.Found(w.Context(), name, models.Enterprise,
		person("olga", models.Owner), person("ada", models.Admin), person("ben", models.Agent), person("carl", models.Agent),
		person("vera", models.ViewerRole))
	w.Must(err)
	w.Org = org
	for i, viewer := range []*models.Viewer{&w.Owner, &w.Admin, &w.Agent, &w.Colleague, &w.Onlooker} {
		*viewer = models.Viewer{Kind: models.ActorUser, OrganizationID: org.ID, UserID: users[i]}
	}
	w.Channel = w.Connect(models.WhatsApp, accountID)
}

// Connect connects one more account as a channel.
func (w *World) Connect(p models.Platform, accountID string) *models.Channel {
	w.T.Helper()
	c, err := w.Inbox.ConnectChannel(w.Context(), w.Admin, inbox.ConnectRequest{
		Platform: p, AccountID: accountID, Name: "Shop", Credentials: models.Credentials{AccessToken: "secret"},
	})
	w.Must(err)
	return c
}

// Context ends with the test.
func (w *World) Context() context.Context { return w.T.Context() }

// Must fails the test on an error.
func (w *World) Must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// Break does something to the database that nobody expects.
func (w *World) Break(statement string) {
	w.T.Helper()
	w.place.broken = true
	w.Must(execute(w.URL, statement))
}
