package channels

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley/models"
)

func post(t *testing.T, address string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(`{"a":1}`))
	if err != nil {
		t.Fatalf("request: %v", err)
	}
	return req
}

func platform(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

// alone is a client with connections of its own: closing a test server cuts those of http.DefaultClient.
func alone(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestCall(t *testing.T) {
	t.Parallel()

	t.Run("returns any answer", func(t *testing.T) {
		t.Parallel()
		address := platform(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.WriteHeader(http.StatusTeapot)
			_, _ = w.Write(body)
		})
		answer, err := Call(alone(t), post(t, address))
		if err != nil || answer.Status != http.StatusTeapot || string(answer.Body) != `{"a":1}` || answer.IsSuccess() {
			t.Errorf("got %d %q, %v", answer.Status, answer.Body, err)
		}
	})

	t.Run("goes nowhere else with the token", func(t *testing.T) {
		t.Parallel()
		elsewhere := platform(t, func(http.ResponseWriter, *http.Request) { t.Error("followed the redirect") })
		address := platform(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		})
		client := alone(t)
		answer, err := Call(client, post(t, address+"/secret"))
		if err != nil || answer.Status != http.StatusTemporaryRedirect || client.CheckRedirect != nil {
			t.Errorf("got %d, %v", answer.Status, err)
		}
	})

	t.Run("a deadline while the platform thinks is ambiguous", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		address := platform(t, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			cancel()
			<-r.Context().Done()
		})
		_, err := Call(alone(t), post(t, address+"/secret").WithContext(ctx))
		got := fault(t, err)
		if !got.Ambiguous || got.Reason != models.Unconfirmed || !errors.Is(err, context.Canceled) {
			t.Errorf("got %+v, want an ambiguous cancellation", got)
		}
	})

	t.Run("a handshake that fails is not ambiguous", func(t *testing.T) {
		t.Parallel()
		address := platform(t, func(http.ResponseWriter, *http.Request) {})
		_, err := Call(alone(t), post(t, strings.Replace(address, "http:", "https:", 1)+"/secret"))
		if got := fault(t, err); got.Ambiguous || got.Reason != models.Transient {
			t.Errorf("got %+v, want transient and not ambiguous", got)
		}
	})

	t.Run("a transport that never looks at the message is not ambiguous", func(t *testing.T) {
		t.Parallel()
		client := &http.Client{Transport: refusing{}}
		_, err := Call(client, post(t, "http://platform.example/secret"))
		if got := fault(t, err); got.Ambiguous {
			t.Errorf("got %+v, want not ambiguous", got)
		}
	})
}

// refusing is a transport that fails before it looks at the body.
type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no connection")
}

func fault(t *testing.T, err error) *SendError {
	t.Helper()
	var e *SendError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a SendError", err)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error shows the address: %v", err)
	}
	return e
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	date := "Sat, 01 Aug 2026 12:00:00 GMT"
	for value, want := range map[string]time.Duration{
		"":                              0,
		"30":                            30 * time.Second,
		"-1":                            0,
		"soon":                          0,
		"99999999999":                   24 * time.Hour,
		"Sat, 01 Aug 2026 12:01:30 GMT": 90 * time.Second,
		"Sat, 01 Aug 2026 11:00:00 GMT": 0,
	} {
		answer := Answer{Header: http.Header{"Retry-After": {value}, "Date": {date}}}
		if got := answer.RetryAfter(); got != want {
			t.Errorf("Retry-After %q: %s, want %s", value, got, want)
		}
	}
	undated := Answer{Header: http.Header{"Retry-After": {"Sat, 01 Aug 2026 12:01:30 GMT"}}}
	if got := undated.RetryAfter(); got != 0 {
		t.Errorf("a date without the platform's own: %s, want nothing", got)
	}
}
