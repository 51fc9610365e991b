package instagram

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
var privateLimits = meta.Limits{Text: 1000, Unit: models.Bytes, Images: 10}

const commentLimit = 2200 // characters

// Send makes one API call: a private message, a reply to a comment, or an answer to a mention.
func (a *Adapter) Send(ctx context.Context, account channels.Account, m channels.Outbound) (channels.Sent, error) {
	if m.Surface.Visibility() == models.Public {
		return a.publish(ctx, account, m)
	}
	letter, err := meta.Letter(m, privateLimits, "comment_id")
	if err != nil {
		return channels.Sent{}, err
	}
	answer, err := a.call(ctx, account, http.MethodPost, []string{owner(account), "messages"}, nil, letter)
	if err != nil {
		return channels.Sent{}, err
	}
	return meta.Accepted(answer, m)
}

func (a *Adapter) publish(ctx context.Context, account channels.Account, m channels.Outbound) (channels.Sent, error) {
	switch {
	case m.ReplyToExternalID == "":
		return channels.Sent{}, channels.Unsendable("comment on nothing")
	case m.Template != nil || len(m.Attachments) > 0:
		return channels.Sent{}, channels.Unsendable("Instagram takes text only in comments")
	case m.Text == "":
		return channels.Sent{}, channels.Unsendable("comment without content")
	case utf8.RuneCountInString(m.Text) > commentLimit:
		return channels.Sent{}, channels.Unsendable("text is longer than a comment takes")
	}
	path, comment := replyTo(account, m)
	answer, err := a.call(ctx, account, http.MethodPost, path, nil, comment)
	if err != nil {
		return channels.Sent{}, meta.Gone(err)
	}
	return meta.Published(answer)
}

// replyTo is where an answer goes: below a comment, below a post of our own, or, as we cannot write below a post
// elsewhere, to the mention of us there.
func replyTo(account channels.Account, m channels.Outbound) ([]string, meta.Object) {
	comment := meta.Object{"message": m.Text}
	mediaID, _, _ := strings.Cut(m.ThreadKey, ":")
	switch {
	case m.Surface == models.Mention:
		comment["media_id"] = mediaID
		if m.ReplyToExternalID != mediaID {
			comment["comment_id"] = m.ReplyToExternalID
		}
		return []string{account.ID, "mentions"}, comment
	case m.ReplyToExternalID == mediaID:
		return []string{mediaID, "comments"}, comment
	default:
		return []string{m.ReplyToExternalID, "replies"}, comment
	}
}
