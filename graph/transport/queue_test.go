package transport

import (
	"testing"
	"time"
)

func TestQueue(t *testing.T) {
	t.Parallel()
	text := func(n int) frame { return frame{kind: 1, data: make([]byte, n)} }
	pop := func(t *testing.T, q *queue, want int) {
		t.Helper()
		if f, ok := q.pop(); !ok || len(f.data) != want {
			t.Errorf("popped %d bytes (%v), want %d", len(f.data), ok, want)
		}
	}
	t.Run("keeps the order, and says when there is something", func(t *testing.T) {
		t.Parallel()
		q := newQueue(100)
		q.push(text(1))
		q.push(text(2))
		<-q.ready
		pop(t, q, 1)
		pop(t, q, 2)
		if _, ok := q.pop(); ok {
			t.Error("popped what was not pushed")
		}
	})
	t.Run("is full when more than its limit waits behind the first", func(t *testing.T) {
		t.Parallel()
		q := newQueue(100)
		for _, n := range []int{1000, 60, 40} {
			if !q.push(text(n)) {
				t.Fatalf("no room for %d", n)
			}
		}
		if q.push(text(1)) {
			t.Error("there was room for one more")
		}
		pop(t, q, 1000)
		if !q.push(text(1)) {
			t.Error("no room after one was sent")
		}
	})
	t.Run("takes one last frame, full or not, and nothing after it", func(t *testing.T) {
		t.Parallel()
		q := newQueue(1)
		q.push(text(1))
		q.push(text(2))
		if !q.end(text(3)) || q.end(text(4)) {
			t.Error("ended more than once, or never")
		}
		if !q.push(text(5)) {
			t.Error("complained after its end")
		}
		q.clear()
		if _, ok := q.pop(); ok {
			t.Error("clear left something")
		}
	})
}

func TestBucket(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	b := newBucket(10, 3, now)
	for i, want := range []time.Duration{0, 0, 0, 100 * time.Millisecond, 200 * time.Millisecond} {
		if got := b.take(now); got.Round(time.Millisecond) != want {
			t.Errorf("token %d: wait %v, want %v", i, got, want)
		}
	}
	now = now.Add(time.Hour)
	for i, want := range []time.Duration{0, 0, 0, 100 * time.Millisecond} {
		if got := b.take(now); got.Round(time.Millisecond) != want {
			t.Errorf("an hour later, token %d: wait %v, want %v", i, got, want)
		}
	}
}
