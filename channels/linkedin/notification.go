package linkedin

import (
	"encoding/json"
	"errors"
	"fmt"

	"parley/channels"
	"parley/models"
)

// notification is one thing people did on a Page.
type notification struct {
	ID         channels.Identifier `json:"notificationId"`
	Page       string              `json:"organizationalEntity"`
	Action     string
	SourcePost string          `json:"sourcePost"`
	Source     decoration      `json:"decoratedSourcePost"`
	Generated  string          `json:"generatedActivity"`
	At         channels.Moment `json:"lastModifiedAt"`
	Decorated  struct {
		Comment decoration
		Share   decoration
	} `json:"decoratedGeneratedActivity"`
}

// decoration is what LinkedIn adds to the name of a post or comment.
type decoration struct {
	Entity        string
	Object        string
	Owner         string
	Text          string
	MediaCategory string
	Parent        json.RawMessage `json:"parentComment"`
}

func readNotification(raw json.RawMessage) (*models.Inbound, error) {
	var n notification
	if err := json.Unmarshal(raw, &n); err != nil {
		return nil, err
	}
	var read func(models.Inbound) (*models.Inbound, error)
	switch n.Action {
	case "COMMENT", "ADMIN_COMMENT":
		read = n.comment
	case "COMMENT_EDIT":
		read = n.edit
	case "COMMENT_DELETE":
		read = n.deletion
	case "SHARE_MENTION":
		read = n.mention
	case "":
		return nil, errors.New("notification of nothing")
	default: // LIKE and SHARE: nothing anybody said to us
		return nil, nil
	}
	if n.Page == "" {
		return nil, errors.New("it names no Page")
	}
	return read(models.Inbound{
		AccountID: n.Page, DeliveryID: string(n.ID), Surface: models.Comment, Direction: models.InboundMessage, At: n.At.Time,
	})
}

// comment reads a comment. LinkedIn documents no parent in notifications: where there is no word about it, the comment
// may be an answer, so that it has to be looked up for its place.
func (n *notification) comment(in models.Inbound) (*models.Inbound, error) {
	place, parent, err := n.place()
	if err != nil {
		return nil, err
	}
	in.Kind, in.ExternalID = models.InboundUtterance, place.urn()
	in.Text, in.Author.ID = n.Decorated.Comment.Text, n.Decorated.Comment.Owner
	in.ThreadKey, in.ReplyToExternalID = placed(place, parent)
	in.Incomplete = len(n.Decorated.Comment.Parent) == 0 || in.Text == "" || in.Author.ID == ""
	in.Post = n.post(place.object)
	markEcho(&in, n.Action == "ADMIN_COMMENT")
	return &in, nil
}

func (n *notification) edit(in models.Inbound) (*models.Inbound, error) {
	place, parent, err := n.place()
	if err != nil {
		return nil, err
	}
	in.Kind, in.ExternalID = models.InboundEdit, place.urn()
	in.Text, in.Author.ID = n.Decorated.Comment.Text, n.Decorated.Comment.Owner
	in.ThreadKey, in.ReplyToExternalID = placed(place, parent)
	in.Incomplete = in.Text == ""
	markEcho(&in, false)
	return &in, nil
}

// deletion comes without any decoration: whose comment it was is for the inbox to know.
func (n *notification) deletion(in models.Inbound) (*models.Inbound, error) {
	place, _, err := n.place()
	if err != nil {
		return nil, err
	}
	in.Kind, in.ExternalID = models.InboundDeletion, place.urn()
	return &in, nil
}

// mention reads a post of somebody who names the Page.
func (n *notification) mention(in models.Inbound) (*models.Inbound, error) {
	share := n.Decorated.Share
	if share.Owner == "" {
		share = n.Source
	}
	in.Kind, in.Surface = models.InboundUtterance, models.Mention
	in.ExternalID, in.ThreadKey = share.Entity, n.SourcePost
	if in.ExternalID == "" {
		in.ExternalID = n.Generated
	}
	if in.ThreadKey == "" {
		in.ThreadKey = in.ExternalID
	}
	if in.ExternalID == "" || share.Owner == "" {
		return nil, errors.New("mention by nobody or in no post")
	}
	in.Text, in.Author.ID = share.Text, share.Owner
	in.Details.Unsupported = in.Text == ""
	in.Post = n.post(in.ThreadKey)
	markEcho(&in, false)
	return &in, nil
}

// place is the comment a notification is about, and the one it answers, if that is said.
func (n *notification) place() (c comment, parent string, err error) {
	for _, urn := range []string{n.Decorated.Comment.Entity, n.Generated} {
		if c, known := readComment(urn); known {
			parent, err := readParent(n.Decorated.Comment.Parent)
			return c, parent, err
		}
	}
	return comment{}, "", errors.New("it names no comment")
}

// readParent reads the comment that is answered, from a notification or from the API.
func readParent(raw json.RawMessage) (string, error) {
	var urn string
	if len(raw) == 0 {
		return "", nil
	}
	if err := json.Unmarshal(raw, &urn); err != nil {
		return "", fmt.Errorf("read the parent: %w", err)
	}
	if urn == "" {
		return "", nil
	}
	parent, known := readComment(urn)
	if !known {
		return "", errors.New("the parent is no comment")
	}
	return parent.urn(), nil
}

// placed puts a comment into its thread: LinkedIn has one level of answers, so the parent is where the thread began.
func placed(c comment, parent string) (threadKey, replyTo string) {
	if parent == "" {
		return thread{object: c.object, root: c.urn()}.key(), ""
	}
	return thread{object: c.object, root: parent}.key(), parent
}

func markEcho(in *models.Inbound, certainly bool) {
	if certainly || in.Author.ID == in.AccountID {
		in.Direction, in.Echo = models.OutboundMessage, true
	}
	if in.Echo && in.Author.ID == "" {
		in.Author.ID = in.AccountID
	}
}

var mediaKinds = map[string]models.AttachmentKind{"IMAGE": models.Image, "VIDEO": models.Video}

// post is the post a notification is about, by the name that threads use.
func (n *notification) post(urn string) *models.PostFacts {
	return &models.PostFacts{
		ExternalID: urn, Permalink: permalink(urn), Text: n.Source.Text, AuthorID: n.Source.Owner,
		MediaKind: mediaKinds[n.Source.MediaCategory],
	}
}
