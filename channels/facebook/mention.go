package facebook

import (
	"errors"

	"parley/models"
)

// mention reads a post or comment elsewhere that names the Page. Words that are missing have to be asked for.
func (c change) mention(kind models.InboundKind) (*models.Inbound, error) {
	if c.PostID == "" {
		return nil, errors.New("mention in no post")
	}
	in := c.inbound(kind, models.Mention)
	in.ExternalID, in.ThreadKey = string(c.PostID), string(c.PostID)
	if c.CommentID != "" {
		in.ExternalID = string(c.CommentID)
		in.ThreadKey += ":" + in.ExternalID
	}
	if kind != models.InboundUtterance && kind != models.InboundEdit {
		return in, nil
	}
	in.Text = c.Message
	in.Incomplete = in.Text == ""
	in.Post = &models.PostFacts{ExternalID: string(c.PostID)}
	if c.CommentID == "" {
		in.Post = c.itself(in)
	}
	return in, nil
}
