package inbox

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/redis/go-redis/v9"
)

// Doing is what a member does at this moment.
type Doing string

// What members do.
const (
	BeingHere Doing = "HERE"
	Viewing   Doing = "VIEWING"
	Typing    Doing = "TYPING"
)

// Deed is what one member does now, in a conversation unless it is to be here.
type Deed struct {
	Doing          Doing
	UserID         string
	ConversationID string
}

const (
	roomPrefix   = "parley:room:"
	roomLasts    = 2 * HereLasts          // Redis forgets a room nobody is in any more
	roomSize     = 5000                   // deeds shown of one organization
	roomFresh    = time.Second            // for how long a process answers from what it has read
	roomPatience = 250 * time.Millisecond // with Redis
	roomRest     = 2 * time.Second        // after Redis did not answer
)

// rooms are what the members of organizations do now: in Redis a sorted set for each, by when a deed ends. PostgreSQL
// knows nothing of it. Without Redis every room is empty.
type rooms struct {
	redis *redis.Client
	now   func() time.Time
	log   *slog.Logger
	seen  *lru.Cache[string, *room]

	mu   sync.Mutex
	away time.Time // Redis is left alone until then
}

// room is what was read of an organization's.
type room struct {
	mu    sync.Mutex
	until time.Time
	deeds []Deed
}

func newRooms(client *redis.Client, now func() time.Time, log *slog.Logger) *rooms {
	return &rooms{redis: client, now: now, log: log, seen: cacheOf[*room](1024)}
}

// cacheOf makes a cache that forgets what was used longest ago.
func cacheOf[T any](size int) *lru.Cache[string, T] {
	cache, err := lru.New[string, T](size)
	if err != nil {
		panic(err) // of a size below one
	}
	return cache
}

// begin notes a deed, or that it goes on. It tells whether that is news, and which deeds of others have ended unsaid: who
// goes on sweeps for those who vanished.
func (r *rooms) begin(ctx context.Context, organizationID string, d Deed, lasts time.Duration) (news bool, ended []Deed) {
	now := r.now()
	key, past := roomPrefix+organizationID, strconv.FormatInt(now.UnixMilli(), 10)
	var swept *redis.StringSliceCmd
	var added *redis.IntCmd
	err := r.ask(ctx, func(ctx context.Context) error {
		_, err := r.redis.TxPipelined(ctx, func(p redis.Pipeliner) error {
			swept = p.ZRangeByScore(ctx, key, &redis.ZRangeBy{Min: "-inf", Max: past, Count: roomSize})
			p.ZRemRangeByScore(ctx, key, "-inf", past)
			added = p.ZAdd(ctx, key, redis.Z{Score: float64(now.Add(lasts).UnixMilli()), Member: d.member()})
			p.PExpire(ctx, key, roomLasts)
			return nil
		})
		return err
	})
	r.seen.Remove(organizationID)
	if err != nil {
		return true, nil // this process can tell at least its own
	}
	for _, member := range swept.Val() {
		if old, ok := deedOf(member); ok && old != d {
			ended = append(ended, old)
		}
	}
	return added.Val() > 0, ended
}

// end notes that a member says to do something no more, and tells whether that is news.
func (r *rooms) end(ctx context.Context, organizationID string, d Deed) (news bool) {
	var removed int64
	err := r.ask(ctx, func(ctx context.Context) (err error) {
		removed, err = r.redis.ZRem(ctx, roomPrefix+organizationID, d.member()).Result()
		return err
	})
	r.seen.Remove(organizationID)
	return removed > 0 || err != nil
}

// deeds are what the members of an organization do now, or did a moment ago.
func (r *rooms) deeds(ctx context.Context, organizationID string) []Deed {
	seen, known := r.seen.Get(organizationID)
	if !known {
		seen = &room{}
		r.seen.Add(organizationID, seen)
	}
	seen.mu.Lock() // others who ask now wait for one answer
	defer seen.mu.Unlock()
	now := r.now()
	if now.Before(seen.until) {
		return seen.deeds
	}
	seen.deeds, seen.until = r.read(ctx, organizationID, now), now.Add(roomFresh)
	return seen.deeds
}

func (r *rooms) read(ctx context.Context, organizationID string, now time.Time) (deeds []Deed) {
	var members []string
	_ = r.ask(ctx, func(ctx context.Context) (err error) { // an empty room: nobody misses anything for good
		members, err = r.redis.ZRangeArgs(ctx, redis.ZRangeArgs{
			Key: roomPrefix + organizationID, ByScore: true,
			Start: "(" + strconv.FormatInt(now.UnixMilli(), 10), Stop: "+inf", Count: roomSize,
		}).Result()
		return err
	})
	slices.Sort(members)
	for _, member := range members {
		if d, ok := deedOf(member); ok {
			deeds = append(deeds, d)
		}
	}
	return deeds
}

// ask asks Redis something, unless it did not answer a moment ago. Nobody waits long for what is of this moment.
func (r *rooms) ask(ctx context.Context, fn func(context.Context) error) error {
	r.mu.Lock()
	away := r.now().Before(r.away)
	r.mu.Unlock()
	if away {
		return redis.ErrClosed
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), roomPatience)
	defer cancel()
	err := fn(ctx)
	if err != nil {
		r.log.Debug("ask who is here", "error", err)
		r.mu.Lock()
		r.away = r.now().Add(roomRest)
		r.mu.Unlock()
	}
	return err
}

func (d Deed) member() string {
	return string(d.Doing) + " " + d.UserID + " " + d.ConversationID
}

func deedOf(member string) (Deed, bool) {
	parts := strings.Split(member, " ")
	if len(parts) != 3 {
		return Deed{}, false
	}
	return Deed{Doing: Doing(parts[0]), UserID: parts[1], ConversationID: parts[2]}, true
}
