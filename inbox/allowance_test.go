package inbox_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/embedded"
	"parley/inbox"
	"parley/inbox/inboxtest"
)

// allowing is what of a process gives 1000 points and 100 a second.
func allowing(t *testing.T, redisURL string, clock *inboxtest.Clock) *inbox.Allowances {
	t.Helper()
	return allowances(t, redisURL, inbox.AllowanceConfig{Name: "points", Size: 1000, Restore: 100, Now: clock.Now, Log: inboxtest.Quiet})
}

func allowances(t *testing.T, redisURL string, c inbox.AllowanceConfig) *inbox.Allowances {
	t.Helper()
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	c.Redis = redis.NewClient(options)
	t.Cleanup(func() { _ = c.Redis.Close() })
	return inbox.NewAllowances(c)
}

func noon() *inboxtest.Clock {
	c := &inboxtest.Clock{}
	c.Set(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
	return c
}

// spend takes points until there are no more, or 100 times.
func spend(a *inbox.Allowances, who string, points int) (times int) {
	for times < 100 && a.Take(context.Background(), who, points).Wait == 0 {
		times++
	}
	return times
}

func TestAllowances(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]func(t *testing.T) string{
		"Redis": func(t *testing.T) string { return newRedis(t).URL() },
		"the Redis inside the process": func(t *testing.T) string {
			r, err := embedded.StartRedis()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(r.Stop)
			return r.URL()
		},
		"no Redis": func(t *testing.T) string { return noRedis(t) },
	} {
		t.Run("are spent, and come back with time, with "+name, func(t *testing.T) {
			t.Parallel()
			clock := noon()
			a := allowing(t, address(t), clock)
			ctx := t.Context()

			inboxtest.Same(t, "left", a.Take(ctx, "ada", 30), inbox.Allowance{Remaining: 970})
			inboxtest.Same(t, "spent", spend(a, "ada", 100), 9)
			refused := a.Take(ctx, "ada", 100)
			inboxtest.Same(t, "refused", refused, inbox.Allowance{Remaining: 70, Wait: 300 * time.Millisecond})
			inboxtest.Same(t, "less", a.Take(ctx, "ada", 60).Wait, 0)
			clock.Advance(900 * time.Millisecond)
			inboxtest.Same(t, "afterwards", a.Take(ctx, "ada", 100), inbox.Allowance{Remaining: 0})
			inboxtest.Same(t, "of others", a.Take(ctx, "ben", 100).Remaining, 900)
			clock.Advance(time.Hour)
			inboxtest.Same(t, "in the end", spend(a, "ada", 100), 10)
		})
		t.Run("give back what was not needed, with "+name, func(t *testing.T) {
			t.Parallel()
			a := allowing(t, address(t), noon())
			for range 20 {
				inboxtest.Same(t, "taken", a.Take(t.Context(), "ada", 400).Wait, 0)
				a.Return(t.Context(), "ada", 400)
			}
			inboxtest.Same(t, "left", a.Take(t.Context(), "ada", 400).Remaining, 600)
		})
	}
	t.Run("are shared by the processes of one Redis", func(t *testing.T) {
		t.Parallel()
		clock, r := noon(), newRedis(t)
		here, there := allowing(t, r.URL(), clock), allowing(t, r.URL(), clock)

		inboxtest.Same(t, "spent here", spend(here, "ada", 5), 100)
		spent := spend(there, "ada", 5)

		if spent < 90 || spent > 100 { // but for the slice that is still here
			t.Errorf("%d are spent there", spent)
		}
		inboxtest.Same(t, "spent here then", spend(here, "ada", 50) <= 1, true)
	})
	t.Run("are not lost in processes that spend little of their slices", func(t *testing.T) {
		t.Parallel()
		clock, r := noon(), newRedis(t)
		var processes []*inbox.Allowances
		for range 8 {
			processes = append(processes, allowing(t, r.URL(), clock))
		}
		for range 30 {
			for _, a := range processes {
				inboxtest.Same(t, "refused", a.Take(t.Context(), "ada", 1).Wait, 0)
			}
			clock.Advance(time.Second)
		}
		inboxtest.Same(t, "left", processes[0].Take(t.Context(), "ada", 1).Remaining > 600, true)
	})
	t.Run("are forgotten by Redis when they are whole again", func(t *testing.T) {
		t.Parallel()
		r := newRedis(t)
		allowing(t, r.URL(), noon()).Take(t.Context(), strings.Repeat("x", 10_000), 1000)
		options, err := redis.ParseURL(r.URL())
		if err != nil {
			t.Fatal(err)
		}
		client := redis.NewClient(options)
		defer client.Close()
		keys := client.Keys(t.Context(), "*").Val()
		if len(keys) != 1 || len(keys[0]) > 200 {
			t.Fatalf("keys are %q", keys)
		}
		if left := client.PTTL(t.Context(), keys[0]).Val(); left <= 0 || left > 11*time.Second {
			t.Errorf("it stays for %s", left)
		}
	})
	t.Run("are each process's own while Redis is away, which is told once", func(t *testing.T) {
		t.Parallel()
		clock, r := noon(), newRedis(t)
		var log bytes.Buffer
		a := allowances(t, r.URL(), inbox.AllowanceConfig{
			Name: "points", Size: 1000, Restore: 100, Now: clock.Now, Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		inboxtest.Same(t, "spent", spend(a, "ada", 100), 10)
		clock.Advance(2 * time.Second)
		r.Kill()

		inboxtest.Same(t, "spent alone", spend(a, "ada", 100), 10)
		clock.Advance(5 * time.Second)
		inboxtest.Same(t, "spent later", spend(a, "ada", 100), 5)
		inboxtest.Same(t, "warnings", strings.Count(log.String(), "level=WARN"), 1)

		if err := r.Restart(); err != nil {
			t.Fatal(err)
		}
		clock.Advance(5 * time.Second)
		inboxtest.Same(t, "spent in the end", spend(a, "ada", 100), 10) // Redis has forgotten all
	})
}
