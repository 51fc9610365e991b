package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"math"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/redis/go-redis/v9"
)

const (
	payersKnown = 16384       // in a process
	sliceShare  = 20          // a process takes so many parts of an allowance from Redis at once
	sliceLasts  = time.Second // after which what is left of it goes back
	longestName = 128         // of who has an allowance, as it is
)

// AllowanceConfig says how much of something everyone may have.
type AllowanceConfig struct {
	Redis   *redis.Client
	Name    string  // of what it is
	Size    int     // points at once
	Restore float64 // points a second afterwards
	Now     func() time.Time
	Log     *slog.Logger
}

// Allowances give everyone points, which all processes on one Redis share. A process takes them from Redis in slices and
// spends those by itself. While Redis is away everyone has an allowance in each process.
type Allowances struct {
	config   AllowanceConfig
	slice    int
	purses   *lru.Cache[string, *purse]
	patience *patience
}

// Allowance is what somebody has left.
type Allowance struct {
	Remaining int
	Wait      time.Duration // until there will be enough; zero: they were given
}

// purse is what a process knows of somebody's points.
type purse struct {
	mu     sync.Mutex
	slice  int       // taken from Redis and not spent
	shared float64   // what Redis had left
	at     time.Time // when it said so
	lone   *level    // of this process alone; nil: Redis was never away
}

// level is what was left when.
type level struct {
	left float64
	at   time.Time
}

// NewAllowances makes allowances of one kind. Those of the same name on the same Redis are the same.
func NewAllowances(c AllowanceConfig) *Allowances {
	return &Allowances{
		config: c, slice: c.Size / sliceShare, purses: cacheOf[*purse](payersKnown),
		patience: &patience{about: "allowance of " + c.Name, now: c.Now, log: c.Log},
	}
}

// Take takes points from somebody's allowance: all of them, or none and says how long to wait. What is more than anybody can
// have takes all there can be.
func (a *Allowances) Take(ctx context.Context, who string, points int) Allowance {
	who = named(who)
	p := a.purse(who)
	p.mu.Lock() // others who spend the same wait for one answer of Redis
	defer p.mu.Unlock()
	return a.take(ctx, who, p, min(points, a.config.Size))
}

// Return gives points back that were taken and not needed.
func (a *Allowances) Return(ctx context.Context, who string, points int) {
	who = named(who)
	p := a.purse(who)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lone != nil {
		p.lone.left = min(p.lone.left+float64(points), float64(a.config.Size))
	}
	p.slice += points
	a.exchange(ctx, who, p, 0, 0)
}

func (a *Allowances) purse(who string) *purse {
	if p, ok := a.purses.Get(who); ok {
		return p
	}
	p := &purse{}
	if other, ok, _ := a.purses.PeekOrAdd(who, p); ok {
		return other
	}
	return p
}

// named is who has an allowance, in no more letters than we care to keep.
func named(who string) string {
	if len(who) <= longestName {
		return who
	}
	hash := sha256.Sum256([]byte(who))
	return hex.EncodeToString(hash[:])
}

func (a *Allowances) take(ctx context.Context, who string, p *purse, points int) Allowance {
	now := a.config.Now()
	fresh := now.Sub(p.at) < sliceLasts
	switch {
	case fresh && p.slice >= points:
		p.slice -= points
		return Allowance{Remaining: a.remaining(p, now)}
	case fresh && p.slice+int(a.refilled(p.shared, p.at, now)) < points:
		return a.refuse(float64(p.slice)+a.refilled(p.shared, p.at, now), points)
	}
	given, ok := a.exchange(ctx, who, p, max(points, a.slice), points)
	switch {
	case !ok:
		return a.takeAlone(p, points, now)
	case given < points:
		return a.refuse(p.shared, points)
	}
	p.slice -= points
	return Allowance{Remaining: a.remaining(p, now)}
}

func (a *Allowances) remaining(p *purse, now time.Time) int {
	return min(a.config.Size, p.slice+int(a.refilled(p.shared, p.at, now)))
}

func (a *Allowances) refilled(left float64, at, now time.Time) float64 {
	return min(float64(a.config.Size), left+a.config.Restore*max(0, now.Sub(at).Seconds()))
}

func (a *Allowances) refuse(left float64, points int) Allowance {
	wait := (float64(points) - left) / a.config.Restore
	return Allowance{Remaining: int(left), Wait: max(time.Millisecond, time.Duration(math.Ceil(wait*float64(time.Second))))}
}

// takeAlone takes points of what a process gives while Redis is away.
func (a *Allowances) takeAlone(p *purse, points int, now time.Time) Allowance {
	if p.lone == nil {
		p.lone = &level{float64(a.config.Size), now}
	}
	p.lone.left, p.lone.at = a.refilled(p.lone.left, p.lone.at, now), now
	if p.lone.left < float64(points) {
		return a.refuse(p.lone.left, points)
	}
	p.lone.left -= float64(points)
	return Allowance{Remaining: int(p.lone.left)}
}
