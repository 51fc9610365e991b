package sms

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"unicode/utf8"

	"parley/channels"
	"parley/models"
)

const textLimit = 1600 // characters; Twilio refuses more with 21617

// Send makes one API call: a text, files, or both. Twilio recognises no repeated send, and its acceptance is not
// delivery: statuses say what became of the message.
func (a *Adapter) Send(ctx context.Context, account channels.Account, m channels.Outbound) (channels.Sent, error) {
	arguments, err := write(account, m)
	if err != nil {
		return channels.Sent{}, err
	}
	if webhook := a.webhook(account); webhook != "" {
		arguments.Set("StatusCallback", webhook)
	}
	var accepted struct{ SID string }
	answer, err := a.call(ctx, account, http.MethodPost, a.resource(account, "/Messages.json"), arguments, &accepted)
	if err != nil {
		return channels.Sent{}, err
	}
	if accepted.SID == "" {
		return channels.Sent{}, channels.NotUnderstood(answer, errors.New("the answer names no message"))
	}
	return channels.Sent{
		ExternalID: accepted.SID, RequestID: answer.Header.Get("Twilio-Request-Id"), HTTPStatus: answer.Status,
	}, nil
}

// write puts a message into Twilio's words, or says why it has none for it.
func write(account channels.Account, m channels.Outbound) (url.Values, error) {
	recipient := m.RecipientID
	if recipient == "" {
		recipient = m.ThreadKey
	}
	switch {
	case recipient == "":
		return nil, channels.Unsendable("message to nobody")
	case m.Template != nil:
		return nil, channels.Unsendable("SMS has no templates")
	case m.Text == "" && len(m.Attachments) == 0:
		return nil, channels.Unsendable("message without content")
	case utf8.RuneCountInString(m.Text) > textLimit:
		return nil, channels.Unsendable("text is longer than Twilio takes")
	case len(m.Attachments) > maxMedia:
		return nil, channels.Unsendable("Twilio takes ten attachments per message")
	}
	arguments := url.Values{"To": {recipient}}
	if isService(account) {
		arguments.Set("MessagingServiceSid", account.ID)
	} else {
		arguments.Set("From", account.ID)
	}
	if m.Text != "" {
		arguments.Set("Body", m.Text)
	}
	for _, attached := range m.Attachments {
		if err := attach(arguments, attached); err != nil {
			return nil, err
		}
	}
	return arguments, nil
}

// attach names a file's address: Twilio fetches it.
func attach(arguments url.Values, a models.Attachment) error {
	switch a.Kind {
	case models.Image, models.Video, models.Audio, models.File, models.ContactCard:
	default:
		return channels.Unsendable("Twilio takes no attachment of this kind")
	}
	if a.URL == "" {
		return channels.Unsendable("attachment without an address")
	}
	arguments.Add("MediaUrl", a.URL)
	return nil
}
