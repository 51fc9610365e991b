package instagram

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

// readMention reads that somebody named the account under or in a post elsewhere. The words have to be asked for.
func readMention(e meta.Entry, raw json.RawMessage) (*models.Inbound, error) {
	var m struct {
		MediaID   channels.Identifier `json:"media_id"`
		CommentID channels.Identifier `json:"comment_id"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	if m.MediaID == "" {
		return nil, errors.New("mention in no post")
	}
	in := &models.Inbound{
		Kind:       models.InboundUtterance,
		AccountID:  string(e.ID),
		ExternalID: string(m.MediaID),
		ThreadKey:  string(m.MediaID),
		Surface:    models.Mention,
		Direction:  models.InboundMessage,
		At:         e.SentAt.Time,
		Post:       &models.PostFacts{ExternalID: string(m.MediaID)},
		Incomplete: true,
	}
	if m.CommentID != "" {
		in.ExternalID = string(m.CommentID)
		in.ThreadKey += ":" + in.ExternalID
	}
	return in, nil
}

// Only what the reference lists: a field more, and Instagram refuses the whole question.
const (
	commentFields = "mentioned_comment.comment_id(%s){id,text,timestamp,username,media{id,permalink}}"
	captionFields = "mentioned_media.media_id(%s){id,caption,media_type,media_url,permalink,timestamp,username,owner}"
)

// Complete asks for the author, words and time of a mention.
// https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/mentioned_comment
func (a *Adapter) Complete(ctx context.Context, account channels.Account, in models.Inbound) (models.Inbound, error) {
	inCaption := in.Post == nil || in.Post.ExternalID == in.ExternalID
	if !isNumber(in.ExternalID) { // it becomes a part of an expression
		return in, channels.Unsendable("the mention's id is not one of Instagram's")
	}
	fields := commentFields
	if inCaption {
		fields = captionFields
	}
	var said struct {
		Comment *mentioned `json:"mentioned_comment"`
		Media   *post      `json:"mentioned_media"`
	}
	if err := a.ask(ctx, account, account.ID, fmt.Sprintf(fields, in.ExternalID), &said); err != nil {
		return in, meta.Gone(err)
	}
	switch {
	case inCaption && said.Media != nil:
		return said.Media.complete(in), nil
	case !inCaption && said.Comment != nil:
		return said.Comment.complete(in), nil
	default:
		return in, &channels.SendError{
			Failure: models.Failure{Reason: models.PlatformRefused, Message: "Instagram does not show the mention."},
		}
	}
}

func isNumber(id string) bool {
	return id != "" && strings.Trim(id, "0123456789") == ""
}

// mentioned is a comment that names the account.
type mentioned struct {
	Text      string
	Timestamp meta.Moment
	Username  string
	From      person
	Media     post
}

func (m mentioned) complete(in models.Inbound) models.Inbound {
	in.Incomplete = false
	in.Text, in.Author = m.Text, author(m.From, m.Username)
	in.Details.Unsupported = m.Text == ""
	if !m.Timestamp.IsZero() {
		in.At = m.Timestamp.Time
	}
	facts := m.Media.facts(in.Post.ExternalID)
	in.Post = &facts
	return in
}

// complete reads a post whose caption names the account.
func (p post) complete(in models.Inbound) models.Inbound {
	in.Incomplete = false
	in.Text, in.Author = p.Caption, author(p.Owner, p.Username)
	if !p.Timestamp.IsZero() {
		in.At = p.Timestamp.Time
	}
	facts := p.facts(in.ExternalID)
	in.Post = &facts
	if facts.MediaURL != "" {
		in.Attachments = []models.Attachment{{Kind: facts.MediaKind, URL: facts.MediaURL}}
	}
	in.Details.Unsupported = in.Text == "" && len(in.Attachments) == 0
	return in
}

// author of a post or comment elsewhere. Instagram gives no id of people who have nothing to do with the account: then
// their name, which is theirs alone, has to do.
func author(p person, username string) models.Author {
	username = cmp.Or(p.Username, username)
	return models.Author{ID: cmp.Or(string(p.ID), username), Name: username, Handle: username}
}
