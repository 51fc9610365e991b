package tiktok

import (
	"encoding/json"
	"errors"
	"fmt"

	"parley/channels"
	"parley/models"
)

// Parse reads one event: TikTok delivers them one by one.
func (*Adapter) Parse(d channels.Delivery, _ *channels.Account) channels.Parsed {
	in, err := read(d.Body)
	switch {
	case err != nil:
		return channels.Parsed{Unreadable: []error{fmt.Errorf("read event: %w", err)}}
	case in == nil:
		return channels.Parsed{}
	}
	return channels.Parsed{Inbound: []models.Inbound{*in}}
}

// event is the envelope of everything.
type event struct {
	Event   string
	At      channels.Moment     `json:"create_time"`
	Account channels.Identifier `json:"user_openid"`
	Content json.RawMessage
}

func read(body []byte) (*models.Inbound, error) {
	document, err := channels.Document(body)
	if err != nil {
		return nil, err
	}
	var e event
	if err := json.Unmarshal(document, &e); err != nil {
		return nil, err
	}
	switch e.Event {
	case "":
		return nil, errors.New("event without a name")
	case "comment.update":
		return e.readComment()
	case "authorization.removed":
		return e.readRemoval()
	case "im_receive_msg":
		return e.readMessage(false)
	case "im_send_msg":
		return e.readMessage(true)
	default: // im_receive_msg_eu among them, which says that something was written, not what or by whom
		return nil, nil
	}
}

// open reads the content into value. It is a document of its own, written as a text into the envelope.
func (e event) open(value any) error {
	if e.Account == "" {
		return errors.New("event for no account")
	}
	content := []byte(e.Content)
	var text string
	if err := json.Unmarshal(content, &text); err == nil {
		content = []byte(text)
	}
	document, err := channels.Document(content)
	if err != nil {
		return fmt.Errorf("open content: %w", err)
	}
	return json.Unmarshal(document, value)
}

func (e event) about() models.Inbound {
	return models.Inbound{
		AccountID: string(e.Account), Surface: models.Comment, Direction: models.InboundMessage, At: e.At.Time,
	}
}

// readRemoval reads that the account took back what it allowed us.
func (e event) readRemoval() (*models.Inbound, error) {
	var removal struct{ Reason channels.Identifier }
	if err := e.open(&removal); err != nil {
		return nil, err
	}
	in := e.about()
	in.Kind = models.InboundNotice
	in.Notice = &models.Notice{Type: "authorization_revoked", Subject: string(e.Account), State: string(removal.Reason)}
	return &in, nil
}
