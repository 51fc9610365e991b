package x

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"parley/channels"
	"parley/models"
)

// Parse reads an event of the X Activity API, or a body of the Account Activity API it replaces: X still sends those to
// old subscriptions.
func (*Adapter) Parse(d channels.Delivery, _ *channels.Account) channels.Parsed {
	var r reader
	r.delivery(d.Body)
	return r.parsed()
}

// reader collects what a body says. Its methods go down one level of the envelope each.
type reader struct {
	inbound    []models.Inbound
	unreadable []error
}

func (r *reader) parsed() channels.Parsed {
	return channels.Parsed{Inbound: channels.Distinct(preferReplies(r.inbound)), Unreadable: r.unreadable}
}

func (r *reader) cannotRead(what string, err error) {
	r.unreadable = append(r.unreadable, fmt.Errorf("read %s: %w", what, err))
}

// each hands the elements of an array to read, one by one, and reports those it cannot read.
func (r *reader) each(what string, raw json.RawMessage, read func(json.RawMessage) error) {
	elements, err := channels.Elements(raw)
	if err != nil {
		r.cannotRead(what, err)
	}
	for i, element := range elements {
		if err := read(element); err != nil {
			r.cannotRead(fmt.Sprintf("%s %d", what, i), err)
		}
	}
}

// add keeps what one element said, if it said anything.
func (r *reader) add(in *models.Inbound, err error) error {
	if in != nil && err == nil {
		r.inbound = append(r.inbound, *in)
	}
	return err
}

func (r *reader) delivery(body []byte) {
	document, err := channels.Document(body)
	if err == nil {
		err = r.envelope(document)
	}
	if err != nil {
		r.cannotRead("delivery", err)
	}
}

func (r *reader) envelope(raw json.RawMessage) error {
	var envelope struct {
		Data      json.RawMessage
		UserEvent json.RawMessage `json:"user_event"`
	}
	if err := json.Unmarshal(raw, &envelope); err != nil {
		return err
	}
	switch {
	case len(envelope.Data) > 0:
		r.each("event", envelope.Data, r.event)
		return nil
	case len(envelope.UserEvent) > 0:
		return r.legacyRevocation(envelope.UserEvent)
	default:
		return r.legacy(raw)
	}
}

// preferReplies drops the mention where a post is both: a reply to us that also names us comes twice.
func preferReplies(all []models.Inbound) []models.Inbound {
	replies := make(map[string]bool)
	for _, in := range all {
		if in.Kind == models.InboundUtterance && in.Surface == models.PostSurface {
			replies[in.AccountID+" "+in.ExternalID] = true
		}
	}
	return slices.DeleteFunc(all, func(in models.Inbound) bool {
		return in.Kind == models.InboundUtterance && in.Surface == models.Mention && replies[in.AccountID+" "+in.ExternalID]
	})
}

var errNobody = errors.New("it names no account")
