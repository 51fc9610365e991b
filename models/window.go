package models

import (
	"fmt"
	"time"
)

// WindowState says whether the platform still takes free text.
type WindowState string

// Unlimited: the platform has no window. Closing soon is open, within the announced lead.
const (
	WindowUnlimited WindowState = "UNLIMITED"
	WindowOpen      WindowState = "OPEN"
	WindowIsClosing WindowState = "CLOSING_SOON"
	WindowIsClosed  WindowState = "CLOSED"
)

// WindowNotice is what was last announced of a conversation's window.
type WindowNotice string

// Nothing is announced while a window has just been opened or moved.
const (
	NoNotice      WindowNotice = ""
	ClosingNotice WindowNotice = "CLOSING_SOON"
	ClosedNotice  WindowNotice = "CLOSED"
)

// ReplyWindow says until when and how the platform lets us answer.
type ReplyWindow struct {
	State        WindowState
	ExpiresAt    *time.Time
	AllowedModes []ReplyMode
}

// Window is the conversation's reply window at an instant. It is open up to and at its last instant.
func (c Conversation) Window(caps Capabilities, r Rules, now time.Time) ReplyWindow {
	switch {
	case caps.Window == 0:
		return ReplyWindow{State: WindowUnlimited, AllowedModes: caps.ModesInside}
	case c.WindowExpiresAt == nil || now.After(*c.WindowExpiresAt):
		return ReplyWindow{State: WindowIsClosed, ExpiresAt: c.WindowExpiresAt, AllowedModes: caps.ModesAfter}
	case now.Before(c.WindowExpiresAt.Add(-r.WindowLead)):
		return ReplyWindow{State: WindowOpen, ExpiresAt: c.WindowExpiresAt, AllowedModes: caps.ModesInside}
	default:
		return ReplyWindow{State: WindowIsClosing, ExpiresAt: c.WindowExpiresAt, AllowedModes: caps.ModesInside}
	}
}

// MoveWindow lets an inbound message of the platform's time at open the window, or keep it open longer. Late and
// reordered messages never shorten it, and a platform's clock that runs ahead of ours never lengthens it.
func (c *Conversation) MoveWindow(caps Capabilities, r Rules, at, now time.Time) (moved bool) {
	if caps.Window == 0 {
		return false
	}
	if at.After(now) {
		at = now
	}
	expires := at.Add(caps.Window)
	if c.WindowExpiresAt != nil && !expires.After(*c.WindowExpiresAt) {
		return false
	}
	c.WindowExpiresAt = &expires
	c.WindowNotice = NoNotice
	c.WindowDueAt = c.nextWindowNotice(r)
	return true
}

// AnnounceWindow returns what is to be announced now, if anything, and sets when to look again.
func (c *Conversation) AnnounceWindow(r Rules, now time.Time) (notice WindowNotice, due bool) {
	switch {
	case c.WindowExpiresAt == nil:
		c.WindowDueAt = nil
		return NoNotice, false
	case now.After(*c.WindowExpiresAt):
		due = c.WindowNotice != ClosedNotice
		c.WindowNotice = ClosedNotice
	case !now.Before(c.WindowExpiresAt.Add(-r.WindowLead)):
		due = c.WindowNotice == NoNotice
		c.WindowNotice = ClosingNotice
	}
	c.WindowDueAt = c.nextWindowNotice(r)
	return c.WindowNotice, due
}

func (c *Conversation) nextWindowNotice(r Rules) *time.Time {
	var at time.Time
	switch c.WindowNotice {
	case NoNotice:
		at = c.WindowExpiresAt.Add(-r.WindowLead)
	case ClosingNotice:
		at = c.WindowExpiresAt.Add(time.Microsecond) // open at its last instant
	default:
		return nil
	}
	return &at
}

// CannotReplyReason says why a reply would be refused.
type CannotReplyReason string

// The reasons, in the order they are reported.
const (
	CannotByRole       CannotReplyReason = "ROLE_NOT_ALLOWED"
	CannotInactive     CannotReplyReason = "INBOX_DEACTIVATED"
	CannotDisconnected CannotReplyReason = "CHANNEL_NOT_CONNECTED"
	CannotOptedOut     CannotReplyReason = "CONTACT_OPTED_OUT"
	CannotWindow       CannotReplyReason = "REPLY_WINDOW_CLOSED"
	CannotMode         CannotReplyReason = "MODE_NOT_SUPPORTED"
	CannotStart        CannotReplyReason = "CONTACT_MUST_START"
)

// ReplyContext is what, beside the conversation, decides whether it may be answered.
type ReplyContext struct {
	Capabilities Capabilities
	Organization *Organization
	Channel      *Channel
	Identity     *ContactIdentity
	Rules        Rules
	Mode         ReplyMode
}

// CannotReply returns every reason why a reply in the given mode would be refused now; none means it may be sent. The
// API, the reply itself and the worker that sends it ask this one rule.
func (c Conversation) CannotReply(r ReplyContext, now time.Time) []CannotReplyReason {
	var reasons []CannotReplyReason
	if !r.Organization.IsActive() {
		reasons = append(reasons, CannotInactive)
	}
	if !r.Channel.IsConnected() {
		reasons = append(reasons, CannotDisconnected)
	}
	if r.Identity.OptedOutAt != nil {
		reasons = append(reasons, CannotOptedOut)
	}
	window := c.Window(r.Capabilities, r.Rules, now)
	switch open := window.State != WindowIsClosed; {
	case r.Capabilities.Accepts(r.Mode, open):
	case !open && r.Capabilities.Accepts(r.Mode, true):
		reasons = append(reasons, CannotWindow)
	default:
		reasons = append(reasons, CannotMode)
	}
	if r.Capabilities.ContactMustStart && c.LastInboundID == nil {
		reasons = append(reasons, CannotStart)
	}
	return reasons
}

// ReplyContext reads what decides whether a conversation may be answered in a mode.
func (tx *Tx) ReplyContext(c *Conversation, mode ReplyMode) (ReplyContext, error) {
	caps, ok := CapabilitiesOf(c.Platform, c.Surface)
	if !ok {
		return ReplyContext{}, fmt.Errorf("no capabilities for %s %s", c.Platform, c.Surface)
	}
	r := ReplyContext{Capabilities: caps, Rules: tx.Rules, Mode: mode, Channel: &Channel{}, Identity: &ContactIdentity{}}
	var err error
	if r.Organization, err = tx.Organization(); err != nil {
		return r, err
	}
	if err := tx.Find(r.Channel, c.ChannelID); err != nil {
		return r, fmt.Errorf("read channel of %s: %w", c.ID, err)
	}
	if err := tx.Find(r.Identity, c.IdentityID); err != nil {
		return r, fmt.Errorf("read contact of %s: %w", c.ID, err)
	}
	return r, nil
}
