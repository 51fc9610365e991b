package embedded

import (
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestRedis(t *testing.T) {
	t.Parallel()

	t.Run("answers at its URL and to nobody without the password", func(t *testing.T) {
		t.Parallel()
		r := startRedis(t)
		if got, err := redisClient(t, r.URL()).Ping(t.Context()).Result(); got != "PONG" {
			t.Errorf("got %q, %v", got, err)
		}
		if err := redisClient(t, "redis://"+r.Addr()).Ping(t.Context()).Err(); err == nil {
			t.Error("answered without the password")
		}
	})

	t.Run("forgets a key when its time is over, and not before", func(t *testing.T) {
		t.Parallel()
		client := redisClient(t, startRedis(t).URL())
		const life = 300 * time.Millisecond
		began := time.Now()
		if err := client.Set(t.Context(), "lease", "mine", life).Err(); err != nil {
			t.Fatal(err)
		}
		until(t, "the key expires", func() bool { return client.Exists(t.Context(), "lease").Val() == 0 })
		if lived := time.Since(began); lived < life-step {
			t.Errorf("the key lived %v, want %v", lived, life)
		}
	})

	t.Run("stops with subscribers connected, more than once", func(t *testing.T) {
		t.Parallel()
		r := startRedis(t)
		client := redisClient(t, r.URL())
		bell := client.Subscribe(t.Context(), "bell")
		if _, err := bell.Receive(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.Stop()
		r.Stop()
		if conn, err := net.Dial("tcp", r.Addr()); err == nil {
			conn.Close()
			t.Error("answered after the stop")
		}
	})
}

func startRedis(t *testing.T) *Redis {
	t.Helper()
	r, err := StartRedis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	return r
}

func redisClient(t *testing.T, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { client.Close() })
	return client
}
