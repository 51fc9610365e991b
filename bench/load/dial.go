package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// patience is how long a server may take to answer a handshake or a greeting.
const patience = 60 * time.Second

// talk is a websocket that is being opened, still in the hands of the runtime.
type talk struct {
	net.Conn
	unread []byte
}

// dial opens a websocket and greets the server. Addresses of its own give a swarm more ports than one address has.
func dial(ctx context.Context, p *Plan, i int) (*talk, error) {
	dialer := net.Dialer{
		LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%8))},
		Control:   lateBinding,
		Timeout:   patience,
	}
	conn, err := dialer.DialContext(ctx, "tcp4", p.Address)
	if err != nil {
		return nil, fmt.Errorf("connect socket %d: %w", i, err)
	}
	t := &talk{Conn: conn}
	if err := t.open(p, i); err != nil {
		conn.Close()
		return nil, fmt.Errorf("open socket %d: %w", i, err)
	}
	return t, nil
}

func (t *talk) open(p *Plan, i int) error {
	if err := t.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if err := t.shakeHands(p); err != nil {
		return err
	}
	for _, g := range p.Dialect.Greet(i, i%p.Topics) {
		if _, err := t.Write(appendFrame(nil, text, []byte(g.Say))); err != nil {
			return err
		}
		if err := t.await(g.Await); err != nil {
			return err
		}
	}
	return nil
}

func (t *talk) shakeHands(p *Plan) error {
	request := "GET " + p.Path + " HTTP/1.1\r\nHost: " + p.Address + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cGFybGV5LWJlbmNobWFyaw==\r\n"
	if p.Dialect.Subprotocol != "" {
		request += "Sec-WebSocket-Protocol: " + p.Dialect.Subprotocol + "\r\n"
	}
	if _, err := t.Write([]byte(request + "\r\n")); err != nil {
		return err
	}
	blank := []byte("\r\n\r\n")
	for {
		if head, rest, whole := bytes.Cut(t.unread, blank); whole {
			if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
				return fmt.Errorf("the handshake was answered %.100q", head)
			}
			t.unread = rest
			return nil
		}
		if err := t.more(); err != nil {
			return err
		}
	}
}

// await reads until a frame contains a text.
func (t *talk) await(wanted string) error {
	if wanted == "" {
		return nil
	}
	for {
		kind, payload, rest, whole := cutFrame(t.unread)
		switch {
		case !whole:
			if err := t.more(); err != nil {
				return err
			}
			continue
		case kind == closing:
			return fmt.Errorf("closed instead of %s: %.200q", wanted, payload)
		}
		t.unread = rest
		if bytes.Contains(payload, []byte(wanted)) {
			return nil
		}
	}
}

func (t *talk) more() error {
	var b [2048]byte
	n, err := t.Read(b[:])
	t.unread = append(t.unread[:len(t.unread):len(t.unread)], b[:n]...)
	if n > 0 {
		return nil
	}
	return errors.Join(errors.New("the server hung up"), err)
}
