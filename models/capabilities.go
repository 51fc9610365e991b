package models

import (
	"fmt"
	"time"
)

// ReplyMode is a way to answer.
type ReplyMode string

// The ways. Who may use which, and until when, is in the capabilities of a surface.
const (
	FreeForm     ReplyMode = "FREE_FORM"     // any text
	TemplateMode ReplyMode = "TEMPLATE"      // text the platform approved beforehand
	HumanAgent   ReplyMode = "HUMAN_AGENT"   // any text, written by a person, after the window closed
	PrivateReply ReplyMode = "PRIVATE_REPLY" // the one private answer to a public comment
)

// Deed is something a contact does that lets us answer for a while.
type Deed string

// The deeds. Not every platform counts all of them.
const (
	Writes  Deed = "MESSAGE"
	Taps    Deed = "POSTBACK" // a button or menu entry
	Reacts  Deed = "REACTION"
	ClickAd Deed = "AD_CLICK" // writes for the first time after clicking an ad that leads into the chat
	Follows Deed = "FOLLOW"
)

// Opening is what a deed is worth: for how long, and for how many messages, we may answer.
type Opening struct {
	By       Deed
	For      time.Duration
	Messages int // 0: any number
}

// AttachmentRule is what a platform accepts of one kind.
type AttachmentRule struct {
	Kind      AttachmentKind
	MIMETypes []string // empty: any
	MaxBytes  int64
	Caption   bool // whether text may go with it in one message
}

// ActionRule says on whose messages an action can be done.
type ActionRule struct {
	Kind   ActionKind
	Ours   bool // on what the account wrote
	Theirs bool // on what contacts wrote
}

// Capabilities is what can be done on one surface of one platform. It is data: one rule reads it for every platform.
type Capabilities struct {
	Platform           Platform
	Surface            Surface
	Plan               Plan          // the least plan that may connect the platform
	Openings           []Opening     // empty: there is no window
	ModesInside        []ReplyMode   // while the window is open
	ModesAfter         []ReplyMode   // once it is closed
	HumanAgentFor      time.Duration // how long after the contact's last deed a person may still answer; 0: no longer than the window
	PrivateReplyWithin time.Duration // how long after a comment it may be answered in private, once; 0: never
	ContactMustStart   bool          // nothing can be sent before the contact has written
	TextLimit          int           // of a message, in TextUnit
	CaptionLimit       int           // of a text that goes with an attachment
	TextUnit           TextUnit      //
	Attachments        []AttachmentRule
	MaxAttachments     int // of one message
	Actions            []ActionRule
	DeliveryReceipts   bool
	ReadReceipts       bool
	InboundEdits       bool
	InboundDeletions   bool
	InboundReactions   bool
	InboundTyping      bool
	AssignFromStream   bool     // a post on this surface can be assigned from a stream
	Notes              []string // limits of the platform that people should know of
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

// AllCapabilities is the whole table, platform by platform.
func AllCapabilities() []Capabilities { return append([]Capabilities(nil), capabilities...) }

// includes reports whether the plan has all that the other has.
func (p Plan) includes(other Plan) bool { return p == Enterprise || other == Standard }

// Includes reports whether a platform can be connected on the plan.
func (p Plan) Includes(platform Platform) bool {
	for _, c := range PlatformCapabilities(platform) {
		if !p.includes(c.Plan) {
			return false
		}
	}
	return true
}

// RequirePlan refuses a platform the organization's plan does not include.
func (o Organization) RequirePlan(p Platform) error {
	if !o.Plan.Includes(p) {
		return Refuse(PlanRequired, "", "This platform needs the Enterprise plan.")
	}
	return nil
}

// HasWindow reports whether the platform limits when it may be answered.
func (c Capabilities) HasWindow() bool { return len(c.Openings) > 0 }

// Opening returns what a deed is worth, and whether it is worth anything.
func (c Capabilities) Opening(by Deed) (Opening, bool) {
	for _, o := range c.Openings {
		if o.By == by {
			return o, true
		}
	}
	return Opening{}, false
}

// WindowAfterMessage is how long a message of the contact keeps the window open; 0: there is no window.
func (c Capabilities) WindowAfterMessage() time.Duration {
	o, _ := c.Opening(Writes)
	return o.For
}

// Can reports whether an action can be done on a message of ours, or of a contact.
func (c Capabilities) Can(kind ActionKind, ours bool) bool {
	for _, a := range c.Actions {
		if a.Kind == kind {
			return ours && a.Ours || !ours && a.Theirs
		}
	}
	return false
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
		if err := c.checkAttachment(a, d.Text); err != nil {
			return err
		}
		limit = c.CaptionLimit
	}
	return c.CheckText(d.Text, limit)
}

// CheckText refuses a text that is longer than the limit in the platform's own unit.
func (c Capabilities) CheckText(text string, limit int) error {
	if n := c.TextUnit.Count(text); n > limit {
		return Refuse(InvalidInput, "text", fmt.Sprintf("The text is %d %s long; this channel takes at most %d.", n, c.TextUnit.words(), limit))
	}
	return nil
}

func (c Capabilities) checkAttachment(a Attachment, text string) error {
	rule, ok := c.attachmentRule(a.Kind)
	switch {
	case !ok || !rule.takes(a.MIMEType):
		return Refuse(UnsupportedByChannel, "attachments", "This channel does not take attachments of this kind.")
	case a.SizeBytes > rule.MaxBytes:
		return Refuse(UnsupportedByChannel, "attachments", fmt.Sprintf("This channel takes files of at most %d bytes of this kind.", rule.MaxBytes))
	case !rule.Caption && text != "":
		return Refuse(UnsupportedByChannel, "text", "This kind of attachment is sent without text on this channel.")
	default:
		return nil
	}
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
