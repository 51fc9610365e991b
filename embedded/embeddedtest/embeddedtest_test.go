package embeddedtest

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

func TestPostgres(t *testing.T) {
	t.Run("is an own server that takes its files along", func(t *testing.T) {
		t.Setenv("PARLEY_TEST_DATABASE_URL", "")
		t.Setenv("TMPDIR", openTempDir(t))
		url, stop, err := Postgres()
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		var fsync string
		if err := conn.QueryRow(t.Context(), "SHOW fsync").Scan(&fsync); err != nil || fsync != "off" {
			t.Errorf("fsync is %q, %v", fsync, err)
		}
		stop()
		if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	})

	t.Run("is the configured one", func(t *testing.T) {
		t.Setenv("PARLEY_TEST_DATABASE_URL", "postgres://elsewhere")
		url, stop, err := Postgres()
		if err != nil || url != "postgres://elsewhere" {
			t.Fatalf("got %q, %v", url, err)
		}
		stop()
	})
}

// openTempDir is open to the account that runs PostgreSQL for root.
func openTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "parley-tmp-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRedis(t *testing.T) {
	t.Run("is the configured one", func(t *testing.T) {
		t.Setenv("PARLEY_TEST_REDIS_URL", "redis://elsewhere")
		url, stop, err := Redis()
		if err != nil || url != "redis://elsewhere" {
			t.Fatalf("got %q, %v", url, err)
		}
		stop()
	})

	t.Run("is an own server otherwise", func(t *testing.T) {
		t.Setenv("PARLEY_TEST_REDIS_URL", "")
		url, stop, err := Redis()
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		if err := redisClient(t, url).Ping(t.Context()).Err(); err != nil {
			t.Error(err)
		}
	})

	t.Run("names what to install when it is missing", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if _, err := StartRedis(); err == nil || !strings.Contains(err.Error(), "apt install redis-server") {
			t.Errorf("got %v", err)
		}
	})
}

func TestRedisServer(t *testing.T) {
	t.Parallel()

	t.Run("comes back empty at the same URL", func(t *testing.T) {
		t.Parallel()
		r, err := StartRedis()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Stop()
		client := redisClient(t, r.URL())
		if err := client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
			t.Fatal(err)
		}

		r.Kill()
		if conn, err := net.Dial("unix", r.socket()); err == nil {
			conn.Close()
			t.Error("a killed server answered")
		}
		if err := r.Restart(); err != nil {
			t.Fatal(err)
		}
		if n, err := client.DBSize(t.Context()).Result(); n != 0 || err != nil {
			t.Errorf("%d keys after the restart, %v", n, err)
		}
	})

	t.Run("leaves nothing after Stop, which may be called twice", func(t *testing.T) {
		t.Parallel()
		r, err := StartRedis()
		if err != nil {
			t.Fatal(err)
		}
		r.Stop()
		r.Stop()
		if _, err := os.Stat(r.dir); !os.IsNotExist(err) {
			t.Errorf("%s is still there (%v)", r.dir, err)
		}
	})
}

func redisClient(t *testing.T, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	options.MaxRetries = -1
	client := redis.NewClient(options)
	t.Cleanup(func() { client.Close() })
	return client
}
