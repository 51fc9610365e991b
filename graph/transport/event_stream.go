package transport

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

var errStreamOver = errors.New("the stream is over")

// eventStream is where one client hears of one operation. The goroutine of its request writes.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	config  SSEConfig

	mu    sync.Mutex
	queue [][]byte // payloads; nil is the end
	bytes int
	ended bool
	cut   bool          // it did not keep up
	news  chan struct{} // has a value after anything was put in
	room  chan struct{} // closed when half of the queue is free; nil: nobody waits for that
}

var _ Stream = (*eventStream)(nil)

func newEventStream(w http.ResponseWriter, config SSEConfig) *eventStream {
	return &eventStream{w: w, control: http.NewResponseController(w), config: config, news: make(chan struct{}, 1)}
}

// open accepts the stream, before anything is known of what it will bring.
func (s *eventStream) open() {
	h := s.w.Header()
	h.Set("Content-Type", mediaStream+"; charset=utf-8")
	h.Set("X-Accel-Buffering", "no") // nginx would wait for more
	_ = s.control.SetReadDeadline(time.Time{})
	_ = s.control.SetWriteDeadline(time.Now().Add(s.config.WriteTimeout))
	s.w.WriteHeader(http.StatusOK)
	_ = s.control.Flush() // who is gone is noticed by write
}

// Next sends a response.
func (s *eventStream) Next(payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
	case len(s.queue) > 0 && s.bytes >= s.config.MaxQueue:
		s.queue, s.bytes, s.ended, s.cut = nil, 0, true, true
	default:
		s.queue = append(s.queue, payload)
		s.bytes += len(payload)
	}
	s.wake()
}

// End sends the reason, if there is one, and completes.
func (s *eventStream) End(why gqlerror.List) {
	if len(why) > 0 {
		s.Next(appendResponse(nil, &graphql.Response{Errors: why}))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.queue, s.ended = append(s.queue, nil), true
	}
	s.wake()
}

// Room waits until no more than half of what may wait for the client does.
func (s *eventStream) Room(ctx context.Context) error {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return errStreamOver
	}
	if s.bytes <= s.config.MaxQueue/2 {
		s.mu.Unlock()
		return ctx.Err()
	}
	if s.room == nil {
		s.room = make(chan struct{})
	}
	room := s.room
	s.mu.Unlock()
	select {
	case <-room:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *eventStream) refuse(why gqlerror.List) { s.End(why) }

func (s *eventStream) answer(response *graphql.Response) {
	if response != nil {
		s.Next(Encode(response))
	}
	s.End(nil)
}

func (s *eventStream) wake() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// write sends what comes until the end, or until the client is gone.
func (s *eventStream) write(ctx context.Context) {
	idle := time.NewTicker(s.config.KeepAlive)
	defer idle.Stop()
	for {
		var text []byte
		select {
		case <-ctx.Done():
			return
		case <-idle.C:
			text = []byte(":\n\n")
		case <-s.news:
			idle.Reset(s.config.KeepAlive)
		}
		text, over := s.take(text)
		if len(text) > 0 && s.send(text) != nil || over {
			return
		}
	}
}

// take moves what waits into text, and reports whether it is the last.
func (s *eventStream) take(text []byte) (_ []byte, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, payload := range s.queue {
		if payload == nil {
			return append(text, "event: complete\ndata:\n\n"...), true
		}
		text = append(text, "event: next\ndata: "...)
		text = append(append(text, payload...), "\n\n"...) // JSON as we write it has no line breaks
	}
	s.queue, s.bytes = nil, 0
	if s.room != nil {
		close(s.room)
		s.room = nil
	}
	return text, s.cut
}

func (s *eventStream) send(text []byte) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(s.config.WriteTimeout))
	if _, err := s.w.Write(text); err != nil {
		return err
	}
	return s.control.Flush()
}
