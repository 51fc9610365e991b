package transport

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
)

// WebSocketConfig is what a WebSocket can be told; every zero has a sensible meaning.
type WebSocketConfig struct {
	// Authenticate says who connects. Nil: everyone is a stranger.
	Authenticate Authenticate
	// Address says where a request comes from. Nil: from the connection's other end.
	Address func(*http.Request) string
	// Limiter has those pay who come with a bad token. Nil: nobody does. See Meter for all others.
	Limiter Limiter
	// Origins are the web pages that may connect, exactly as browsers name them ("https://app.example.com").
	// Pages of our own host and clients that are no browser may always.
	Origins []string

	// InitTimeout is how long a client may take to introduce itself. Zero: 10 s.
	InitTimeout time.Duration
	// KeepAlive is how often a peer is pinged; one that is silent for twice as long is gone. Zero: 15 s.
	KeepAlive time.Duration
	// WriteTimeout is how long a peer may take to accept one frame. Zero: 10 s.
	WriteTimeout time.Duration
	// OperationTimeout is how long a query or a mutation may take. Zero: 15 s.
	OperationTimeout time.Duration

	// MaxMessage is how many bytes one message of a client may have. Zero: 64 kB.
	MaxMessage int
	// MaxOperations is how many operations a socket may have open at once. Zero: 100.
	MaxOperations int
	// MaxQueue is how many bytes may wait for a slow peer until it is cut with CloseResume. Zero: 1 MB.
	MaxQueue int
	// MaxSockets is how many sockets a Session.Subject may have on this server. Zero: 100.
	MaxSockets int
	// MaxStrangers is how many sockets may be open on this server that have not introduced themselves; newcomers beyond
	// are told to come again (503), so that a crowd is let in one after another and nobody waits in vain. Zero: 1000.
	MaxStrangers int
	// MessageRate and MessageBurst say how many messages of a peer are read in a second and at once; the
	// rest waits in the network. Zero: 50 and 200.
	MessageRate, MessageBurst int

	// Context makes the context of a socket from that of all and its handshake, which it must not keep. Nil: it is that of
	// all.
	Context func(all context.Context, handshake *http.Request) context.Context
	// Live runs the subscriptions. Nil: each runs for its client alone.
	Live Live
	// Now is the clock that Session.ExpiresAt is compared with. Nil: time.Now.
	Now func() time.Time
	// Log receives what the client must not see. Nil: slog.Default().
	Log *slog.Logger
}

func (c WebSocketConfig) withDefaults() WebSocketConfig {
	c.InitTimeout = cmp.Or(c.InitTimeout, 10*time.Second)
	c.KeepAlive = cmp.Or(c.KeepAlive, 15*time.Second)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 10*time.Second)
	c.OperationTimeout = cmp.Or(c.OperationTimeout, defaultTimeout)
	c.MaxMessage = cmp.Or(c.MaxMessage, 64<<10)
	c.MaxOperations = cmp.Or(c.MaxOperations, 100)
	c.MaxQueue = cmp.Or(c.MaxQueue, 1<<20)
	c.MaxSockets = cmp.Or(c.MaxSockets, 100)
	c.MaxStrangers = cmp.Or(c.MaxStrangers, 1000)
	c.MessageRate = cmp.Or(c.MessageRate, 50)
	c.MessageBurst = cmp.Or(c.MessageBurst, 200)
	c.Log = logger(c.Log)
	if c.Context == nil {
		c.Context = func(all context.Context, _ *http.Request) context.Context { return all }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// WebSocket serves queries, mutations and subscriptions over graphql-transport-ws.
type WebSocket struct {
	config   WebSocketConfig
	upgrader websocket.Upgrader
	// base ends when the last connection has gone after Shutdown.
	base context.Context
	stop context.CancelFunc

	guests *guests[*conn]

	mu        sync.Mutex
	conns     map[*conn]struct{}
	strangers int // handshakes included
	closing   bool
	begun     bool
	watching  bool
	last      uint64 // connection's number
	writers   []*writer
	watcher   *watcher // nil: connections are read by goroutines of their own
	// work is what serves all connections. It ends with base.
	work sync.WaitGroup
	// empty is closed when closing and all of it has ended.
	empty chan struct{}
}

var _ graphql.Transport = (*WebSocket)(nil)

// NewWebSocket makes a transport that serves until Shutdown.
func NewWebSocket(config WebSocketConfig) *WebSocket {
	config = config.withDefaults()
	base, stop := context.WithCancel(context.Background())
	return &WebSocket{
		config: config,
		upgrader: websocket.Upgrader{
			HandshakeTimeout: config.WriteTimeout,
			ReadBufferSize:   256, // only the handshake is gorilla's: frames are read and written here
			Subprotocols:     []string{subprotocol},
			WriteBufferPool:  &sync.Pool{},
			// Origins are checked before the upgrade, with an answer of our own.
			CheckOrigin: func(*http.Request) bool { return true },
			Error: func(w http.ResponseWriter, _ *http.Request, status int, _ error) {
				(&refusal{status: status, code: CodeBadRequest, message: "This is no websocket handshake."}).write(w)
			},
		},
		base: base, stop: stop,
		guests: newGuests[*conn](config.MaxSockets),
		conns:  make(map[*conn]struct{}),
		empty:  make(chan struct{}),
	}
}

// Supports takes every request for a websocket, of whatever subprotocol.
func (ws *WebSocket) Supports(r *http.Request) bool { return websocket.IsWebSocketUpgrade(r) }

// Do begins a connection, which lasts beyond it, until it ends by itself or by Shutdown.
func (ws *WebSocket) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	setHeaders(w, mediaJSON)
	if refused := ws.admit(r); refused != nil {
		refused.write(w)
		return
	}
	if !ws.expect() {
		unavailable.write(w)
		return
	}
	sock, err := ws.upgrader.Upgrade(w, r, handshakeHeader(w.Header()))
	if err != nil {
		ws.unexpect()
		return // answered by the upgrader
	}
	c := newConn(ws, sock.NetConn(), r, exec)
	if !ws.enter(c) {
		ws.unexpect()
		_ = sock.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, "Shutting down"), time.Now().Add(ws.config.WriteTimeout))
		_ = sock.Close()
		return
	}
	ws.listen(c)
}

