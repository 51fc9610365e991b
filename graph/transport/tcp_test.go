//go:build linux

package transport

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
)

// The tests here are over sockets of the system, as only those can be watched and written to without waiting.

// soon is how long anything here may take before a test gives up.
const soon = 20 * time.Second

// harbour is a server of the toy schema on a port of its own.
type harbour struct {
	*toy
	ws      *WebSocket
	address string
	close   func() // shuts down as a server does that is stopped
}

func open(t *testing.T, config WebSocketConfig) *harbour {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config.Authenticate, config.Log = doorman, slog.New(slog.DiscardHandler)
	h := &harbour{toy: newToy(), ws: NewWebSocket(config), address: listener.Addr().String()}
	server := &http.Server{Handler: Handler{Executor: h.executor(), Transports: []graphql.Transport{h.ws}}}
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()
	h.close = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		if err := h.ws.Shutdown(ctx); err != nil {
			t.Errorf("shut down: %v", err)
		}
		_ = server.Close()
		_ = <-served
	})
	t.Cleanup(h.close)
	return h
}

// sockets is how many connections there are, and how many of them are watched.
func (h *harbour) sockets() (open, watched int) {
	h.ws.mu.Lock()
	defer h.ws.mu.Unlock()
	h.ws.watcher.mu.Lock()
	defer h.ws.watcher.mu.Unlock()
	return len(h.ws.conns), len(h.ws.watcher.conns)
}

// expectLeft waits until so many connections are left, and the watcher knows of no other.
func (h *harbour) expectLeft(t *testing.T, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d connections are left", n), func() bool {
		open, watched := h.sockets()
		return open == n && watched == n
	})
}

// wire is a client that sends and sees single frames.
type wire struct {
	t    *testing.T
	conn *net.TCPConn
	in   *bufio.Reader
}

func (h *harbour) dial(t *testing.T) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", h.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	w := &wire{t: t, conn: conn.(*net.TCPConn), in: bufio.NewReaderSize(conn, 512)}
	w.send([]byte("GET /graphql HTTP/1.1\r\nHost: parley.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: " + subprotocol + "\r\n\r\n"))
	w.patience()
	response, err := http.ReadResponse(w.in, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the upgrade was answered %v, %v", response, err)
	}
	return w
}

// greet has connected and been acknowledged.
func (h *harbour) greet(t *testing.T) *wire {
	t.Helper()
	w := h.dial(t)
	w.say(`{"type":"connection_init"}`)
	w.expect(`{"type":"connection_ack"}`)
	return w
}

func (w *wire) patience() { _ = w.conn.SetReadDeadline(time.Now().Add(soon)) }

func (w *wire) send(b []byte) {
	w.t.Helper()
	_ = w.conn.SetWriteDeadline(time.Now().Add(soon))
	if _, err := w.conn.Write(b); err != nil {
		w.t.Fatalf("send: %v", err)
	}
}

// reset hangs up without a word.
func (w *wire) reset() {
	_ = w.conn.SetLinger(0)
	_ = w.conn.Close()
}

// sendBy sends in pieces of n bytes, each a packet of its own.
func (w *wire) sendBy(n int, b []byte) {
	w.t.Helper()
	for piece := range slices.Chunk(b, n) {
		w.send(piece)
	}
}

func (w *wire) say(text string) { w.t.Helper(); w.send(textFrame(text)) }

func textFrame(text string) []byte { return clientFrame(0x80|opText, []byte(text)) }

func asking(id, document string) string {
	return fmt.Sprintf(`{"id":%q,"type":"subscribe","payload":{"query":%q}}`, id, document)
}

// frame is the next one the server sent.
func (w *wire) frame() (opcode byte, payload []byte, err error) {
	w.patience()
	head := make([]byte, 2)
	if _, err := io.ReadFull(w.in, head); err != nil {
		return 0, nil, err
	}
	length := uint64(head[1])
	switch length {
	case 126:
		wide := make([]byte, 2)
		_, err = io.ReadFull(w.in, wide)
		length = uint64(binary.BigEndian.Uint16(wide))
	case 127:
		wide := make([]byte, 8)
		_, err = io.ReadFull(w.in, wide)
		length = binary.BigEndian.Uint64(wide)
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, length)
	_, err = io.ReadFull(w.in, payload)
	return head[0] & 0x0f, payload, err
}

// hear is the next message; pings are answered on the way.
func (w *wire) hear() string {
	w.t.Helper()
	for {
		opcode, payload, err := w.frame()
		switch {
		case err != nil:
			w.t.Fatalf("hear: %v", err)
		case opcode == opPing:
			w.send(clientFrame(0x80|opPong, payload))
		case opcode == opText:
			return string(payload)
		default:
			w.t.Fatalf("heard the frame %d %q", opcode, payload)
		}
	}
}

