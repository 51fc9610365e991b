package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/gorilla/websocket"
)

// inTime runs a test where time passes by itself as soon as everyone waits for it, so minutes cost nothing.
// The test fails when a goroutine is left behind.
func inTime(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// pass lets that time go by; nobody sleeps.
var pass = time.Sleep

// pipes is a network of one computer, without buffers: what is not read holds up the writer.
type pipes struct {
	calls chan net.Conn
	done  chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.calls:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { close(p.done); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

func (p pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.calls <- far:
		return near, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// host is a server of the toy schema, within the test.
type host struct {
	*toy
	ws    *WebSocket
	exec  *executor.Executor
	pipes pipes
	log   *strings.Builder
}

func serve(t *testing.T, config WebSocketConfig) *host {
	t.Helper()
	h := &host{toy: newToy(), pipes: pipes{make(chan net.Conn), make(chan struct{})}, log: &strings.Builder{}}
	h.exec = h.executor()
	if config.Authenticate == nil {
		config.Authenticate = doorman
	}
	config.Log = slog.New(slog.NewTextHandler(h.log, nil))
	h.ws = NewWebSocket(config)
	server := &http.Server{Handler: Handler{Executor: h.exec, Transports: []graphql.Transport{h.ws, HTTP{}}}}
	served := make(chan error)
	go func() { served <- server.Serve(h.pipes) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := h.ws.Shutdown(ctx); err != nil {
			t.Errorf("shut down: %v", err)
		}
		_ = server.Close()
		_ = <-served
	})
	return h
}

// peer is a client that hears everything, in order, unless it is deaf.
type peer struct {
	t     *testing.T
	sock  *websocket.Conn
	heard chan string
	gone  chan error
}

func (h *host) dialer() *websocket.Dialer {
	return &websocket.Dialer{NetDialContext: h.pipes.dial, Subprotocols: []string{subprotocol}}
}

func (h *host) dial(t *testing.T, headers ...string) *peer {
	t.Helper()
	p := h.dialDeaf(t, headers...)
	p.listen()
	return p
}

// dialDeaf connects a peer that reads nothing before listen.
func (h *host) dialDeaf(t *testing.T, headers ...string) *peer {
	t.Helper()
	header := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	sock, _, err := h.dialer().Dial("ws://parley.example/graphql", header)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { _ = sock.Close() })
	return &peer{t: t, sock: sock, heard: make(chan string, 10000), gone: make(chan error, 1)}
}

func (p *peer) listen() {
	go func() {
		for {
			_, text, err := p.sock.ReadMessage()
			if err != nil {
				p.gone <- err
				return
			}
			p.heard <- string(text)
		}
	}()
}

// greet has connected and been acknowledged.
func (h *host) greet(t *testing.T, token string) *peer {
	t.Helper()
	p := h.dial(t)
	p.greet(token)
	return p
}

func (p *peer) greet(token string) {
	p.t.Helper()
	if token == "" {
		p.say(`{"type":"connection_init"}`)
	} else {
		p.say(`{"type":"connection_init","payload":{"Authorization":"Bearer ` + token + `"}}`)
	}
	p.expect(`{"type":"connection_ack"}`)
}

func (p *peer) say(text string) {
	p.t.Helper()
	if err := p.sock.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		p.t.Fatalf("say %.80s: %v", text, err)
	}
}

func (p *peer) subscribe(id, document string) {
	p.t.Helper()
	text, _ := json.Marshal(document)
	p.say(fmt.Sprintf(`{"id":%q,"type":"subscribe","payload":{"query":%s}}`, id, text))
}

func (p *peer) next() string {
	p.t.Helper()
	select {
	case text := <-p.heard:
		return text
	case <-time.After(time.Hour):
		p.t.Fatal("heard nothing for an hour")
		return ""
	}
}

// expect hears exactly these messages next.
func (p *peer) expect(want ...string) {
	p.t.Helper()
	for _, w := range want {
		if got := p.next(); got != w {
			p.t.Fatalf("heard %s, want %s", got, w)
		}
	}
}

// expectQuiet proves that nothing else was said: the pong to a ping of ours comes next.
func (p *peer) expectQuiet() {
	p.t.Helper()
	p.say(`{"type":"ping","payload":{"quiet":true}}`)
	p.expect(`{"type":"pong","payload":{"quiet":true}}`)
}

// expectError hears the error of an operation, and gives its code.
func (p *peer) expectError(id string) string {
	p.t.Helper()
	var m struct {
		ID, Type string
		Payload  []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	text := p.next()
	if err := json.Unmarshal([]byte(text), &m); err != nil || m.ID != id || m.Type != "error" || len(m.Payload) == 0 || m.Payload[0].Message == "" {
		p.t.Fatalf("heard %s, want an error of %q", text, id)
	}
	return m.Payload[0].Extensions.Code
}

// expectClose waits for the server to close, and gives the reason.
func (p *peer) expectClose(code int) string {
	p.t.Helper()
	var closed *websocket.CloseError
	select {
	case err := <-p.gone:
		if !errors.As(err, &closed) || closed.Code != code {
			p.t.Fatalf("ended with %v, want code %d", err, code)
		}
	case <-time.After(time.Hour):
		p.t.Fatalf("still open after an hour, want code %d", code)
	}
	return closed.Text
}

func next(id, data string) string {
	return fmt.Sprintf(`{"id":%q,"type":"next","payload":{"data":%s}}`, id, data)
}

func complete(id string) string { return fmt.Sprintf(`{"id":%q,"type":"complete"}`, id) }

// await hears from the toy that an operation has come or gone.
func await(t *testing.T, signal <-chan string, what string) {
	t.Helper()
	select {
	case got := <-signal:
		if got != what {
			t.Fatalf("heard of %s, want %s", got, what)
		}
	case <-time.After(time.Hour):
		t.Fatalf("%s did not happen", what)
	}
}
