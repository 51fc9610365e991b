package transport

import (
	"context"
	"errors"

	"github.com/gorilla/websocket"
)

// greet lets a peer in, or not. The reader waits for it, so nothing is served before the answer is known.
func (c *conn) greet(m message) {
	if c.viewer != nil {
		c.end(CloseInitTwice, "Too many initialisation requests")
		return
	}
	viewer, session, err := c.authenticate(m)
	if err == nil {
		err = c.ws.seat(c, session)
	}
	switch {
	case errors.Is(err, ErrUnauthenticated) && payForBadToken(c.ctx, c.ws.config.Limiter, c.address).isSpent():
		c.end(websocket.CloseTryAgainLater, "Too many attempts")
	case errors.Is(err, ErrUnauthenticated):
		c.end(CloseForbidden, "Forbidden")
	case errors.Is(err, errRevoked):
		c.end(CloseForbidden, "Token revoked")
	case errors.Is(err, errNoPlace):
		c.end(websocket.CloseTryAgainLater, "Too many connections")
	case err != nil:
		c.end(websocket.CloseTryAgainLater, "Try again later")
	default:
		c.viewer, c.authorization = withCaller(m.cause(viewer), session, c.address), nil
		c.mu.Lock()
		defer c.mu.Unlock()
		c.greeted, c.expiresAt = true, session.ExpiresAt
		c.pushLocked(outgoing{opcode: opText, body: ackMessage()})
	}
}

func (c *conn) authenticate(m message) (context.Context, Session, error) {
	token, err := m.token(c.authorization)
	if err != nil {
		return nil, Session{}, err
	}
	viewer, session, err := c.ws.config.Authenticate.check(c.ctx, token)
	switch {
	case err == nil && !session.ExpiresAt.IsZero() && !session.ExpiresAt.After(c.ws.config.Now()):
		return nil, Session{}, ErrUnauthenticated
	case err != nil && !errors.Is(err, ErrUnauthenticated) && c.ctx.Err() == nil:
		c.ws.config.Log.ErrorContext(c.ctx, "authenticate websocket", "error", err)
	}
	return viewer, session, err
}
