package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/jackc/pgx/v5"

	"parley/embedded"
	"parley/embedded/embeddedtest"
)

// TestSlowListeners has clients that do not read, or hardly, beside some that do.
func TestSlowListeners(t *testing.T) {
	t.Parallel()
	config := testConfig(embeddedtest.Database(t, database, ""), "")
	s := serve(t, config)
	load := newLoad(4, 45, s)
	load.filler = strings.Repeat("x", 3900) // and asked for ten times: more than the network and the queue take
	all := newAudience(t, load)
	quick := newAudience(t, load)
	cursor := s.cursorNow(t)
	ctx := t.Context()

	wake := make(chan struct{})
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for name, pace := range map[string]<-chan time.Time{"never reads": nil, "reads a byte a second": tick.C} {
		all.add(ctx, &listener{
			name: name, servers: []*served{s}, token: s.token, organization: s.organization, cursor: cursor, query: lengthy,
			dial: (&sleeper{pace: pace, wake: wake}).dial,
		})
	}
	for i := range 6 {
		l := &listener{name: fmt.Sprint("quick ", i), servers: []*served{s}, token: s.token, organization: s.organization, cursor: cursor}
		if i%2 == 0 {
			l.query = lengthy // the same question as that of the slow ones
		}
		quick.add(ctx, l)
	}
	if err := all.acks.reach(2); err != nil {
		t.Fatal(err)
	}

	load.begin(ctx, t)()
	quick.expectAll()
	quick.expectStayed()

	close(wake)
	all.expectAll()
	for name := range all.heard {
		if ends := all.ends[name]; len(ends) != 1 || !cutAsTooSlow(ends[0]) {
			t.Errorf("a client that %s was cut with %v", name, ends)
		}
	}
}

// lengthy is follows with answers of 40 kB.
var lengthy = strings.Replace(follows, "message { text",
	"message { text a: text b: text c: text d: text e: text f: text g: text h: text i: text", 1)

// cutAsTooSlow reports whether a socket ended with the reason, or without a word as there was no room for it.
func cutAsTooSlow(err error) bool {
	return closeCodeOf(err) == 4499 || closeCodeOf(err) == websocket.CloseAbnormalClosure || strings.Contains(err.Error(), "EOF") ||
		strings.Contains(err.Error(), "reset")
}

// sleeper reads hardly anything of its first socket, once that is greeted, until it wakes.
type sleeper struct {
	pace <-chan time.Time // a byte at each; nil: nothing at all
	wake chan struct{}
	once sync.Once
}

func (s *sleeper) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	first := false
	s.once.Do(func() { first = true })
	if err != nil || !first {
		return conn, err
	}
	return &sleepy{Conn: conn, sleeper: s}, conn.(*net.TCPConn).SetReadBuffer(roomForOne)
}

// roomForOne is a small receive buffer that still takes a whole packet of the local network: below that what is left on
// its way when the sleeper wakes trickles in for minutes.
const roomForOne = 128 << 10

type sleepy struct {
	net.Conn
	*sleeper
	read int
}

// Read falls asleep after what a server says before there are events.
func (c *sleepy) Read(b []byte) (int, error) {
	const greeting = 400
	if c.read > greeting {
		select {
		case <-c.wake:
		case <-c.pace:
			b = b[:1]
		}
	}
	n, err := c.Conn.Read(b)
	c.read += n
	return n, err
}