func (w *wire) expect(want ...string) {
	w.t.Helper()
	for _, text := range want {
		if heard := w.hear(); heard != text {
			w.t.Fatalf("heard %.100s, want %.100s", heard, text)
		}
	}
}

func codeOfClose(payload []byte) int {
	code, _ := answerTo(payload)
	return code
}

// expectClose hears the server close with a code, whatever comes before, and hang up.
func (w *wire) expectClose(code int) {
	w.t.Helper()
	for {
		opcode, payload, err := w.frame()
		if err != nil {
			w.t.Fatalf("ended with %v, want code %d", err, code)
		}
		if opcode != opClose {
			continue
		}
		if got := codeOfClose(payload); got != code {
			w.t.Fatalf("closed with %d %q, want %d", got, payload[min(2, len(payload)):], code)
		}
		w.send(clientFrame(0x80|opClose, payload[:min(2, len(payload))]))
		w.expectEnd()
		return
	}
}

// expectEnd hears the server hang up without another word.
func (w *wire) expectEnd() {
	w.t.Helper()
	w.patience()
	if rest, err := io.ReadAll(w.in); len(rest) > 0 || errors.Is(err, context.DeadlineExceeded) {
		w.t.Fatalf("instead of hanging up: %q %v", rest, err)
	}
}

// eventually waits for what happens without telling.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for late := time.After(soon); !holds(); {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("it did not happen that %s", what)
		}
	}
}

// goroutines is how many there are when those that are about to end have ended.
func goroutines(t *testing.T, most int) {
	t.Helper()
	eventually(t, fmt.Sprintf("only %d goroutines are left", most), func() bool { return runtime.NumGoroutine() <= most })
}

