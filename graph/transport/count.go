package transport

// Count is how many sockets are open.
func (ws *WebSocket) Count() int {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return len(ws.conns)
}

// Count is how many streams are open.
func (s *Streams) Count() int { return s.guests.count() }
