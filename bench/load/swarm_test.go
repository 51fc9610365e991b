//go:build linux

package load

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// echo is a server that brings every message that is posted to all its sockets, each by way of deliver.
type echo struct {
	mu      sync.Mutex
	sockets []*websocket.Conn
	topics  []string
	posted  int
	deliver func(c *websocket.Conn, number int, frame []byte)
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		said, _ := io.ReadAll(r.Body)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.posted++
		cursor := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "event:%d", e.posted))
		for i, c := range e.sockets {
			if e.topics[i] == r.URL.Query().Get("topic") {
				e.deliver(c, e.posted, fmt.Appendf(nil, `{"type":"next","payload":{"cursor":"%s","text":"%s"}}`, cursor, said))
			}
		}
		return
	}
	up := websocket.Upgrader{Subprotocols: []string{"graphql-transport-ws"}}
	c, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	for {
		_, said, err := c.ReadMessage()
		switch {
		case err != nil:
			return
		case strings.Contains(string(said), "connection_init"):
			e.write(c, []byte(`{"type":"connection_ack"}`))
		case strings.Contains(string(said), "subscribe"):
			topic := strings.SplitN(strings.SplitN(string(said), `"topic":"`, 2)[1], `"`, 2)[0]
			e.mu.Lock()
			e.sockets, e.topics = append(e.sockets, c), append(e.topics, topic)
			e.mu.Unlock()
		}
	}
}

func (e *echo) write(c *websocket.Conn, frame []byte) {
	_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	_ = c.WriteMessage(websocket.TextMessage, frame)
}

