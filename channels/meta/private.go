package meta

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"

	"parley/channels"
	"parley/models"
)

// Private reads one element of messaging: what a contact or our own side did in a private conversation of the account.
// What is nothing for us, such as an opened link or a handover between apps, is no error.
func Private(accountID string, raw json.RawMessage) ([]models.Inbound, error) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	p := private{accountID: accountID, event: e, contact: string(e.Sender.ID)}
	if e.Sender.ID == channels.Identifier(accountID) || (e.Message != nil && e.Message.IsEcho) {
		p.ours, p.contact = true, string(e.Recipient.ID)
	}
	return p.read()
}

// event is one element of messaging. Only one of its kinds is set.
type event struct {
	Sender    party
	Recipient party
	Timestamp channels.Moment

	Message  *message
	Edit     *edit `json:"message_edit"`
	Postback *postback
	Reaction *reaction
	Read     *receipt
	Delivery *receipt
	Policy   *policy `json:"policy_enforcement"`
}

type party struct{ ID channels.Identifier }

type edit struct{ MID, Text string }

type postback struct {
	MID, Title, Payload string
	Referral            *referral
}

type reaction struct{ MID, Action, Reaction, Emoji string }

type receipt struct {
	MID       string
	MIDs      []string
	Watermark channels.Moment
}

type policy struct{ Action, Reason string }

// private is an event as seen from our account.
type private struct {
	event
	accountID string
	contact   string // the other end
	ours      bool   // our side did it
}

func (p private) read() ([]models.Inbound, error) {
	switch {
	case p.Policy != nil:
		return p.notice(), nil
	case p.Message == nil && p.Edit == nil && p.Postback == nil && p.Reaction == nil && p.Read == nil && p.Delivery == nil:
		return nil, nil
	case p.contact == "":
		return nil, errors.New("message from nobody, or to nobody")
	case p.contact == p.accountID: // a test of the account with itself
		return nil, nil
	case p.Message != nil:
		return p.message()
	case p.Edit != nil:
		return p.edit()
	case p.Postback != nil:
		return p.postback()
	case p.Reaction != nil:
		return p.reaction()
	case p.Read != nil:
		return p.receipts(*p.Read, models.Read)
	default:
		return p.receipts(*p.Delivery, models.Delivered)
	}
}

// inbound is what all kinds have in common.
func (p private) inbound(kind models.InboundKind) models.Inbound {
	in := models.Inbound{
		Kind:      kind,
		AccountID: p.accountID,
		ThreadKey: p.contact,
		Surface:   models.PrivateMessage,
		Direction: models.InboundMessage,
		Author:    models.Author{ID: p.contact},
		At:        p.Timestamp.Time,
	}
	if p.ours {
		in.Direction, in.Echo, in.Author.ID, in.Recipient = models.OutboundMessage, true, p.accountID, p.contact
	}
	return in
}

func (p private) message() ([]models.Inbound, error) {
	m := p.Message
	switch {
	case m.IsSelf:
		return nil, nil
	case m.MID == "":
		return nil, errors.New("message without an id")
	}
	in := p.inbound(models.InboundUtterance)
	in.ExternalID = m.MID
	if m.IsDeleted {
		in.Kind = models.InboundDeletion
		return []models.Inbound{in}, nil
	}
	if err := m.tell(&in); err != nil {
		return nil, err
	}
	return []models.Inbound{in}, nil
}

func (p private) edit() ([]models.Inbound, error) {
	if p.Edit.MID == "" {
		return nil, errors.New("edit of no message")
	}
	in := p.inbound(models.InboundEdit)
	in.ExternalID, in.Text = p.Edit.MID, p.Edit.Text
	return []models.Inbound{in}, nil
}

func (p private) postback() ([]models.Inbound, error) {
	in := p.inbound(models.InboundPostback)
	in.ExternalID, in.Text, in.Details.Payload = p.Postback.MID, p.Postback.Title, p.Postback.Payload
	if in.ExternalID == "" {
		in.ExternalID = p.tapID()
	}
	p.Postback.Referral.tell(&in)
	return []models.Inbound{in}, nil
}

// tapID is the same for every delivery of the same tap. Taps had no id of their own before version 11.
func (p private) tapID() string {
	said := []string{p.contact, p.Timestamp.String(), p.Postback.Title, p.Postback.Payload}
	digest := sha256.Sum256([]byte(strings.Join(said, "\x00")))
	return "postback:" + hex.EncodeToString(digest[:16])
}

func (p private) reaction() ([]models.Inbound, error) {
	if p.Reaction.MID == "" {
		return nil, errors.New("reaction to no message")
	}
	in := p.inbound(models.InboundReaction)
	in.TargetExternalID = p.Reaction.MID
	if p.Reaction.Action != "unreact" {
		in.Emoji = p.Reaction.emoji()
	}
	return []models.Inbound{in}, nil
}

var emojis = map[string]string{
	"smile": "😆", "laugh": "😆", "angry": "😠", "sad": "😢", "wow": "😮", "love": "❤️", "like": "👍", "dislike": "👎",
}

// emoji is never empty: that would take the reaction away.
func (r reaction) emoji() string {
	if r.Emoji != "" {
		return r.Emoji
	}
	if emoji, known := emojis[r.Reaction]; known {
		return emoji
	}
	return "👍"
}

// receipts are one for each message that is named, or one for all until the watermark. Instagram names the newest
// message that was seen only.
func (p private) receipts(r receipt, status models.DeliveryStatus) ([]models.Inbound, error) {
	if p.ours { // we saw the contact's messages: no news to us
		return nil, nil
	}
	in := p.inbound(models.InboundReceipt)
	in.Status = status
	var all []models.Inbound
	for _, mid := range append(r.MIDs, r.MID) {
		if mid == "" {
			continue
		}
		one := in
		one.ExternalID, one.AndEarlier = mid, mid == r.MID
		all = append(all, one)
	}
	if len(all) > 0 {
		return all, nil
	}
	if r.Watermark.IsZero() {
		return nil, errors.New("receipt for nothing")
	}
	in.UpTo = r.Watermark.Time
	return []models.Inbound{in}, nil
}

// notice is Meta's word about the account itself: it was blocked, warned, or let go.
func (p private) notice() []models.Inbound {
	return []models.Inbound{{
		Kind:      models.InboundNotice,
		AccountID: p.accountID,
		Surface:   models.PrivateMessage,
		Direction: models.InboundMessage,
		At:        p.Timestamp.Time,
		Notice: &models.Notice{
			Type: "policy_enforcement", Subject: p.accountID, State: p.Policy.Action, Explains: p.Policy.Reason,
		},
	}}
}
