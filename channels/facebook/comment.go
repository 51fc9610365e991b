package facebook

import (
	"errors"
	"strings"

	"parley/models"
)

// comment reads what happened to a comment on one of the Page's posts or ads.
func (c change) comment(kind models.InboundKind) (*models.Inbound, error) {
	if c.CommentID == "" || c.PostID == "" {
		return nil, errors.New("comment without its id or its post")
	}
	in := c.inbound(kind, models.Comment)
	in.ExternalID, in.Post = string(c.CommentID), c.parent()
	if in.Post.Promotion == models.Dark {
		in.Surface = models.AdComment
	}
	root := in.ExternalID
	if c.isReply() {
		root = string(c.ParentID)
		in.ReplyToExternalID = root
	}
	in.ThreadKey = string(c.PostID) + ":" + root
	if kind == models.InboundUtterance || kind == models.InboundEdit {
		c.tell(in)
	}
	return in, nil
}

// isReply reports whether the comment answers another one. Ids of one thing differ in their first part at times, so the
// last parts are compared.
func (c change) isReply() bool {
	parent := tail(string(c.ParentID))
	return parent != "" && parent != tail(string(c.PostID)) && parent != tail(string(c.CommentID))
}

func tail(id string) string { return id[strings.LastIndexByte(id, '_')+1:] }

// parent is what the comment says of its post. A post that is not published is an ad that no follower sees. The
// promotion status "ineligible" says nothing: reels have it, too.
func (c change) parent() *models.PostFacts {
	facts := &models.PostFacts{ExternalID: string(c.PostID)}
	if c.Post != nil {
		facts.Permalink = c.Post.Permalink
		facts.Promotion = promotion(c.Post.IsPublished, c.Post.Promotion)
	}
	return facts
}

func promotion(isPublished *bool, status string) models.Promotion {
	switch {
	case isPublished != nil && !*isPublished:
		return models.Dark
	case status == "active":
		return models.Boosted
	case isPublished != nil:
		return models.Organic
	default:
		return models.PromotionUnknown
	}
}
