package telegram

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"

	"parley/channels"
	"parley/models"
)

// Limits of the Bot API, in UTF-16 units.
const (
	textLimit    = 4096
	captionLimit = 1024
)

// Send makes one API call: a text, or one attachment with its caption. Texts go as they are, without markup.
func (a *Adapter) Send(ctx context.Context, account channels.Account, m channels.Outbound) (channels.Sent, error) {
	method, arguments, err := contentOf(m)
	if err != nil {
		return channels.Sent{}, err
	}
	chatID, connection, err := address(m.ThreadKey, m.RecipientID)
	if err != nil {
		return channels.Sent{}, err
	}
	arguments["chat_id"] = chatID
	if connection != "" {
		arguments["business_connection_id"] = connection
	}
	if m.ReplyToExternalID != "" {
		parameters, err := replyTo(m.ReplyToExternalID)
		if err != nil {
			return channels.Sent{}, err
		}
		arguments["reply_parameters"] = parameters
	}
	var sent struct {
		ID int64 `json:"message_id"`
	}
	answer, err := a.call(ctx, account, method, arguments, &sent)
	if err != nil {
		return channels.Sent{}, err
	}
	if sent.ID == 0 {
		return channels.Sent{}, channels.NotUnderstood(answer, errors.New("the answer names no message"))
	}
	return channels.Sent{ExternalID: externalID(chatID, sent.ID, connection), HTTPStatus: answer.Status}, nil
}

// address is the chat, and whose account speaks in it. The thread knows both.
func address(threadKey, recipientID string) (chatID int64, connection string, err error) {
	thread, connection, _ := strings.Cut(threadKey, ":")
	if thread == "" {
		thread = recipientID
	}
	chatID, err = strconv.ParseInt(thread, 10, 64)
	if err != nil || chatID == 0 {
		return 0, "", channels.Unsendable("the recipient is not a chat")
	}
	return chatID, connection, nil
}

// replyTo names a message of the same chat. If it was deleted meanwhile, the reply is sent without it.
func replyTo(external string) (object, error) {
	at, err := find(external)
	if err != nil {
		return nil, err
	}
	return object{"message_id": at.messageID, "allow_sending_without_reply": true}, nil
}

func contentOf(m channels.Outbound) (method string, arguments object, err error) {
	switch {
	case m.Template != nil:
		return "", nil, channels.Unsendable("Telegram has no templates")
	case len(m.Attachments) > 1:
		return "", nil, channels.Unsendable("one attachment per message")
	case len(m.Attachments) == 1:
		return mediaOf(m.Attachments[0], m.Text)
	case m.Text == "":
		return "", nil, channels.Unsendable("message without content")
	case units(m.Text) > textLimit:
		return "", nil, channels.Unsendable("text is longer than Telegram takes")
	default:
		return "sendMessage", object{"text": m.Text}, nil
	}
}

// methodOf names the method for an attachment, and the argument that carries it.
func methodOf(a models.Attachment) (method, argument string) {
	switch {
	case a.Animated && (a.Kind == models.Image || a.Kind == models.Video):
		return "sendAnimation", "animation"
	case a.Kind == models.Image:
		return "sendPhoto", "photo"
	case a.Kind == models.Video:
		return "sendVideo", "video"
	case a.Kind == models.Audio && a.Voice:
		return "sendVoice", "voice"
	case a.Kind == models.Audio:
		return "sendAudio", "audio"
	case a.Kind == models.File:
		return "sendDocument", "document"
	default:
		return "", ""
	}
}

func mediaOf(a models.Attachment, caption string) (string, object, error) {
	method, argument := methodOf(a)
	source := a.URL
	if source == "" {
		source = a.MediaID
	}
	switch {
	case method == "":
		return "", nil, channels.Unsendable("no attachment of this kind can be sent on Telegram")
	case source == "":
		return "", nil, channels.Unsendable("attachment without an address")
	case units(caption) > captionLimit:
		return "", nil, channels.Unsendable("text beside an attachment is longer than Telegram takes")
	}
	arguments := object{argument: source}
	if caption != "" {
		arguments["caption"] = caption
	}
	return method, arguments, nil
}

func units(text string) int { return len(utf16.Encode([]rune(text))) }

// Acknowledge stops the clock on a button that was tapped.
func (a *Adapter) Acknowledge(ctx context.Context, account channels.Account, in models.Inbound) error {
	if in.Kind != models.InboundPostback {
		return nil
	}
	var done bool
	_, err := a.call(ctx, account, "answerCallbackQuery", object{"callback_query_id": in.ExternalID}, &done)
	return err
}
