package load

import (
	"sync/atomic"
	"time"
)

// room is how many messages may be on their way at once.
const room = 1 << 16

// board knows of every message on its way how many sockets it has yet to reach.
type board struct {
	topics   int
	slots    [room]slot
	finished atomic.Int64
	bell     chan struct{} // rung when a message has reached all
	contrary atomic.Int64  // sockets that were told another cursor for a message
}

type slot struct {
	left   atomic.Int32
	cursor atomic.Int64
	at     atomic.Int64 // when it reached a socket last
}

func newBoard(topics int) *board { return &board{topics: topics, bell: make(chan struct{}, 1)} }

func (b *board) slot(topic int, sequence uint32) *slot {
	return &b.slots[(int(sequence)*b.topics+topic)%room]
}

// send announces a message that is to reach some sockets.
func (b *board) send(topic int, sequence uint32, sockets int) {
	s := b.slot(topic, sequence)
	s.cursor.Store(0)
	s.left.Store(int32(sockets))
}

// arrive notes that a message has reached one more socket.
func (b *board) arrive(topic int, sequence uint32, cursor int64, now time.Duration) {
	s := b.slot(topic, sequence)
	if cursor != 0 && !s.cursor.CompareAndSwap(0, cursor) && s.cursor.Load() != cursor {
		b.contrary.Add(1)
	}
	s.at.Store(int64(now))
	if s.left.Add(-1) != 0 {
		return
	}
	b.finished.Add(1)
	select {
	case b.bell <- struct{}{}:
	default:
	}
}
