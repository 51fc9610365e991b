package facebook

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages
var privateLimits = meta.Limits{Text: 2000, Unit: models.Characters, Images: 30}

const commentLimit = 8000 // characters

// Send makes one API call: a private message, or a public comment on what is answered.
func (a *Adapter) Send(ctx context.Context, account channels.Account, m channels.Outbound) (channels.Sent, error) {
	if m.Surface.Visibility() == models.Public {
		return a.publish(ctx, account, m)
	}
	letter, err := meta.Letter(m, privateLimits, answered(account, m.PrivateReplyTo))
	if err != nil {
		return channels.Sent{}, err
	}
	answer, err := a.call(ctx, account, http.MethodPost, []string{account.ID, "messages"}, nil, letter)
	if err != nil {
		return channels.Sent{}, err
	}
	return meta.Accepted(answer, m)
}

// answered tells a post from a comment by its id: a post's begins with the Page's, a comment's with the post's.
func answered(account channels.Account, id string) string {
	if strings.HasPrefix(id, account.ID+"_") {
		return "post_id"
	}
	return "comment_id"
}

func (a *Adapter) publish(ctx context.Context, account channels.Account, m channels.Outbound) (channels.Sent, error) {
	comment, err := write(m)
	if err != nil {
		return channels.Sent{}, err
	}
	answer, err := a.call(ctx, account, http.MethodPost, []string{m.ReplyToExternalID, "comments"}, nil, comment)
	if err != nil {
		return channels.Sent{}, meta.Gone(err)
	}
	return meta.Published(answer)
}

func write(m channels.Outbound) (meta.Object, error) {
	switch {
	case m.ReplyToExternalID == "":
		return nil, channels.Unsendable("comment on nothing")
	case m.Template != nil:
		return nil, channels.Unsendable("a comment takes no template")
	case m.Text == "" && len(m.Attachments) == 0:
		return nil, channels.Unsendable("comment without content")
	case utf8.RuneCountInString(m.Text) > commentLimit:
		return nil, channels.Unsendable("text is longer than a comment takes")
	case len(m.Attachments) > 1:
		return nil, channels.Unsendable("a comment takes one image")
	}
	comment := meta.Object{}
	if m.Text != "" {
		comment["message"] = m.Text
	}
	for _, image := range m.Attachments {
		if image.Kind != models.Image || image.URL == "" {
			return nil, channels.Unsendable("a comment takes images only")
		}
		comment["attachment_url"] = image.URL
	}
	return comment, nil
}
