package transport

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
)

// sendBuffer bounds what the network keeps for a peer that does not read, beside the outbox.
const sendBuffer = 256 << 10

// closeGrace is how long a peer may take to take leave.
const closeGrace = 5 * time.Second

// conn is one websocket after its handshake. It costs little while nothing happens: it is read when there is something
// to read, written by a writer it shares with others, and looked at by a keeper of all.
type conn struct {
	ws     *WebSocket
	net    net.Conn
	raw    syscall.RawConn // nil: the network cannot be asked without waiting
	exec   graphql.GraphExecutor
	writer *writer
	number uint64

	// ctx ends when the connection begins to.
	ctx    context.Context
	cancel context.CancelFunc
	// work is everything that runs for the connection; the connection is forgotten after it.
	work sync.WaitGroup

	// What follows only the reader touches, of which there is one at a time.
	frames  frames
	inbound *bucket
	// authorization is what the upgrade said of who asks, until the greeting.
	authorization []string
	// address is where the upgrade came from.
	address string
	// viewer is ctx for whom was let in, nil before.
	viewer context.Context
	// session is the viewer's once it has a place, nil before. Who forgets the connection reads it last.
	session *Session

	// heard tells the keeper that the peer has shown life since the last ping.
	heard atomic.Bool
	// met is guarded by ws.mu.
	met bool // it has introduced itself, or is gone

	mu         sync.Mutex
	out        outbox
	room       chan struct{} // closed when half of the outbox is free; nil: nobody waits for that
	operations []*operation
	running    int
	greeted    bool
	scheduled  bool // the writer will look at it
	sending    bool // the writer is at it
	draining   bool // a goroutine writes, as the peer is slow
	left       bool // the peer has said its last word
	closed     bool
	watcher    *watcher // nil: a goroutine reads
	since      time.Time
	pingAt     time.Time
	expiresAt  time.Time
	cutAt      time.Time
}

func newConn(ws *WebSocket, sock net.Conn, r *http.Request, exec graphql.GraphExecutor) *conn {
	now := time.Now()
	c := &conn{
		ws:            ws,
		net:           sock,
		exec:          exec,
		frames:        frames{limit: ws.config.MaxMessage},
		inbound:       newBucket(ws.config.MessageRate, ws.config.MessageBurst, now),
		authorization: r.Header.Values("Authorization"),
		address:       addressOf(r, ws.config.Address),
		out:           outbox{limit: ws.config.MaxQueue},
		since:         now,
		pingAt:        now.Add(ws.config.KeepAlive),
	}
	if tcp, ok := sock.(*net.TCPConn); ok {
		if raw, err := tcp.SyscallConn(); err == nil {
			c.raw = raw
		}
		_ = tcp.SetWriteBuffer(sendBuffer) // where it cannot be bounded it is as large as the system has it
	}
	c.ctx, c.cancel = context.WithCancel(ws.config.Context(ws.base, r))
	c.heard.Store(true)
	return c
}

// end closes the connection with a code and a reason, after what is still queued. The first reason counts.
func (c *conn) end(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endLocked(code, reason)
}

// revoke closes the connection once what runs on it has had its last word.
func (c *conn) revoke() {
	time.AfterFunc(lastWord, func() { c.end(CloseForbidden, "Token revoked") })
}

func (c *conn) push(o outgoing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pushLocked(o)
}

func (c *conn) say(text []byte) { c.push(outgoing{opcode: opText, body: text}) }

// quit ends what runs on the connection.
func (c *conn) quit() {
	c.cancel()
	c.mu.Lock()
	running := c.operations
	c.operations = nil
	c.mu.Unlock()
	for _, op := range running {
		op.quit()
	}
}

// cut hangs up. What is left of the connection ends by itself, and then it is forgotten.
func (c *conn) cut() {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	c.out.clear()
	watcher := c.watcher
	c.mu.Unlock()
	if watcher != nil {
		watcher.forget(c)
	}
	_ = c.net.Close()
	c.quit()
	go func() {
		c.work.Wait()
		c.ws.leave(c)
	}()
}

// watchedBy notes who is to be told when the connection is cut, unless it is.
func (c *conn) watchedBy(w *watcher) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watcher = w
	return !c.closed
}

// begin counts work of the connection, unless it is over. done must be called after it.
func (c *conn) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.work.Add(1)
	return true
}

// depart hangs up once the peer has been told why; it has said its own last word.
func (c *conn) depart(code int, reason string) {
	c.mu.Lock()
	c.left = true
	if !c.out.ended {
		c.out.clear()
		c.endLocked(code, reason)
	}
	over := c.goOn()
	c.mu.Unlock()
	if over {
		c.cut()
	}
}

// hear notes that the peer lives, and makes it wait when it talks too much.
func (c *conn) hear() {
	c.heard.Store(true)
	wait := c.inbound.take(time.Now())
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.ctx.Done():
	}
}

// arrived takes what the network brought. It reports whether to read on.
func (c *conn) arrived(data []byte) bool {
	over := false
	err := c.frames.feed(data, func(opcode byte, data []byte) bool {
		c.hear()
		over = opcode == opClose
		c.act(opcode, data)
		return !over
	})
	if err != nil {
		c.depart(websocket.CloseProtocolError, "Protocol error")
		return false
	}
	return !over
}

// act acts on a message or a control frame. Once the connection is ending only the peer's leave counts.
func (c *conn) act(opcode byte, data []byte) {
	switch {
	case opcode == opClose:
		c.depart(answerTo(data))
	case opcode == opPing:
		c.push(outgoing{opcode: opPong, body: append([]byte(nil), data...)})
	case opcode == opPong, c.ctx.Err() != nil:
	case data == nil && opcode == opText:
		c.end(websocket.CloseMessageTooBig, "Message too big")
	case opcode != opText:
		c.end(CloseBadRequest, "Invalid message")
	default:
		c.receive(data)
	}
}

func (c *conn) receive(data []byte) {
	m, err := decodeMessage(data)
	if err != nil {
		c.end(CloseBadRequest, err.Error())
		return
	}
	switch m.kind {
	case typeInit:
		c.greet(m)
	case typePing:
		c.say(pongMessage(m.payload))
	case typeSubscribe:
		c.subscribe(m)
	case typeComplete:
		c.forget(m.id)
	}
}
