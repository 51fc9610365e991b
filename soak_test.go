package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/embedded/embeddedtest"
)

const (
	soakListeners = 200 // who stay
	soakVisitors  = 20  // who come and go
	soakCustomers = 20  // each writes once a second
	soakEvery     = 30 * time.Second
)

// TestSoak runs both processes for as long as PARLEY_SOAK says, under a load that they carry with ease: nothing may be
// lost, and nothing may grow.
func TestSoak(t *testing.T) {
	text := os.Getenv("PARLEY_SOAK")
	if text == "" {
		t.Skip("PARLEY_SOAK says for how long: 30m")
	}
	lasts, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skipf("what a process uses is not told here: %v", err)
	}
	s := &soak{t: t, pair: startPair(t, embeddedtest.Database(t, database, "")), total: newCount(), asked: make(chan string, 1000)}
	s.load = newLoad(soakCustomers, 0, &s.pair.a.served, &s.pair.b.served)
	s.meetCustomers()
	samples := s.run(lasts)
	if t.Failed() {
		return
	}
	judge(t, samples)
}

type soak struct {
	t     *testing.T
	pair  *pair
	load  *load
	total *count      // of what all who stay have heard
	asked chan string // conversations to be answered

	mu   sync.Mutex
	lags []time.Duration // since the last sample
}

// meetCustomers has the simulated platform know who writes, so that it takes the answers to them.
func (s *soak) meetCustomers() {
	for n := range soakCustomers {
		body, err := json.Marshal(object{
			"account":  demoPhoneNumber,
			"customer": object{"id": fmt.Sprintf("4916%08d", n), "wroteAt": time.Now()},
		})
		if err != nil {
			s.t.Fatal(err)
		}
		response, err := http.Post(s.pair.a.simulator+"/simulator/customers", "application/json", bytes.NewReader(body))
		if err != nil {
			s.t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode >= http.StatusBadRequest {
			s.t.Fatalf("the simulator was not told of a customer: %d", response.StatusCode)
		}
	}
}

// run returns samples of all the time, once everything that was said has been heard.
func (s *soak) run(lasts time.Duration) (samples []sample) {
	ctx, leave := context.WithCancel(s.t.Context())
	var there sync.WaitGroup
	defer there.Wait()
	defer leave()
	tokens := makeTokens(s.t, s.pair.databaseURL, s.pair.a.organization, 8)
	cursor := s.pair.a.cursorNow(s.t)
	for i := range soakListeners + soakVisitors {
		l := s.listener(i, tokens[i%len(tokens)], cursor)
		if i < soakListeners {
			there.Go(func() { l.follow(ctx) })
		} else {
			there.Go(func() { comeAndGo(ctx, l) })
		}
	}
	there.Go(func() { s.answer(ctx) })

	writing, stop := context.WithTimeout(ctx, lasts)
	defer stop()
	var customers sync.WaitGroup
	for n := range soakCustomers {
		customers.Go(func() { s.write(ctx, writing, n) })
	}
	look := time.NewTicker(soakEvery)
	defer look.Stop()
	for began := time.Now(); writing.Err() == nil; {
		select {
		case now := <-look.C:
			samples = append(samples, s.sample(now.Sub(began)))
			s.t.Log(samples[len(samples)-1])
		case <-writing.Done():
		}
	}
	customers.Wait()
	if err := s.total.reach(int(s.load.answered.n.Load()) * soakListeners); err != nil {
		s.t.Errorf("not all was heard: %v", err)
	}
	s.t.Logf("%d messages were heard %d times, after %d refusals", s.load.answered.n.Load(), s.total.n.Load(), s.load.refused.n.Load())
	return samples
}

// write has a customer write a message a second, until writing ends.
func (s *soak) write(ctx, writing context.Context, customer int) {
	pause := time.NewTicker(time.Second)
	defer pause.Stop()
	for i := 0; ; i++ {
		select {
		case <-pause.C:
			s.load.deliver(ctx, s.t, customer, customer+i, fmt.Sprintf("%s %d", words(customer, i), time.Now().UnixNano()))
		case <-writing.Done():
			return
		}
	}
}

// listener checks that it hears every event once and in order, and of every customer every message.
func (s *soak) listener(i int, token, cursor string) *listener {
	l := &listener{
		t: s.t, name: fmt.Sprint("listener ", i), token: token, organization: s.pair.a.organization, cursor: cursor,
		servers: []*served{&s.pair.a.served, &s.pair.b.served},
	}
	if i%2 == 1 {
		slices.Reverse(l.servers)
	}
	next := make(map[string]int)
	l.heard = func(e news) {
		text, at, _ := strings.Cut(e.Message.Text, " ")
		customer, number, ok := strings.Cut(text, ":")
		if e.Typename != "MessageAdded" || e.Message.Direction != "INBOUND" || !ok {
			return
		}
		if number != strconv.Itoa(next[customer]) {
			s.t.Errorf("%s: heard %s instead of number %d", l.name, text, next[customer])
		}
		next[customer]++
		if i < soakListeners {
			s.heard(i, e, at)
		}
	}
	l.ended = func(err error) { s.t.Errorf("%s: a socket ended with %v", l.name, err) }
	return l
}

func (s *soak) heard(listener int, e news, at string) {
	s.total.add()
	if listener == 0 && s.total.n.Load()%10 == 0 {
		select {
		case s.asked <- e.Of.ID:
		default: // nobody answers everything
		}
	}
	if sent, err := strconv.ParseInt(at, 10, 64); err == nil {
		s.mu.Lock()
		s.lags = append(s.lags, time.Since(time.Unix(0, sent)))
		s.mu.Unlock()
	}
}

// comeAndGo listens again and again for a while, and goes on where it left.
func comeAndGo(ctx context.Context, l *listener) {
	const stays = 200 // events
	hear, n := l.heard, 0
	leave := func() {}
	l.heard = func(e news) {
		hear(e)
		if n++; n%stays == 0 {
			leave()
		}
	}
	for ctx.Err() == nil {
		var staying context.Context
		staying, leave = context.WithCancel(ctx)
		l.follow(staying)
		leave()
	}
}

// answer reads and answers what is asked.
func (s *soak) answer(ctx context.Context) {
	for {
		select {
		case id := <-s.asked:
			did := post(s.t, &s.pair.b.served, `mutation ($id: ID!) {
				markConversationRead(input: {conversationId: $id}) { userErrors { code } }
				replyToConversation(input: {conversationId: $id, text: "Gern!"}) { userErrors { code } }
			}`, object{"id": id})
			for what := range did {
				if errors, _ := at(did, what, "userErrors").([]any); len(errors) > 0 {
					s.t.Errorf("%s was refused: %v", what, errors)
				}
			}
		case <-ctx.Done():
			return
		}
	}
}

// sample is what the processes used, and how late listeners heard, at one time.
type sample struct {
	at         time.Duration
	rss        [2]int // kB
	goroutines [2]int
	files      [2]int
	median     time.Duration
	p99        time.Duration
}

func (s sample) String() string {
	return fmt.Sprintf("%5.0fs  rss %6d %6d kB  goroutines %4d %4d  files %4d %4d  lag %v, p99 %v",
		s.at.Seconds(), s.rss[0], s.rss[1], s.goroutines[0], s.goroutines[1], s.files[0], s.files[1],
		s.median.Round(100*time.Microsecond), s.p99.Round(100*time.Microsecond))
}

func (s *soak) sample(at time.Duration) sample {
	now := sample{at: at}
	for i, p := range []*host{s.pair.a, s.pair.b} {
		now.rss[i], now.files[i] = p.uses(s.t)
		now.goroutines[i] = p.vitals(s.t).Goroutines
	}
	s.mu.Lock()
	lags := s.lags
	s.lags = nil
	s.mu.Unlock()
	if slices.Sort(lags); len(lags) > 0 {
		now.median, now.p99 = lags[len(lags)/2], lags[len(lags)*99/100]
	}
	return now
}

// uses is the memory of a process, in kB, and the number of its open files.
func (p *host) uses(t *testing.T) (rss, files int) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d", p.command.Process.Pid)
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(status), "VmRSS:")
	if _, err := fmt.Sscan(text, &rss); err != nil {
		t.Fatalf("read the memory in %q: %v", status, err)
	}
	open, err := os.ReadDir(dir + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	return rss, len(open)
}

