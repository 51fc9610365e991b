package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"parley/models"
)

// follows asks for everything; the log has no holes, so neither has what a listener hears.
const follows = `subscription ($organization: ID!, $after: String) {
	inboxEvents(organizationId: $organization, after: $after) {
		__typename
		... on Event { cursor }
		... on MessageAdded { message { text direction } conversation { id } }
	}
}`

// listener follows an organization as an app does: when its socket ends it comes back, to the next of the servers, and
// goes on from its last cursor.
type listener struct {
	t            *testing.T
	name         string
	servers      []*served
	token        string
	organization string
	query        string // empty: follows
	dial         func(ctx context.Context, network, address string) (net.Conn, error)
	acked        func()           // the server let it in
	heard        func(e news)     // called once for each event, in order
	ended        func(last error) // a socket ended, or was not to be had; not called when the listener leaves

	cursor string
	seq    int64
}

// news is an event as a listener hears it.
type news struct {
	Typename string `json:"__typename"`
	Cursor   string
	Message  struct{ Text, Direction string }
	Of       struct{ ID string } `json:"conversation"`
	Errors   json.RawMessage     `json:"-"`
}

// refused is the answer to a handshake that did not become a socket.
type refused struct {
	status int
	err    error
}

func (r refused) Error() string {
	return fmt.Sprintf("the handshake was answered %d: %v", r.status, r.err)
}

// comeAgain is how long a client waits before it connects again.
const comeAgain = 20 * time.Millisecond

