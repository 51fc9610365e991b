package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/embedded/embeddedtest"
)

var database string // of the test cluster

func TestMain(m *testing.M) {
	if os.Getenv("PARLEY_TEST_SERVE") != "" {
		main() // we are the server of another test
		return
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	url, stop, err := embeddedtest.Postgres()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer stop()
	database = url
	return m.Run()
}

// served is a running server.
type served struct {
	url, token, organization string
	simulator, metrics       string
	curl                     func(t *testing.T) int // pastes the webhook it printed
	stop                     func() error
}

var testKey = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))

func testConfig(databaseURL, redisURL string) Config {
	c, err := readConfig()
	if err != nil {
		panic(err)
	}
	c.Listen, c.SimulatorListen, c.MetricsListen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.DatabaseURL, c.RedisURL, c.SecretKey = databaseURL, redisURL, testKey
	c.Demo, c.DemoEvery, c.Tick = "yes", time.Hour, 200*time.Millisecond
	return c
}

// serve runs a server until the test ends or stop is called.
func serve(t *testing.T, config Config) *served {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out := &printed{ready: make(chan struct{})}
	ended := make(chan error, 1)
	var metrics metricsAddress
	go func() { ended <- run(ctx, config, out, slog.New(&metrics)) }()
	s := &served{}
	s.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("the server ended with: %v", err)
		}
	})
	select {
	case <-out.ready:
	case err := <-ended:
		t.Fatalf("the server did not start: %v", err)
	}
	s.read(out.String())
	s.metrics = metrics.url()
	return s
}

// read takes from what a server printed what a person would.
func (s *served) read(text string) {
	first := func(pattern string) string {
		found := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if found == nil {
			return ""
		}
		return found[1]
	}
	s.url = first(`ready on (\S+)`)
	s.simulator = first(`(http://[^/]+)/simulator/`)
	s.token, s.organization = first(`Bearer (\S+)`), first(`organization:\s+(\S+)`)
	address, signature, body := first(`curl -i (\S+)`), first(`X-Hub-Signature-256: (\S+)'`), first(`-d '(.*)'`)
	s.curl = func(t *testing.T) int {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Hub-Signature-256", signature)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode
	}
}

// printed is what a server prints.
type printed struct {
	mu    sync.Mutex
	text  bytes.Buffer
	ready chan struct{}
}

func (s *printed) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if bytes.Contains(p, []byte("is ready")) {
		defer close(s.ready)
	}
	return s.text.Write(p)
}

func (s *printed) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

const everything = `subscription ($organization: ID!, $after: String) {
	inboxEvents(organizationId: $organization, after: $after) {
		__typename
		... on Event { cursor }
		... on MessageAdded { message { id text direction } conversation { id } }
		... on MessageDeliveryChanged { status message { id } }
	}
}`

const replyWith = `mutation ($conversation: ID!, $text: String!) {
	replyToConversation(input: {conversationId: $conversation, text: $text}) { message { id } userErrors { code } }
}`

func TestSpine(t *testing.T) {
	t.Parallel()
	t.Run("a customer writes, an agent sees it, answers, and the answer goes out", func(t *testing.T) {
		t.Parallel()
		redis, stop, err := embeddedtest.Redis()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		s := serve(t, testConfig(embeddedtest.Database(t, database, ""), redis))
		events := subscribe(t, s, everything, object{"organization": s.organization, "after": s.cursorNow(t)})

		if status := s.curl(t); status != http.StatusOK {
			t.Fatalf("the webhook was answered %d", status)
		}
		added := events.next(said("Do you deliver on Sundays?"))
		replied := post(t, s, replyWith, object{"conversation": at(added, "conversation", "id"), "text": "Yes, until noon."})

		id := at(replied, "replyToConversation", "message", "id")
		for _, status := range []string{"SENDING", "SENT", "DELIVERED", "READ"} {
			events.next(func(e any) bool {
				return is("MessageDeliveryChanged")(e) && at(e, "message", "id") == id && at(e, "status") == status
			})
		}
	})
}

func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	redis, err := embeddedtest.StartRedis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Stop)
	config := testConfig(embeddedtest.Database(t, database, ""), redis.URL())
	one := serve(t, config)
	config.Demo, config.WhatsAppAPI = "no", one.simulator+"/whatsapp"
	config.MetaAppSecrets = []string{(&demo{key: bytes.Repeat([]byte{7}, 32)}).derive("meta app secret")}
	two := serve(t, config)
	two.token, two.organization = one.token, one.organization
	// From a place, not from now: a subscription that has been asked for has not begun yet.
	now := one.cursorNow(t)
	atOne := subscribe(t, one, everything, object{"organization": one.organization, "after": now})
	atTwo := subscribe(t, two, everything, object{"organization": one.organization, "after": now})

	one.curl(t)
	added := atOne.next(said("Do you deliver on Sundays?"))
	if same := atTwo.next(said("Do you deliver on Sundays?")); at(same, "cursor") != at(added, "cursor") {
		t.Fatalf("one event has the cursors %v and %v", at(added, "cursor"), at(same, "cursor"))
	}

	redis.Kill()
	post(t, two, replyWith, object{"conversation": at(added, "conversation", "id"), "text": "Without Redis."})
	atOne.next(said("Without Redis."))
	atTwo.next(said("Without Redis."))
}

func TestStop(t *testing.T) {
	t.Parallel()
	config := testConfig("", "")
	config.DataDir, config.DatabaseURL = t.TempDir(), ""
	s := serve(t, config)
	events := subscribe(t, s, everything, object{"organization": s.organization, "after": s.cursorNow(t)})
	s.curl(t)
	events.next(said("Do you deliver on Sundays?"))
	if status, _ := get(t, s.url+"/readyz"); status != http.StatusOK {
		t.Fatalf("ready answers %d", status)
	}

	ended := make(chan error, 1)
	go func() { ended <- s.stop() }()

	if code := events.closeCode(); code != 1001 {
		t.Errorf("the socket was closed with %d: clients come back on 1001", code)
	}
	if err := <-ended; err != nil {
		t.Errorf("stopped with %v", err)
	}
	again := serve(t, config)
	conversations := post(t, again, `{ conversations(first: 100) { edges { node { lastMessage { text } } } } }`, nil)
	if text := fmt.Sprint(conversations); !strings.Contains(text, "Do you deliver on Sundays?") {
		t.Errorf("after a restart there is %s", text)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	config := testConfig("", "")
	config.DataDir, config.DatabaseURL = t.TempDir(), ""
	s := serve(t, config)
	for path, want := range map[string]string{
		"/": "<title>", "/livez": "alive", "/readyz": "ready", "/schema.graphql": "type Conversation implements Node",
		"/docs": `id="Conversation.viewerCanReply"`, "/docs/style.css": "color-scheme",
	} {
		if status, body := get(t, s.url+path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s answers %d without %q", path, status, want)
		}
	}
	if status, _ := get(t, s.url+"/nothing"); status != http.StatusNotFound {
		t.Errorf("a page that is not there answers %d", status)
	}
}

func TestStrangers(t *testing.T) {
	t.Parallel()
	s := serve(t, testConfig(embeddedtest.Database(t, database, ""), ""))
	for name, payload := range map[string]object{"nothing": nil, "an empty token": {"Authorization": ""}, "a bad one": {"Authorization": "Bearer x"}} {
		if code := greet(t, s, payload).closeCode(); code != 4403 {
			t.Errorf("a socket that comes with %s ends with %d", name, code)
		}
	}
}
