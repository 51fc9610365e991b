package main

import (
	"context"
	"net/http"
	"sync"

	"github.com/Khan/genqlient/graphql"
	"github.com/gorilla/websocket"
)

// line opens the socket, and can be cut, as a train does that goes into a tunnel.
type line struct {
	tunnel sync.RWMutex

	mu   sync.Mutex
	conn *websocket.Conn
}

var _ graphql.Dialer = (*line)(nil)

// DialContext waits for the end of the tunnel.
func (l *line) DialContext(ctx context.Context, url string, header http.Header) (graphql.WSConn, error) {
	l.tunnel.RLock()
	defer l.tunnel.RUnlock()
	conn, response, err := websocket.DefaultDialer.DialContext(ctx, url, header)
	if err != nil {
		return nil, err
	}
	_ = response.Body.Close() // a switched connection has none
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = conn
	return conn, nil
}

// cut hangs up; nothing connects until mend is called.
func (l *line) cut() (mend func()) {
	l.tunnel.Lock()
	l.hangUp()
	return l.tunnel.Unlock
}

func (l *line) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.conn.Close()
	}
}