// TestCrowdOfConnects has thousands come at once. PARLEY_TEST_CONNECTS says how many.
func TestCrowdOfConnects(t *testing.T) {
	sockets := 2000
	if text := os.Getenv("PARLEY_TEST_CONNECTS"); text != "" {
		var err error
		if sockets, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil || files.Cur < uint64(sockets)+500 { // the runtime raised it as far as it may
		t.Skipf("only %d files may be open: %v", files.Cur, err)
	}
	databaseURL := embeddedtest.Database(t, database, "")
	s := start(t, "DATABASE_URL="+databaseURL, "PARLEY_DEMO=yes")
	tokens := makeTokens(t, databaseURL, s.organization, sockets/50+1)
	before := s.vitals(t)
	load := newLoad(1, 1, &s.served)
	crowd := newAudience(t, load)
	cursor := s.cursorNow(t)

	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	began := time.Now()
	for i := range sockets {
		crowd.add(ctx, &listener{
			name: fmt.Sprint(i), servers: []*served{&s.served}, token: tokens[i%len(tokens)], organization: s.organization, cursor: cursor,
		})
	}
	err := crowd.acks.reach(sockets)
	crowd.expectRefusals()
	if err != nil {
		t.Fatalf("be let in: %v", err)
	}
	t.Logf("%d were let in within %v", sockets, time.Since(began))
	load.begin(ctx, t)()
	crowd.expectAll()
	during := s.vitals(t)
	crowd.expectRefusals()

	leave()
	crowd.leaving.Wait()
	after := s.settled(t, vitals{before.Goroutines + 20, before.Heap + 4<<20 + uint64(sockets)*512})
	t.Logf("before %+v, with %d sockets %+v, after %+v", before, sockets, during, after)
}

// expectRefusals fails if a socket ended with anything but the word to come again.
func (a *audience) expectRefusals() {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	others, refusals := make(map[string]int), 0
	for _, ends := range a.ends {
		for _, err := range ends {
			if isRefusal(err) {
				refusals++
			} else {
				others[portless.ReplaceAllString(err.Error(), "")]++
			}
		}
	}
	a.t.Logf("%d were told to come again", refusals)
	for err, n := range others {
		a.t.Errorf("%d were neither let in nor told to come again: %s", n, err)
	}
}

var portless = regexp.MustCompile(`:[0-9]{4,5}\b`)

// settled waits until a process uses no more than that.
func (p *host) settled(t *testing.T, most vitals) vitals {
	t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	late := time.After(patience)
	for {
		v := p.vitals(t)
		if v.Goroutines <= most.Goroutines && v.Heap <= most.Heap {
			return v
		}
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("the process still uses %+v, and not %+v", v, most)
		}
	}
}

// makeTokens makes API tokens of the organization's owner as the product keeps them.
func makeTokens(t *testing.T, databaseURL, organization string, n int) []string {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(context.Background())
	batch := &pgx.Batch{}
	tokens := make([]string, n)
	for i := range tokens {
		tokens[i] = fmt.Sprintf("ply_%s_%043d", strings.TrimPrefix(organization, "org_"), i)
		hash := sha256.Sum256([]byte(tokens[i]))
		batch.Queue(`INSERT INTO tokens (organization_id, id, user_id, kind, hash, created_at)
			SELECT organization_id, $2, user_id, 'API', $3, now() FROM memberships WHERE organization_id = $1 AND role = 'OWNER'`,
			organization, fmt.Sprintf("tok_%032x", i), hash[:])
	}
	if err := connection.SendBatch(t.Context(), batch).Close(); err != nil {
		t.Fatal(err)
	}
	return tokens
}

// TestStormOfSubscribes has one socket ask for far more than it may.
func TestStormOfSubscribes(t *testing.T) {
	t.Parallel()
	const asked, allowed, refusals = 3000, 100, 150
	s := serve(t, testConfig(embeddedtest.Database(t, database, ""), ""))
	load := newLoad(1, 20, s)
	others := newAudience(t, load)
	cursor := s.cursorNow(t)
	others.of(t.Context(), "another", 10, cursor, s)

	storm := subscribe(t, s, follows, object{"organization": s.organization, "after": cursor})
	go func() {
		for i := range asked {
			message := object{"type": "subscribe", "id": fmt.Sprint("s", i), "payload": object{"query": follows, "variables": object{"organization": s.organization, "after": cursor}}}
			if storm.socket.WriteJSON(message) != nil {
				return // the test is over, long before the server has read all
			}
		}
	}()
	heard := make(map[any]int)
	hear := func() (id any, refused bool) {
		message := storm.read()
		switch message["type"] {
		case "next":
			if at(message, "payload", "data", "inboxEvents", "__typename") == "MessageAdded" {
				heard[message["id"]]++
			}
		case "error":
			if code := at(message, "payload", "0", "extensions", "code"); code != "TOO_MANY_OPERATIONS" {
				t.Fatalf("a subscription too many was answered %v", code)
			}
			return message["id"], true
		default:
			t.Fatalf("the socket said %v", message)
		}
		return message["id"], false
	}
	for refused := 0; refused < refusals; {
		if _, no := hear(); no {
			refused++
		}
	}

	load.begin(t.Context(), t)()
	others.expectAll()
	others.expectStayed()
	for complete := 0; complete < allowed; {
		if id, refused := hear(); !refused && heard[id] == load.each {
			complete++
			heard[id] = 0
		}
	}
	if len(heard) != allowed {
		t.Errorf("%d subscriptions heard something, instead of %d", len(heard), allowed)
	}
}

