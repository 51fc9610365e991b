package models

import (
	"fmt"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// ReplyMode is a way to answer.
type ReplyMode string

// Free form is any text; a template is text the platform approved beforehand.
const (
	FreeForm     ReplyMode = "FREE_FORM"
	TemplateMode ReplyMode = "TEMPLATE"
)

// TextUnit is what a platform counts when it limits a text.
type TextUnit string

// The units.
const (
	Characters TextUnit = "CHARACTERS" // Unicode code points
	UTF16Units TextUnit = "UTF16_UNITS"
	Bytes      TextUnit = "BYTES" // of UTF-8
)

// Count measures text in the unit.
func (u TextUnit) Count(text string) int {
	switch u {
	case UTF16Units:
		return len(utf16.Encode([]rune(text)))
	case Bytes:
		return len(text)
	default:
		return utf8.RuneCountInString(text)
	}
}

// AttachmentRule is what a platform accepts of one kind.
type AttachmentRule struct {
	Kind      AttachmentKind
	MIMETypes []string // empty: any
	MaxBytes  int64
	Caption   bool // whether text may go with it in one message
}

// Capabilities is what can be done on one surface of one platform. It is data: one rule reads it for every platform.
type Capabilities struct {
	Platform         Platform
	Surface          Surface
	Plan             Plan          // the least plan that may connect the platform
	Window           time.Duration // how long after the contact's last message free text is accepted; 0: always
	ModesInside      []ReplyMode   // while the window is open
	ModesAfter       []ReplyMode   // once it is closed
	ContactMustStart bool          // nothing can be sent before the contact has written
	TextLimit        int           // of a message, in TextUnit
	CaptionLimit     int           // of a text that goes with an attachment
	TextUnit         TextUnit      //
	Attachments      []AttachmentRule
	MaxAttachments   int // of one message
	DeliveryReceipts bool
	ReadReceipts     bool
	InboundEdits     bool
	InboundDeletions bool
	InboundReactions bool
	AssignFromStream bool     // a post on this surface can be assigned from a stream
	Notes            []string // limits of the platform that people should know of
}

const megabyte = 1 << 20

// capabilities is the table. Sources: Meta's and Telegram's documentation as of August 2026.
var capabilities = []Capabilities{
	{
		Platform: WhatsApp, Surface: PrivateMessage, Plan: Standard,
		Window:      24 * time.Hour, // the customer service window
		ModesInside: []ReplyMode{FreeForm, TemplateMode}, ModesAfter: []ReplyMode{TemplateMode},
		TextLimit: 4096, CaptionLimit: 1024, TextUnit: Characters,
		Attachments: []AttachmentRule{
			{Kind: Image, MIMETypes: []string{"image/jpeg", "image/png"}, MaxBytes: 5 * megabyte, Caption: true},
			{Kind: Video, MIMETypes: []string{"video/mp4", "video/3gpp"}, MaxBytes: 16 * megabyte, Caption: true},
			{Kind: Audio, MIMETypes: []string{"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}, MaxBytes: 16 * megabyte},
			{Kind: File, MaxBytes: 100 * megabyte, Caption: true},
			{Kind: Sticker, MIMETypes: []string{"image/webp"}, MaxBytes: 500 << 10},
		},
		MaxAttachments: 1, DeliveryReceipts: true, ReadReceipts: true,
		InboundEdits: true, InboundDeletions: true, InboundReactions: true,
		Notes: []string{
			"After 24 hours without a message from the contact only templates approved by Meta are accepted.",
			"A contact who opted out of marketing does not receive marketing templates.",
		},
	},
	{
		Platform: Telegram, Surface: PrivateMessage, Plan: Enterprise,
		ModesInside: []ReplyMode{FreeForm}, ContactMustStart: true,
		TextLimit: 4096, CaptionLimit: 1024, TextUnit: UTF16Units,
		Attachments: []AttachmentRule{
			{Kind: Image, MaxBytes: 5 * megabyte, Caption: true},
			{Kind: Video, MIMETypes: []string{"video/mp4"}, MaxBytes: 20 * megabyte, Caption: true},
			{Kind: Audio, MIMETypes: []string{"audio/mpeg", "audio/mp4", "audio/ogg"}, MaxBytes: 20 * megabyte, Caption: true},
			{Kind: File, MIMETypes: []string{"application/pdf", "application/zip"}, MaxBytes: 20 * megabyte, Caption: true},
		},
		MaxAttachments: 1, InboundEdits: true, InboundReactions: true,
		Notes: []string{
			"A bot cannot write first: the contact has to start the chat.",
			"Telegram tells neither when a message was delivered nor when it was read.",
			"Telegram does not tell when a contact deletes a message.",
		},
	},
	{
		Platform: X, Surface: PostSurface, Plan: Standard,
		ModesInside: []ReplyMode{FreeForm}, TextLimit: 280, TextUnit: Characters, AssignFromStream: true,
		Notes: []string{"X cannot be connected yet."},
	},
}

// CapabilitiesOf returns what can be done on a surface of a platform, and whether the platform has that surface.
func CapabilitiesOf(p Platform, s Surface) (Capabilities, bool) {
	for _, c := range capabilities {
		if c.Platform == p && c.Surface == s {
			return c, true
		}
	}
	return Capabilities{}, false
}

// PlatformCapabilities returns what can be done on each surface of a platform.
func PlatformCapabilities(p Platform) []Capabilities {
	var of []Capabilities
	for _, c := range capabilities {
		if c.Platform == p {
			of = append(of, c)
		}
	}
	return of
}

// includes reports whether the plan has all that the other has.
func (p Plan) includes(other Plan) bool { return p == Enterprise || other == Standard }

// RequirePlan refuses a platform the organization's plan does not include.
func (o Organization) RequirePlan(p Platform) error {
	for _, c := range PlatformCapabilities(p) {
		if !o.Plan.includes(c.Plan) {
			return Refuse(PlanRequired, "", "This platform needs the Enterprise plan.")
		}
	}
	return nil
}

// Accepts reports whether the mode can be used now.
func (c Capabilities) Accepts(mode ReplyMode, windowOpen bool) bool {
	modes := c.ModesAfter
	if windowOpen {
		modes = c.ModesInside
	}
	for _, m := range modes {
		if m == mode {
			return true
		}
	}
	return false
}

// Check refuses a draft that the platform would refuse for what it contains.
func (c Capabilities) Check(d Draft) error {
	switch {
	case d.Template != nil && (d.Text != "" || len(d.Attachments) > 0):
		return Refuse(InvalidInput, "template", "A template is sent alone, without text or attachments.")
	case d.Template == nil && d.Text == "" && len(d.Attachments) == 0:
		return Refuse(InvalidInput, "text", "Write something, or attach a file.")
	case len(d.Attachments) > c.MaxAttachments:
		return Refuse(UnsupportedByChannel, "attachments", fmt.Sprintf("This channel takes at most %d attachment in one message.", c.MaxAttachments))
	}
	if err := d.Template.check(); err != nil {
		return err
	}
	limit := c.TextLimit
	for _, a := range d.Attachments {
		if err := a.check(); err != nil {
			return err
		}
		rule, ok := c.attachmentRule(a.Kind)
		if !ok || !rule.takes(a.MIMEType) {
			return Refuse(UnsupportedByChannel, "attachments", "This channel does not take attachments of this kind.")
		}
		limit = c.CaptionLimit
		if !rule.Caption && d.Text != "" {
			return Refuse(UnsupportedByChannel, "text", "This kind of attachment is sent without text on this channel.")
		}
	}
	if n := c.TextUnit.Count(d.Text); n > limit {
		return Refuse(InvalidInput, "text", fmt.Sprintf("The text has %d characters; this channel takes at most %d.", n, limit))
	}
	return nil
}

func (c Capabilities) attachmentRule(kind AttachmentKind) (AttachmentRule, bool) {
	for _, r := range c.Attachments {
		if r.Kind == kind {
			return r, true
		}
	}
	return AttachmentRule{}, false
}

func (r AttachmentRule) takes(mime string) bool {
	if mime == "" || len(r.MIMETypes) == 0 {
		return true
	}
	for _, t := range r.MIMETypes {
		if t == mime {
			return true
		}
	}
	return false
}
