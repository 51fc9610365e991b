package x

import (
	"encoding/json"
	"errors"
	"strings"

	"parley/channels"
	"parley/models"
)

// event is one event of the X Activity API.
type event struct {
	ID     channels.Identifier `json:"event_uuid"` // of the delivery, and negative at times
	Filter struct {
		UserID channels.Identifier `json:"user_id"`
	}
	Type     string `json:"event_type"`
	Payload  json.RawMessage
	Includes json.RawMessage
}

func (r *reader) event(raw json.RawMessage) error {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	if e.Type == "" {
		return errors.New("event of no type")
	}
	s := subject{account: string(e.Filter.UserID), delivery: string(e.ID)}
	switch {
	case e.Type == "oauth.revoke": // the only one that is not filtered by our account
		return r.revocation(s, e.Payload)
	case e.Type == "dm.received" || e.Type == "dm.sent" || e.Type == "dm.read" || e.Type == "dm.indicate_typing":
		return r.direct(s, e.Type, e.Payload)
	case e.Type == "chat.received" || e.Type == "chat.sent":
		return r.add(s.encrypted(e.Payload))
	case e.Type == "post.delete":
		return r.add(s.deletion(e.Payload))
	case e.Type == "post.create" || strings.HasPrefix(e.Type, "post.") && strings.HasSuffix(e.Type, ".create"):
		return r.created(s, e)
	default: // likes, follows, profiles: nothing anybody said to us
		return nil
	}
}

// created reads a new post. What X calls the event tells the replies and quotes of our posts from the rest.
func (r *reader) created(s subject, e event) error {
	if e.Type == "post.repost.create" {
		return nil
	}
	var p post
	if err := json.Unmarshal(e.Payload, &p); err != nil {
		return err
	}
	p.repliesToUs = e.Type == "post.reply.create"
	p.quotesUs = e.Type == "post.quote.create"
	return r.add(s.post(p, readIncludes(e.Includes)))
}

// subject is our account in one event.
type subject struct {
	account  string
	delivery string
}

// begin is what all elements of the event have in common.
func (s subject) begin(kind models.InboundKind, surface models.Surface) models.Inbound {
	return models.Inbound{
		Kind: kind, AccountID: s.account, DeliveryID: s.delivery, Surface: surface, Direction: models.InboundMessage,
	}
}

func (r *reader) revocation(s subject, raw json.RawMessage) error {
	var payload struct {
		At     instant             `json:"date_time"`
		UserID channels.Identifier `json:"user_id"`
		AppID  channels.Identifier `json:"app_id"`
	}
	if err := json.Unmarshal(raw, &payload); err != nil {
		return err
	}
	if payload.UserID != "" {
		s.account = string(payload.UserID)
	}
	return r.add(s.revoked(payload.At, string(payload.AppID)))
}

// revoked says that the account took its authorization back: nothing can be sent or read any more.
func (s subject) revoked(at instant, app string) (*models.Inbound, error) {
	if s.account == "" {
		return nil, errNobody
	}
	in := s.begin(models.InboundNotice, models.PrivateMessage)
	in.At, in.Author.ID = at.Time, s.account
	in.Notice = &models.Notice{Type: "authorization_revoked", Subject: app}
	return &in, nil
}

func (s subject) deletion(raw json.RawMessage) (*models.Inbound, error) {
	var payload struct {
		ID       channels.Identifier
		AuthorID channels.Identifier `json:"author_id"`
	}
	if err := json.Unmarshal(raw, &payload); err != nil {
		return nil, err
	}
	return s.deleted(string(payload.ID), string(payload.AuthorID))
}

func (s subject) deleted(id, author string) (*models.Inbound, error) {
	if s.account == "" || id == "" {
		return nil, errors.New("deletion of nothing, or for nobody")
	}
	in := s.begin(models.InboundDeletion, models.PostSurface)
	in.ExternalID, in.Author.ID = id, author
	if author == s.account {
		in.Direction = models.OutboundMessage
	}
	return &in, nil
}

// encrypted is a message of XChat: only the two ends have the keys, so there is nothing but the fact to show.
func (s subject) encrypted(raw json.RawMessage) (*models.Inbound, error) {
	var payload struct {
		ID             channels.Identifier
		At             channels.Moment     `json:"created_at_msec"`
		SenderID       channels.Identifier `json:"sender_id"`
		ConversationID string              `json:"conversation_id"`
	}
	if err := json.Unmarshal(raw, &payload); err != nil {
		return nil, err
	}
	if s.account == "" || payload.ID == "" || payload.SenderID == "" || payload.ConversationID == "" {
		return nil, errors.New("encrypted message without an id, from nobody or in no conversation")
	}
	in := s.begin(models.InboundUtterance, models.PrivateMessage)
	in.ExternalID, in.ThreadKey, in.At = string(payload.ID), payload.ConversationID, payload.At.Time
	in.Author.ID = string(payload.SenderID)
	in.Details.Unsupported, in.Details.UnsupportedCode = true, "encrypted"
	s.markEcho(&in, other(payload.ConversationID, s.account))
	return &in, nil
}

// markEcho tells our own words, and to whom we said them.
func (s subject) markEcho(in *models.Inbound, recipient string) {
	if in.Author.ID == s.account {
		in.Direction, in.Echo, in.Recipient = models.OutboundMessage, true, recipient
	}
}

// other is the second end of a conversation that is named by its two ends, or empty.
func other(conversation, account string) string {
	one, another, isPair := strings.Cut(conversation, "-")
	if !isPair {
		one, another, isPair = strings.Cut(conversation, ":")
	}
	switch {
	case isPair && one == account:
		return another
	case isPair && another == account:
		return one
	default:
		return ""
	}
}
