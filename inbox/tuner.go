package inbox

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// tuner has Redis send a process what is listened to in it, and nothing else. Nobody but its goroutine asks Redis for that:
// it may be slow or gone, and neither those who listen nor those who speak are to wait for it.
type tuner struct {
	prefix string // of the channels of Redis
	wanted func() []string
	failed func(error)
	retune chan struct{} // one waits: others are listened to now
}

func newTuner(prefix string, wanted func() []string, failed func(error)) tuner {
	return tuner{prefix: prefix, wanted: wanted, failed: failed, retune: make(chan struct{}, 1)}
}

// soon has what is wanted looked at anew.
func (t tuner) soon() {
	select {
	case t.retune <- struct{}{}:
	default: // one waits already, and looks at all
	}
}

// run tunes until ctx ends, and tries again at every tick what Redis refused.
func (t tuner) run(ctx context.Context, pubsub *redis.PubSub, tick time.Duration) {
	again := time.NewTicker(tick)
	defer again.Stop()
	heard := make(map[string]bool)
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.retune:
		case <-again.C:
		}
		if err := t.once(ctx, pubsub, heard); err != nil && ctx.Err() == nil {
			t.failed(err)
		}
	}
}

func (t tuner) once(ctx context.Context, pubsub *redis.PubSub, heard map[string]bool) error {
	wanted := make(map[string]bool)
	for _, name := range t.wanted() {
		wanted[name] = true
		if heard[name] {
			continue
		}
		if err := pubsub.Subscribe(ctx, t.prefix+name); err != nil {
			return err
		}
		heard[name] = true
	}
	for name := range heard {
		if !wanted[name] {
			delete(heard, name)
			_ = pubsub.Unsubscribe(ctx, t.prefix+name) // a message for nobody is dropped
		}
	}
	return nil
}
