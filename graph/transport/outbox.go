package transport

// outgoing is one frame on its way: what is ours alone, then what may be shared with others.
type outgoing struct {
	opcode byte
	head   []byte // nil, or an opened message whose payload body is
	body   []byte
}

func (o outgoing) size() int {
	if o.head == nil {
		return len(o.body)
	}
	return len(o.head) + len(o.body) + 1
}

func (o outgoing) append(b []byte) []byte {
	b = appendHeader(b, o.opcode, o.size())
	b = append(append(b, o.head...), o.body...)
	if o.head != nil {
		b = append(b, '}')
	}
	return b
}

// outbox holds what a peer has not been sent yet, up to a number of bytes.
type outbox struct {
	limit  int
	frames []outgoing
	bytes  int
	ended  bool
}

// push adds o and reports whether there was room. The frame that is next to go does not count, or a single large answer
// could never be sent. After end, frames are dropped without a word.
func (q *outbox) push(o outgoing) bool {
	switch {
	case q.ended:
		return true
	case len(q.frames) > 0 && q.bytes-q.frames[0].size() >= q.limit:
		return false
	}
	q.add(o)
	return true
}

// end adds the very last frame, room or not, and reports whether it was the first to do so.
func (q *outbox) end(last outgoing) bool {
	if q.ended {
		return false
	}
	q.ended = true
	q.add(last)
	return true
}

// clear forgets what was not sent.
func (q *outbox) clear() { q.frames, q.bytes = nil, 0 }

// take moves frames into b, in order, until it has most bytes or more.
func (q *outbox) take(b []byte, most int) []byte {
	taken := 0
	for ; taken < len(q.frames) && len(b) < most; taken++ {
		q.bytes -= q.frames[taken].size()
		b = q.frames[taken].append(b)
	}
	if taken == len(q.frames) && cap(q.frames) > 16 {
		q.frames = nil // a burst is over
		return b
	}
	left := copy(q.frames, q.frames[taken:])
	clear(q.frames[left:])
	q.frames = q.frames[:left]
	return b
}

func (q *outbox) add(o outgoing) {
	q.frames = append(q.frames, o)
	q.bytes += o.size()
}
