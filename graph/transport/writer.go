package transport

import (
	"net"
	"runtime"
	"sync"
	"time"
)

// maxWrite is about how many bytes one connection is sent at a time, before it is the turn of the next.
const maxWrite = 64 << 10

// writer sends what waits on its connections: everything that waits on one in one system call, one connection after
// another, so that a busy writer writes less often and not later. It never waits for a peer.
type writer struct {
	wake chan struct{}

	mu      sync.Mutex
	waiting []*conn
}

func newWriter() *writer { return &writer{wake: make(chan struct{}, 1)} }

func (w *writer) add(c *conn) {
	w.mu.Lock()
	w.waiting = append(w.waiting, c)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *writer) run(done <-chan struct{}) {
	var turn, spare []*conn
	var buf []byte
	for {
		select {
		case <-done:
			return
		case <-w.wake:
		}
		w.mu.Lock()
		turn, w.waiting = w.waiting, spare[:0]
		w.mu.Unlock()
		for i, c := range turn {
			buf = c.send(buf[:0])
			if i&63 == 63 {
				runtime.Gosched() // a crowd must not keep webhooks and queries from their turn
			}
		}
		clear(turn)
		spare = turn
		if cap(buf) > 4*maxWrite {
			buf = nil // one large answer
		}
	}
}

// schedule has the writer look at c, if it does not already. The lock must be held.
func (c *conn) schedule() {
	if c.scheduled || c.draining || c.closed {
		return
	}
	c.scheduled = true
	c.writer.add(c)
}

// send writes what waits, as far as the network takes it at once. The rest is left to drain.
func (c *conn) send(buf []byte) []byte {
	c.mu.Lock()
	c.scheduled = false
	if c.closed || c.draining {
		c.mu.Unlock()
		return buf
	}
	buf = c.take(buf)
	c.sending = true
	c.mu.Unlock()

	n, err := 0, error(nil)
	if len(buf) > 0 {
		n, err = c.tryWrite(buf)
	}
	if err != nil {
		c.cut()
		return buf
	}
	c.sent(buf[n:])
	return buf
}

// take moves what is to be written next into buf. The lock must be held.
func (c *conn) take(buf []byte) []byte {
	buf = c.out.take(buf, maxWrite)
	if c.room != nil && c.out.bytes <= c.out.limit/2 {
		close(c.room)
		c.room = nil
	}
	return buf
}

// sent goes on after a write of the writer that left some bytes over.
func (c *conn) sent(left []byte) {
	c.mu.Lock()
	c.sending = false
	if len(left) > 0 && !c.closed {
		c.draining = true
		left = append([]byte(nil), left...)
		c.work.Go(func() { c.drain(left) })
	}
	over := c.goOn()
	c.mu.Unlock()
	if over {
		c.cut()
	}
}

// goOn has what still waits written, and reports whether the last word of both sides was spoken. The lock must be held.
func (c *conn) goOn() (over bool) {
	switch {
	case c.draining, c.sending:
		return false
	case len(c.out.frames) > 0:
		c.schedule()
		return false
	default:
		return c.left && c.out.ended
	}
}

// abandon cuts a peer that takes nothing, with what the network still has for it.
func (c *conn) abandon() {
	if tcp, ok := c.net.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // at worst it is kept for some minutes
	}
	c.cut()
}

// drain writes to a peer that is slow to take it, until nothing waits any more. It alone writes meanwhile.
func (c *conn) drain(left []byte) {
	for over := false; len(left) > 0; {
		err := c.net.SetWriteDeadline(time.Now().Add(c.ws.config.WriteTimeout))
		if err == nil {
			_, err = c.net.Write(left)
		}
		if err != nil {
			c.abandon()
			return
		}
		c.mu.Lock()
		if left = c.take(left[:0]); len(left) == 0 {
			_ = c.net.SetWriteDeadline(time.Time{}) // an error shows at the next write
			c.draining = false
			over = c.goOn()
		}
		c.mu.Unlock()
		if over {
			c.cut()
		}
	}
}
