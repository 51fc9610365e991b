// Package metatest stands in for Meta's Graph API in tests.
package metatest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"parley/channels"
	"parley/channels/meta"
)

// Graph is the Graph API for one test: it keeps the calls and gives the answers it was told.
type Graph struct {
	*httptest.Server
	answers []Answer
	mu      sync.Mutex // guards calls
	calls   []Call
}

// Answer is what Graph says to one call.
type Answer struct {
	Status int // 200 unless set
	Header map[string]string
	Body   string
}

// Call is one request.
type Call struct {
	Address string // "POST /v25.0/1/messages?a=b"
	Token   string // of its Authorization header
	Payload any    // nil: none
}

// Answering gives the answers in turn, the last one to all further calls.
func Answering(t *testing.T, answers ...Answer) *Graph {
	t.Helper()
	g := &Graph{answers: answers}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

// App is an app at Meta that calls Graph.
func (g *Graph) App() meta.App { return meta.App{APIBase: g.URL, HTTP: g.Client()} }

// ServeHTTP answers one call.
func (g *Graph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := Call{
		Address: r.Method + " " + r.URL.RequestURI(),
		Token:   strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "),
	}
	if body, err := io.ReadAll(r.Body); err == nil && len(body) > 0 {
		_ = json.Unmarshal(body, &call.Payload)
	}
	g.mu.Lock()
	answer := g.answers[min(len(g.calls), len(g.answers)-1)]
	g.calls = append(g.calls, call)
	g.mu.Unlock()
	for name, value := range answer.Header {
		w.Header().Set(name, value)
	}
	if answer.Status != 0 {
		w.WriteHeader(answer.Status)
	}
	_, _ = io.WriteString(w, answer.Body)
}

// Calls are those made so far.
func (g *Graph) Calls() []Call {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]Call(nil), g.calls...)
}

// Called checks the only call: its address, its token, and its payload as JSON; "" wants none.
func (g *Graph) Called(t *testing.T, address, token, payload string) {
	t.Helper()
	calls := g.Calls()
	if len(calls) != 1 {
		t.Fatalf("%d calls, want one: %+v", len(calls), calls)
	}
	calls[0].Is(t, address, token, payload)
}

// Is checks a call.
func (c Call) Is(t *testing.T, address, token, payload string) {
	t.Helper()
	if c.Address != address {
		t.Errorf("called\n%s, want\n%s", c.Address, address)
	}
	if c.Token != token {
		t.Errorf("showed the token %q, want %q", c.Token, token)
	}
	var want any
	if payload != "" {
		if err := json.Unmarshal([]byte(payload), &want); err != nil {
			t.Fatalf("read what is wanted: %v", err)
		}
	}
	if !reflect.DeepEqual(c.Payload, want) {
		t.Errorf("sent\n%v, want\n%v", c.Payload, want)
	}
}

// Refused returns the refusal err has to be. It must not show the token.
func Refused(t *testing.T, err error, token string) *channels.SendError {
	t.Helper()
	var refused *channels.SendError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a SendError", err)
	}
	if token != "" && strings.Contains(fmt.Sprintf("%v %+v", err, refused.Failure), token) {
		t.Error("the error shows the token")
	}
	return refused
}
