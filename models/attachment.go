package models

import "net/url"

// AttachmentKind is what an attachment is, independent of its platform.
type AttachmentKind string

// The kinds of attachments. A Share is a link to something on the platform or the web.
const (
	Image       AttachmentKind = "IMAGE"
	Video       AttachmentKind = "VIDEO"
	Audio       AttachmentKind = "AUDIO"
	File        AttachmentKind = "FILE"
	Sticker     AttachmentKind = "STICKER"
	Location    AttachmentKind = "LOCATION"
	ContactCard AttachmentKind = "CONTACT_CARD"
	Share       AttachmentKind = "SHARE"
)

// Attachment is one thing beside the text of a message. Only the fields of its kind are set.
type Attachment struct {
	OrganizationID string `gorm:"primaryKey"`
	MessageID      string `gorm:"primaryKey"`
	Position       int    `gorm:"primaryKey;autoIncrement:false"` // from 0, in the platform's order
	Kind           AttachmentKind
	URL            string // where the platform or the sender serves it; empty when only MediaID is known
	MediaID        string // the platform's handle, to be fetched with the channel's credentials
	MIMEType       string
	Filename       string
	SizeBytes      int64
	SHA256         string // as the platform states it
	Voice          bool   // a recorded voice note
	Animated       bool
	Name           string // of a place or a person
	Address        string
	Latitude       *float64
	Longitude      *float64
	Phones         []string `gorm:"serializer:json"`
	MediaRef       *string  `json:",omitzero"` // our copy of the file; in a draft the upload to send; nil: there is none
}

// isFile reports whether the platform keeps a file of it that we can fetch.
func (a Attachment) isFile() bool {
	switch a.Kind {
	case Image, Video, Audio, File, Sticker:
		return a.URL != "" || a.MediaID != ""
	default:
		return false
	}
}

// check refuses what cannot be sent along: it was uploaded, or the platform fetches it from its address.
func (a Attachment) check() error {
	address, err := url.Parse(a.URL)
	switch {
	case a.MediaRef != nil && a.URL != "":
		return Refuse(InvalidInput, "attachments.url", "An attachment is an upload or has an address, not both.")
	case a.MediaRef == nil && (err != nil || len(a.URL) > 2000 || address.Scheme != "https" || address.Host == "" || address.User != nil):
		return Refuse(InvalidInput, "attachments.url", "An attachment is fetched from an https address of at most 2,000 bytes.")
	}
	if len(a.Filename) > 200 || len(a.MIMEType) > 100 {
		return Refuse(InvalidInput, "attachments.filename", "The name of an attachment has at most 200 bytes.")
	}
	return nil
}
