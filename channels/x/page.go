package x

import (
	"encoding/json"
	"errors"
	"strings"

	"parley/channels"
	"parley/models"
)

// directPage reads a page of GET /2/dm_events, newest first as X gives it.
func (r *reader) directPage(s subject, raw json.RawMessage) (page, error) {
	p, err := readPage(raw)
	if err != nil {
		return page{}, err
	}
	r.each("direct message", p.Data, func(raw json.RawMessage) error { return r.add(s.polledMessage(raw, p.with)) })
	return p, nil
}

// mentionPage reads a page of GET /2/users/:id/mentions, newest first as X gives it.
func (r *reader) mentionPage(s subject, raw json.RawMessage) (page, error) {
	p, err := readPage(raw)
	if err != nil {
		return page{}, err
	}
	r.each("post", p.Data, func(raw json.RawMessage) error {
		var polled post
		if err := json.Unmarshal(raw, &polled); err != nil {
			return err
		}
		return r.add(s.post(polled, p.with))
	})
	return p, nil
}

// page is an answer of API v2 that lists something.
type page struct {
	Data     json.RawMessage
	Includes json.RawMessage
	Meta     struct {
		Next string `json:"next_token"`
	}
	with includes
}

func readPage(raw json.RawMessage) (page, error) {
	document, err := channels.Document(raw)
	if err != nil {
		return page{}, err
	}
	var p page
	if err := json.Unmarshal(document, &p); err != nil {
		return page{}, err
	}
	p.with = readIncludes(p.Includes)
	return p, nil
}

// polledMessage is an event in a conversation, which may be a group's.
type polledMessage struct {
	ID             channels.Identifier
	Type           string `json:"event_type"`
	Text           string
	SenderID       channels.Identifier `json:"sender_id"`
	ConversationID string              `json:"dm_conversation_id"`
	At             instant             `json:"created_at"`
	Attachments    struct {
		MediaKeys []string `json:"media_keys"`
	}
}

var membership = map[string]string{
	"ParticipantsJoin":  "participants_join",
	"ParticipantsLeave": "participants_leave",
}

func (s subject) polledMessage(raw json.RawMessage, with includes) (*models.Inbound, error) {
	var m polledMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	change, isChange := membership[m.Type]
	switch {
	case m.Type != "MessageCreate" && !isChange:
		return nil, nil
	case m.ID == "" || m.ConversationID == "":
		return nil, errors.New("event without an id or in no conversation")
	case m.SenderID == "" && !isChange:
		return nil, errors.New("message from nobody")
	}
	in := s.begin(models.InboundUtterance, models.PrivateMessage)
	in.ExternalID, in.ThreadKey, in.At = string(m.ID), m.ConversationID, m.At.Time
	in.Author = with.people.author(string(m.SenderID))
	if isChange {
		in.Kind, in.Notice = models.InboundNotice, &models.Notice{Type: change, Subject: m.ConversationID}
		return &in, nil
	}
	in.Text = plainText(m.Text)
	in.Attachments = attachments(with.media(m.Attachments.MediaKeys))
	in.Details.Unsupported = in.Text == "" && len(in.Attachments) == 0
	s.markEcho(&in, other(m.ConversationID, s.account))
	return &in, nil
}

// isPair tells the conversation of two people from a group's, whose name is one number.
func isPair(conversation string) bool { return strings.Contains(conversation, "-") }
