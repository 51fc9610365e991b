package x

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"parley/channels"
	"parley/models"
)

// Send makes one direct message, or one post that answers another. Files are uploaded first, each by itself.
func (a *Adapter) Send(ctx context.Context, account channels.Account, m channels.Outbound) (channels.Sent, error) {
	switch {
	case m.Template != nil:
		return channels.Sent{}, channels.Unsendable("X has no templates")
	case m.Text == "" && len(m.Attachments) == 0:
		return channels.Sent{}, channels.Unsendable("message without content")
	case m.Surface == models.PrivateMessage:
		return a.sendDirect(ctx, account, m)
	case m.Surface == models.PostSurface || m.Surface == models.Mention:
		return a.sendReply(ctx, account, m)
	default:
		return channels.Sent{}, channels.Unsendable("X has nothing to answer there")
	}
}

func (a *Adapter) sendDirect(ctx context.Context, account channels.Account, m channels.Outbound) (channels.Sent, error) {
	path, err := conversationOf(account, m)
	if err != nil {
		return channels.Sent{}, err
	}
	if len(m.Attachments) > 1 {
		return channels.Sent{}, channels.Unsendable("X takes one attachment in a direct message")
	}
	payload := object{}
	if m.Text != "" {
		payload["text"] = m.Text
	}
	files, err := a.uploadAll(ctx, account, m, "dm_")
	if err != nil {
		return channels.Sent{}, err
	}
	if len(files) > 0 {
		payload["attachments"] = []object{{"media_id": files[0]}}
	}
	var sent struct {
		ID string `json:"dm_event_id"`
	}
	answer, err := a.call(ctx, request{
		method: http.MethodPost, path: "/2/dm_conversations/" + path + "/messages",
		token: account.Credentials.AccessToken, payload: payload, private: true,
	}, &sent)
	return accepted(answer, sent.ID, err)
}

// conversationOf is the address of the conversation: by the contact, as there may be none yet, or by a group's own id.
func conversationOf(account channels.Account, m channels.Outbound) (string, error) {
	participant := m.RecipientID
	if m.PrivateReplyTo == "" && isPair(m.ThreadKey) {
		participant = cmp.Or(other(m.ThreadKey, account.ID), participant)
	}
	switch {
	case m.PrivateReplyTo == "" && strings.Contains(m.ThreadKey, ":"):
		return "", channels.Unsendable("an encrypted conversation can be answered on X only")
	case m.PrivateReplyTo == "" && m.ThreadKey != "" && !isPair(m.ThreadKey):
		return url.PathEscape(m.ThreadKey), nil
	case participant == "":
		return "", channels.Unsendable("message to nobody")
	default:
		return "with/" + url.PathEscape(participant), nil
	}
}

func (a *Adapter) sendReply(ctx context.Context, account channels.Account, m channels.Outbound) (channels.Sent, error) {
	if m.ReplyToExternalID == "" {
		return channels.Sent{}, channels.Unsendable("no post to answer")
	}
	if len(m.Attachments) > mediaPerPost {
		return channels.Sent{}, channels.Unsendable("X takes four attachments in a post")
	}
	payload := object{"reply": object{"in_reply_to_tweet_id": m.ReplyToExternalID}}
	if m.Text != "" {
		payload["text"] = m.Text
	}
	files, err := a.uploadAll(ctx, account, m, "tweet_")
	if err != nil {
		return channels.Sent{}, err
	}
	if len(files) > 0 {
		payload["media"] = object{"media_ids": files}
	}
	var sent struct{ ID string }
	answer, err := a.call(ctx, request{
		method: http.MethodPost, path: "/2/tweets", token: account.Credentials.AccessToken, payload: payload,
	}, &sent)
	return accepted(answer, sent.ID, err)
}

func accepted(answer channels.Answer, id string, err error) (channels.Sent, error) {
	if err != nil {
		return channels.Sent{}, err
	}
	if id == "" {
		return channels.Sent{}, channels.NotUnderstood(answer, errors.New("the answer names no message"))
	}
	return channels.Sent{ExternalID: id, RequestID: requestID(answer), HTTPStatus: answer.Status}, nil
}
