package instagram

import (
	"cmp"
	"encoding/json"
	"errors"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

// comment is the value of a change of the comments. The two logins name some parts differently.
type comment struct {
	ID        channels.Identifier
	CommentID channels.Identifier `json:"comment_id"`
	ParentID  channels.Identifier `json:"parent_id"`
	From      struct {
		ID       channels.Identifier
		Username string
		SelfID   channels.Identifier `json:"self_ig_scoped_id"` // only of the account itself
	}
	Text    string
	Media   media
	MediaID channels.Identifier `json:"media_id"`
}

type media struct {
	ID          channels.Identifier
	ProductType string              `json:"media_product_type"` // FEED, REELS, STORY, AD
	AdID        channels.Identifier `json:"ad_id"`
	AdTitle     string              `json:"ad_title"`
	OriginalID  channels.Identifier `json:"original_media_id"`
}

// readComment reads a comment on one of the account's posts or ads. Instagram tells of new comments only, and not when
// they were written: the time they were sent to us stands in for it.
func readComment(e meta.Entry, raw json.RawMessage) (*models.Inbound, error) {
	var c comment
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, err
	}
	id, mediaID := string(cmp.Or(c.ID, c.CommentID)), string(cmp.Or(c.Media.ID, c.MediaID))
	if id == "" || mediaID == "" {
		return nil, errors.New("comment without its id or its post")
	}
	in := &models.Inbound{
		Kind:              models.InboundUtterance,
		AccountID:         string(e.ID),
		ExternalID:        id,
		ThreadKey:         mediaID + ":" + string(cmp.Or(c.ParentID, channels.Identifier(id))),
		Surface:           models.Comment,
		Direction:         models.InboundMessage,
		Author:            models.Author{ID: string(c.From.ID), Name: c.From.Username, Handle: c.From.Username},
		At:                e.SentAt.Time,
		Text:              c.Text,
		ReplyToExternalID: string(c.ParentID),
		Post:              c.Media.facts(mediaID),
	}
	if in.Post.Promotion == models.Dark {
		in.Surface = models.AdComment
	}
	if c.From.ID == e.ID || c.From.SelfID != "" {
		in.Direction, in.Echo, in.Author.ID = models.OutboundMessage, true, in.AccountID
	}
	// Videos, stickers and several images are not handed over.
	in.Details.Unsupported = in.Text == ""
	return in, nil
}

// facts are what a comment says of its post. The post of an ad is the ad's alone, which no follower sees, unless it says
// that it is one of the account's posts as well.
func (m media) facts(id string) *models.PostFacts {
	facts := &models.PostFacts{ExternalID: id, AdID: string(m.AdID), Promotion: models.Organic}
	switch {
	case m.AdID == "" && m.ProductType == "":
		facts.Promotion = models.PromotionUnknown
	case m.ProductType == "AD", m.AdID != "" && m.OriginalID == "":
		facts.Promotion = models.Dark
	case m.AdID != "":
		facts.Promotion = models.Boosted
	}
	return facts
}
