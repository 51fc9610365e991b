package linkedin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"parley/channels"
	"parley/models"
)

var _ channels.Completer = (*Adapter)(nil)

// Complete asks LinkedIn for a comment: which one it answers, its picture, and whatever the notification left out. What
// the notification said is enough where LinkedIn will not tell more.
func (a *Adapter) Complete(ctx context.Context, account channels.Account, in models.Inbound) (models.Inbound, error) {
	c, known := readComment(in.ExternalID)
	if !known {
		return in, channels.Unsendable("not a comment of LinkedIn's")
	}
	answer, err := a.call(ctx, account, request{method: http.MethodGet, path: c.path()})
	if err == nil {
		err = a.merge(answer, account, &in)
	}
	var refused *channels.SendError
	if errors.As(err, &refused) && in.Text != "" && in.Author.ID != "" && isFinal(refused.Reason) {
		err = nil
	}
	if err != nil {
		return in, channels.Repeatable(err)
	}
	in.Incomplete = false
	return in, nil
}

// isFinal reports whether asking again, perhaps with a new token, would change nothing.
func isFinal(r models.FailureReason) bool {
	return r == models.PermissionMissing || r == models.PlatformRefused || r == models.InvalidRequest
}

func (c comment) path() string {
	return "/rest/socialActions/" + escaped(c.object) + "/comments/" + escaped(c.id)
}

func (*Adapter) merge(answer channels.Answer, account channels.Account, in *models.Inbound) error {
	document, err := channels.Document(answer.Body)
	if err != nil {
		return channels.NotUnderstood(answer, err)
	}
	said, err := readListed(account.ID, document)
	if err != nil {
		return channels.NotUnderstood(answer, fmt.Errorf("read the comment: %w", err))
	}
	if in.Kind == models.InboundUtterance {
		// The notification names the thread's post, by which we know its other comments.
		c, _ := readComment(in.ExternalID)
		in.ThreadKey, in.ReplyToExternalID = placed(c, said.ReplyToExternalID)
		in.Attachments = said.Attachments
		in.Details.Unsupported = said.Text == "" && len(said.Attachments) == 0
	}
	in.Text, in.Author.ID = cmp.Or(in.Text, said.Text), cmp.Or(in.Author.ID, said.Author.ID)
	if in.At.IsZero() {
		in.At = said.At
	}
	markEcho(in, in.Echo)
	return nil
}

// listed is a comment as the API gives it.
type listed struct {
	URN     string `json:"commentUrn"`
	OldURN  string `json:"$URN"`
	Actor   string
	Created struct{ Time channels.Moment }
	Message struct{ Text string }
	Parent  json.RawMessage `json:"parentComment"`
	Content json.RawMessage
}

// readListed reads a comment on the Page's posts. Here a comment without a parent is the first of its thread.
func readListed(page string, raw json.RawMessage) (*models.Inbound, error) {
	var l listed
	if err := json.Unmarshal(raw, &l); err != nil {
		return nil, err
	}
	c, known := readComment(cmp.Or(l.URN, l.OldURN))
	if !known || l.Actor == "" {
		return nil, errors.New("comment without a name or from nobody")
	}
	parent, err := readParent(l.Parent)
	if err != nil {
		return nil, err
	}
	in := models.Inbound{
		Kind: models.InboundUtterance, AccountID: page, ExternalID: c.urn(), Surface: models.Comment,
		Direction: models.InboundMessage, Author: models.Author{ID: l.Actor}, At: l.Created.Time.Time,
		Text: l.Message.Text, Attachments: l.pictures(),
		Post: &models.PostFacts{ExternalID: c.object, Permalink: permalink(c.object)},
	}
	in.ThreadKey, in.ReplyToExternalID = placed(c, parent)
	markEcho(&in, false)
	return &in, nil
}

// pictures are those beside the text; what cannot be read of them costs no comment.
func (l listed) pictures() []models.Attachment {
	elements, _ := channels.Elements(l.Content)
	var pictures []models.Attachment
	for _, element := range elements {
		var p struct {
			Type   string
			URL    string
			Entity struct{ Image, DigitalMediaAsset string }
		}
		if json.Unmarshal(element, &p) != nil {
			continue
		}
		id := cmp.Or(p.Entity.Image, p.Entity.DigitalMediaAsset)
		if p.URL == "" && id == "" {
			continue
		}
		pictures = append(pictures, models.Attachment{Position: len(pictures), Kind: models.Image, URL: p.URL, MediaID: id})
	}
	return pictures
}
