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

var (
	server   string // the address of the test cluster's database
	template string // the migrated database a test's own database begins as a copy of
	shared   string // the address of a database for tests that need no more of their own than an organization
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	url, stop, err := embeddedtest.Postgres()
	if err == nil {
		defer stop()
		server = url
		if template, _, err = prepare(); err == nil {
			_, shared, err = prepare()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// prepare makes a database with our schema.
func prepare() (name, address string, err error) {
	name, address, err = embeddedtest.Template(server)
	if err != nil {
		return "", "", err
	}
	store, err := models.Open(context.Background(), models.Config{URL: address, Clock: models.SystemClock{}})
	if err != nil {
		return "", "", err
	}
	return name, address, store.Close()
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

// open opens a store on a database of the test's own.
func open(t testing.TB) (*models.Store, *frozen) {
	t.Helper()
	clock := newFrozen()
	return openAt(t, embeddedtest.Database(t, server, template), clock, 0), clock
}

func openAt(t testing.TB, url string, clock models.Clock, connections int) *models.Store {
	t.Helper()
	cipher, err := models.NewCipher(make([]byte, 32))
	must(t, err)
	store, err := models.Open(context.Background(), models.Config{
		URL: url, Clock: clock, Cipher: cipher, Rules: models.DefaultRules(), MaxConnections: connections,
	})
	must(t, err)
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, code models.ErrorCode) {
	t.Helper()
	if models.CodeOf(err) != code {
		t.Errorf("got %v (%s), want %s", err, models.CodeOf(err), code)
	}
}
