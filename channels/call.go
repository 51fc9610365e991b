package channels

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"parley/models"
)

const (
	answerLimit     = 1 << 20        // no platform answers a call with more
	longestWait     = 24 * time.Hour // nobody is asked to wait longer, whatever a header says
	defaultDeadline = 30 * time.Second
)

// Answer is what a platform said to one call.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// IsSuccess reports whether the platform accepted the call.
func (a Answer) IsSuccess() bool { return a.Status >= 200 && a.Status < 300 }

// RetryAfter is how long the platform asks us to wait; 0 when it says nothing.
func (a Answer) RetryAfter() time.Duration {
	value := a.Header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		return Wait(seconds)
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	since, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		return 0
	}
	return Wait(int64(until.Sub(since) / time.Second))
}

// Wait turns the seconds a platform asks for into a duration between nothing and a day.
func Wait(seconds int64) time.Duration {
	seconds = min(max(seconds, 0), int64(longestWait/time.Second))
	return time.Duration(seconds) * time.Second
}

// Call makes one call to a platform and returns its answer, whatever the status. A fault on the way is a *SendError:
// transient when the platform cannot have read the request, ambiguous when it may have. The error never shows the
// address, which carries the token on some platforms. Redirects are answers too: a token is not shown to a stranger.
func Call(client *http.Client, req *http.Request) (Answer, error) {
	read := watchBody(req)
	res, err := withoutRedirects(client).Do(req)
	if err != nil {
		return Answer{}, lost(err, 0, read.Load())
	}
	defer func() { _ = res.Body.Close() }()

	answer := Answer{Status: res.StatusCode, Header: res.Header}
	answer.Body, err = readAnswer(res.Body)
	if err != nil && answer.IsSuccess() {
		return answer, lost(err, answer.Status, read.Load())
	}
	return answer, nil
}

// Open asks a platform for a file and returns the answer whatever its status; the caller closes it. How long a file may
// take is up to the context. Redirects are answers too, and a fault on the way never shows the address, like Call's.
func Open(client *http.Client, req *http.Request) (*http.Response, error) {
	patient := &http.Client{} // without a deadline for the whole file
	if client != nil {
		patient = client
	}
	res, err := withoutRedirects(patient).Do(req)
	if err != nil {
		return nil, &SendError{
			Failure: models.Failure{Reason: models.Transient}, Err: fmt.Errorf("open a file: %w", withoutAddress(err)),
		}
	}
	return res, nil
}

// NotUnderstood is the fault of an accepting answer that does not say what was accepted.
func NotUnderstood(answer Answer, err error) *SendError {
	return lost(err, answer.Status, true)
}

// Repeatable says of a lost answer that asking again does no harm, unlike with a message: the fault will pass.
func Repeatable(err error) error {
	var e *SendError
	if errors.As(err, &e) && e.Ambiguous {
		e.Ambiguous, e.Reason = false, models.Transient
	}
	return err
}

// Unsendable is the refusal of a message that is not worth a call, and why.
func Unsendable(why string) *SendError {
	return &SendError{Failure: models.Failure{Reason: models.InvalidRequest, Message: why}, Err: errors.New(why)}
}

// Hide takes a secret out of a text a platform wrote: some quote the token they refuse.
func Hide(secret, text string) string {
	if secret == "" {
		return text
	}
	return strings.ReplaceAll(text, secret, "[secret]")
}

func lost(err error, status int, mayHaveArrived bool) *SendError {
	e := &SendError{Failure: models.Failure{Reason: models.Transient}, HTTPStatus: status, Err: withoutAddress(err)}
	if mayHaveArrived {
		e.Reason, e.Ambiguous = models.Unconfirmed, true
	}
	return e
}

// withoutAddress takes away where a call went: the address carries the token on some platforms.
func withoutAddress(err error) error {
	var shown *url.Error
	for errors.As(err, &shown) {
		err = shown.Err
	}
	return err
}

func withoutRedirects(client *http.Client) *http.Client {
	c := http.Client{Timeout: defaultDeadline}
	if client != nil {
		c = *client
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

func readAnswer(body io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(body, answerLimit+1))
	if err != nil {
		return nil, fmt.Errorf("read the platform's answer: %w", err)
	}
	if len(content) > answerLimit {
		return nil, errors.New("the platform's answer is too long")
	}
	return content, nil
}

// watchBody reports whether anyone began to read the body of the request. Until then nothing of it can have left us,
// and that is all we need to know, whatever transport the client uses.
func watchBody(req *http.Request) *atomic.Bool {
	read := new(atomic.Bool)
	if req.Body == nil || req.Body == http.NoBody {
		return read
	}
	req.Body = &watchedBody{req.Body, read}
	if again := req.GetBody; again != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			return &watchedBody{body, read}, err
		}
	}
	return read
}

type watchedBody struct {
	io.ReadCloser
	read *atomic.Bool
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.read.Store(true)
	return b.ReadCloser.Read(p)
}
