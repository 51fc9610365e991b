package telemetry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
)

// HeaderRequestID is the header a request id comes and goes in.
const HeaderRequestID = "X-Request-Id"

// The lengths of a client's own request id.
const (
	shortestID = 8
	longestID  = 100
)

type requestIDKey struct{}

// RequestID is the id of the request ctx belongs to, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// WithRequestID has ctx belong to a request.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// requestID is the client's own id if it is one, else a new one.
func requestID(r *http.Request) string {
	if values := r.Header.Values(HeaderRequestID); len(values) == 1 && isID(values[0]) {
		return values[0]
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // it never fails
	return hex.EncodeToString(random[:])
}

func isID(id string) bool {
	if len(id) < shortestID || len(id) > longestID {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if !isWordByte(c) && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}