// TestTCPIdle is not parallel: it counts goroutines.
func TestTCPIdle(t *testing.T) {
	const sockets = 400
	before := runtime.NumGoroutine()
	h := open(t, WebSocketConfig{MaxSockets: sockets})
	first := h.greet(t)
	// Those of the server and of what serves all its sockets.
	serving := before + 1 + runtime.GOMAXPROCS(0) + 2
	goroutines(t, serving)

	wires := []*wire{first}
	for len(wires) < sockets {
		wires = append(wires, h.greet(t))
	}
	goroutines(t, serving) // silence costs none

	for _, w := range wires {
		w.say(asking("1", `{ hello }`))
	}
	for _, w := range wires {
		w.expect(next("1", `{"hello":"world"}`), complete("1"))
	}
	goroutines(t, serving) // and neither does having spoken

	for i, w := range wires {
		switch i % 3 {
		case 0:
			w.send(clientFrame(0x80|opClose, websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")))
			w.expectClose(websocket.CloseNormalClosure)
		case 1:
			_ = w.conn.Close()
		case 2:
			w.reset()
		}
	}
	h.expectLeft(t, 0)
	h.close()
	goroutines(t, before)
}

func TestTCPPieces(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 50_000)
	echo := next("1", `{"echo":"`+long+`"}`)
	const part = 0

	t.Run("are put together, byte by byte, of many at once", func(t *testing.T) {
		t.Parallel()
		h := open(t, WebSocketConfig{})
		wires := make([]*wire, 100)
		for i := range wires {
			wires[i] = h.dial(t)
		}
		for _, b := range append(textFrame(`{"type":"connection_init"}`), textFrame(asking("1", `{ hello }`))...) {
			for _, w := range wires {
				w.send([]byte{b})
			}
		}
		for _, w := range wires {
			w.expect(`{"type":"connection_ack"}`, next("1", `{"hello":"world"}`), complete("1"))
		}
	})
	t.Run("may be larger than a read, and not end with it", func(t *testing.T) {
		t.Parallel()
		w := open(t, WebSocketConfig{}).greet(t)
		message := textFrame(asking("1", `{ echo(text: "`+long+`") }`))
		for _, size := range []int{len(message), 16 << 10, 16<<10 - 1, 1000} {
			w.sendBy(size, message)
			w.expect(echo, complete("1"))
		}
	})
	t.Run("may be frames, with a ping between", func(t *testing.T) {
		t.Parallel()
		w := open(t, WebSocketConfig{MessageBurst: 1000}).greet(t)
		message := []byte(asking("1", `{ echo(text: "`+long+`") }`))
		first := byte(opText)
		for piece := range slices.Chunk(message, 10_000) {
			w.send(clientFrame(part|first, piece))
			w.send(clientFrame(0x80|opPing, []byte("still there?")))
			if opcode, payload, err := w.frame(); err != nil || opcode != opPong || string(payload) != "still there?" {
				t.Fatalf("the ping was answered %d %q %v", opcode, payload, err)
			}
			first = opContinuation
		}
		w.send(clientFrame(0x80|opContinuation, nil))
		w.expect(echo, complete("1"))
	})
	t.Run("may be many messages", func(t *testing.T) {
		t.Parallel()
		const messages = 1000
		w := open(t, WebSocketConfig{MessageBurst: 2 * messages}).greet(t)
		var all []byte
		for i := range messages {
			all = append(all, textFrame(fmt.Sprintf(`{"type":"ping","payload":{"n":%d}}`, i))...)
		}
		w.send(all)
		for i := range messages {
			w.expect(fmt.Sprintf(`{"type":"pong","payload":{"n":%d}}`, i))
		}
	})
}

func TestTCPCloses(t *testing.T) {
	t.Parallel()
	taking := func(code int) []byte { return clientFrame(0x80|opClose, websocket.FormatCloseMessage(code, "bye")) }
	unmasked := []byte{0x80 | opText, 2, '{', '}'}
	for name, test := range map[string]struct {
		sent []byte
		code int
	}{
		"a leave, with the same":               {taking(websocket.CloseNormalClosure), websocket.CloseNormalClosure},
		"a leave with a code of the client":    {taking(4123), 4123},
		"a leave without a code, with 1000":    {clientFrame(0x80|opClose, nil), websocket.CloseNormalClosure},
		"a frame that is not masked, 1002":     {unmasked, websocket.CloseProtocolError},
		"an extension nobody agreed on, 1002":  {clientFrame(0xc0|opText, []byte("{}")), websocket.CloseProtocolError},
		"a ping that is too long, 1002":        {clientFrame(0x80|opPing, make([]byte, maxControl+1)), websocket.CloseProtocolError},
		"the rest of no message, 1002":         {clientFrame(0x80|opContinuation, []byte("{}")), websocket.CloseProtocolError},
		"a message over the limit, 1009":       {textFrame(strings.Repeat(" ", 64<<10) + "{}"), websocket.CloseMessageTooBig},
		"a promise of one over the limit 1009": {textFrame(strings.Repeat(" ", 1<<20))[:14], websocket.CloseMessageTooBig},
		"bytes, 4400":                          {clientFrame(0x80|opBinary, []byte("{}")), CloseBadRequest},
		"a second greeting, 4429":              {textFrame(`{"type":"connection_init"}`), CloseInitTwice},
	} {
		t.Run("answers "+name, func(t *testing.T) {
			t.Parallel()
			h := open(t, WebSocketConfig{})
			w := h.greet(t)
			w.send(test.sent)
			w.expectClose(test.code)
			h.expectLeft(t, 0)
		})
	}

	t.Run("lets go of a peer that speaks no more, and of what it asked for", func(t *testing.T) {
		t.Parallel()
		h := open(t, WebSocketConfig{})
		for _, vanish := range []func(*wire){
			func(w *wire) { _ = w.conn.CloseWrite() },
			func(w *wire) { _ = w.conn.Close() },
			(*wire).reset,
		} {
			w := h.greet(t)
			w.say(asking("1", `subscription { said }`))
			await(t, h.entered, "said")
			vanish(w)
			await(t, h.left, "said")
			h.expectLeft(t, 0)
		}
	})
	t.Run("tells hundreds to come back, and waits for them", func(t *testing.T) {
		t.Parallel()
		h := open(t, WebSocketConfig{})
		wires := make([]*wire, 300)
		for i := range wires {
			wires[i] = h.greet(t)
			wires[i].say(asking("1", `subscription { said }`))
			await(t, h.entered, "said")
		}
		h.say("the last word")
		for _, w := range wires {
			w.expect(next("1", `{"said":"the last word"}`))
		}
		closed := make(chan struct{})
		go func() { defer close(closed); h.close() }()
		for _, w := range wires {
			w.expectClose(websocket.CloseGoingAway)
		}
		<-closed
	})
}

func TestTCPKeepsAlive(t *testing.T) {
	t.Parallel()
	h := open(t, WebSocketConfig{KeepAlive: time.Second})
	alive, dead := h.greet(t), h.greet(t)

	answered := make(chan error, 1)
	go func() { answered <- alive.answer() }()

	pings := 0
	for closed := false; !closed; {
		opcode, payload, err := dead.frame() // and says nothing
		switch {
		case err == nil && opcode == opPing:
			pings++
		case err == nil && opcode == opClose && codeOfClose(payload) == CloseResume:
			closed = true
		default:
			t.Fatalf("a silent peer heard %d %q %v", opcode, payload, err)
		}
	}
	if pings == 0 {
		t.Error("a peer was cut that had not been asked")
	}
	alive.say(asking("1", `{ hello }`))
	if err := <-answered; err != nil {
		t.Errorf("a peer that answers: %v", err)
	}
}

// answer answers pings until there is a message.
func (w *wire) answer() error {
	for {
		switch opcode, payload, err := w.frame(); {
		case err != nil:
			return err
		case opcode == opText:
			return nil
		case opcode != opPing:
			return fmt.Errorf("heard the frame %d %q", opcode, payload)
		default:
			if _, err := w.conn.Write(clientFrame(0x80|opPong, payload)); err != nil {
				return err
			}
		}
	}
}

func TestTCPSlowPeers(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("x", 64<<10)
	said := next("1", `{"said":"`+text+`"}`)
	subscribed := func(t *testing.T, h *harbour) *wire {
		w := h.greet(t)
		w.say(asking("1", `subscription { said }`))
		await(t, h.entered, "said")
		return w
	}

	t.Run("hear everything in order when they wake in time", func(t *testing.T) {
		t.Parallel()
		const messages = 200 // more than the network takes
		h := open(t, WebSocketConfig{MaxQueue: 64 << 20, WriteTimeout: soon})
		late := subscribed(t, h)
		quick := make([]*wire, runtime.GOMAXPROCS(0)) // one of them shares its writer with the late one
		for i := range quick {
			quick[i] = subscribed(t, h)
		}
		for i := range messages {
			h.say(fmt.Sprint(i) + text)
			for _, q := range quick {
				q.expect(next("1", fmt.Sprintf(`{"said":"%d%s"}`, i, text)))
			}
		}
		for i := range messages {
			late.expect(next("1", fmt.Sprintf(`{"said":"%d%s"}`, i, text)))
		}
	})
	t.Run("are told to resume when too much waits, and hold up nobody", func(t *testing.T) {
		t.Parallel()
		h := open(t, WebSocketConfig{MaxQueue: 256 << 10})
		slow, quick := subscribed(t, h), subscribed(t, h)
		for over := false; !over; {
			h.say(text)
			quick.expect(said)
			select {
			case <-h.left:
				over = true
			default:
			}
		}
		slow.expectClose(CloseResume)
		h.expectLeft(t, 1)
	})
	t.Run("are cut when they take nothing for too long", func(t *testing.T) {
		t.Parallel()
		h := open(t, WebSocketConfig{MaxQueue: 1 << 30, WriteTimeout: 300 * time.Millisecond})
		slow, quick := subscribed(t, h), subscribed(t, h)
		for over := false; !over; {
			h.say(text)
			quick.expect(said)
			select {
			case <-h.left:
				over = true
			default:
			}
		}
		slow.patience()
		if _, err := io.Copy(io.Discard, slow.in); errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the connection is still there: %v", err)
		}
		h.expectLeft(t, 1)
	})
}

