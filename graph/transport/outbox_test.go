package transport

import (
	"strings"
	"testing"
)

func TestOutbox(t *testing.T) {
	t.Parallel()
	text := func(n int) outgoing { return outgoing{opcode: opText, body: []byte(strings.Repeat("x", n))} }
	t.Run("keeps the order, and writes what is shared behind what is not", func(t *testing.T) {
		t.Parallel()
		q := outbox{limit: 100}
		q.push(text(1))
		q.push(outgoing{opcode: opText, head: []byte(`{"id":`), body: []byte(`7`)})
		if got := string(q.take(nil, 1000)); got != "\x81\x01x\x81\x08{\"id\":7}" {
			t.Errorf("wrote %q", got)
		}
		if q.bytes != 0 || len(q.frames) != 0 {
			t.Errorf("%d bytes are left", q.bytes)
		}
	})
	t.Run("gives so much at a time", func(t *testing.T) {
		t.Parallel()
		q := outbox{limit: 1000}
		for range 5 {
			q.push(text(10))
		}
		if got := len(q.take(nil, 24)); got != 24 || q.bytes != 30 {
			t.Errorf("took %d bytes, left %d", got, q.bytes)
		}
	})
	t.Run("is full when more than its limit waits behind the first", func(t *testing.T) {
		t.Parallel()
		q := outbox{limit: 100}
		for _, n := range []int{1000, 60, 40} {
			if !q.push(text(n)) {
				t.Fatalf("no room for %d", n)
			}
		}
		if q.push(text(1)) {
			t.Error("there was room for one more")
		}
		q.take(nil, 1)
		if !q.push(text(1)) {
			t.Error("no room after one was sent")
		}
	})
	t.Run("takes one last frame, full or not, and nothing after it", func(t *testing.T) {
		t.Parallel()
		q := outbox{limit: 1}
		q.push(text(1))
		q.push(text(2))
		if !q.end(text(3)) || q.end(text(4)) {
			t.Error("ended more than once, or never")
		}
		if !q.push(text(5)) {
			t.Error("complained after its end")
		}
		q.clear()
		if got := q.take(nil, 1000); len(got) > 0 {
			t.Error("clear left something")
		}
	})
}
