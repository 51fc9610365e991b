package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestStartPostgres(t *testing.T) {
	t.Parallel()

	t.Run("creates the database, keeps it over a restart, and starts quickly the second time", func(t *testing.T) {
		t.Parallel()
		cfg := Config{Dir: dataDir(t), Durable: true, MaxConnections: 37}
		first := start(t, cfg)
		if got := query[string](t, first, "SELECT current_database() || ' ' || current_user"); got != "parley parley" {
			t.Errorf("connected to %q", got)
		}
		for setting, want := range map[string]string{"listen_addresses": "", "max_connections": "37", "fsync": "on", "server_encoding": "UTF8"} {
			if got := query[string](t, first, "SELECT current_setting('"+setting+"')"); got != want {
				t.Errorf("%s is %q, want %q", setting, got, want)
			}
		}
		write(t, first, 1)
		stop(t, first)

		began := time.Now()
		second := start(t, cfg)
		t.Logf("warm start took %v", time.Since(began).Round(time.Millisecond))
		if n := rows(t, second); n != 1 {
			t.Errorf("%d rows after the restart, want 1", n)
		}
		if log := readFile(t, filepath.Join(cfg.Dir, "postgres.log")); strings.Contains(log, "was not properly shut down") {
			t.Errorf("the second start had to recover:\n%s", log)
		}
	})

	t.Run("knows the case of letters beyond ASCII and sorts by bytes", func(t *testing.T) {
		t.Parallel()
		p := start(t, Config{Dir: dataDir(t)})
		if !query[bool](t, p, "SELECT 'É' ILIKE 'é' AND 'Z' < 'a'") {
			t.Error("'É' is not like 'é', or 'Z' comes after 'a'")
		}
	})

	t.Run("keeps what people wrote out of its log", func(t *testing.T) {
		t.Parallel()
		cfg := Config{Dir: dataDir(t)}
		p := start(t, cfg)
		if _, err := connect(t, p).Exec(t.Context(), "SELECT 'call me at home'::int"); err == nil {
			t.Error("a text was accepted as a number")
		}
		stop(t, p)
		log := readFile(t, filepath.Join(cfg.Dir, "postgres.log"))
		if strings.Contains(log, "at home") || !strings.Contains(log, "database system is ready") {
			t.Errorf("the log says:\n%s", log)
		}
	})

	t.Run("is refused while another server uses the directory", func(t *testing.T) {
		t.Parallel()
		cfg := Config{Dir: dataDir(t)}
		first := start(t, cfg)
		_, err := StartPostgres(t.Context(), cfg)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("another parley (process %d)", os.Getpid())) {
			t.Fatalf("got %v", err)
		}
		if n := query[int](t, first, "SELECT 1"); n != 1 {
			t.Error("the first server suffered")
		}
	})

	t.Run("works below a path too long for a socket", func(t *testing.T) {
		t.Parallel()
		cfg := Config{Dir: filepath.Join(dataDir(t), strings.Repeat("long name/", 15))}
		first := start(t, cfg)
		write(t, first, 1)
		stop(t, first)
		second := start(t, cfg)
		if n := rows(t, second); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
		stop(t, second)
		if _, err := os.Stat(second.cluster.socketDir); !os.IsNotExist(err) {
			t.Errorf("%s is still there (%v)", second.cluster.socketDir, err)
		}
	})

	t.Run("tells the last lines of the log when the server does not start", func(t *testing.T) {
		t.Parallel()
		cfg := Config{Dir: dataDir(t)}
		stop(t, start(t, cfg))
		conf := filepath.Join(cfg.Dir, "postgres", "postgresql.conf")
		if err := os.WriteFile(conf, []byte("wal_level = nonsense\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := StartPostgres(t.Context(), cfg)
		if err == nil || !strings.Contains(err.Error(), `invalid value for parameter "wal_level"`) {
			t.Fatalf("got %v", err)
		}
	})

	t.Run("ends with its context and leaves nothing running", func(t *testing.T) {
		t.Parallel()
		cfg := Config{Dir: dataDir(t)}
		ctx, cancel := context.WithCancel(t.Context())
		cfg.Logger = slog.New(callOnLog{cancel})
		if _, err := StartPostgres(ctx, cfg); err == nil {
			t.Fatal("started although its context had ended")
		}
		cfg.Logger = nil
		start(t, cfg)
	})
}

func TestStop(t *testing.T) {
	t.Parallel()

	t.Run("may be called twice and at the same time, with sessions open", func(t *testing.T) {
		t.Parallel()
		p := start(t, Config{Dir: dataDir(t)})
		connect(t, p)
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				if err := p.Stop(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		stop(t, p)
		if err := p.Err(); err != nil {
			t.Errorf("an ordered stop left the error %v", err)
		}
	})

	t.Run("does not wait longer than its context and loses nothing", func(t *testing.T) {
		t.Parallel()
		cfg := Config{Dir: dataDir(t), Durable: true}
		p := start(t, cfg)
		write(t, p, 3)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.Stop(ended); err == nil {
			t.Error("an immediate stop was called an orderly one")
		}
		if n := rows(t, start(t, cfg)); n != 3 {
			t.Errorf("%d rows, want 3", n)
		}
	})
}

func TestDone(t *testing.T) {
	t.Parallel()

	t.Run("tells of a server that died, and the next start recovers", func(t *testing.T) {
		t.Parallel()
		cfg := Config{Dir: dataDir(t), Durable: true}
		p := start(t, cfg)
		write(t, p, 2)
		connect(t, p)
		if err := p.Err(); err != nil {
			t.Errorf("running, but Err is %v", err)
		}
		if err := p.process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		if err := p.Err(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Errorf("Err is %v", err)
		}
		stop(t, p)
		if n := rows(t, start(t, cfg)); n != 2 {
			t.Errorf("%d rows, want 2", n)
		}
	})
}

// callOnLog does something as soon as anything is logged.
type callOnLog struct{ do func() }

func (c callOnLog) Enabled(context.Context, slog.Level) bool  { return true }
func (c callOnLog) Handle(context.Context, slog.Record) error { c.do(); return nil }
func (c callOnLog) WithAttrs([]slog.Attr) slog.Handler        { return c }
func (c callOnLog) WithGroup(string) slog.Handler             { return c }

// dataDir is like t.TempDir, but open to the account that runs PostgreSQL for root.
func dataDir(t *testing.T) string {
	t.Helper()
	parent, err := os.MkdirTemp("", "parley-embedded-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(parent) })
	if err := os.Chmod(parent, 0o711); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(parent, "data")
}

func start(t *testing.T, cfg Config) *Postgres {
	t.Helper()
	p, err := StartPostgres(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, p) })
	return p
}

func stop(t *testing.T, p *Postgres) {
	t.Helper()
	if err := p.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

func connect(t *testing.T, p *Postgres) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func query[T any](t *testing.T, p *Postgres, sql string) (value T) {
	t.Helper()
	if err := connect(t, p).QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func write(t *testing.T, p *Postgres, n int) {
	t.Helper()
	sql := fmt.Sprintf("CREATE TABLE kept AS SELECT generate_series(1, %d)", n)
	if _, err := connect(t, p).Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func rows(t *testing.T, p *Postgres) int {
	t.Helper()
	return query[int](t, p, "SELECT count(*) FROM kept")
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
