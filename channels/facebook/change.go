package facebook

import (
	"encoding/json"
	"strings"
	"time"

	"parley/channels"
	"parley/models"
)

// change is the value of a change of the feed, or of a mention.
type change struct {
	Item string
	Verb string

	PostID    channels.Identifier `json:"post_id"`
	CommentID channels.Identifier `json:"comment_id"`
	ParentID  channels.Identifier `json:"parent_id"`
	PhotoID   channels.Identifier `json:"photo_id"`

	// Missing where the app may not read what people write: https://developers.facebook.com/docs/permissions
	From       person
	SenderID   channels.Identifier `json:"sender_id"` // in mentions, and before version 3
	SenderName string              `json:"sender_name"`

	Message   string
	Link      string
	Photo     address
	Photos    addresses
	Video     json.RawMessage // never what it shows
	CreatedAt channels.Moment `json:"created_time"`
	EditedAt  channels.Moment `json:"edited_time"`
	Published json.RawMessage // 0 or 1
	Post      *parentPost

	page   string
	sentAt time.Time
}

type person struct {
	ID   channels.Identifier
	Name string
}

// parentPost is what Meta tells of the post a comment stands under.
type parentPost struct {
	Permalink   string `json:"permalink_url"`
	Promotion   string `json:"promotion_status"`
	IsPublished *bool  `json:"is_published"`
}

// address is a URL; anything else counts as none.
type address string

// UnmarshalJSON never fails.
func (a *address) UnmarshalJSON(raw []byte) error {
	if json.Unmarshal(raw, (*string)(a)) != nil {
		*a = ""
	}
	return nil
}

// addresses are several URLs; anything else counts as none.
type addresses []address

// UnmarshalJSON never fails.
func (a *addresses) UnmarshalJSON(raw []byte) error {
	if json.Unmarshal(raw, (*[]address)(a)) != nil {
		*a = nil
	}
	return nil
}

// author is who did it, as far as Meta says.
func (c change) author() models.Author {
	if c.From.ID != "" {
		return models.Author{ID: string(c.From.ID), Name: c.From.Name}
	}
	return models.Author{ID: string(c.SenderID), Name: c.SenderName}
}

// inbound is what all changes have in common.
func (c change) inbound(kind models.InboundKind, surface models.Surface) *models.Inbound {
	in := &models.Inbound{
		Kind:      kind,
		AccountID: c.page,
		Surface:   surface,
		Direction: models.InboundMessage,
		Author:    c.author(),
		At:        c.CreatedAt.Time,
	}
	if in.Author.ID == c.page {
		in.Direction, in.Echo = models.OutboundMessage, true
	}
	switch {
	case kind == models.InboundEdit && !c.EditedAt.IsZero():
		in.At = c.EditedAt.Time
	case kind == models.InboundEdit, in.At.IsZero(): // the creation is no news
		in.At = c.sentAt
	}
	if kind == models.InboundHidden || kind == models.InboundShown {
		in.Author.Name = "" // the author, or whoever hid it: nobody says
	}
	return in
}

// isUnpublished reports whether the Page wrote a post that nobody sees yet.
func (c change) isUnpublished() bool {
	switch strings.Trim(string(c.Published), `"`) {
	case "0", "false":
		return true
	}
	return false
}

// tell fills in what a comment or post says. What came without words or a picture has something Meta does not hand
// over, such as a video.
func (c change) tell(in *models.Inbound) {
	in.Text = c.Message
	pictures := c.Photos
	if c.Photo != "" {
		pictures = append(addresses{c.Photo}, c.Photos...)
	}
	for _, p := range pictures {
		attach(in, models.Image, string(p))
	}
	hasVideo := len(c.Video) > 0 && string(c.Video) != "null" && string(c.Video) != `""`
	isEmpty := in.Text == "" && len(in.Attachments) == 0
	if c.Item == "comment" && (hasVideo || isEmpty) {
		in.Details.Unsupported = true
		if hasVideo {
			in.Details.UnsupportedCode = "video"
		}
	}
}

func attach(in *models.Inbound, kind models.AttachmentKind, address string) {
	if address != "" {
		in.Attachments = append(in.Attachments, models.Attachment{Position: len(in.Attachments), Kind: kind, URL: address})
	}
}
