package inbox_test

import (
	"context"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// TestFeedLeavesNothing runs alone: a leak of another test would be counted here.
func TestFeedLeavesNothing(t *testing.T) {
	w, r := inboxtest.New(t), newRedis(t)
	store := w.OpenStore()
	options, err := redis.ParseURL(r.URL())
	w.Must(err)
	before := goleak.IgnoreCurrent()
	client := redis.NewClient(options)
	feed := inbox.NewFeed(store, client, 5*time.Millisecond, inboxtest.Quiet)
	store.OnCommit(feed.Ring)
	running, end := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { feed.Run(running) })
	p := &process{w: w, store: store, feed: feed}

	left, revoked, waiting := p.follow(w.Agent, p.end()), p.follow(w.Colleague, p.end()), p.follow(w.Owner, p.end())
	p.record(3)
	left.take(1)
	left.leave()
	revoked.take(3)
	_, err = w.OpenInbox(store).RemoveMember(w.Context(), w.Owner, w.Colleague.UserID, "")
	w.Must(err)
	revoked.refused(models.AccessRevoked)
	waiting.take(4)
	end()
	run.Wait() // although somebody waits for more

	if events, err := waiting.rest(); err == nil || len(events) > 0 {
		t.Errorf("a follower of a feed that ended got %v and %v", events, err)
	}
	w.Must(client.Close())
	goleak.VerifyNone(t, before)
}

func TestFeedAndRedis(t *testing.T) {
	t.Parallel()
	t.Run("brings at once what another process commits", func(t *testing.T) {
		t.Parallel()
		w, r := inboxtest.New(t), newRedis(t)
		here, there := newProcess(w, r.URL(), never), newProcess(w, r.URL(), never)
		start := w.LogEnd()
		f := here.follow(w.Owner, cursor(start))
		awaitListeners(w, r.URL(), 1)

		for range 20 {
			there.record(3)
		}

		inOrder(t, f.take(60), start)
	})
	t.Run("brings it by the tick when Redis was killed", func(t *testing.T) {
		t.Parallel()
		w, r := inboxtest.New(t), newRedis(t)
		here, there := newProcess(w, r.URL(), 10*time.Millisecond), newProcess(w, r.URL(), never)
		start := w.LogEnd()
		f := here.follow(w.Owner, cursor(start))
		awaitListeners(w, r.URL(), 1)
		there.record(1)
		f.take(1)

		r.Kill()
		there.record(2)
		here.record(1)
		there.record(1)

		inOrder(t, f.take(4), start+1)
	})
	t.Run("brings it by the tick between processes that have a Redis each", func(t *testing.T) {
		t.Parallel()
		w, mine, theirs := inboxtest.New(t), newRedis(t), newRedis(t)
		here, there := newProcess(w, mine.URL(), 10*time.Millisecond), newProcess(w, theirs.URL(), never)
		start := w.LogEnd()
		f := here.follow(w.Owner, cursor(start))
		awaitListeners(w, mine.URL(), 1)

		there.record(3)
		here.record(1)
		there.record(2)

		inOrder(t, f.take(6), start)
	})
	t.Run("brings it by the tick when there never was a Redis", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		here, there := newProcess(w, noRedis(t), 10*time.Millisecond), newProcess(w, noRedis(t), never)
		start := w.LogEnd()
		f := here.follow(w.Owner, cursor(start))

		there.record(2)
		inOrder(t, f.take(2), start)
		there.record(1)
		here.record(1)
		inOrder(t, f.take(2), start+2)
	})
	t.Run("brings it at once again when Redis came back, with what was lost", func(t *testing.T) {
		t.Parallel()
		w, r := inboxtest.New(t), newRedis(t)
		here, there := newProcess(w, r.URL(), never), newProcess(w, r.URL(), never)
		start := w.LogEnd()
		f := here.follow(w.Owner, cursor(start))
		awaitListeners(w, r.URL(), 1)
		r.Kill()
		there.record(5)
		w.Must(r.Restart())
		awaitListeners(w, r.URL(), 1)

		events := f.takeUntil(func() { there.record(1) })

		inOrder(t, append(events, f.take(5)...), start)
	})
	t.Run("listens only to what is followed", func(t *testing.T) {
		t.Parallel()
		w, r := inboxtest.New(t), newRedis(t)
		p := newProcess(w, r.URL(), never)
		first, second := p.follow(w.Owner, cursor(0)), p.follow(w.Agent, cursor(0))
		awaitListeners(w, r.URL(), 1)
		first.leave()
		second.leave()
		awaitListeners(w, r.URL(), 0)

		p.follow(w.Owner, cursor(0)).take(1)
		awaitListeners(w, r.URL(), 1)
	})
	t.Run("lets nobody wait for a Redis that does not answer", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		address, hangUp := mute(t)
		defer hangUp() // its client waits for it to the end
		p := newProcessWith(w, &redis.Options{
			Network: "unix", Addr: address, DialTimeout: time.Hour, ReadTimeout: time.Hour, WriteTimeout: time.Hour,
			DialerRetries: 1, MaxRetries: -1,
		}, never)
		start := w.LogEnd()
		f := p.follow(w.Owner, cursor(start))
		p.record(1)
		f.take(1)

		const n = 1200 // more than the outbox holds
		(&process{w: w, store: w.OpenStore()}).record(n)
		for _, e := range w.Log(start + 1) {
			p.feed.Ring(w.Org.ID, []models.Event{e})
		}
		p.follow(w.Agent, cursor(start)).leave()

		inOrder(t, f.take(n), start+1)
	})
	t.Run("is not disturbed by what is no message of ours", func(t *testing.T) {
		t.Parallel()
		w, r := inboxtest.New(t), newRedis(t)
		here, there := newProcess(w, r.URL(), never), newProcess(w, r.URL(), never)
		start := w.LogEnd()
		f := here.follow(w.Owner, cursor(start))
		awaitListeners(w, r.URL(), 1)
		options, err := redis.ParseURL(r.URL())
		w.Must(err)
		client := redis.NewClient(options)
		defer client.Close()

		for _, message := range []string{"", "{", "[]", "null", `[{"seq":-1}]`, `[{"seq":9000000000000000000,"type":"CONTACT_CHANGED"}]`} {
			w.Must(client.Publish(w.Context(), "parley:events:"+w.Org.ID, message).Err())
		}
		there.record(2)

		inOrder(t, f.take(2), start)
	})
}

