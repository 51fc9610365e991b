package messenger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"parley/models"
)

// writeTimeout is how long a browser may take to accept one event before it is cut off; it resumes where it was.
const writeTimeout = 10 * time.Second

func (h *Handler) stream(c *call) error {
	leave, ok := h.enter(c.visitor.ID)
	if !ok {
		return errStreams
	}
	defer leave()
	ctx, cancel := context.WithCancel(c.r.Context())
	defer cancel()
	defer context.AfterFunc(h.open, cancel)()

	after := c.r.Header.Get("Last-Event-ID")
	if after == "" {
		after = c.r.URL.Query().Get("after")
	}
	s := &events{w: c.w, connection: http.NewResponseController(c.w)}
	for e, err := range h.desk.Follow(ctx, c.widget, c.visitor, after) {
		if err != nil {
			return h.endStream(ctx, s, err)
		}
		data, err := h.dataOf(ctx, c.visitor, e)
		if err != nil {
			return h.endStream(ctx, s, err)
		}
		if err := s.send(string(e.Type), e.Cursor, data); err != nil {
			return nil // the browser is gone
		}
	}
	if !s.begun {
		return errClosing
	}
	return nil
}

// enter counts a visitor's streams.
func (h *Handler) enter(visitorID string) (leave func(), ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.streams[visitorID] >= h.opts.Streams {
		return nil, false
	}
	h.streams[visitorID]++
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.streams[visitorID]--; h.streams[visitorID] == 0 {
			delete(h.streams, visitorID)
		}
	}, true
}

// endStream says why a stream ends, if a word is still possible: that the session is over, which coming back does not mend.
// After a fault of ours the browser comes back by itself.
func (h *Handler) endStream(ctx context.Context, s *events, err error) error {
	switch code := models.CodeOf(err); {
	case !s.begun:
		return err
	case code == models.Unauthenticated:
		_ = s.send("end", "", map[string]string{"code": string(code)})
	case ctx.Err() == nil:
		h.log.WarnContext(ctx, "a visitor's stream broke", "error", err)
	}
	return nil
}

// dataOf is what an event tells; nil for a beat, which has a place and nothing to say.
func (h *Handler) dataOf(ctx context.Context, v models.Visitor, e models.VisitorEvent) (any, error) {
	switch e.Type {
	case models.VisitorMessageAdded, models.VisitorMessageChanged:
		return h.show(ctx, v, *e.Message)
	case models.VisitorMessagesRead:
		return map[string]string{"upTo": e.UpTo}, nil
	case models.VisitorSeesTyping:
		return map[string]int64{"lastsMs": e.Lasts.Milliseconds()}, nil
	case models.VisitorMustReload:
		return map[string]string{"cursor": e.Cursor}, nil
	default:
		return nil, nil
	}
}

// events writes server-sent events.
type events struct {
	w          http.ResponseWriter
	connection *http.ResponseController
	begun      bool
}

func (s *events) send(name, id string, data any) error {
	var text bytes.Buffer
	if !s.begun {
		s.begin()
		text.WriteString("retry: 2000\n")
	}
	if id != "" {
		fmt.Fprintf(&text, "id: %s\n", id)
	}
	if data == nil { // browsers take the place and tell nobody
		text.WriteString(": beat\n\n")
		return s.write(text.Bytes())
	}
	var encoded strings.Builder
	encoder := json.NewEncoder(&encoded) // one line: it escapes what would break it
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(data); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	fmt.Fprintf(&text, "event: %s\ndata: %s\n", name, encoded.String())
	return s.write(text.Bytes())
}

func (s *events) begin() {
	s.begun = true
	header := s.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no") // proxies hold events back otherwise
	// The server's deadline for a whole request would end the stream.
	_ = s.connection.SetReadDeadline(time.Time{})
	s.w.WriteHeader(http.StatusOK)
}

func (s *events) write(text []byte) error {
	_ = s.connection.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := s.w.Write(text); err != nil {
		return err
	}
	return s.connection.Flush()
}
