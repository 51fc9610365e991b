package load

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Request is what a caller posts.
type Request struct {
	Path   string
	Header string // further lines, each with its end
	Body   []byte
}

// JSON posts a body as such, with further header lines.
func JSON(path, header string, body []byte) Request {
	return Request{Path: path, Header: "Content-Type: application/json\r\n" + header, Body: body}
}

// Signed posts a body as Meta does, signed with the secret of an app.
func Signed(path, secret string, body []byte) Request {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return JSON(path, "X-Hub-Signature-256: sha256="+hex.EncodeToString(mac.Sum(nil))+"\r\n", body)
}

// Caller is one connection to a server, used for one request after the other. It costs less than net/http's client, as it
// shares the machine with what it measures.
type Caller struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
	out     []byte
	in      []byte
}

// NewCaller makes a caller that connects with its first request.
func NewCaller(address string) *Caller { return &Caller{address: address} }

// Close hangs up.
func (c *Caller) Close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// Post sends a request and returns the answer, which holds until the next one. An answer other than 2xx is an error.
func (c *Caller) Post(r Request) ([]byte, error) {
	body, err := c.post(r)
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("post to %s: %w", r.Path, err)
	}
	return body, nil
}

func (c *Caller) post(r Request) ([]byte, error) {
	if c.conn == nil {
		conn, err := net.DialTimeout("tcp", c.address, patience)
		if err != nil {
			return nil, err
		}
		c.conn, c.reader = conn, bufio.NewReaderSize(conn, 64<<10)
	}
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	c.out = append(c.out[:0], "POST "+r.Path+" HTTP/1.1\r\nHost: "+c.address+"\r\nContent-Length: "...)
	c.out = strconv.AppendInt(c.out, int64(len(r.Body)), 10)
	c.out = append(c.out, "\r\n"+r.Header+"\r\n"...)
	c.out = append(c.out, r.Body...)
	if _, err := c.conn.Write(c.out); err != nil {
		return nil, err
	}
	return c.answer()
}

func (c *Caller) answer() ([]byte, error) {
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	c.in = c.in[:0]
	for {
		if len(c.in) == cap(c.in) {
			c.in = append(c.in, 0)[:len(c.in)]
		}
		n, err := response.Body.Read(c.in[len(c.in):cap(c.in)])
		c.in = c.in[:len(c.in)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if response.StatusCode/100 != 2 {
		return nil, fmt.Errorf("answered %s: %.200q", response.Status, c.in)
	}
	return c.in, nil
}
