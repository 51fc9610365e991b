package inbox_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/inbox"
	"parley/inbox/inboxtest"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func documents(t *testing.T, redisURL string, clock *inboxtest.Clock) (*inbox.Documents, *redis.Client) {
	t.Helper()
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return inbox.NewDocuments(client, clock.Now, inboxtest.Quiet), client
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	const text = `{ viewer { user { id } } }`
	t.Run("are found by all processes, for a day after they were used", func(t *testing.T) {
		t.Parallel()
		clock, r := noon(), newRedis(t)
		here, _ := documents(t, r.URL(), clock)
		there, client := documents(t, r.URL(), clock)
		key := "parley:document:" + hashOf(text)

		inboxtest.Same(t, "before", there.Find(t.Context(), hashOf(text)), "")
		here.Keep(t.Context(), "ada", hashOf(text), text)
		client.Expire(t.Context(), key, time.Minute)
		inboxtest.Same(t, "afterwards", there.Find(t.Context(), hashOf(text)), text)
		if left := client.TTL(t.Context(), key).Val(); left < 23*time.Hour {
			t.Errorf("it stays for %s", left)
		}

		r.Kill()
		clock.Advance(2 * time.Hour)
		inboxtest.Same(t, "without Redis", there.Find(t.Context(), hashOf(text)), text)
		inboxtest.Same(t, "what nobody has seen", there.Find(t.Context(), hashOf("{ a }")), "")
	})
	t.Run("are forgotten when Redis has forgotten them", func(t *testing.T) {
		t.Parallel()
		clock, r := noon(), newRedis(t)
		d, client := documents(t, r.URL(), clock)
		d.Keep(t.Context(), "ada", hashOf(text), text)
		client.FlushAll(t.Context())
		clock.Advance(2 * time.Hour)
		inboxtest.Same(t, "found", d.Find(t.Context(), hashOf(text)), "")
	})
	t.Run("are what their name says", func(t *testing.T) {
		t.Parallel()
		d, client := documents(t, newRedis(t).URL(), noon())
		client.Set(t.Context(), "parley:document:"+hashOf(text), "{ somethingElse }", 0)
		inboxtest.Same(t, "found", d.Find(t.Context(), hashOf(text)), "")
	})
	t.Run("are not too long, nor too many of one", func(t *testing.T) {
		t.Parallel()
		d, client := documents(t, newRedis(t).URL(), noon())
		long := strings.Repeat("#", 20_001)
		d.Keep(t.Context(), "ada", hashOf(long), long)
		for i := range 250 {
			text := fmt.Sprintf("{ f%d }", i)
			d.Keep(t.Context(), "ada", hashOf(text), text)
		}
		kept := client.Keys(t.Context(), "parley:document:*").Val()
		inboxtest.Same(t, "kept", len(kept), 200)
		d.Keep(t.Context(), "ben", hashOf(text), text)
		inboxtest.Same(t, "of others", d.Find(t.Context(), hashOf(text)), text)
	})
}
