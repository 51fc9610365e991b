package tiktok

import (
	"errors"

	"parley/channels"
	"parley/models"
)

// message is a private message, where TikTok hands them over: not to accounts registered in Europe.
type message struct {
	ID           channels.Identifier `json:"message_id"`
	Conversation channels.Identifier `json:"conversation_id"`
	At           channels.Moment     `json:"timestamp"`
	Type         string
	Text         struct{ Body string }
	Post         struct {
		URL string `json:"embed_url"`
	} `json:"share_post"`
	From     string
	FromUser person `json:"from_user"`
	ToUser   person `json:"to_user"`
}

type person struct{ ID channels.Identifier }

// readMessage reads what a contact wrote, or an echo of what the account answered in the TikTok app.
func (e event) readMessage(isEcho bool) (*models.Inbound, error) {
	var m message
	if err := e.open(&m); err != nil {
		return nil, err
	}
	if m.ID == "" || m.Conversation == "" || m.FromUser.ID == "" {
		return nil, errors.New("message without an id, in no conversation or from nobody")
	}
	in := e.about()
	in.Kind, in.Surface = models.InboundUtterance, models.PrivateMessage
	in.ExternalID, in.ThreadKey = string(m.ID), string(m.Conversation)
	in.Author = models.Author{ID: string(m.FromUser.ID), Name: m.From}
	if !m.At.IsZero() {
		in.At = m.At.Time
	}
	if isEcho {
		if m.ToUser.ID == "" {
			return nil, errors.New("echo of a message to nobody")
		}
		in.Direction, in.Echo, in.Recipient = models.OutboundMessage, true, string(m.ToUser.ID)
	}
	m.tell(&in)
	return &in, nil
}

// tell puts the content into our words. Pictures and the rest can be seen in the TikTok app, where they are answered.
func (m message) tell(in *models.Inbound) {
	switch {
	case m.Type == "text" && m.Text.Body != "":
		in.Text = m.Text.Body
	case m.Type == "share_post" && m.Post.URL != "":
		in.Attachments = []models.Attachment{{Kind: models.Share, URL: m.Post.URL}}
	default:
		in.Details.Unsupported, in.Details.UnsupportedCode = true, m.Type
	}
}
