package rig

import (
	"context"
	"net/url"
	"os/exec"
	"strings"
)

// Redis is a Redis server: one of our own, or the one of REDIS_URL.
type Redis struct {
	process *Process
	// URL is its address.
	URL string
}

// StartRedis starts a server that keeps nothing, or takes the one at an address.
func StartRedis(ctx context.Context, dir, address string) (*Redis, error) {
	if address != "" {
		return &Redis{URL: address}, nil
	}
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(listen, ":")
	r := &Redis{URL: "redis://" + listen + "/0"}
	r.process, err = start("redis", dir, exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir))
	if err != nil {
		return nil, err
	}
	return r, r.process.awaits(ctx, listen)
}

// Host is where it listens.
func (r *Redis) Host() string {
	u, err := url.Parse(r.URL)
	if err != nil {
		return r.URL
	}
	return u.Host
}

// Processes are those of a server of our own.
func (r *Redis) Processes() []int {
	if r.process == nil {
		return nil
	}
	return []int{r.process.ID()}
}

// Stop ends a server of our own.
func (r *Redis) Stop() {
	if r.process != nil {
		r.process.Stop()
	}
}
