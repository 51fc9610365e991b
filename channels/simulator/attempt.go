package simulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// deliver repeats one delivery until it is answered with 2xx or ctx ends.
func (s *Simulator) deliver(ctx context.Context, a *account, d *Delivery) error {
	attempts := 0
	for pause := s.config.RetryFirst; ; pause = min(2*pause, s.config.RetryMost) {
		var to target
		known := func() (ok bool) { to, ok = a.dialect.target(a, []byte(d.Body)); return ok }
		if err := s.until(ctx, known); err != nil {
			return fmt.Errorf("wait for a webhook address of %s: %w", a.Account, err)
		}
		status, asked, ok := s.attempt(ctx, a, d, to)
		if ok {
			return nil
		}
		if attempts++; to.repeats != nil && ctx.Err() == nil && !to.repeats(attempts, status) {
			return errLost
		}
		if !s.pause(ctx, max(pause, asked)) {
			return context.Cause(ctx)
		}
	}
}

// attempt posts once and reports the answer's status, the pause our server asked for, and whether that was acceptance.
func (s *Simulator) attempt(ctx context.Context, a *account, d *Delivery, to target) (int, time.Duration, bool) {
	at := s.config.Now()
	status, asked, err := s.request(ctx, d.Body, to)
	return status, asked, s.tried(a, d, at, status, err)
}

// tried notes an attempt and reports whether it was accepted.
func (s *Simulator) tried(a *account, d *Delivery, at time.Time, status int, err error) bool {
	outcome := Attempt{At: at, Status: status}
	if err != nil {
		outcome.Error = err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.Attempts = append(d.Attempts, outcome)
	d.Done = status/100 == 2 && err == nil
	s.change()
	if d.Done {
		return true
	}
	a.trouble = trouble{at: at, reason: outcome.Error}
	if err == nil {
		a.trouble.reason = fmt.Sprintf("Wrong response from the webhook: %d %s", status, http.StatusText(status))
	}
	s.config.Logger.Warn("webhook not accepted", "account", a.Account, "delivery", d.ID, "status", status)
	return false
}

func (s *Simulator) request(ctx context.Context, body string, to target) (int, time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url, strings.NewReader(body))
	if err != nil {
		return 0, 0, errors.New("the webhook address is no URL")
	}
	req.Header = to.header
	resp, err := s.config.Client.Do(req)
	if err != nil {
		return 0, 0, withoutAddress(err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // also so that the connection can be used again
	if to.objects != nil && resp.StatusCode/100 == 2 {
		if err == nil {
			err = to.objects(resp.Header.Get("Content-Type"), string(said))
		}
		return resp.StatusCode, 0, err
	}
	if !to.obeysRetryAfter {
		return resp.StatusCode, 0, nil
	}
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	return resp.StatusCode, time.Duration(min(max(seconds, 0), 3600)) * time.Second, nil
}

// withoutAddress is why a request failed. The error of the client repeats the address, which may hold a secret of ours.
func withoutAddress(err error) error {
	if outer := (*url.Error)(nil); errors.As(err, &outer) {
		return outer.Err
	}
	return err
}