func TestRedisKilledUnderLoad(t *testing.T) {
	t.Parallel()
	p := startPair(t, embeddedtest.Database(t, database, ""))
	load := newLoad(10, 60, &p.b.served)
	all := newAudience(t, load)
	all.of(t.Context(), "listener", 40, p.a.cursorNow(t), &p.a.served)

	wait := load.begin(t.Context(), t)
	await(t, load.answered, 200)
	p.redis.Kill()
	await(t, load.answered, 400)
	if err := p.redis.Restart(); err != nil {
		t.Fatal(err)
	}
	wait()

	all.expectAll()
	all.expectStayed()
	if n := load.refused.n.Load(); n > 0 {
		t.Errorf("%d deliveries were refused", n)
	}
	load.checkKept(t, p.databaseURL)
}

func await(t *testing.T, c *count, n int) {
	t.Helper()
	if err := c.reach(n); err != nil {
		t.Fatal(err)
	}
}

func TestPostgresRestartedUnderLoad(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "parley-restart-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	var postgres *embedded.Postgres
	begin := func() {
		if postgres, err = embedded.StartPostgres(t.Context(), embedded.Config{Dir: dir, Durable: true, MaxConnections: 40}); err != nil {
			t.Fatal(err)
		}
	}
	begin()
	end := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return postgres.Stop(ctx)
	}
	t.Cleanup(func() { _ = end() })
	address := postgres.URL()
	p := startPair(t, address)
	load := newLoad(10, 60, &p.b.served)
	all := newAudience(t, load)
	all.of(t.Context(), "listener", 40, p.a.cursorNow(t), &p.a.served)

	wait := load.begin(t.Context(), t)
	await(t, load.answered, 200)
	if err := end(); err != nil {
		t.Fatal(err)
	}
	await(t, load.refused, 50) // each customer several times
	if begin(); postgres.URL() != address {
		t.Fatalf("PostgreSQL is at %s now, and was at %s", postgres.URL(), address)
	}
	wait()

	all.expectAll()
	all.expectStayed()
	load.checkKept(t, p.databaseURL)
}

func TestProcessKilledUnderLoad(t *testing.T) {
	t.Parallel()
	p := startPair(t, embeddedtest.Database(t, database, ""))
	all := halved(t, p)

	wait := all.load.begin(t.Context(), t)
	await(t, all.load.answered, 200)
	p.a.kill()
	wait()

	all.expectAll()
	all.expectEnds("at a", websocket.CloseAbnormalClosure)
	all.load.checkKept(t, p.databaseURL)
}

func TestProcessStoppedUnderLoad(t *testing.T) {
	t.Parallel()
	p := startPair(t, embeddedtest.Database(t, database, ""))
	all := halved(t, p)

	wait := all.load.begin(t.Context(), t)
	await(t, all.load.answered, 200)
	if err := p.a.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.a.command.Wait(); err != nil {
		t.Errorf("the process that was stopped ended with %v", err)
	}
	wait()

	all.expectAll()
	all.expectEnds("at a", websocket.CloseGoingAway)
	all.load.checkKept(t, p.databaseURL)
}

// halved is a load on both processes with an audience at both, which is there when it begins.
func halved(t *testing.T, p *pair) *audience {
	t.Helper()
	all := newAudience(t, newLoad(10, 60, &p.a.served, &p.b.served))
	cursor := p.a.cursorNow(t)
	all.of(t.Context(), "at a", 20, cursor, &p.a.served, &p.b.served)
	all.of(t.Context(), "at b", 20, cursor, &p.b.served, &p.a.served)
	await(t, all.acks, 40)
	return all
}

// expectStayed fails if a socket ended.
func (a *audience) expectStayed() {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for listener, ends := range a.ends {
		a.t.Errorf("%s: a socket ended with %v", listener, ends)
	}
}

// expectEnds fails unless the first socket of those with this name ended with a code, and nobody else's did.
func (a *audience) expectEnds(name string, code int) {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for listener := range a.heard {
		ends := a.ends[listener]
		switch {
		case !strings.HasPrefix(listener, name) && len(ends) > 0:
			a.t.Errorf("%s: a socket ended with %v", listener, ends)
		case strings.HasPrefix(listener, name) && (len(ends) == 0 || !endedWith(ends[0], code)):
			a.t.Errorf("%s: the socket ended with %v, want %d", listener, ends, code)
		}
	}
}

func endedWith(err error, code int) bool {
	if code == websocket.CloseAbnormalClosure { // no close frame, whatever the network says of it
		return closeCodeOf(err) == code || closeCodeOf(err) == 0
	}
	return closeCodeOf(err) == code
}
