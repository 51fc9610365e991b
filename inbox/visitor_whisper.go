package inbox

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/redis/go-redis/v9"
)

// TypingLasts is for how long somebody who typed counts as typing.
const TypingLasts = 8 * time.Second

// Whisper is something of this moment: that someone is typing, is here, looks at a conversation. It is never kept: who is not listening misses nothing.
type Whisper struct {
	To             string        `json:"to"` // see ToMembers and ToVisitor
	ConversationID string        `json:"conversationId,omitempty"`
	Lasts          time.Duration `json:"lasts"`
	Doing          Doing         `json:"doing,omitempty"` // empty: a visitor, or whoever talks to one, is typing
	UserID         string        `json:"userId,omitempty"`
	Ended          bool          `json:"ended,omitempty"` // a member does it no more
}

// ToMembers is where whispers for the members of an organization go.
func ToMembers(organizationID string) string { return "members " + organizationID }

// ToVisitor is where whispers for a visitor go, by the id a contact of the widget has.
func ToVisitor(widgetKey, contactID string) string { return "visitor " + widgetKey + " " + contactID }

const (
	whisperPrefix = "parley:whispers:"
	whisperPause  = time.Second // between two whispers about the same
	whisperTune   = time.Second // between two attempts to have Redis send what is listened to
)

// Whispers carries whispers to those who listen, in this process and in others. Without Redis only this process hears them;
// nothing else suffers.
type Whispers struct {
	redis  *redis.Client
	now    func() time.Time
	log    *slog.Logger
	origin string // tells our own whispers when they come back
	outbox chan Whisper
	tuner  tuner
	rooms  *rooms
	limits *limits
	known  *lru.Cache[string, struct{}] // conversations that exist

	mu        sync.Mutex
	listeners map[string]map[chan Whisper]bool
	last      *lru.Cache[string, time.Time]
}

// NewWhispers makes Whispers. They reach other processes while Run runs.
func NewWhispers(client *redis.Client, now func() time.Time, log *slog.Logger) *Whispers {
	w := &Whispers{
		redis: client, now: now, log: log, origin: rand.Text(), outbox: make(chan Whisper, 256),
		rooms: newRooms(client, now, log), limits: newLimits(), known: cacheOf[struct{}](65536),
		listeners: make(map[string]map[chan Whisper]bool), last: cacheOf[time.Time](4096),
	}
	w.tuner = newTuner(whisperPrefix, w.listened, func(err error) { log.Debug("listen to whispers of other processes", "error", err) })
	return w
}

// Tell passes a whisper on, without waiting for anyone. What comes too fast or finds no room is dropped.
func (w *Whispers) Tell(said Whisper) {
	if !w.tooSoon(said) {
		w.pass(said)
	}
}

func (w *Whispers) pass(said Whisper) {
	w.hear(said)
	select {
	case w.outbox <- said:
	default:
	}
}

// TellVisitor whispers to a visitor that a member is typing.
func (w *Whispers) TellVisitor(widgetKey, contactID string) {
	w.Tell(Whisper{To: ToVisitor(widgetKey, contactID), Lasts: TypingLasts})
}

func (w *Whispers) tooSoon(said Whisper) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	about, now := said.To+" "+said.ConversationID, w.now()
	if last, known := w.last.Get(about); known && now.Sub(last) < whisperPause {
		return true
	}
	w.last.Add(about, now)
	return false
}

func (w *Whispers) hear(said Whisper) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for listener := range w.listeners[said.To] {
		select {
		case listener <- said:
		default: // one waits already
		}
	}
}

// Listen returns the whispers to these addresses from now on. leave must be called.
func (w *Whispers) Listen(addresses ...string) (heard <-chan Whisper, leave func()) {
	listener := make(chan Whisper, 8)
	defer w.tuner.soon()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, to := range addresses {
		if w.listeners[to] == nil {
			w.listeners[to] = make(map[chan Whisper]bool)
		}
		w.listeners[to][listener] = true
	}
	return listener, func() {
		defer w.tuner.soon()
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, to := range addresses {
			delete(w.listeners[to], listener)
			if len(w.listeners[to]) == 0 {
				delete(w.listeners, to)
			}
		}
	}
}

func (w *Whispers) listened() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.listeners))
}

type envelopedWhisper struct {
	Origin string `json:"origin"`
	Whisper
}

// Run carries whispers between processes until ctx ends. It returns when everything it started has ended.
func (w *Whispers) Run(ctx context.Context) {
	pubsub := w.redis.Subscribe(context.WithoutCancel(ctx))
	var parts sync.WaitGroup
	parts.Go(func() {
		for message := range pubsub.Channel() {
			var said envelopedWhisper
			if json.Unmarshal([]byte(message.Payload), &said) == nil && said.Origin != w.origin {
				w.hear(said.Whisper)
			}
		}
	})
	parts.Go(func() { w.tuner.run(ctx, pubsub, whisperTune) })
	w.publish(ctx)
	_ = pubsub.Close() // ends the listening
	parts.Wait()
}

func (w *Whispers) publish(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case said := <-w.outbox:
			payload, err := json.Marshal(envelopedWhisper{Origin: w.origin, Whisper: said})
			if err == nil {
				err = w.redis.Publish(ctx, whisperPrefix+said.To, payload).Err()
			}
			if err != nil && ctx.Err() == nil {
				w.log.Debug("whisper to other processes", "error", err)
			}
		}
	}
}
