package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley/channels"
	"parley/models"
)

// Limits of one poll. A page of a hundred messages stays far below what an answer may have.
const (
	pageSize    = "100"
	maxPages    = 20
	reachesBack = 24 * time.Hour
	overlap     = 10 * time.Minute // a message may show up in the list later than its time says
	soon        = time.Minute
)

// Poll asks for the messages whose delivery got lost: unless told otherwise, Twilio tries once.
func (a *Adapter) Poll(ctx context.Context, account channels.Account, mark string, now time.Time) (channels.Polled, error) {
	m := readMark(mark, now)
	path := m.Page
	if path == "" {
		path = a.firstPage(account, m.Since)
	}
	var polled channels.Polled
	for range maxPages {
		p, err := a.page(ctx, account, path)
		if err != nil {
			return channels.Polled{}, err
		}
		reached, err := a.take(ctx, account, p, m.Since, &polled.Parsed)
		if err != nil {
			return channels.Polled{}, err
		}
		if path = p.Next; reached || path == "" {
			polled.Mark = moment{Since: m.Next.Add(-overlap)}.String()
			polled.Inbound = channels.Distinct(polled.Inbound)
			return polled, nil
		}
	}
	polled.Mark, polled.Wait = moment{Since: m.Since, Next: m.Next, Page: path}.String(), soon
	return polled, nil
}

// firstPage asks for whole days, which is what Twilio filters by; what is older than asked for ends the poll.
func (a *Adapter) firstPage(account channels.Account, since time.Time) string {
	query := url.Values{"DateSent>": {since.UTC().Format(time.DateOnly)}, "PageSize": {pageSize}}
	if !isService(account) {
		query.Set("To", account.ID)
	}
	path, _ := strings.CutPrefix(a.resource(account, "/Messages.json"), a.config.APIBase)
	return path + "?" + query.Encode()
}

// page is one answer with messages.
type page struct {
	Messages json.RawMessage
	Next     string `json:"next_page_uri"`
}

// page reads one. It has a path instead of an address: the token goes nowhere but to Twilio.
func (a *Adapter) page(ctx context.Context, account channels.Account, path string) (page, error) {
	if !strings.HasPrefix(path, "/2010-04-01/Accounts/") {
		return page{}, &channels.SendError{
			Failure: models.Failure{Reason: models.Transient}, Err: errors.New("the next page is not at Twilio"),
		}
	}
	var p page
	_, err := a.call(ctx, account, http.MethodGet, a.config.APIBase+path, nil, &p)
	return p, channels.Repeatable(err)
}

// take reads the messages of a page, newest first, and reports whether it reached those that were asked for before.
func (a *Adapter) take(
	ctx context.Context, account channels.Account, p page, since time.Time, parsed *channels.Parsed,
) (reached bool, err error) {
	elements, err := channels.Elements(p.Messages)
	if err != nil {
		return false, &channels.SendError{Failure: models.Failure{Reason: models.Transient}, Err: err}
	}
	for _, element := range elements {
		m, at, err := readListed(element)
		if err != nil {
			parsed.Unreadable = append(parsed.Unreadable, fmt.Errorf("read listed message: %w", err))
			continue
		}
		if at.Before(since) {
			reached = true
			continue
		}
		in, err := a.tellListed(ctx, account, m, at)
		switch {
		case err != nil:
			return false, err
		case in != nil:
			parsed.Inbound = append(parsed.Inbound, *in)
		}
	}
	return reached, nil
}
