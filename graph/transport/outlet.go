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

// outlet is where one client hears of one operation. The goroutine of its request writes.
type outlet struct {
	w       http.ResponseWriter
	control *http.ResponseController
	framing framing
	config  StreamsConfig

	mu    sync.Mutex
	queue []said
	bytes int
	ended bool
	cut   bool          // it did not keep up
	news  chan struct{} // has a value after anything was put in
	room  chan struct{} // closed when half of the queue is free; nil: nobody waits for that
}

// said is a response, or the end and why: nil for no reason.
type said struct {
	payload []byte
	last    bool
}

var _ Stream = (*outlet)(nil)

func newOutlet(w http.ResponseWriter, f framing, config StreamsConfig) *outlet {
	return &outlet{w: w, control: http.NewResponseController(w), framing: f, config: config, news: make(chan struct{}, 1)}
}

// open accepts the stream, before anything is known of what it will bring.
func (o *outlet) open() {
	h := o.w.Header()
	h.Set("Content-Type", o.framing.contentType())
	h.Set("X-Accel-Buffering", "no") // nginx would wait for more
	_ = o.control.SetReadDeadline(time.Time{})
	_ = o.control.SetWriteDeadline(time.Now().Add(o.config.WriteTimeout))
	o.w.WriteHeader(http.StatusOK)
	_ = o.send(o.framing.open(nil)) // who is gone is noticed by write
}

// Next sends a response.
func (o *outlet) Next(payload []byte) { o.put(said{payload: payload}) }

// End sends the reason, if there is one, and completes.
func (o *outlet) End(why gqlerror.List) {
	last := said{last: true}
	if len(why) > 0 {
		last.payload = Encode(&graphql.Response{Errors: why})
	}
	o.put(last)
}

func (o *outlet) put(s said) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.ended:
	case s.payload != nil && len(o.queue) > 0 && o.bytes >= o.config.MaxQueue:
		o.queue, o.bytes, o.ended, o.cut = nil, 0, true, true
	default:
		o.queue, o.ended = append(o.queue, s), s.last
		o.bytes += len(s.payload)
	}
	o.wake()
}

// Room waits until no more than half of what may wait for the client does.
func (o *outlet) Room(ctx context.Context) error {
	o.mu.Lock()
	if o.ended {
		o.mu.Unlock()
		return errStreamOver
	}
	if o.bytes <= o.config.MaxQueue/2 {
		o.mu.Unlock()
		return ctx.Err()
	}
	if o.room == nil {
		o.room = make(chan struct{})
	}
	room := o.room
	o.mu.Unlock()
	select {
	case <-room:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *outlet) answer(response *graphql.Response) {
	if response != nil {
		o.Next(Encode(response))
	}
	o.End(nil)
}

func (o *outlet) wake() {
	select {
	case o.news <- struct{}{}:
	default:
	}
}

// write sends what comes until the end, or until the client is gone.
func (o *outlet) write(ctx context.Context) {
	idle := time.NewTicker(o.config.KeepAlive)
	defer idle.Stop()
	for {
		var text []byte
		select {
		case <-ctx.Done():
			return
		case <-idle.C:
			text = o.framing.alive(nil)
		case <-o.news:
			idle.Reset(o.config.KeepAlive)
		}
		text, over := o.take(text)
		if len(text) > 0 && o.send(text) != nil || over {
			return
		}
	}
}

// take moves what waits into text, and reports whether it is the last.
func (o *outlet) take(text []byte) (_ []byte, over bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.queue {
		if s.last {
			return o.framing.end(text, s.payload), true
		}
		text = o.framing.next(text, s.payload)
	}
	o.queue, o.bytes = nil, 0
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
	return text, o.cut
}

func (o *outlet) send(text []byte) error {
	_ = o.control.SetWriteDeadline(time.Now().Add(o.config.WriteTimeout))
	if _, err := o.w.Write(text); err != nil {
		return err
	}
	return o.control.Flush()
}
