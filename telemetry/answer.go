package telemetry

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// answer remembers how a request was answered.
type answer struct {
	http.ResponseWriter
	status   int
	begun    time.Time // when a stream was
	streams  bool
	panicked bool
}

// Unwrap shows http.ResponseController the writer inside.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader begins the answer.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.begin(status)
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) begin(status int) {
	a.status = status
	kind := a.Header().Get("Content-Type")
	if strings.HasPrefix(kind, "text/event-stream") || strings.HasPrefix(kind, "multipart/mixed") {
		a.streams, a.begun = true, time.Now()
	}
}

// Write writes of the body.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.begin(http.StatusOK)
	}
	return a.ResponseWriter.Write(b)
}

// ReadFrom lets the network copy files by itself.
func (a *answer) ReadFrom(from io.Reader) (int64, error) {
	if a.status == 0 {
		a.begin(http.StatusOK)
	}
	return io.Copy(a.ResponseWriter, from)
}

// Flush sends what was written.
func (a *answer) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() }

// Hijack hands the connection over.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffer, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err == nil && a.status == 0 {
		a.status = http.StatusSwitchingProtocols
	}
	return conn, buffer, err
}

// code is the status; a handler that says nothing says 200, one that panics before it does hangs up.
func (a *answer) code() int {
	switch {
	case a.status != 0:
		return a.status
	case a.panicked:
		return http.StatusInternalServerError
	default:
		return http.StatusOK
	}
}

// errServer marks the span of an answer that was a fault of ours.
var errServer = errors.New("server error")

func (a *answer) failure() error {
	if a.code() >= http.StatusInternalServerError {
		return errServer
	}
	return nil
}
