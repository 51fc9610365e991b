package wechat

import (
	"context"

	"parley/channels"
	"parley/models"
)

const textLimit = 2048 // bytes; WeChat refuses more with 45002

// Send makes a customer service message: a text or one file, which is uploaded first. WeChat gives the message no id
// and tells nothing of it afterwards: our own id stands for it.
func (a *Adapter) Send(ctx context.Context, account channels.Account, m channels.Outbound) (channels.Sent, error) {
	message, err := a.write(ctx, account, m)
	if err != nil {
		return channels.Sent{}, err
	}
	answer, err := a.post(ctx, account, "/cgi-bin/message/custom/send", message, &struct{}{})
	if err != nil {
		return channels.Sent{}, err
	}
	return channels.Sent{ExternalID: m.Reference, HTTPStatus: answer.Status}, nil
}

// write puts a message into WeChat's words, or says why it has none for it.
func (a *Adapter) write(ctx context.Context, account channels.Account, m channels.Outbound) (object, error) {
	contact := recipient(m.RecipientID, m.ThreadKey)
	switch {
	case contact == "":
		return nil, channels.Unsendable("message to nobody")
	case m.Reference == "":
		return nil, channels.Unsendable("message without an id of ours")
	case m.Template != nil:
		return nil, channels.Unsendable("WeChat has no templates of this kind")
	case len(m.Attachments) > 1:
		return nil, channels.Unsendable("one attachment per message")
	case len(m.Attachments) == 1 && m.Text != "":
		return nil, channels.Unsendable("WeChat takes no text beside an attachment")
	case len(m.Attachments) == 1:
		return a.writeFile(ctx, account, contact, m)
	case m.Text == "":
		return nil, channels.Unsendable("message without content")
	case len(m.Text) > textLimit:
		return nil, channels.Unsendable("text is longer than WeChat takes")
	}
	return object{"touser": contact, "msgtype": "text", "text": object{"content": m.Text}}, nil
}

func recipient(id, thread string) string {
	if id != "" {
		return id
	}
	return thread
}

func (a *Adapter) writeFile(ctx context.Context, account channels.Account, contact string, m channels.Outbound) (object, error) {
	attached := m.Attachments[0]
	kind, known := mediaKinds[attached.Kind]
	switch {
	case !known:
		return nil, channels.Unsendable("WeChat takes no attachment of this kind")
	case m.OpenFile == nil:
		return nil, channels.Unsendable("the attachment cannot be opened")
	}
	id, err := a.upload(ctx, account, kind, attached, m.OpenFile)
	if err != nil {
		return nil, err
	}
	return object{"touser": contact, "msgtype": kind.name, kind.name: object{"media_id": id}}, nil
}

// Act tells a contact that we write. WeChat shows it for some seconds, and only within half a minute of the contact's
// last message.
func (a *Adapter) Act(ctx context.Context, account channels.Account, action channels.Action) error {
	if action.Kind != models.ShowTyping {
		return channels.Unsendable("WeChat has no such action")
	}
	contact := recipient(action.RecipientID, action.ThreadKey)
	if contact == "" {
		return channels.Unsendable("an action for nobody")
	}
	_, err := a.post(ctx, account, "/cgi-bin/message/custom/typing", object{"touser": contact, "command": "Typing"}, &struct{}{})
	if isCode(err, "45081") { // it is shown already
		return nil
	}
	return channels.Repeatable(err)
}
