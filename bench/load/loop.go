package load

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

// socket is one websocket of a swarm, without anything that runs.
type socket struct {
	fd      int
	topic   int
	stalled bool // never reads
	over    bool
	partial []byte
	tally   tally
}

// counts are what a loop has counted.
type counts struct {
	deliveries, bytes, reads  uint64
	late, repeated, backwards uint64
	foreign                   uint64 // of a topic the socket did not ask for
}

// loop reads some of the sockets in one thread.
type loop struct {
	swarm  *Swarm
	poller *poller
	buffer []byte

	mu      sync.Mutex // guards the sockets of the loop and what follows
	counts  counts
	latency Histogram
	ends    map[string]int // why sockets ended
}

func newLoop(s *Swarm) (*loop, error) {
	p, err := newPoller()
	return &loop{swarm: s, poller: p, buffer: make([]byte, 1<<20), ends: make(map[string]int)}, err
}

func (l *loop) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer l.poller.close()
	var numbers []int
	for !l.swarm.over.Load() {
		var err error
		if numbers, err = l.poller.ready(numbers[:0]); err != nil {
			l.swarm.fault.CompareAndSwap(nil, &err)
			return
		}
		if len(numbers) == 0 {
			nap(l.swarm.plan.Rest)
			continue
		}
		l.mu.Lock()
		for _, number := range numbers {
			l.read(l.swarm.sockets[number])
		}
		l.mu.Unlock()
	}
}

func (l *loop) read(s *socket) {
	if s.over {
		return
	}
	n, err := receive(s.fd, l.buffer)
	if err != nil {
		l.end(s, err.Error())
		return
	}
	l.counts.reads++
	l.counts.bytes += uint64(n)
	l.take(s, l.buffer[:n], time.Duration(time.Now().UnixNano()))
}

// take handles what has come; what is not whole waits.
func (l *loop) take(s *socket, data []byte, now time.Duration) {
	if len(s.partial) > 0 {
		s.partial = append(s.partial, data...)
		data = s.partial
	}
	for !s.over {
		kind, payload, further, whole := cutFrame(data)
		if !whole {
			break
		}
		l.frame(s, kind, payload, now)
		data = further
	}
	if len(data) == 0 {
		s.partial = nil
		return
	}
	s.partial = append(s.partial[:0:0], data...)
}

func (l *loop) frame(s *socket, kind byte, payload []byte, now time.Duration) {
	switch kind {
	case ping:
		l.send(s, appendFrame(nil, pong, payload))
	case closing:
		code := 0
		if len(payload) >= 2 {
			code, payload = int(payload[0])<<8|int(payload[1]), payload[2:]
		}
		l.end(s, fmt.Sprintf("closed with %d %s", code, payload))
	case text, continued:
		l.message(s, payload, now)
	}
}

func (l *loop) message(s *socket, payload []byte, now time.Duration) {
	m, further, found := cutMarker(payload)
	reply, over := l.swarm.plan.Dialect.answer(payload, found)
	if reply != "" {
		l.send(s, appendFrame(nil, text, []byte(reply)))
	}
	if over != "" {
		l.end(s, over)
	}
	if !found {
		return
	}
	var cursor int64
	if l.swarm.plan.Dialect.hasCursors {
		cursor = cursorOf(payload)
	}
	for ; found; m, further, found = cutMarker(further) {
		l.deliver(s, m, cursor, now)
	}
}

func (l *loop) deliver(s *socket, m marker, cursor int64, now time.Duration) {
	if m.topic != s.topic {
		l.counts.foreign++
		return
	}
	if m.sequence <= l.swarm.base {
		if m.sequence == l.swarm.round && s.tally.see(m.sequence) != repeated {
			l.swarm.heard.Add(1)
		}
		return
	}
	if !s.tally.moves(cursor) {
		l.counts.backwards++
	}
	switch s.tally.see(m.sequence) {
	case repeated:
		l.counts.repeated++
		return
	case late:
		l.counts.late++
	}
	l.counts.deliveries++
	if m.sent >= l.swarm.since {
		l.latency.Add(now - m.sent)
	}
	l.swarm.board.arrive(m.topic, m.sequence, cursor, now)
}

func (l *loop) send(s *socket, frame []byte) {
	if err := transmit(s.fd, frame); err != nil {
		l.end(s, err.Error())
	}
}

func (l *loop) end(s *socket, why string) {
	s.over = true
	l.ends[why]++
	hangUp(s.fd)
}
