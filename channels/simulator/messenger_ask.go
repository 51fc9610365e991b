package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// messengerError is what our server has against a visitor's request.
type messengerError struct {
	status int
	code   string
	field  string
	wait   time.Duration // what it asked for before the next attempt
}

func (e messengerError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("our server answered %d %s %s", e.status, e.code, e.field))
}

// wasTurnedAway reports whether our server refused a visitor.
func wasTurnedAway(err error) bool { return errors.As(err, new(messengerError)) }

// askAgain says whether the same request may have a better answer later, and how long our server wants to be left alone.
func askAgain(err error) (wait time.Duration, again bool) {
	var refused messengerError
	if !errors.As(err, &refused) {
		return 0, true // no answer, or half of one
	}
	return refused.wait, refused.status == http.StatusTooManyRequests || refused.status >= 500
}

// statusOf is how our server answered: 0 if not at all.
func statusOf(err error) int {
	var refused messengerError
	switch {
	case err == nil:
		return http.StatusOK
	case errors.As(err, &refused):
		return refused.status
	}
	return 0
}

// ask says something of the protocol and reads the answer, unless into is nil. It waits until our server has an address.
func (d *messenger) ask(ctx context.Context, site MessengerWidget, token, method, path string, body object, into any) error {
	req, err := d.request(ctx, site, token, method, path, body)
	if err != nil {
		return err
	}
	return d.do(req, into)
}

func (d *messenger) request(ctx context.Context, site MessengerWidget, token, method, path string, body object) (*http.Request, error) {
	base := ""
	err := d.sim.until(ctx, func() bool { base = d.sim.webhookURL; return base != "" })
	if err != nil {
		return nil, fmt.Errorf("wait for the address of our server: %w", err)
	}
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(encode(body))
	}
	req, err := http.NewRequestWithContext(ctx, method, base+"/messenger/"+url.PathEscape(site.Key)+"/"+path, content)
	if err != nil {
		return nil, errors.New("the address of our server is no URL")
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if site.Origin != "" {
		req.Header.Set("Origin", site.Origin)
	}
	return req, nil
}

func (d *messenger) do(req *http.Request, into any) error {
	resp, err := d.sim.config.Client.Do(req)
	if err != nil {
		return withoutAddress(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return refusalOf(resp)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, mostJSON))
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("read the answer of our server: %w", err)
	}
	return nil
}

func refusalOf(resp *http.Response) error {
	var told struct {
		Error struct{ Code, Field string }
	}
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	_ = json.Unmarshal(raw, &told) // an answer of something in between says nothing but its status
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	return messengerError{
		status: resp.StatusCode, code: told.Error.Code, field: told.Error.Field,
		wait: time.Duration(min(max(seconds, 0), 3600)) * time.Second,
	}
}
