package whatsapp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

// Limits of the Cloud API, in characters.
const (
	textLimit    = 4096
	captionLimit = 1024
)

// Send makes one API call: a text, one attachment with its caption, or a template.
// Acceptance is not delivery: a status may still say that it failed.
func (a *Adapter) Send(ctx context.Context, account channels.Account, m channels.Outbound) (channels.Sent, error) {
	payload, err := write(m)
	if err != nil {
		return channels.Sent{}, err
	}
	answer, err := a.call(ctx, http.MethodPost, account, []string{"messages"}, nil, payload)
	if err != nil {
		return channels.Sent{}, err
	}
	return accepted(answer)
}

func accepted(answer channels.Answer) (channels.Sent, error) {
	var body struct{ Messages []struct{ ID string } }
	err := json.Unmarshal(answer.Body, &body)
	if err == nil && (len(body.Messages) == 0 || body.Messages[0].ID == "") {
		err = errors.New("the answer names no message")
	}
	if err != nil {
		return channels.Sent{}, channels.NotUnderstood(answer, fmt.Errorf("read what was accepted: %w", err))
	}
	return channels.Sent{
		ExternalID: body.Messages[0].ID,
		RequestID:  meta.RequestID(answer),
		HTTPStatus: answer.Status,
	}, nil
}

// write puts a message into Meta's words, or says why it has none for it.
func write(m channels.Outbound) (meta.Object, error) {
	kind, content, err := contentOf(m)
	if err != nil {
		return nil, err
	}
	payload, err := addressed(cmp.Or(m.RecipientID, m.ThreadKey), kind, content)
	if err != nil {
		return nil, err
	}
	if m.ReplyToExternalID != "" {
		payload["context"] = meta.Object{"message_id": m.ReplyToExternalID}
	}
	if m.Reference != "" {
		payload["biz_opaque_callback_data"] = meta.ReferencePrefix + m.Reference
	}
	return payload, nil
}

// addressed puts content of a kind into the envelope of whatever reaches a contact.
func addressed(recipient, kind string, content meta.Object) (meta.Object, error) {
	if recipient == "" {
		return nil, channels.Unsendable("message to nobody")
	}
	return meta.Object{
		"messaging_product":     "whatsapp",
		"recipient_type":        "individual",
		addressField(recipient): strings.TrimPrefix(recipient, "+"),
		"type":                  kind,
		kind:                    content,
	}, nil
}

// addressField tells a phone number from a business-scoped user id, which begins with a country and a dot.
func addressField(recipient string) string {
	if strings.Contains(recipient, ".") {
		return "recipient"
	}
	return "to"
}

func contentOf(m channels.Outbound) (kind string, content meta.Object, err error) {
	switch {
	case m.Template != nil && len(m.Attachments) > 0:
		return "", nil, channels.Unsendable("a template takes no attachment")
	case m.Template != nil:
		return "template", templateOf(*m.Template), nil
	case len(m.Attachments) > 1:
		return "", nil, channels.Unsendable("WhatsApp takes one attachment per message")
	case len(m.Attachments) == 1:
		return mediaOf(m.Attachments[0], m.Text)
	case m.Text == "":
		return "", nil, channels.Unsendable("message without content")
	case utf8.RuneCountInString(m.Text) > textLimit:
		return "", nil, channels.Unsendable("text is longer than WhatsApp takes")
	default:
		return "text", meta.Object{"body": m.Text, "preview_url": false}, nil
	}
}

func templateOf(t models.Template) meta.Object {
	template := meta.Object{"name": t.Name, "language": meta.Object{"code": t.Language}}
	if len(t.Parameters) > 0 {
		parameters := make([]meta.Object, 0, len(t.Parameters))
		for _, text := range t.Parameters {
			parameters = append(parameters, meta.Object{"type": "text", "text": text})
		}
		template["components"] = []meta.Object{{"type": "body", "parameters": parameters}}
	}
	return template
}

var mediaKinds = map[models.AttachmentKind]string{
	models.Image:   "image",
	models.Video:   "video",
	models.Audio:   "audio",
	models.File:    "document",
	models.Sticker: "sticker",
}

func mediaOf(a models.Attachment, caption string) (string, meta.Object, error) {
	kind, known := mediaKinds[a.Kind]
	takesCaption := kind == "image" || kind == "video" || kind == "document"
	switch {
	case !known:
		return "", nil, channels.Unsendable("WhatsApp takes no attachment of this kind")
	case a.URL == "" && a.MediaID == "":
		return "", nil, channels.Unsendable("attachment without an address")
	case caption != "" && !takesCaption:
		return "", nil, channels.Unsendable("WhatsApp takes no text beside this attachment")
	case utf8.RuneCountInString(caption) > captionLimit:
		return "", nil, channels.Unsendable("text beside an attachment is longer than WhatsApp takes")
	}
	content := meta.Object{}
	if a.URL != "" {
		content["link"] = a.URL
	} else {
		content["id"] = a.MediaID
	}
	if caption != "" {
		content["caption"] = caption
	}
	if kind == "document" && a.Filename != "" {
		content["filename"] = a.Filename
	}
	return kind, content, nil
}

// call asks the Graph API about one of our numbers.
func (a *Adapter) call(
	ctx context.Context, method string, account channels.Account, edge []string, query url.Values, payload meta.Object,
) (channels.Answer, error) {
	return a.app.Call(ctx, meta.Call{
		Method:  method,
		Path:    append([]string{account.ID}, edge...),
		Query:   query,
		Payload: payload,
		Token:   account.Credentials.AccessToken,
		Reasons: reasons,
	})
}
