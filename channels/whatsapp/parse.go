package whatsapp

import (
	"encoding/json"
	"errors"
	"strings"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

// Parse reads entries × changes × messages, statuses and errors, each element by itself.
func (*Adapter) Parse(d channels.Delivery, _ *channels.Account) channels.Parsed {
	var r reader
	r.Delivery(d.Body, "whatsapp_business_account", r.entry)
	return r.Parsed()
}

// reader collects what a delivery says. Its methods go down one level of the envelope each.
type reader struct{ meta.Reader }

func (r *reader) entry(e meta.Entry) error {
	r.EachChange(e, func(field string, value json.RawMessage) error { return r.change(e, field, value) })
	return nil
}

func (r *reader) change(e meta.Entry, field string, raw json.RawMessage) error {
	switch field {
	case "messages", "smb_message_echoes":
		return r.value(raw)
	case "message_template_status_update":
		return r.template(e, raw)
	default: // account settings, groups, calls, histories: nothing a contact wrote
		return nil
	}
}

// value is what happened on one of our numbers.
type value struct {
	Metadata struct {
		PhoneNumberID channels.Identifier `json:"phone_number_id"`
	}
	Contacts json.RawMessage
	Messages json.RawMessage
	Echoes   json.RawMessage `json:"message_echoes"`
	Statuses json.RawMessage
	Errors   json.RawMessage
}

func (r *reader) value(raw json.RawMessage) error {
	var v value
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	if v.Metadata.PhoneNumberID == "" {
		return errors.New("no phone number id: nobody's message")
	}
	number := number{id: string(v.Metadata.PhoneNumberID), contacts: r.contacts(v.Contacts)}
	keep := func(in *models.Inbound, err error) error {
		if in != nil && err == nil {
			r.Keep(*in)
		}
		return err
	}
	r.Each("message", v.Messages, func(raw json.RawMessage) error { return keep(number.message(raw)) })
	r.Each("message echo", v.Echoes, func(raw json.RawMessage) error { return keep(number.echo(raw)) })
	r.Each("status", v.Statuses, func(raw json.RawMessage) error { return keep(number.status(raw)) })
	r.Each("error", v.Errors, func(raw json.RawMessage) error { return keep(number.fault(raw)) })
	return nil
}

// number is one of our phone numbers, and who it is talking to in this delivery.
type number struct {
	id       string
	contacts []contact
}

type contact struct {
	WhatsAppID channels.Identifier `json:"wa_id"`
	UserID     channels.Identifier `json:"user_id"`
	Profile    struct{ Name, Username string }
}

func (r *reader) contacts(raw json.RawMessage) []contact {
	var contacts []contact
	r.Each("contact", raw, func(raw json.RawMessage) error {
		var c contact
		err := json.Unmarshal(raw, &c)
		if err == nil {
			contacts = append(contacts, c)
		}
		return err
	})
	return contacts
}

// author is the person behind a phone number, a business-scoped user id or both. Whoever hides the phone number
// is answered by user id.
func (n number) author(phone, userID channels.Identifier) models.Author {
	author := models.Author{ID: string(phone), AltID: string(userID)}
	for _, c := range n.contacts {
		samePhone := phone != "" && c.WhatsAppID == phone
		sameUser := userID != "" && c.UserID == userID
		if !samePhone && !sameUser {
			continue
		}
		author.Name = c.Profile.Name
		author.Handle = strings.TrimPrefix(c.Profile.Username, "@")
		if author.AltID == "" {
			author.AltID = string(c.UserID)
		}
		break
	}
	if author.ID == "" {
		author.ID = author.AltID
	}
	if author.ID == author.AltID {
		author.AltID = ""
	}
	return author
}

// fault is an error of the number itself, outside any message.
func (n number) fault(raw json.RawMessage) (*models.Inbound, error) {
	var p meta.Problem
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	return &models.Inbound{
		Kind:      models.InboundNotice,
		AccountID: n.id,
		Surface:   models.PrivateMessage,
		Direction: models.InboundMessage,
		Notice:    &models.Notice{Type: "account_error", Subject: n.id, State: string(p.Code), Explains: p.Words()},
	}, nil
}

// template is Meta's verdict on a template. It is about the business account, not about one of its numbers.
func (r *reader) template(e meta.Entry, raw json.RawMessage) error {
	var verdict struct {
		Event  string
		Name   string `json:"message_template_name"`
		Reason string
	}
	if err := json.Unmarshal(raw, &verdict); err != nil {
		return err
	}
	if verdict.Reason == "NONE" {
		verdict.Reason = ""
	}
	r.Keep(models.Inbound{
		Kind:      models.InboundNotice,
		AccountID: string(e.ID), // the business account's
		Surface:   models.PrivateMessage,
		Direction: models.InboundMessage,
		At:        e.SentAt.Time,
		Notice: &models.Notice{
			Type: "template_status", Subject: verdict.Name, State: verdict.Event, Explains: verdict.Reason,
		},
	})
	return nil
}

var receipts = map[string]models.DeliveryStatus{
	"sent":      models.Sent,
	"delivered": models.Delivered,
	"read":      models.Read,
	"played":    models.Read,
	"failed":    models.Failed,
}

func (n number) status(raw json.RawMessage) (*models.Inbound, error) {
	var s struct {
		ID              string
		Status          string
		Timestamp       channels.Moment
		RecipientID     channels.Identifier `json:"recipient_id"`
		RecipientUserID channels.Identifier `json:"recipient_user_id"`
		RecipientType   string              `json:"recipient_type"`
		Callback        string              `json:"biz_opaque_callback_data"`
		Errors          []meta.Problem
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, err
	}
	status, isReceipt := receipts[s.Status]
	if s.RecipientType == "group" || (!isReceipt && s.Status != "deleted") {
		return nil, nil
	}
	if s.ID == "" {
		return nil, errors.New("status of no message")
	}
	recipient := n.author(s.RecipientID, s.RecipientUserID)
	in := &models.Inbound{
		Kind:       models.InboundReceipt,
		AccountID:  n.id,
		ExternalID: s.ID,
		ThreadKey:  recipient.ID,
		Surface:    models.PrivateMessage,
		Direction:  models.OutboundMessage,
		At:         s.Timestamp.Time,
		Status:     status,
	}
	if !isReceipt {
		in.Kind, in.Direction, in.Author = models.InboundDeletion, models.InboundMessage, recipient
	}
	if reference, ours := strings.CutPrefix(s.Callback, meta.ReferencePrefix); ours {
		in.Reference = reference
	}
	if status == models.Failed {
		in.Failure = whyFailed(s.Errors)
	}
	return in, nil
}

func whyFailed(problems []meta.Problem) *models.Failure {
	if len(problems) == 0 {
		return &models.Failure{Reason: models.PlatformRefused}
	}
	failure := problems[0].Failure(reasons, 0)
	return &failure
}
