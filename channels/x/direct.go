package x

import (
	"encoding/json"
	"errors"
	"strings"

	"parley/channels"
	"parley/models"
)

// direct reads what happened in private. Both activity APIs use the same words for it.
func (r *reader) direct(s subject, what string, raw json.RawMessage) error {
	var payload struct {
		Messages json.RawMessage `json:"direct_message_events"`
		Typing   json.RawMessage `json:"direct_message_indicate_typing_events"`
		Reads    json.RawMessage `json:"direct_message_mark_read_events"`
		Users    json.RawMessage
	}
	if err := json.Unmarshal(raw, &payload); err != nil {
		return err
	}
	if s.account == "" {
		return errNobody
	}
	// No sample of these two was published for the newer API: the event may also be the payload itself.
	switch {
	case what == "dm.indicate_typing" && len(payload.Typing) == 0:
		payload.Typing = raw
	case what == "dm.read" && len(payload.Reads) == 0:
		payload.Reads = raw
	}
	people := readPeople(payload.Users)
	r.each("direct message", payload.Messages, func(raw json.RawMessage) error { return r.add(s.directMessage(raw, people)) })
	r.each("typing", payload.Typing, func(raw json.RawMessage) error { return r.add(s.typing(raw, people)) })
	r.each("read", payload.Reads, func(raw json.RawMessage) error { return r.add(s.read(raw, people)) })
	return nil
}

type directMessage struct {
	ID      channels.Identifier
	Type    string
	At      channels.Moment `json:"created_timestamp"`
	Message struct {
		SenderID channels.Identifier `json:"sender_id"`
		Target   target
		Data     struct {
			Text       string
			Attachment *struct{ Media media }
			QuickReply struct{ Metadata string } `json:"quick_reply_response"`
		} `json:"message_data"`
	} `json:"message_create"`
}

type target struct {
	RecipientID channels.Identifier `json:"recipient_id"`
}

func (s subject) directMessage(raw json.RawMessage, who people) (*models.Inbound, error) {
	var m directMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	if m.Type != "" && m.Type != "message_create" {
		return nil, nil
	}
	sender, recipient := string(m.Message.SenderID), string(m.Message.Target.RecipientID)
	if m.ID == "" || sender == "" || recipient == "" {
		return nil, errors.New("direct message without an id, from nobody or to nobody")
	}
	in := s.begin(models.InboundUtterance, models.PrivateMessage)
	in.ExternalID, in.ThreadKey, in.At = string(m.ID), pair(sender, recipient), m.At.Time
	in.Author = who.author(sender)
	in.Text = plainText(m.Message.Data.Text)
	in.Details.Payload = m.Message.Data.QuickReply.Metadata
	if a := m.Message.Data.Attachment; a != nil {
		in.Attachments = attachments([]media{a.Media})
		in.Text = strings.TrimSpace(withoutSuffix(in.Text, a.Media.Link))
	}
	in.Details.Unsupported = in.Text == "" && len(in.Attachments) == 0
	s.markEcho(&in, recipient)
	return &in, nil
}

// withoutSuffix takes the short link away that X adds to the text for the file beside it.
func withoutSuffix(text, link string) string {
	if link == "" {
		return text
	}
	return strings.TrimSuffix(text, link)
}

// between is something one end of a conversation did.
type between struct {
	At         channels.Moment     `json:"created_timestamp"`
	SenderID   channels.Identifier `json:"sender_id"`
	Target     target
	LastReadID channels.Identifier `json:"last_read_event_id"`
}

// by starts an element about a contact; nil where it was ourselves.
func (s subject) by(raw json.RawMessage, kind models.InboundKind, who people) (*models.Inbound, between, error) {
	var b between
	if err := json.Unmarshal(raw, &b); err != nil {
		return nil, b, err
	}
	sender, recipient := string(b.SenderID), string(b.Target.RecipientID)
	if sender == "" || recipient == "" {
		return nil, b, errors.New("it names not both ends")
	}
	if sender == s.account {
		return nil, b, nil
	}
	in := s.begin(kind, models.PrivateMessage)
	in.ThreadKey, in.At, in.Author = pair(sender, recipient), b.At.Time, who.author(sender)
	return &in, b, nil
}

func (s subject) typing(raw json.RawMessage, who people) (*models.Inbound, error) {
	in, _, err := s.by(raw, models.InboundTyping, who)
	return in, err
}

func (s subject) read(raw json.RawMessage, who people) (*models.Inbound, error) {
	in, b, err := s.by(raw, models.InboundReceipt, who)
	if in == nil || err != nil {
		return nil, err
	}
	if b.LastReadID == "" {
		return nil, errors.New("nothing was read")
	}
	in.ExternalID, in.AndEarlier, in.Status = string(b.LastReadID), true, models.Read
	return in, nil
}

// pair names the conversation of two people as X does: the smaller id first, compared as numbers.
func pair(one, another string) string {
	if isOlder(another, one) {
		one, another = another, one
	}
	return one + "-" + another
}

// isOlder compares two ids, which are numbers that grow.
func isOlder(id, than string) bool {
	if len(id) != len(than) {
		return len(id) < len(than)
	}
	return id < than
}
