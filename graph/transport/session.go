package transport

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Authenticate turns a bearer token into a context that carries the viewer, and says how long that holds.
//
// An empty token is passed on, so that Authenticate decides whether strangers may come in (signing in needs
// that). It answers ErrUnauthenticated, wrapped or not, when the token is no good; any other error means that
// it could not find out. Over a websocket ctx ends with the connection, and so must what is made from it.
type Authenticate func(ctx context.Context, token string) (context.Context, Session, error)

// Session is what a transport must know about a viewer it lets in.
type Session struct {
	// ExpiresAt is when the token ends, and the socket with it. Zero: never.
	ExpiresAt time.Time
	// Subject is whom open sockets and streams are counted for: a token. Empty: nobody.
	Subject string
	// Owner is the person in the organization, by whatever token they came in. Empty: a stranger.
	Owner string
	// TrustedOnly says that the token asks nothing but documents the server knows.
	TrustedOnly bool
}

// ErrUnauthenticated says that a token was read and found bad, expired or missing.
var ErrUnauthenticated = errors.New("unauthenticated")

// check is a without its nil: where nobody authenticates, everyone is a stranger and welcome.
func (a Authenticate) check(ctx context.Context, token string) (context.Context, Session, error) {
	if a == nil {
		return ctx, Session{}, nil
	}
	return a(ctx, token)
}

// bearer reads the token of the Authorization headers; none is an empty token, another scheme or a second one a bad one.
func bearer(values []string) (string, error) {
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		return bearerToken(values[0])
	}
	return "", ErrUnauthenticated
}

func bearerToken(value string) (string, error) {
	scheme, token, _ := strings.Cut(strings.TrimSpace(value), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", ErrUnauthenticated
	}
	return token, nil
}
