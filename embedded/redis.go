package embedded

import (
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// Redis is a Redis inside this process. It forgets everything when it stops.
type Redis struct {
	server   *miniredis.Miniredis
	addr     string
	password string
	stop     chan struct{}
	once     sync.Once
	clock    sync.WaitGroup
}

// StartRedis listens on a free port of this machine; a password keeps its other users out.
func StartRedis() (*Redis, error) {
	r := &Redis{server: miniredis.NewMiniRedis(), password: rand.Text(), stop: make(chan struct{})}
	r.server.RequireAuth(r.password)
	if err := r.server.Start(); err != nil {
		return nil, fmt.Errorf("start embedded redis: %w", err)
	}
	r.addr = r.server.Addr()
	r.clock.Go(r.tick)
	return r, nil
}

// Addr is host and port, for a log line; a client needs the URL.
func (r *Redis) Addr() string { return r.addr }

// URL is for go-redis and contains the password.
func (r *Redis) URL() string { return fmt.Sprintf("redis://:%s@%s/0", r.password, r.addr) }

// Stop disconnects every client and returns when they are gone. It may be called again.
func (r *Redis) Stop() {
	r.once.Do(func() { close(r.stop) })
	r.clock.Wait()
	r.server.Close()
}

// A key may expire this much too early. Every step visits all keys, so finer steps cost more.
const step = 50 * time.Millisecond

// tick lets time pass for keys that expire: by itself miniredis, made for tests, stands still.
// Its own ClockTTL would visit all keys at every command.
func (r *Redis) tick() {
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-r.stop:
			return
		case <-ticker.C:
			now := time.Now()
			r.server.FastForward(now.Sub(last))
			last = now
		}
	}
}