// follow listens from the cursor on until ctx ends.
func (l *listener) follow(ctx context.Context) {
	var err error
	if l.seq, err = models.ParseEventCursor(l.cursor); err != nil {
		l.t.Errorf("%s: begin at %q: %v", l.name, l.cursor, err)
		return
	}
	again := time.NewTicker(comeAgain)
	defer again.Stop()
	for next := 0; ; next++ {
		err := l.once(ctx, l.servers[next%len(l.servers)])
		if ctx.Err() != nil {
			return
		}
		if l.ended != nil {
			l.ended(err)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// once listens on one socket until it ends.
func (l *listener) once(ctx context.Context, at *served) error {
	dialer := websocket.Dialer{
		Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: patience, ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10,
		NetDialContext: l.dial,
	}
	socket, response, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(at.url, "http")+"/graphql", nil)
	if err != nil {
		if response != nil {
			return refused{response.StatusCode, err}
		}
		return err
	}
	defer socket.Close()
	socket.SetPingHandler(func(data string) error { // that of the library gives up after a second, which a busy machine may need
		return socket.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(patience))
	})
	defer context.AfterFunc(ctx, func() { _ = socket.Close() })()
	if err := socket.WriteJSON(object{"type": "connection_init", "payload": object{"Authorization": "Bearer " + l.token}}); err != nil {
		return err
	}
	question := l.query
	if question == "" {
		question = follows
	}
	_ = socket.SetReadDeadline(time.Now().Add(patience))
	for {
		var message struct {
			Type    string
			Payload json.RawMessage
		}
		if err := socket.ReadJSON(&message); err != nil {
			return err
		}
		switch message.Type {
		case "connection_ack":
			_ = socket.SetReadDeadline(time.Time{})
			if l.acked != nil {
				l.acked()
			}
			variables := object{"organization": l.organization, "after": l.cursor}
			if err := socket.WriteJSON(object{"type": "subscribe", "id": "1", "payload": object{"query": question, "variables": variables}}); err != nil {
				return err
			}
		case "next":
			if err := l.hear(message.Payload); err != nil {
				return err
			}
		default:
			return fmt.Errorf("the stream said %s %s", message.Type, message.Payload)
		}
	}
}

// hear takes an event, which must be the one after the last.
func (l *listener) hear(payload []byte) error {
	var said struct {
		Data   struct{ InboxEvents news }
		Errors json.RawMessage
	}
	if err := json.Unmarshal(payload, &said); err != nil {
		return err
	}
	if len(said.Errors) > 0 {
		l.t.Errorf("%s: heard errors after event %d: %s", l.name, l.seq, said.Errors)
	}
	e := said.Data.InboxEvents
	seq, err := models.ParseEventCursor(e.Cursor)
	if err != nil {
		return err
	}
	if seq != l.seq+1 {
		l.t.Errorf("%s: heard event %d (%s) after %d", l.name, seq, e.Typename, l.seq)
	}
	l.seq, l.cursor = seq, e.Cursor
	l.heard(e)
	return nil
}

// closeCodeOf is what a socket was closed with, or 0.
func closeCodeOf(err error) int {
	var closed *websocket.CloseError
	if errors.As(err, &closed) {
		return closed.Code
	}
	return 0
}

// audience is many listeners to one load.
type audience struct {
	t     *testing.T
	load  *load
	acks  *count
	total *count // of what all have heard

	mu      sync.Mutex
	heard   map[string][]string // what customers said, by listener
	ends    map[string][]error  // how its sockets ended
	leaving sync.WaitGroup
}

func newAudience(t *testing.T, of *load) *audience {
	return &audience{t: t, load: of, acks: newCount(), total: newCount(), heard: make(map[string][]string), ends: make(map[string][]error)}
}

// add has one more listen, until ctx ends.
func (a *audience) add(ctx context.Context, l *listener) {
	l.t, l.acked = a.t, a.acks.add
	l.heard = func(e news) {
		text, _, _ := strings.Cut(e.Message.Text, " ")
		if e.Typename != "MessageAdded" || e.Message.Direction != "INBOUND" || !strings.Contains(text, ":") {
			return
		}
		a.mu.Lock()
		a.heard[l.name] = append(a.heard[l.name], text)
		a.mu.Unlock()
		a.total.add()
	}
	l.ended = func(err error) {
		a.mu.Lock()
		a.ends[l.name] = append(a.ends[l.name], err)
		a.mu.Unlock()
	}
	a.mu.Lock()
	a.heard[l.name] = nil
	a.mu.Unlock()
	a.leaving.Go(func() { l.follow(ctx) })
}

// of makes listeners to an organization, from a cursor on, who turn to the servers in this order.
func (a *audience) of(ctx context.Context, name string, n int, cursor string, servers ...*served) {
	for i := range n {
		a.add(ctx, &listener{
			name: fmt.Sprintf("%s %d", name, i), servers: servers, cursor: cursor,
			token: servers[0].token, organization: servers[0].organization,
		})
	}
}

// expectAll waits until everyone has heard everything, and fails unless each heard it once and in order.
func (a *audience) expectAll() {
	a.t.Helper()
	a.mu.Lock()
	listeners := len(a.heard)
	a.mu.Unlock()
	if err := a.total.reach(listeners * a.load.customers * a.load.each); err != nil {
		a.t.Errorf("not all was heard: %v", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, heard := range a.heard {
		a.load.check(a.t, name, heard)
	}
}

// count lets a test wait for a number of things.
type count struct {
	n      atomic.Int64
	change chan struct{}
}

func newCount() *count { return &count{change: make(chan struct{}, 1)} }

func (c *count) add() {
	c.n.Add(1)
	select {
	case c.change <- struct{}{}:
	default:
	}
}

// reach waits until it happened n times. One test waits at a time.
func (c *count) reach(n int) error {
	late := time.NewTimer(2 * patience)
	defer late.Stop()
	for c.n.Load() < int64(n) {
		select {
		case <-c.change:
		case <-late.C:
			return fmt.Errorf("it happened %d times instead of %d", c.n.Load(), n)
		}
	}
	return nil
}

// isRefusal reports whether err told to come again.
func isRefusal(err error) bool {
	var r refused
	return errors.As(err, &r) && r.status == http.StatusServiceUnavailable || closeCodeOf(err) == websocket.CloseTryAgainLater
}
