package inbox

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// How long Redis is waited for where there is an answer without it, and left alone after it did not answer.
const (
	redisPatience = 250 * time.Millisecond
	redisRest     = 2 * time.Second
)

var errLeftAlone = errors.New("redis is left alone")

// patience asks Redis where nobody has to wait for it.
type patience struct {
	about string // what is asked for
	now   func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	away time.Time // Redis is left alone until then
	told bool      // that it is away
}

// ask asks Redis something, unless it did not answer a moment ago. Who asked may be gone before there is an answer: others
// use it, too.
func (p *patience) ask(ctx context.Context, fn func(context.Context) error) error {
	if p.isAway() {
		return errLeftAlone
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), redisPatience)
	defer cancel()
	err := fn(ctx)
	p.heard(err)
	return err
}

func (p *patience) isAway() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now().Before(p.away)
}

// heard notes whether Redis answered, and tells once that it does not.
func (p *patience) heard(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.told = false
		return
	}
	p.away = p.now().Add(redisRest)
	if !p.told {
		p.log.Warn("doing without Redis", "about", p.about, "error", err)
		p.told = true
	}
}
