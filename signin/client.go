package signin

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// How long the provider may take for one answer, and how much it may say.
const (
	answerTimeout = 10 * time.Second
	maxAnswer     = 1 << 20
)

// newClient asks the provider. What it sends comes whole or not at all, and its errors carry no more than a status.
func newClient() *http.Client {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxResponseHeaderBytes = 64 << 10
	base.MaxIdleConnsPerHost = 2
	return &http.Client{Timeout: answerTimeout, Transport: bounded{base}}
}

type bounded struct{ next http.RoundTripper }

// RoundTrip asks. A provider answers for itself: being sent elsewhere is no answer, and a secret must not follow.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 == 3 || r.Method == http.MethodGet && response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, fmt.Errorf("it answered %d", response.StatusCode)
	}
	response.Body = &boundedBody{response.Body, maxAnswer}
	return response, nil
}

type boundedBody struct {
	io.ReadCloser
	left int
}

// Read fails where too much begins.
func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, fmt.Errorf("it says more than %d bytes", maxAnswer)
	}
	return n, err
}
