package media

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const longestWait = 24 * time.Hour // nobody is asked to wait longer, whatever a header says

// Failure says in a word why a file could not be had.
type Failure string

// The failures.
const (
	TooLarge       Failure = "TOO_LARGE"
	TypeNotAllowed Failure = "TYPE_NOT_ALLOWED" // a page came in place of a picture, a sound or a film
	NotFound       Failure = "NOT_FOUND"        // it is not there any more
	Unavailable    Failure = "UNREACHABLE"      // nobody gave it this time
	Refused        Failure = "REFUSED"          // we may not have it, or do not go where it is
)

// Fault is why a file could not be had. It never shows an address: some carry a token.
type Fault struct {
	Failure    Failure
	Passing    bool          // another try may succeed
	Auth       bool          // credentials are wanted, or others
	RetryAfter time.Duration // what was asked for; 0: nothing
	Err        error
}

func (f *Fault) Error() string { return fmt.Sprintf("%s: %v", f.Failure, f.Err) }

func (f *Fault) Unwrap() error { return f.Err }

// Unreachable is the fault of a file nobody gave us this time.
func Unreachable(err error) *Fault {
	return &Fault{Failure: Unavailable, Passing: true, Err: withoutAddress(err)}
}

func refused(err error) *Fault { return &Fault{Failure: Refused, Err: withoutAddress(err)} }

var errTooLarge = errors.New("the file is larger than is kept")

func tooLarge() *Fault { return &Fault{Failure: TooLarge, Err: errTooLarge} }

func withoutAddress(err error) error {
	var shown *url.Error
	for errors.As(err, &shown) {
		err = shown.Err
	}
	return err
}

// faultOf is what an answer says that is not a file; nil if it may be one.
func faultOf(res *http.Response) *Fault {
	err := fmt.Errorf("the answer was %d", res.StatusCode)
	switch code := res.StatusCode; {
	case code >= 200 && code < 300 && code != http.StatusNoContent && code != http.StatusPartialContent:
		return nil
	case code == http.StatusNotFound || code == http.StatusGone:
		return &Fault{Failure: NotFound, Err: err}
	case code == http.StatusUnauthorized:
		return &Fault{Failure: Refused, Auth: true, Err: err}
	case code == http.StatusRequestTimeout || code == http.StatusTooEarly || code == http.StatusTooManyRequests || code >= 500:
		fault := Unreachable(err)
		if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
			fault.RetryAfter = min(max(time.Duration(seconds), 0), longestWait/time.Second) * time.Second
		}
		return fault
	default:
		return refused(err)
	}
}
