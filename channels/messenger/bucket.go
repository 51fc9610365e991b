package messenger

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Limit is how often something may be done: so many times at once, then so often a second.
type Limit struct {
	Burst float64
	Rate  float64
}

// limiter holds each of those who come to a limit. It remembers the last ten thousand.
type limiter struct {
	limit Limit
	mu    sync.Mutex
	known *lru.Cache[string, bucket]
}

type bucket struct {
	tokens   float64
	filledAt time.Time
}

func newLimiter(l Limit) *limiter {
	known, err := lru.New[string, bucket](10_000)
	if err != nil {
		panic(err) // of a size below one
	}
	return &limiter{limit: l, known: known}
}

// take says how long to wait before it may be done; 0: now. To be refused costs nothing.
func (l *limiter) take(who string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, known := l.known.Get(who)
	if !known {
		b = bucket{l.limit.Burst, now}
	}
	b.tokens = min(l.limit.Burst, b.tokens+l.limit.Rate*now.Sub(b.filledAt).Seconds())
	b.filledAt = now
	if b.tokens < 1 {
		l.known.Add(who, b)
		return time.Duration((1 - b.tokens) / l.limit.Rate * float64(time.Second))
	}
	b.tokens--
	l.known.Add(who, b)
	return 0
}

// addressOf is where a request comes from. Of IPv6 one network counts as one address: everybody has many in theirs.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if address = address.Unmap(); address.Is6() {
		network, err := address.WithZone("").Prefix(64)
		if err == nil {
			return network.String()
		}
	}
	return address.String()
}
