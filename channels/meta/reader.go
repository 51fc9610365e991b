package meta

import (
	"encoding/json"
	"errors"
	"fmt"

	"parley/channels"
	"parley/models"
)

// Reader collects what a delivery says.
type Reader struct {
	inbound    []models.Inbound
	unreadable []error
}

// Keep adds what was read.
func (r *Reader) Keep(in ...models.Inbound) { r.inbound = append(r.inbound, in...) }

// Parsed is all that was read, each thing once.
func (r *Reader) Parsed() channels.Parsed {
	return channels.Parsed{Inbound: channels.Distinct(r.inbound), Unreadable: r.unreadable}
}

// Each hands the elements of an array to read, one by one, and keeps the errors: one bad element never costs its
// neighbours.
func (r *Reader) Each(what string, raw json.RawMessage, read func(json.RawMessage) error) {
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

func (r *Reader) cannotRead(what string, err error) {
	r.unreadable = append(r.unreadable, fmt.Errorf("read %s: %w", what, err))
}

// Entry is what a delivery says of one account.
type Entry struct {
	ID        channels.Identifier
	SentAt    channels.Moment `json:"time"`
	Messaging json.RawMessage // private messages
	Standby   json.RawMessage // private messages while another app has the conversation
	Changes   json.RawMessage
}

// Delivery goes through the entries of a body that is about the given kind of object. The documentation shows bodies
// wrapped in an array, too.
func (r *Reader) Delivery(body []byte, object string, read func(Entry) error) {
	document, err := channels.Document(body)
	if err != nil {
		r.cannotRead("delivery", err)
		return
	}
	r.Each("delivery", document, func(raw json.RawMessage) error {
		var envelope struct {
			Object  string
			Entries json.RawMessage `json:"entry"`
		}
		if err := json.Unmarshal(raw, &envelope); err != nil {
			return err
		}
		if envelope.Object != "" && envelope.Object != object {
			return fmt.Errorf("it is not about a %s", object)
		}
		r.Each("entry", envelope.Entries, func(raw json.RawMessage) error { return readEntry(raw, read) })
		return nil
	})
}

func readEntry(raw json.RawMessage, read func(Entry) error) error {
	var e Entry
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	if len(e.Changes) == 0 {
		e.Changes = raw // Meta's flat form: the entry is its only change
	}
	return read(e)
}

// EachChange goes through the changes of an entry.
func (r *Reader) EachChange(e Entry, read func(field string, value json.RawMessage) error) {
	r.Each("change", e.Changes, func(raw json.RawMessage) error {
		var change struct {
			Field string
			Value json.RawMessage
		}
		if err := json.Unmarshal(raw, &change); err != nil {
			return err
		}
		if change.Field == "" { // an entry without changes
			return nil
		}
		return read(change.Field, change.Value)
	})
}

// Account goes through what a delivery says of Pages or Instagram accounts: private messages, which are read here,
// and the other changes. Standby is read like messaging: who answers elsewhere still talks to our contact.
func (r *Reader) Account(body []byte, object string, change func(e Entry, field string, value json.RawMessage) error) {
	r.Delivery(body, object, func(e Entry) error {
		if e.ID == "" {
			return errors.New("nobody's entry")
		}
		private := func(raw json.RawMessage) error {
			in, err := Private(string(e.ID), raw)
			r.Keep(in...)
			return err
		}
		r.Each("message", e.Messaging, private)
		r.Each("standby message", e.Standby, private)
		r.EachChange(e, func(field string, value json.RawMessage) error {
			if isPrivate(field) {
				return private(value)
			}
			return change(e, field, value)
		})
		return nil
	})
}

// isPrivate recognises fields of private messages, which the test button of Meta's dashboard delivers as changes.
func isPrivate(field string) bool {
	switch field {
	case "messages", "message_echoes", "message_edit", "message_edits", "message_reactions", "message_reads",
		"message_deliveries", "messaging_seen", "messaging_postbacks", "standby":
		return true
	}
	return false
}
