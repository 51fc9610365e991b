package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"parley/embedded/embeddedtest"
)

// pair is two processes on one database and one Redis, as operators run them.
type pair struct {
	a, b        *host // a runs the simulator, too
	databaseURL string
	redis       *embeddedtest.RedisServer
}

func startPair(t *testing.T, databaseURL string) *pair {
	t.Helper()
	redis, err := embeddedtest.StartRedis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Stop)
	p := &pair{databaseURL: databaseURL, redis: redis}
	p.a = start(t, "DATABASE_URL="+databaseURL, "REDIS_URL="+redis.URL(), "PARLEY_DEMO=yes")
	p.b = start(t, "DATABASE_URL="+databaseURL, "REDIS_URL="+redis.URL(), "PARLEY_DEMO=no",
		"META_APP_SECRETS="+metaSecret(), "WHATSAPP_API_URL="+p.a.simulator+"/whatsapp")
	p.b.token, p.b.organization = p.a.token, p.a.organization
	return p
}

func metaSecret() string { return (&demo{key: bytes.Repeat([]byte{7}, 32)}).derive("meta app secret") }

// host is a server in a process of its own that tells its vitals.
type host struct {
	process
	vitalsAt string
}

// start runs the server in a process of its own. What it logs is shown when the test fails.
func start(t *testing.T, environment ...string) *host {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "PARLEY_TEST_SERVE=1", "PARLEY_TEST_VITALS=1", "PARLEY_SECRET_KEY="+testKey,
		"PARLEY_LISTEN=127.0.0.1:0", "PARLEY_SIMULATOR_LISTEN=127.0.0.1:0", "PARLEY_METRICS_LISTEN=off", "PARLEY_DEMO_EVERY=1000h",
		"PARLEY_TICK=200ms", "PARLEY_MAX_CONNECTIONS=8", "PARLEY_RATE_POINTS=0") // one member is a crowd
	command.Env = append(command.Env, environment...)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	command.Stderr = log
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &host{process: process{command: command}}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the log of process %d ends with:\n%s", command.Process.Pid, ending(log.Name()))
		}
	})
	var text strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		fmt.Fprintln(&text, lines.Text())
		if strings.Contains(lines.Text(), "is ready") {
			p.read(text.String())
			p.vitalsAt = regexp.MustCompile(`vitals on (\S+)`).FindStringSubmatch(text.String())[1]
			return p
		}
	}
	t.Fatalf("the server did not start:\n%s", text.String())
	return nil
}

func ending(path string) []byte {
	text, _ := os.ReadFile(path)
	return text[max(0, len(text)-4000):]
}

// vitals is what a process uses.
type vitals struct {
	Goroutines int
	Heap       uint64 // bytes that are still used after a collection
}

// A process of a test tells its vitals to who asks.
func init() {
	if os.Getenv("PARLEY_TEST_VITALS") == "" {
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("vitals on http://%s\n", listener.Addr())
	go func() {
		_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			var memory runtime.MemStats
			runtime.GC()
			runtime.GC() // what pools keep goes with the second
			runtime.ReadMemStats(&memory)
			_ = json.NewEncoder(w).Encode(vitals{runtime.NumGoroutine(), memory.HeapAlloc})
		}))
	}()
}

func (p *host) vitals(t *testing.T) (v vitals) {
	t.Helper()
	status, body := get(t, p.vitalsAt)
	if err := json.Unmarshal([]byte(body), &v); err != nil || status != http.StatusOK {
		t.Fatalf("the vitals are %d %q: %v", status, body, err)
	}
	return v
}

// cursorNow is the newest place in the log of the organization.
func (s *served) cursorNow(t *testing.T) string {
	t.Helper()
	cursor, ok := at(post(t, s, `{ conversations(first: 1) { eventCursor } }`, nil), "conversations", "eventCursor").(string)
	if !ok {
		t.Fatal("there is no cursor to begin with")
	}
	return cursor
}

// query asks the database itself, for one row.
func query(t *testing.T, databaseURL, statement string, into ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	connection, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(ctx)
	if err := connection.QueryRow(ctx, statement).Scan(into...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
