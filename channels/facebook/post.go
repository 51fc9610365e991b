package facebook

import (
	"errors"

	"parley/models"
)

// post reads what happened to a post on the Page: a visitor's, or our own coming back.
func (c change) post(kind models.InboundKind) (*models.Inbound, error) {
	switch {
	case c.PostID == "" && c.PhotoID != "": // one picture of an album, whose post is told by itself
		return nil, nil
	case c.PostID == "":
		return nil, errors.New("post without an id")
	}
	in := c.inbound(kind, models.WallPost)
	if in.Echo {
		in.Surface = models.PostSurface
	}
	if in.Echo && c.isUnpublished() {
		return nil, nil
	}
	in.ExternalID, in.ThreadKey = string(c.PostID), string(c.PostID)
	if kind == models.InboundUtterance || kind == models.InboundEdit {
		c.tell(in)
		c.tellLink(in)
		in.Post = c.itself(in)
	}
	return in, nil
}

func (c change) tellLink(in *models.Inbound) {
	switch c.Item {
	case "photo":
		if len(in.Attachments) == 0 {
			attach(in, models.Image, c.Link)
		}
	case "video":
		attach(in, models.Video, c.Link)
	default:
		attach(in, models.Share, c.Link)
	}
	if in.Text == "" && len(in.Attachments) == 0 {
		in.Details.Unsupported = true
	}
}

// itself are the facts of a post that is the message, too.
func (c change) itself(in *models.Inbound) *models.PostFacts {
	facts := &models.PostFacts{
		ExternalID:  in.ExternalID,
		Text:        in.Text,
		AuthorID:    in.Author.ID,
		AuthorName:  in.Author.Name,
		PublishedAt: c.CreatedAt.Time,
	}
	if c.Post != nil {
		facts.Permalink = c.Post.Permalink
	}
	for _, a := range in.Attachments {
		if a.Kind == models.Image || a.Kind == models.Video {
			facts.MediaKind, facts.MediaURL = a.Kind, a.URL
			break
		}
	}
	return facts
}
