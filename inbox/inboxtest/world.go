// Package inboxtest gives each test a world of its own: a database, a clock that moves when it is told to, an
// organization with its people, and a platform that does as it is told.
package inboxtest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"parley/channels"
	"parley/embedded/embeddedtest"
	"parley/inbox"
	"parley/models"
	"parley/workers"
)

// Start is when every test begins.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

var (
	server   string
	template string
)

// Main runs a package's tests on a real PostgreSQL: func TestMain(m *testing.M) { inboxtest.Main(m) }.
func Main(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	url, stop, err := embeddedtest.Postgres()
	if err == nil {
		defer stop()
		server = url
		err = prepare()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// prepare migrates the database that every test's database begins as a copy of.
func prepare() error {
	name, address, err := embeddedtest.Template(server)
	if err != nil {
		return err
	}
	template = name
	store, err := models.Open(context.Background(), models.Config{URL: address, Clock: models.SystemClock{}})
	if err != nil {
		return err
	}
	return store.Close()
}

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

// World is everything a test has to itself.
type World struct {
	T        testing.TB
	Clock    *Clock
	URL      string // of the database
	Store    *models.Store
	Inbox    *inbox.Inbox
	Crew     *workers.Crew // for RunOnce; not started
	Platform *Platform     // stands in for WhatsApp

	Org     *models.Organization
	Channel *models.Channel // on the Platform

	Owner, Admin, Agent, Colleague, Onlooker models.Viewer
}

// New makes a world: an Enterprise organization with one channel.
func New(t testing.TB) *World {
	t.Helper()
	w := &World{
		T: t, Clock: &Clock{now: Start}, Platform: NewPlatform(models.WhatsApp),
		URL: embeddedtest.Database(t, server, template),
	}
	w.Store = w.OpenStore()
	w.Inbox = w.OpenInbox(w.Store)
	w.Crew = workers.New(w.Store, Quiet, time.Minute, workers.Kinds(w.Inbox))
	w.populate()
	return w
}

// Quiet drops what is logged.
var Quiet = slog.New(slog.DiscardHandler)

// OpenStore opens the world's database once more, as another process would.
func (w *World) OpenStore() *models.Store {
	w.T.Helper()
	cipher, err := models.NewCipher(make([]byte, 32))
	w.Must(err)
	store, err := models.Open(w.Context(), models.Config{
		URL: w.URL, Clock: w.Clock, Cipher: cipher, Rules: models.DefaultRules(), MaxConnections: 20,
	})
	w.Must(err)
	w.T.Cleanup(func() { _ = store.Close() })
	return store
}

// OpenInbox makes an inbox on a store, as another process would.
func (w *World) OpenInbox(store *models.Store) *inbox.Inbox {
	return inbox.New(inbox.Config{
		Store: store, Adapters: channels.NewRegistry(w.Platform), Log: Quiet, Webhooks: "https://inbox.example.com",
	})
}

func (w *World) populate() {
	w.T.Helper()
	person := func(name string, role models.Role) models.NewMember {
		return models.NewMember{Email: name + "@example.com", Name: name, Role: role}
	}
	org, users, err := w.Store.Found(w.Context(), "Flower Shop", models.Enterprise,
		person("olga", models.Owner), person("ada", models.Admin), person("ben", models.Agent), person("carl", models.Agent),
		person("vera", models.ViewerRole))
	w.Must(err)
	w.Org = org
	for i, viewer := range []*models.Viewer{&w.Owner, &w.Admin, &w.Agent, &w.Colleague, &w.Onlooker} {
		*viewer = models.Viewer{Kind: models.ActorUser, OrganizationID: org.ID, UserID: users[i]}
	}
	w.Channel, err = w.Inbox.ConnectChannel(w.Context(), w.Admin, inbox.ConnectRequest{
		Platform: models.WhatsApp, AccountID: "106540352242922", Name: "Shop", AccessToken: "secret",
	})
	w.Must(err)
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
