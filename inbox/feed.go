package inbox

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/models"
)

// Feed lets many follow the event logs of organizations as they grow. What is committed in this process reaches its
// followers at once; what other processes commit comes through Redis; whatever Redis loses is found at the next tick.
type Feed struct {
	store *models.Store
	redis *redis.Client
	tick  time.Duration
	log   *slog.Logger

	outbox chan envelope
	pubsub *redis.PubSub
	tuner  tuner

	mu     sync.Mutex
	tails  map[string]*tail
	closed bool
	work   sync.WaitGroup
}

type envelope struct {
	organizationID string
	events         []models.Event
}

// NewFeed makes a Feed. It works while Run does.
func NewFeed(store *models.Store, client *redis.Client, tick time.Duration, log *slog.Logger) *Feed {
	f := &Feed{
		store: store, redis: client, tick: tick, log: log,
		outbox: make(chan envelope, 1024), pubsub: client.Subscribe(context.Background()), tails: make(map[string]*tail),
	}
	f.tuner = newTuner(redisPrefix, f.followed, func(err error) { log.Warn("subscribe to the bell: relying on the tick", "error", err) })
	return f
}

const redisPrefix = "parley:events:"

// Ring tells followers, here and in other processes, what was committed. It never waits: what does not fit into the
// outbox is found by the tick.
func (f *Feed) Ring(organizationID string, events []models.Event) {
	f.offer(organizationID, events)
	select {
	case f.outbox <- envelope{organizationID, events}:
	default:
	}
}

func (f *Feed) offer(organizationID string, events []models.Event) {
	f.mu.Lock()
	t := f.tails[organizationID]
	f.mu.Unlock()
	if t != nil {
		t.offer(events)
	}
}

// Run carries events between processes until ctx ends. It returns when everything it started has ended.
func (f *Feed) Run(ctx context.Context) {
	var parts sync.WaitGroup
	for _, part := range []func(context.Context){f.publish, f.listen, f.look} {
		parts.Go(func() { part(ctx) })
	}
	parts.Go(func() { f.tuner.run(ctx, f.pubsub, f.tick) })
	<-ctx.Done()
	_ = f.pubsub.Close() // ends listen
	parts.Wait()
	f.mu.Lock()
	f.closed = true
	for _, t := range f.tails {
		t.stop()
	}
	f.mu.Unlock()
	f.work.Wait()
}

func (f *Feed) publish(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-f.outbox:
			payload, err := json.Marshal(e.events)
			if err != nil {
				f.log.Error("encode events", "organization", e.organizationID, "error", err)
				continue
			}
			if err := f.redis.Publish(ctx, redisPrefix+e.organizationID, payload).Err(); err != nil && ctx.Err() == nil {
				f.log.Warn("publish events: other processes see them at their next tick", "organization", e.organizationID, "error", err)
			}
		}
	}
}

func (f *Feed) followed() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Keys(f.tails))
}

func (f *Feed) listen(context.Context) {
	for message := range f.pubsub.Channel(redis.WithChannelSize(1024)) {
		var events []models.Event
		if err := json.Unmarshal([]byte(message.Payload), &events); err != nil || len(events) == 0 {
			f.log.Warn("unreadable message on the bell", "channel", message.Channel)
			continue
		}
		f.offer(strings.TrimPrefix(message.Channel, redisPrefix), events)
	}
}

// look compares the followed logs with the database at every tick.
func (f *Feed) look(ctx context.Context) {
	ticker := time.NewTicker(f.tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			f.lookOnce(ctx)
		}
	}
}

func (f *Feed) lookOnce(ctx context.Context) {
	followed := f.followed()
	if len(followed) == 0 {
		return
	}
	ends, err := f.store.LogEnds(ctx, followed)
	if err != nil {
		if ctx.Err() == nil {
			f.log.Warn("look for events", "error", err)
		}
		return
	}
	for id, end := range ends {
		f.mu.Lock()
		t := f.tails[id]
		f.mu.Unlock()
		if t != nil {
			t.expect(end)
		}
	}
}

// join returns the organization's tail, started if this is its first follower. leave must be called.
func (f *Feed) join(organizationID string, last int64) (t *tail, leave func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, nil, context.Canceled
	}
	t, ok := f.tails[organizationID]
	if !ok {
		t = newTail(last)
		t.expect(last + 1) // what was committed since last was read found no tail to tell
		f.tails[organizationID] = t
		f.work.Go(func() { t.run(f.store, organizationID, f.log) })
		f.tuner.soon()
	}
	t.followers++
	return t, func() { f.leave(organizationID, t) }, nil
}

func (f *Feed) leave(organizationID string, t *tail) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t.followers--; t.followers > 0 {
		return
	}
	t.stop()
	delete(f.tails, organizationID)
	f.tuner.soon()
}