func swarmOf(t *testing.T, sockets, topics, stalled int, deliver func(e *echo, c *websocket.Conn, number int, frame []byte)) *Swarm {
	t.Helper()
	e := &echo{}
	e.deliver = func(c *websocket.Conn, number int, frame []byte) { deliver(e, c, number, frame) }
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	s, err := Open(t.Context(), Plan{
		Address: address, Path: "/", Sockets: sockets, Topics: topics, Stalled: stalled, Threads: 2,
		Dialect: GraphQL(Subscription{
			Token: func(int) string { return "" }, Document: "subscription { all }",
			Variables: func(topic int) map[string]any { return map[string]any{"topic": fmt.Sprint(topic)} },
		}),
		Entrance: Entrance{Address: address, Request: func(m []Message) Request {
			return Request{Path: fmt.Sprintf("/?topic=%d", m[0].Topic), Body: []byte(m[0].Text)}
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.Await(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func measure(t *testing.T, s *Swarm, l Load) Report {
	t.Helper()
	r, err := s.Measure(t.Context(), 1, l)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSwarm(t *testing.T) {
	t.Parallel()
	window := Load{Window: 4, For: 50 * time.Millisecond, Drain: 2 * time.Second}

	t.Run("finds nothing wrong with a server that is right", func(t *testing.T) {
		t.Parallel()
		s := swarmOf(t, 60, 3, 0, func(e *echo, c *websocket.Conn, _ int, frame []byte) { e.write(c, frame) })
		for _, l := range []Load{window, {Rate: 200, For: 50 * time.Millisecond, Drain: 2 * time.Second}} {
			r := measure(t, s, l)
			if r.Messages == 0 || r.Deliveries == 0 || r.Latency.Count() == 0 || !r.Drained {
				t.Errorf("measured nothing: %+v", r)
			}
			if r.Lost != 0 || r.Repeated != 0 || r.Late != 0 || r.Backwards != 0 || r.Contrary != 0 || r.Foreign != 0 || len(r.Ended) != 0 {
				t.Errorf("found fault: %+v", r)
			}
		}
	})

	t.Run("counts what is lost, doubled and reordered, and cursors that are wrong", func(t *testing.T) {
		t.Parallel()
		var held []byte
		s := swarmOf(t, 1, 1, 0, func(e *echo, c *websocket.Conn, number int, frame []byte) {
			switch number % 10 {
			case 3: // never
			case 5:
				e.write(c, frame)
				e.write(c, frame)
			case 7:
				held = frame
			case 8:
				e.write(c, frame)
				if held != nil {
					e.write(c, held)
				}
			default:
				e.write(c, frame)
			}
		})
		r := measure(t, s, Load{Rate: 400, For: 100 * time.Millisecond, Drain: 200 * time.Millisecond})
		if r.Lost == 0 || r.Repeated == 0 || r.Late == 0 || r.Backwards == 0 || r.Drained {
			t.Errorf("overlooked something: %+v", r)
		}
	})

	t.Run("asks nothing of those that never read", func(t *testing.T) {
		t.Parallel()
		s := swarmOf(t, 20, 1, 5, func(e *echo, c *websocket.Conn, _ int, frame []byte) { e.write(c, frame) })
		r := measure(t, s, Load{Rate: 200, For: 50 * time.Millisecond, Drain: 2 * time.Second})
		if r.Lost != 0 || r.Messages == 0 || r.Deliveries != uint64(r.Messages)*15 {
			t.Errorf("%d deliveries of %d messages: %+v", r.Deliveries, r.Messages, r)
		}
	})

	t.Run("tells why a server closes", func(t *testing.T) {
		t.Parallel()
		s := swarmOf(t, 1, 1, 0, func(e *echo, c *websocket.Conn, number int, frame []byte) {
			if number == 3 {
				_ = c.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(4008, "too slow"))
			}
			e.write(c, frame)
		})
		r := measure(t, s, Load{Rate: 100, For: 50 * time.Millisecond, Drain: 100 * time.Millisecond})
		if r.Ended["closed with 4008 too slow"] != 1 || r.Drained {
			t.Errorf("got %v", r.Ended)
		}
	})
}

func TestTrace(t *testing.T) {
	t.Parallel()
	s := swarmOf(t, 1, 1, 0, func(e *echo, c *websocket.Conn, _ int, frame []byte) { e.write(c, frame) })
	h, err := s.Trace(t.Context(), 10, time.Millisecond)
	if err != nil || h.Count() != 10 || h.Quantile(1) > time.Second {
		t.Errorf("got %d of at most %v, %v", h.Count(), h.Quantile(1), err)
	}
}

func TestAsk(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said, _ := io.ReadAll(r.Body)
		switch string(said) {
		case "refuse":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "wrong":
			_, _ = io.WriteString(w, "something else")
		default: // in pieces
			_, _ = io.WriteString(w, "good")
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, strings.Repeat(" and long", 10_000))
		}
	}))
	t.Cleanup(server.Close)
	for body, good := range map[string]bool{"right": true, "wrong": false, "refuse": false} {
		a := Ask(t.Context(), Questions{
			Address: strings.TrimPrefix(server.URL, "http://"), Clients: 3, For: 50 * time.Millisecond, Wants: "good",
			Next: func(int) Request { return Request{Path: "/", Body: []byte(body)} },
		})
		if a.Good+a.Bad == 0 || (a.Good > 0) != good || (a.Bad > 0) == good || !good && a.FirstBad == "" {
			t.Errorf("%s: got %d good, %d bad, %q", body, a.Good, a.Bad, a.FirstBad)
		}
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 125, 126, 65535, 65536} {
		payload := []byte(strings.Repeat("x", size))
		sent := appendFrame(nil, text, payload)
		sent[1] &^= 0x80 // as a server sends it: without the mask
		at := len(sent) - size - 4
		frame := append(sent[:at:at], payload...)
		for cut := range []int{0, 1, len(frame) / 2, len(frame) - 1} {
			if _, _, _, whole := cutFrame(frame[:min(cut, len(frame)-1)]); whole {
				t.Errorf("%d bytes: took %d of %d for all", size, cut, len(frame))
			}
		}
		kind, got, rest, whole := cutFrame(append(frame, 1, 2))
		if !whole || kind != text || string(got) != string(payload) || len(rest) != 2 {
			t.Errorf("%d bytes: got %d, %d, %d", size, kind, len(got), len(rest))
		}
	}
}