// handshakeHeader is what of the headers that were set goes with the handshake: that of the request, not of an answer.
func handshakeHeader(set http.Header) http.Header {
	header := http.Header{}
	if id := set.Values("X-Request-Id"); len(id) > 0 {
		header["X-Request-Id"] = id
	}
	return header
}

// listen has c read, by the watcher if it can be watched.
func (ws *WebSocket) listen(c *conn) {
	if c.raw != nil {
		if w := ws.watchOnce(); w != nil && w.watch(c) {
			return
		}
	}
	if c.begin() {
		go func() {
			defer c.work.Done()
			c.read()
		}()
	}
}

func (ws *WebSocket) admit(r *http.Request) *refusal {
	switch {
	case !ws.allows(r):
		return &refusal{status: http.StatusForbidden, code: CodeForbidden, message: "Pages of this origin may not connect."}
	case !slices.Contains(websocket.Subprotocols(r), subprotocol):
		return badRequest("Offer the subprotocol " + subprotocol + ".")
	case ws.isClosing():
		return unavailable
	}
	return nil
}

func (ws *WebSocket) allows(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(ws.config.Origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// Shutdown turns newcomers away and closes every socket with 1001, after which clients reconnect. It returns
// when all connections and their operations have ended; when ctx ends first it cuts what is left.
func (ws *WebSocket) Shutdown(ctx context.Context) error {
	ws.close()
	for _, c := range ws.open() {
		c.end(websocket.CloseGoingAway, "Shutting down")
	}
	select {
	case <-ws.empty:
		return nil
	case <-ctx.Done():
	}
	for _, c := range ws.open() {
		c.cut()
	}
	return fmt.Errorf("shut down websockets: %w", ctx.Err())
}

func (ws *WebSocket) close() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if !ws.closing {
		ws.closing = true
		ws.stopWhenEmpty()
	}
}

func (ws *WebSocket) open() []*conn {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return slices.Collect(maps.Keys(ws.conns))
}

// stopWhenEmpty ends what serves connections once there will be none any more.
func (ws *WebSocket) stopWhenEmpty() {
	if !ws.closing || len(ws.conns) > 0 {
		return
	}
	ws.stop()
	if ws.watcher != nil {
		ws.watcher.stop()
	}
	go func() {
		ws.work.Wait()
		close(ws.empty)
	}()
}

func (ws *WebSocket) isClosing() bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.closing
}

func (ws *WebSocket) enter(c *conn) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.closing {
		return false
	}
	ws.beginOnce()
	ws.last++
	c.number = ws.last
	c.writer = ws.writers[c.number%uint64(len(ws.writers))]
	ws.conns[c] = struct{}{}
	return true
}

// beginOnce starts what serves all connections, with the first of them.
func (ws *WebSocket) beginOnce() {
	if ws.begun {
		return
	}
	ws.begun = true
	for range runtime.GOMAXPROCS(0) {
		w := newWriter()
		ws.writers = append(ws.writers, w)
		ws.work.Go(func() { w.run(ws.base.Done()) })
	}
	ws.work.Go(func() { ws.keep(ws.base.Done()) })
}

// watchOnce starts the watcher with the first socket it can watch, where there is one for this system.
func (ws *WebSocket) watchOnce() *watcher {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.watching {
		return ws.watcher
	}
	ws.watching = true
	w, err := newWatcher()
	if err != nil {
		return nil
	}
	ws.watcher = w
	ws.work.Go(w.run)
	return w
}

// expect counts somebody who is about to introduce themselves, and reports whether there was a place left.
func (ws *WebSocket) expect() bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.strangers >= ws.config.MaxStrangers {
		return false
	}
	ws.strangers++
	return true
}

func (ws *WebSocket) unexpect() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.strangers--
}

// Revoke closes, within a second, the sockets of owner that came in by subject, or by any if it is empty.
func (ws *WebSocket) Revoke(owner, subject string) { ws.guests.revoke(owner, subject) }

// Subjects yields the owner and the subject of every socket, each pair once.
func (ws *WebSocket) Subjects() iter.Seq2[string, string] { return ws.guests.open() }

// seat takes c in, which is no stranger any more.
func (ws *WebSocket) seat(c *conn, s Session) error {
	ws.mu.Lock()
	ws.meet(c)
	ws.mu.Unlock()
	if err := ws.guests.enter(c, s); err != nil {
		return err
	}
	c.session = &s
	return nil
}

// meet counts c among the strangers no more. The lock must be held.
func (ws *WebSocket) meet(c *conn) {
	if !c.met {
		c.met = true
		ws.strangers--
	}
}

func (ws *WebSocket) leave(c *conn) {
	if c.session != nil {
		ws.guests.leave(c, *c.session)
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.meet(c)
	delete(ws.conns, c)
	ws.stopWhenEmpty()
}
