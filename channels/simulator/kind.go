package simulator

import "time"

// Kind is what was sent or done, by us or by a customer.
type Kind string

// What both sides can send.
const (
	Text     Kind = "text"
	Image    Kind = "image"
	Video    Kind = "video"
	Audio    Kind = "audio"
	Voice    Kind = "voice"
	Document Kind = "document"
	Sticker  Kind = "sticker"
	Reaction Kind = "reaction"
	Edit     Kind = "edit"
)

// What is done in public, by us or by a moderator elsewhere.
const (
	Hide   Kind = "hide"
	Unhide Kind = "unhide"
	Like   Kind = "like"
	Unlike Kind = "unlike"
)

// What only customers do.
const (
	Revoke  Kind = "revoke"
	Button  Kind = "button"
	Block   Kind = "block"
	Unblock Kind = "unblock"
	Seen    Kind = "seen" // they read what we wrote
)

// What only we do.
const (
	Template    Kind = "template"
	Interactive Kind = "interactive"
	MarkRead    Kind = "read"
	Typing      Kind = "typing"
	Delete      Kind = "delete"
	Answer      Kind = "answer" // to a pressed button, seen by the customer's app alone
)

func (k Kind) isMedia() bool {
	switch k {
	case Image, Video, Audio, Voice, Document, Sticker:
		return true
	}
	return false
}

// isAction says that nothing new appears in the customer's chat.
func (k Kind) isAction() bool {
	switch k {
	case Edit, MarkRead, Typing, Delete, Answer, Hide, Unhide, Like, Unlike:
		return true
	}
	return false
}

// did notes what a customer's deed changes for us: whether we may write to them.
func (c *customer) did(kind Kind, at time.Time) {
	switch kind {
	case Block:
		c.blocked = true
	case Unblock:
		c.blocked = false
	case Edit, Revoke, Hide, Unhide, Seen, Typing:
	default:
		c.WroteAt = at
	}
}