// mute is the address of a server that takes connections and says nothing until it hangs up.
func mute(t testing.TB) (socket string, hangUp func()) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var accepting sync.WaitGroup
	var taken []net.Conn
	accepting.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			taken = append(taken, c)
		}
	})
	return socket, func() {
		_ = listener.Close()
		accepting.Wait()
		for _, c := range taken {
			_ = c.Close()
		}
	}
}

// TestFeedBells rings for events in ways in which they never should be told of: followers get the log all the same.
func TestFeedBells(t *testing.T) {
	t.Parallel()
	for name, ring := range map[string]func(ring func(...models.Event), log []models.Event){
		"out of order": func(ring func(...models.Event), log []models.Event) {
			rand.Shuffle(len(log), func(i, j int) { log[i], log[j] = log[j], log[i] })
			for _, e := range log {
				ring(e)
			}
		},
		"backwards": func(ring func(...models.Event), log []models.Event) {
			for _, e := range slices.Backward(log) {
				ring(e)
			}
		},
		"each twice": func(ring func(...models.Event), log []models.Event) {
			for _, e := range log {
				ring(e)
				ring(e)
			}
		},
		"in overlapping batches": func(ring func(...models.Event), log []models.Event) {
			for i := range log[:len(log)-7] {
				ring(log[i : i+8]...)
			}
		},
		"with gaps": func(ring func(...models.Event), log []models.Event) {
			for i, e := range log {
				if i%10 == 9 {
					ring(e)
				}
			}
		},
		"of the last alone": func(ring func(...models.Event), log []models.Event) { ring(log[len(log)-1]) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := inboxtest.New(t)
			p := newProcess(w, noRedis(t), never)
			start := w.LogEnd()
			f := p.follow(w.Owner, cursor(start))
			p.record(1)
			f.take(1)
			silent := &process{w: w, store: w.OpenStore()}
			const n = 400 // more than a tail is offered at once
			silent.record(n)

			ring(func(events ...models.Event) { p.feed.Ring(w.Org.ID, events) }, w.Log(start+1))

			inOrder(t, f.take(n), start+1)
		})
	}
}
