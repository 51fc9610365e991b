package transport

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Payer is who pays for an operation: the owner of a session, or of strangers the address they come from.
type Payer struct {
	Owner   string
	Address string
}

// Budget is what a payer has left after an operation was paid for, or refused.
type Budget struct {
	// Limit is the most points there can be, Restore how many come back in a second.
	Limit, Restore int
	Remaining      int
	// Wait is how long until there will be enough for what was refused. Zero: it was paid for.
	Wait time.Duration
}

// Limiter has everyone pay for what they ask.
type Limiter interface {
	// Take takes points from the payer's budget, all of them or none. A Budget without Limit bounds nothing.
	Take(ctx context.Context, who Payer, points int) Budget
}

// Points every operation costs beside what it selects, and what a bad token costs.
const (
	operationPoints = 50
	badTokenPoints  = 50
)

type callerKey struct{}

// caller is what limits need to know of who asks.
type caller struct {
	payer       Payer
	trustedOnly bool
}

func withCaller(ctx context.Context, s Session, address string) context.Context {
	who := Payer{Owner: cmp.Or(s.Owner, s.Subject)}
	if who.Owner == "" {
		who.Address = address
	}
	return context.WithValue(ctx, callerKey{}, caller{payer: who, trustedOnly: s.TrustedOnly})
}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// payForBadToken has an address pay for a token that is no good.
func payForBadToken(ctx context.Context, l Limiter, address string) Budget {
	if l == nil {
		return Budget{}
	}
	return l.Take(ctx, Payer{Address: address}, badTokenPoints)
}

// addressOf is where a request comes from, as configured says or else the connection's other end.
func addressOf(r *http.Request, configured func(*http.Request) string) string {
	if configured != nil {
		return configured(r)
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

// isSpent reports whether something was refused for want of points.
func (b Budget) isSpent() bool { return b.Wait > 0 }

// retryAfter is Wait in whole seconds, as Retry-After has it.
func (b Budget) retryAfter() int { return int(math.Ceil(b.Wait.Seconds())) }

// refill is how many seconds it takes until points have come back.
func (b Budget) refill(points int) int {
	return int(math.Ceil(float64(points) / float64(max(1, b.Restore))))
}

// error says that a budget is spent.
func (b Budget) error() *gqlerror.Error {
	err := coded(CodeRateLimited, fmt.Sprintf("Too much was asked in a short time. Try again in %d seconds.", b.retryAfter()))
	err.Extensions["retryAfter"] = b.retryAfter()
	return err
}

// headers tells of a budget as draft-ietf-httpapi-ratelimit-headers-11 has it.
func (b Budget) headers(h http.Header) {
	if b.Limit == 0 {
		return
	}
	h.Set("RateLimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, b.Limit, b.refill(b.Limit)))
	h.Set("RateLimit", fmt.Sprintf(`"default";r=%d;t=%d`, b.Remaining, b.refill(b.Limit-b.Remaining)))
	if b.isSpent() {
		h.Set("Retry-After", strconv.Itoa(b.retryAfter()))
	}
}
