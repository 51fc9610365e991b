package transport

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
)

// purse gives everyone the same, once.
type purse struct {
	each int

	mu    sync.Mutex
	spent map[Payer]int
}

func newPurse(each int) *purse { return &purse{each: each, spent: make(map[Payer]int)} }

func (p *purse) Take(_ context.Context, who Payer, points int) Budget {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := Budget{Limit: p.each, Restore: 10}
	if p.spent[who]+points > p.each {
		left.Wait = 1500 * time.Millisecond
	} else {
		p.spent[who] += points
	}
	left.Remaining = p.each - p.spent[who]
	return left
}

func (p *purse) of(who Payer) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.spent[who]
}

// metered serves HTTP where an operation costs as much as its text is long, and no more than 100.
func metered(t *testing.T, l Limiter, r *http.Request) answer {
	t.Helper()
	exec := newToy().executor()
	exec.Use(Meter{Cost: func(op *graphql.OperationContext) int { return len(op.RawQuery) }, Greatest: 100, Limiter: l})
	exec.Use(NewGuard(Limits{}))
	h := HTTP{Authenticate: doorman, Limiter: l, Address: func(r *http.Request) string { return r.Header.Get("X-Real-IP") }}
	return askOf(t, exec, h, r)
}

func from(address string, r *http.Request) *http.Request {
	r.Header.Set("X-Real-IP", address)
	return r
}

func TestMeter(t *testing.T) {
	t.Parallel()
	stranger := Payer{Address: "203.0.113.7"}
	t.Run("tells what an operation cost, and what is left", func(t *testing.T) {
		t.Parallel()
		l := newPurse(1000)
		a := metered(t, l, from(stranger.Address, post(query(`{ hello }`))))
		if a.Code != http.StatusOK || !strings.HasSuffix(a.Body.String(), `"extensions":{"cost":{"requested":9,"limit":100}}}`) {
			t.Errorf("answered %d %s", a.Code, a.Body)
		}
		policy, left := a.Header().Get("RateLimit-Policy"), a.Header().Get("RateLimit")
		if policy != `"default";q=1000;w=100` || left != `"default";r=941;t=6` || a.Header().Get("Retry-After") != "" {
			t.Errorf("the headers say %s and %s", policy, left)
		}
	})
	t.Run("has members pay, wherever they are", func(t *testing.T) {
		t.Parallel()
		l := newPurse(1000)
		for _, address := range []string{"203.0.113.7", "198.51.100.4"} {
			metered(t, l, from(address, post(query(`{ hello }`), "Authorization", "Bearer ada")))
		}
		if l.of(Payer{Owner: "Ada"}) != 2*59 {
			t.Errorf("paid was %v", l.spent)
		}
	})
	t.Run("refuses with 429 who has spent all", func(t *testing.T) {
		t.Parallel()
		l := newPurse(55)
		a := metered(t, l, from(stranger.Address, post(query(`{ hello }`))))
		if a.Code != http.StatusTooManyRequests || a.code() != CodeRateLimited || a.hasData || a.Header().Get("Retry-After") != "2" {
			t.Errorf("answered %d %s, after %s", a.Code, a.Body, a.Header().Get("Retry-After"))
		}
		if !strings.Contains(a.Body.String(), `"retryAfter":2`) {
			t.Errorf("answered %s", a.Body)
		}
	})
	t.Run("refuses what costs too much, for the price of asking", func(t *testing.T) {
		t.Parallel()
		l := newPurse(1000)
		a := metered(t, l, from(stranger.Address, post(query(`{ hello }`+strings.Repeat(" ", 100)))))
		if a.code() != CodeTooComplex || a.hasData || !strings.Contains(a.Body.String(), `"cost":109,"limit":100`) || l.of(stranger) != 50 {
			t.Errorf("answered %s for %d", a.Body, l.of(stranger))
		}
	})
	t.Run("has those pay who ask what nobody can read", func(t *testing.T) {
		t.Parallel()
		l := newPurse(1000)
		metered(t, l, from(stranger.Address, post(query(`{ nothing`))))
		if l.of(stranger) != 50 {
			t.Errorf("paid was %d", l.of(stranger))
		}
	})
	t.Run("has the address pay for a bad token, until it has spent all", func(t *testing.T) {
		t.Parallel()
		l := newPurse(60)
		for _, want := range []int{http.StatusUnauthorized, http.StatusTooManyRequests} {
			if a := metered(t, l, from(stranger.Address, post(query(`{ hello }`), "Authorization", "Bearer bad"))); a.Code != want {
				t.Errorf("answered %d, want %d", a.Code, want)
			}
		}
	})
}

func TestMeterHoldsOnWebSockets(t *testing.T) {
	inTime(t, func(t *testing.T) {
		l := newPurse(120)
		h := serve(t, WebSocketConfig{Limiter: l, Address: func(*http.Request) string { return "203.0.113.7" }})
		h.exec.Use(Meter{Cost: func(*graphql.OperationContext) int { return 1 }, Limiter: l})
		p := h.greet(t, "ada")
		for range 2 {
			p.subscribe("1", `{ hello }`)
			p.expect(next("1", `{"hello":"world"}`), complete("1"))
		}
		p.subscribe("1", `{ hello }`)
		if code := p.expectError("1"); code != CodeRateLimited {
			t.Errorf("code %q", code)
		}

		for _, want := range []int{CloseForbidden, CloseForbidden, websocket.CloseTryAgainLater} {
			q := h.dial(t)
			q.say(`{"type":"connection_init","payload":{"token":"bad"}}`)
			q.expectClose(want)
		}
	})
}

func TestAddress(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for remote, want := range map[string]string{"203.0.113.7:443": "203.0.113.7", "[2001:db8::1]:443": "2001:db8::1", "@": "@"} {
		r.RemoteAddr = remote
		if got := addressOf(r, nil); got != want {
			t.Errorf("%s comes from %s", remote, got)
		}
	}
}