// judge fails when the second half of the time needed more than the first did.
func judge(t *testing.T, samples []sample) {
	t.Helper()
	half := len(samples) / 2
	if half < 3 {
		t.Logf("%d samples are too few to tell growth by", len(samples))
		return
	}
	first, second := samples[1:half], samples[half:] // the very first is of a server that warms up
	for i, name := range []string{"a", "b"} {
		for what, of := range map[string]struct {
			value func(sample) int
			allow float64 // times as much
			more  float64
		}{
			"kB":         {func(s sample) int { return s.rss[i] }, 1.15, 8 << 10},
			"goroutines": {func(s sample) int { return s.goroutines[i] }, 1.1, 50},
			"files":      {func(s sample) int { return s.files[i] }, 1.1, 30},
		} {
			before, after := typical(first, of.value), typical(second, of.value)
			if float64(after) > float64(before)*of.allow+of.more {
				t.Errorf("process %s grew from %d to %d %s", name, before, after, what)
			}
		}
	}
	lag := func(s sample) int { return int(s.p99) }
	before, after := typical(first, lag), typical(second, lag)
	if float64(after) > math.Max(3*float64(before), float64(time.Second)) {
		t.Errorf("listeners heard after %v first, and after %v then", time.Duration(before), time.Duration(after))
	}
}

// typical is the median of a value.
func typical(samples []sample, value func(sample) int) int {
	values := make([]int, len(samples))
	for i, s := range samples {
		values[i] = value(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
