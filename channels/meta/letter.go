package meta

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	"parley/channels"
	"parley/models"
)

// Limits are what a private message may hold.
type Limits struct {
	Text   int
	Unit   models.TextUnit
	Images int // in one message; of everything else one
}

// Letter puts a private message into the words of the Send API, or says why it has none for it. A message that answers
// a comment or a post in private is addressed by it: answered is "comment_id" or "post_id".
func Letter(m channels.Outbound, limits Limits, answered string) (Object, error) {
	content, err := letterContent(m, limits)
	if err != nil {
		return nil, err
	}
	if m.Reference != "" {
		content["metadata"] = ReferencePrefix + m.Reference
	}
	letter := Object{"message": content}
	if m.PrivateReplyTo != "" {
		letter["recipient"] = Object{answered: m.PrivateReplyTo}
		return letter, nil
	}
	recipient := cmp.Or(m.RecipientID, m.ThreadKey)
	if recipient == "" {
		return nil, channels.Unsendable("message to nobody")
	}
	letter["recipient"], letter["messaging_type"] = Object{"id": recipient}, "RESPONSE"
	if m.HumanAgent {
		letter["messaging_type"], letter["tag"] = "MESSAGE_TAG", "HUMAN_AGENT"
	}
	if m.ReplyToExternalID != "" {
		letter["reply_to"] = Object{"mid": m.ReplyToExternalID}
	}
	return letter, nil
}

var sendable = map[models.AttachmentKind]string{
	models.Image: "image", models.Video: "video", models.Audio: "audio", models.File: "file",
}

func letterContent(m channels.Outbound, limits Limits) (Object, error) {
	switch {
	case m.Template != nil:
		return nil, channels.Unsendable("Meta takes templates on WhatsApp only")
	case m.Text == "" && len(m.Attachments) == 0:
		return nil, channels.Unsendable("message without content")
	case m.Text != "" && len(m.Attachments) > 0:
		return nil, channels.Unsendable("text and attachments are two messages")
	case limits.Unit.Count(m.Text) > limits.Text:
		return nil, channels.Unsendable("text is longer than Meta takes")
	case m.Text != "":
		return Object{"text": m.Text}, nil
	}
	var attached []Object
	for _, a := range m.Attachments {
		kind, isSendable := sendable[a.Kind]
		switch {
		case !isSendable:
			return nil, channels.Unsendable("Meta takes no attachment of this kind")
		case a.URL == "":
			return nil, channels.Unsendable("attachment without an address")
		case len(m.Attachments) > 1 && a.Kind != models.Image:
			return nil, channels.Unsendable("Meta takes several images in one message, and one of everything else")
		}
		attached = append(attached, Object{"type": kind, "payload": Object{"url": a.URL}})
	}
	switch {
	case len(attached) > limits.Images:
		return nil, channels.Unsendable("more images than Meta takes in one message")
	case len(attached) > 1:
		return Object{"attachments": attached}, nil
	default:
		return Object{"attachment": attached[0]}, nil
	}
}

// Accepted reads which private message was accepted, and who gets it.
func Accepted(answer channels.Answer, m channels.Outbound) (channels.Sent, error) {
	var body struct {
		MessageID   channels.Identifier `json:"message_id"`
		RecipientID channels.Identifier `json:"recipient_id"`
	}
	sent, err := accepted(answer, &body, &body.MessageID)
	if err == nil && (m.PrivateReplyTo != "" || string(body.RecipientID) != cmp.Or(m.RecipientID, m.ThreadKey)) {
		sent.Recipient = string(body.RecipientID)
	}
	return sent, err
}

// Published reads which comment was accepted.
func Published(answer channels.Answer) (channels.Sent, error) {
	var body struct{ ID channels.Identifier }
	return accepted(answer, &body, &body.ID)
}

func accepted(answer channels.Answer, body any, id *channels.Identifier) (channels.Sent, error) {
	err := json.Unmarshal(answer.Body, body)
	if err == nil && *id == "" {
		err = errors.New("the answer names no message")
	}
	if err != nil {
		return channels.Sent{}, channels.NotUnderstood(answer, fmt.Errorf("read what was accepted: %w", err))
	}
	return channels.Sent{ExternalID: string(*id), RequestID: RequestID(answer), HTTPStatus: answer.Status}, nil
}