// TestTCPCrowd has hundreds come, listen and go, in good manners and bad, while things are said.
func TestTCPCrowd(t *testing.T) {
	t.Parallel()
	const visitors, atOnce = 300, 30
	h := open(t, WebSocketConfig{})
	going := make(chan struct{})
	var talk sync.WaitGroup
	talk.Go(func() {
		pause := time.NewTicker(10 * time.Millisecond)
		defer pause.Stop()
		for {
			select {
			case <-h.entered: // nobody waits for those
			case <-h.left:
			case <-pause.C:
				h.say("something")
			case <-going:
				return
			}
		}
	})
	there := make([]*wire, 0, atOnce)
	for i := range visitors + atOnce {
		if len(there) == atOnce || i >= visitors {
			w := there[0]
			there = there[1:]
			w.expect(next("s", `{"said":"something"}`), next("s", `{"said":"something"}`))
			switch i % 3 {
			case 0:
				w.send(clientFrame(0x80|opClose, websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")))
				w.expectClose(websocket.CloseNormalClosure)
			case 1:
				w.reset()
			case 2:
				w.sendBy(3, textFrame(`{"id":"s","type":"complete"}`)[:20]) // and leaves in the middle of a word
				_ = w.conn.CloseWrite()
			}
		}
		if i < visitors {
			w := h.greet(t)
			w.say(asking("s", `subscription { said }`))
			there = append(there, w)
		}
	}
	h.expectLeft(t, 0)
	close(going)
	talk.Wait()
}
