package transport

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
)

// closeGrace is how long a peer may take to take leave.
const closeGrace = 5 * time.Second

// conn is one websocket. The goroutine of serve reads, one other writes, and each operation has its own;
// they meet in the queue and in the table of operations.
type conn struct {
	ws     *WebSocket
	sock   *websocket.Conn
	exec   graphql.GraphExecutor
	header http.Header

	// ctx ends with the connection.
	ctx    context.Context
	cancel context.CancelFunc
	// viewer is ctx for whom was let in, nil before. Only the reader touches it.
	viewer context.Context
	// subject is guarded by ws.mu.
	subject string

	out     *queue
	inbound *bucket
	// heard tells the writer that the peer has shown life since the last ping.
	heard atomic.Bool

	mu         sync.Mutex
	operations map[string]*operation
	running    int
	finished   sync.WaitGroup
	// deadline is until when the peer must introduce itself, then until when its token holds.
	deadline *time.Timer
	// cut ends the connection when taking leave takes too long.
	cut *time.Timer
}

func newConn(ws *WebSocket, sock *websocket.Conn, r *http.Request, exec graphql.GraphExecutor) *conn {
	c := &conn{
		ws:         ws,
		sock:       sock,
		exec:       exec,
		header:     r.Header,
		out:        newQueue(ws.config.MaxQueue),
		inbound:    newBucket(ws.config.MessageRate, ws.config.MessageBurst, time.Now()),
		operations: make(map[string]*operation),
	}
	c.ctx, c.cancel = context.WithCancel(r.Context())
	c.heard.Store(true)
	return c
}

// serve speaks with the peer until either has enough.
func (c *conn) serve() {
	gone := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() { c.write(gone) })
	c.endAfter(c.ws.config.InitTimeout, CloseInitTimeout, "Connection initialisation timeout")
	defer func() {
		c.cancel()
		_ = c.sock.Close()
		close(gone)
		writer.Wait()
		c.stopDeadline()
		c.finished.Wait()
		c.stopCut()
	}()
	c.read()
}

// end closes the connection with a code and a reason, after what is still queued. The first reason counts.
func (c *conn) end(code int, reason string) {
	if !c.out.end(frame{websocket.CloseMessage, websocket.FormatCloseMessage(code, reason)}) {
		return
	}
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = time.AfterFunc(closeGrace, func() { _ = c.sock.Close() })
}

func (c *conn) send(text []byte) { c.push(frame{websocket.TextMessage, text}) }

func (c *conn) push(f frame) {
	if !c.out.push(f) {
		c.endSlow()
	}
}

// endSlow cuts a peer that does not keep up. What waited for it is dropped: it will ask again, from its cursor.
func (c *conn) endSlow() {
	c.out.clear()
	c.end(CloseResume, "Too slow: reconnect and resume")
}

// endAfter closes the connection after d, unless it is told otherwise before.
func (c *conn) endAfter(d time.Duration, code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = time.AfterFunc(d, func() { c.end(code, reason) })
}

func (c *conn) stopDeadline() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline.Stop()
}

func (c *conn) stopCut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		c.cut.Stop()
	}
}

// read takes messages until the peer is gone. Once the connection is ending they are thrown away: the
// peer's last words, of which its close frame lets us go.
func (c *conn) read() {
	c.sock.SetPingHandler(func(data string) error {
		c.hear()
		c.push(frame{websocket.PongMessage, []byte(data)})
		return nil
	})
	c.sock.SetPongHandler(func(string) error {
		c.hear()
		return nil
	})
	for {
		kind, r, err := c.sock.NextReader()
		if err != nil {
			return
		}
		c.hear()
		if c.ctx.Err() != nil {
			continue
		}
		data, err := io.ReadAll(io.LimitReader(r, int64(c.ws.config.MaxMessage)+1))
		switch {
		case err != nil:
			return
		case len(data) > c.ws.config.MaxMessage:
			c.end(websocket.CloseMessageTooBig, "Message too big")
		case kind != websocket.TextMessage:
			c.end(CloseBadRequest, "Invalid message")
		default:
			c.receive(data)
		}
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

// write sends what is queued, pings, and notices when nobody answers.
func (c *conn) write(gone <-chan struct{}) {
	ping := time.NewTicker(c.ws.config.KeepAlive)
	defer ping.Stop()
	for {
		select {
		case <-gone:
			return
		case <-c.out.ready:
			if !c.flush() {
				return
			}
		case <-ping.C:
			if !c.heard.Swap(false) {
				c.end(CloseResume, "No answer to a ping: reconnect and resume")
				continue
			}
			c.push(frame{kind: websocket.PingMessage})
		}
	}
}

// flush reports whether there may be more to write later. A write that fails ends the reader too.
func (c *conn) flush() bool {
	for f, ok := c.out.pop(); ok; f, ok = c.out.pop() {
		if err := c.writeFrame(f); err != nil {
			_ = c.sock.Close()
			return false
		}
		if f.kind == websocket.CloseMessage {
			return false
		}
	}
	return true
}

func (c *conn) writeFrame(f frame) error {
	deadline := time.Now().Add(c.ws.config.WriteTimeout)
	if f.kind != websocket.TextMessage {
		return c.sock.WriteControl(f.kind, f.data, deadline)
	}
	if err := c.sock.SetWriteDeadline(deadline); err != nil {
		return err
	}
	return c.sock.WriteMessage(f.kind, f.data)
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
		c.send(pongMessage(m.payload))
	case typeSubscribe:
		c.subscribe(m)
	case typeComplete:
		c.forget(m.id)
	}
}
