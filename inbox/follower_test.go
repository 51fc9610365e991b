package inbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/embedded/embeddedtest"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// These tests take Redis away; its client need not tell.
func init() { redis.SetLogger(silent{}) }

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// never is a tick that does not come: what arrives came by itself.
const never = time.Hour

// longest is how long we wait: it bounds what should happen soon, so that a test fails instead of hanging.
const longest = 30 * time.Second

// process is what of a server concerns the log: a feed, with a store of its own.
type process struct {
	w     *inboxtest.World
	store *models.Store
	feed  *inbox.Feed
	stop  func() // returns when the feed has ended
}

// newProcess starts one on the world's database.
func newProcess(w *inboxtest.World, redisURL string, tick time.Duration) *process {
	w.T.Helper()
	options, err := redis.ParseURL(redisURL)
	w.Must(err)
	return newProcessWith(w, options, tick)
}

func newProcessWith(w *inboxtest.World, options *redis.Options, tick time.Duration) *process {
	w.T.Helper()
	client := redis.NewClient(options)
	p := &process{w: w, store: w.OpenStore()}
	p.feed = inbox.NewFeed(p.store, client, tick, inboxtest.Quiet)
	p.store.OnCommit(p.feed.Ring)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.feed.Run(ctx) })
	p.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		_ = client.Close()
	})
	w.T.Cleanup(p.stop)
	return p
}

// record commits n events at once.
func (p *process) record(n int) {
	p.w.T.Helper()
	p.w.Must(p.commit(p.w.Org.ID, n))
}

func (p *process) commit(organizationID string, n int) error {
	return p.store.Do(context.Background(), models.System(organizationID), models.KeepTheClock, func(tx *models.Tx) error {
		for range n {
			tx.Record(models.Event{Type: models.ContactChanged, Data: models.EventData{Change: "TESTED"}})
		}
		return nil
	})
}

// end is the cursor behind everything committed so far.
func (p *process) end() *string { return cursor(p.w.LogEnd()) }

func cursor(seq int) *string {
	c := models.EventCursor(int64(seq))
	return &c
}

// follower reads a stream in a goroutine of its own, no faster than it is asked to.
type follower struct {
	t      testing.TB
	events chan models.Event // closed when the stream has ended
	err    error             // what it ended with
	leave  func()            // returns when the stream has ended
}

func (p *process) follow(viewer models.Viewer, after *string) *follower {
	ctx, cancel := context.WithCancel(context.Background())
	f := &follower{t: p.w.T, events: make(chan models.Event)}
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(f.events)
		for e, err := range p.feed.Follow(ctx, viewer, after) {
			if err != nil {
				f.err = err
				continue
			}
			select {
			case f.events <- e:
			case <-ctx.Done():
			}
		}
	})
	f.leave = func() {
		cancel()
		reading.Wait()
	}
	p.w.T.Cleanup(f.leave)
	return f
}

// take returns the next n events.
func (f *follower) take(n int) []models.Event {
	f.t.Helper()
	events, err := f.collect(n)
	if err != nil {
		f.t.Fatal(err)
	}
	return events
}

func (f *follower) collect(n int) ([]models.Event, error) {
	events := make([]models.Event, 0, n)
	late := time.After(longest)
	for len(events) < n {
		select {
		case e, ok := <-f.events:
			if !ok {
				return events, fmt.Errorf("the stream ended after %d of %d events: %w", len(events), n, f.err)
			}
			events = append(events, e)
		case <-late:
			return events, fmt.Errorf("only %d of %d events came", len(events), n)
		}
	}
	return events, nil
}

// rest returns what still comes, and the error the stream ends with.
func (f *follower) rest() (events []models.Event, err error) {
	f.t.Helper()
	late := time.After(longest)
	for {
		select {
		case e, ok := <-f.events:
			if !ok {
				return events, f.err
			}
			events = append(events, e)
		case <-late:
			f.t.Fatalf("the stream did not end; %d events came", len(events))
		}
	}
}

// refused fails the test unless the stream ends with this code and nothing before it.
func (f *follower) refused(code models.ErrorCode) {
	f.t.Helper()
	events, err := f.rest()
	inboxtest.Refused(f.t, err, code)
	if len(events) > 0 {
		f.t.Errorf("before its end came %v", events)
	}
}

// takeUntil lets prompt make one event after the other until the first of them comes, and returns all that came.
func (f *follower) takeUntil(prompt func()) []models.Event {
	f.t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	late := time.After(longest)
	for {
		prompt()
		select {
		case e := <-f.events:
			return []models.Event{e}
		case <-again.C:
		case <-late:
			f.t.Fatal("nothing came")
		}
	}
}

// inOrder fails the test unless the events are those behind seq, each once and without gaps.
func inOrder(t testing.TB, events []models.Event, seq int) {
	t.Helper()
	for i, e := range events {
		if e.Seq != int64(seq+1+i) {
			t.Errorf("event %d came where %d was due", e.Seq, seq+1+i)
			return
		}
	}
}

// written is how events look to everyone, whichever way they came.
func written(t testing.TB, events []models.Event) []string {
	t.Helper()
	all := make([]string, len(events))
	for i, e := range events {
		e.At = e.At.UTC()
		if at := e.Data.ExpiresAt; at != nil {
			utc := at.UTC()
			e.Data.ExpiresAt = &utc
		}
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = string(text)
	}
	return all
}

// newRedis is a real one of the test's own.
func newRedis(t testing.TB) *embeddedtest.RedisServer {
	t.Helper()
	r, err := embeddedtest.StartRedis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	return r
}

// noRedis is the address of one that never existed.
func noRedis(t testing.TB) string { return "unix://" + t.TempDir() + "/none.sock" }

// awaitListeners waits until n processes hear from Redis what happens in the organization.
func awaitListeners(w *inboxtest.World, redisURL string, n int64) {
	w.T.Helper()
	awaitHearers(w.T, redisURL, "parley:events:"+w.Org.ID, n)
}

// awaitHearers waits until n processes hear the channel of Redis.
func awaitHearers(t testing.TB, redisURL, channel string, n int64) {
	t.Helper()
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	late := time.After(longest)
	for {
		hearers, err := client.PubSubNumSub(context.Background(), channel).Result()
		if err == nil && hearers[channel] == n {
			return
		}
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("%d processes listen instead of %d (%v)", hearers[channel], n, err)
		}
	}
}
