package transport

import "sync"

// frame is one websocket frame on its way out.
type frame struct {
	kind int
	data []byte
}

// queue holds what a peer has not been sent yet, up to a number of bytes.
type queue struct {
	limit int
	// ready has a value after anything was put in.
	ready chan struct{}

	mu     sync.Mutex
	frames []frame
	bytes  int
	ended  bool
}

func newQueue(limit int) *queue { return &queue{limit: limit, ready: make(chan struct{}, 1)} }

// push adds f and reports whether there was room. The frame that is next to go does not count, or a single
// large answer could never be sent. After end, frames are dropped without a word.
func (q *queue) push(f frame) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.ended:
		return true
	case len(q.frames) > 0 && q.bytes-len(q.frames[0].data) >= q.limit:
		return false
	}
	q.add(f)
	return true
}

// end adds the very last frame, room or not, and reports whether it was the first to do so.
func (q *queue) end(last frame) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended {
		return false
	}
	q.ended = true
	q.add(last)
	return true
}

// clear forgets what was not sent.
func (q *queue) clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.frames, q.bytes = nil, 0
}

func (q *queue) pop() (frame, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.frames) == 0 {
		q.frames = nil
		return frame{}, false
	}
	f := q.frames[0]
	q.frames[0] = frame{}
	q.frames = q.frames[1:]
	q.bytes -= len(f.data)
	return f, true
}

func (q *queue) add(f frame) {
	q.frames = append(q.frames, f)
	q.bytes += len(f.data)
	select {
	case q.ready <- struct{}{}:
	default:
	}
}
