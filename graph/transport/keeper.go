package transport

import (
	"time"

	"github.com/gorilla/websocket"
)

// glance is how often every socket is looked at: for what its peer owes, and for what it is owed. One look at all of them
// is cheaper than a timer for each.
const glance = time.Second

func (ws *WebSocket) keep(done <-chan struct{}) {
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case now := <-ticker.C:
			for _, c := range ws.open() {
				c.look(now)
			}
		}
	}
}

// look ends a connection whose time has come, and pings one that may be dead.
func (c *conn) look(now time.Time) {
	config := c.ws.config
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
	case c.out.ended:
		if !now.Before(c.cutAt) {
			c.work.Go(c.abandon)
		}
	case !c.greeted && !now.Before(c.since.Add(config.InitTimeout)):
		c.endLocked(CloseInitTimeout, "Connection initialisation timeout")
	case !c.expiresAt.IsZero() && !config.Now().Before(c.expiresAt):
		c.endLocked(CloseForbidden, "Token expired")
	case !now.Before(c.pingAt):
		c.pingAt = c.pingAt.Add(config.KeepAlive)
		if !c.heard.Swap(false) {
			c.endLocked(CloseResume, "No answer to a ping: reconnect and resume")
			return
		}
		c.pushLocked(outgoing{opcode: opPing})
	}
}

// endLocked closes the connection with a code and a reason, after what is still queued. The first reason counts.
func (c *conn) endLocked(code int, reason string) {
	if c.closed || !c.out.end(outgoing{opcode: opClose, body: websocket.FormatCloseMessage(code, reason)}) {
		return
	}
	c.cutAt = time.Now().Add(closeGrace)
	c.schedule()
	c.work.Go(c.quit) // whoever feeds an operation may be the one who ends the connection
}

// pushLocked queues a frame, and cuts a peer that does not keep up. What waited for it is dropped: it will ask again,
// from its cursor.
func (c *conn) pushLocked(o outgoing) {
	if c.closed {
		return
	}
	if c.out.push(o) {
		c.schedule()
		return
	}
	c.out.clear()
	c.endLocked(CloseResume, "Too slow: reconnect and resume")
}
