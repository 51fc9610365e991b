package models

import (
	"fmt"
	"slices"
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
	State           WindowState
	ExpiresAt       *time.Time
	MessagesLeft    *int       // nil: any number
	HumanAgentUntil *time.Time // until when a person may still answer though it is closed; nil: never
	AllowedModes    []ReplyMode
}

// Window is the conversation's reply window at an instant. It is open up to and at its last instant, and until its
// messages are used up.
func (c Conversation) Window(caps Capabilities, r Rules, now time.Time) ReplyWindow {
	if !caps.HasWindow() {
		return ReplyWindow{State: WindowUnlimited, AllowedModes: caps.ModesInside}
	}
	w := ReplyWindow{
		State: WindowIsClosed, ExpiresAt: c.WindowExpiresAt, MessagesLeft: c.WindowMessagesLeft,
		HumanAgentUntil: c.humanAgentUntil(caps, r), AllowedModes: caps.ModesAfter,
	}
	switch {
	case c.WindowExpiresAt == nil || now.After(*c.WindowExpiresAt) || w.MessagesLeft != nil && *w.MessagesLeft == 0:
		if w.HumanAgentUntil != nil && !now.After(*w.HumanAgentUntil) {
			w.AllowedModes = append([]ReplyMode{HumanAgent}, caps.ModesAfter...)
		}
		return w
	case now.Before(c.WindowExpiresAt.Add(-r.WindowLead)):
		w.State = WindowOpen
	default:
		w.State = WindowIsClosing
	}
	w.AllowedModes = caps.ModesInside
	return w
}

func (c Conversation) humanAgentUntil(caps Capabilities, r Rules) *time.Time {
	if caps.HumanAgentFor == 0 || !r.HumanAgent || c.WindowAnchorAt == nil {
		return nil
	}
	until := c.WindowAnchorAt.Add(caps.HumanAgentFor)
	return &until
}

// MoveWindow lets something the contact did at the platform's time at open the window, or keep it open longer. Late and
// reordered deeds never shorten it, and a platform's clock that runs ahead of ours never lengthens it.
func (c *Conversation) MoveWindow(caps Capabilities, r Rules, by Deed, at, now time.Time) (moved bool) {
	opening, counts := caps.Opening(by)
	if !counts {
		return false
	}
	if at.After(now) {
		at = now
	}
	expires := at.Add(opening.For)
	newer := c.WindowAnchorAt == nil || at.After(*c.WindowAnchorAt)
	usedUp := c.WindowMessagesLeft != nil && *c.WindowMessagesLeft == 0
	longer := c.WindowExpiresAt == nil || expires.After(*c.WindowExpiresAt)
	if newer {
		c.WindowAnchorAt = &at
	}
	if !longer && !(usedUp && newer) {
		return false
	}
	c.WindowExpiresAt, c.WindowMessagesLeft = &expires, nil
	if opening.Messages > 0 {
		c.WindowMessagesLeft = &opening.Messages
	}
	c.WindowNotice = NoNotice
	c.WindowDueAt = c.nextWindowNotice(r)
	return true
}

// CountReply takes one of the messages the window still has.
func (c *Conversation) CountReply() {
	if c.WindowMessagesLeft != nil && *c.WindowMessagesLeft > 0 {
		left := *c.WindowMessagesLeft - 1
		c.WindowMessagesLeft = &left
	}
}

// ReturnReply gives back what a message took that was queued at an instant and never reached the platform. A window never
// has more than it opened with.
func (c *Conversation) ReturnReply(caps Capabilities, queuedAt time.Time) {
	if c.WindowMessagesLeft == nil || c.WindowAnchorAt == nil || queuedAt.Before(*c.WindowAnchorAt) {
		return
	}
	left, most := *c.WindowMessagesLeft+1, 0
	for _, o := range caps.Openings {
		most = max(most, o.Messages)
	}
	if left <= most {
		c.WindowMessagesLeft = &left
	}
}

// WindowColumns are the columns MoveWindow, CountReply and ReturnReply write.
var WindowColumns = []string{
	"window_anchor_at", "window_expires_at", "window_messages_left", "window_notice", "window_due_at",
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
	CannotPlan         CannotReplyReason = "PLAN_REQUIRED"
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
	ByPerson     bool // a person wrote it, no rule and no program
	Counted      bool // the reply is in the conversation already: it has taken its place in the window
}

// ModeNow is how a reply would be sent now: what a person writes after the window closed goes as HUMAN_AGENT where the
// platform allows that.
func (c Conversation) ModeNow(r ReplyContext, now time.Time) ReplyMode {
	window := c.Window(r.Capabilities, r.Rules, now)
	if r.Mode == FreeForm && r.ByPerson && window.State == WindowIsClosed && slices.Contains(window.AllowedModes, HumanAgent) {
		return HumanAgent
	}
	return r.Mode
}

// CannotReply returns every reason why a reply in the given mode would be refused now; none means it may be sent. The
// API, the reply itself and the worker that sends it ask this one rule.
func (c Conversation) CannotReply(r ReplyContext, now time.Time) []CannotReplyReason {
	reasons := r.cannotUse()
	if r.Counted && c.WindowMessagesLeft != nil {
		c.WindowMessagesLeft = nil
	}
	window := c.Window(r.Capabilities, r.Rules, now)
	mode := c.ModeNow(r, now)
	switch {
	case slices.Contains(window.AllowedModes, mode) && (mode != HumanAgent || r.ByPerson):
	case window.State == WindowIsClosed && (mode == HumanAgent || r.Capabilities.Accepts(mode, true)):
		reasons = append(reasons, CannotWindow)
	default:
		reasons = append(reasons, CannotMode)
	}
	if r.Capabilities.ContactMustStart && c.LastInboundID == nil {
		reasons = append(reasons, CannotStart)
	}
	return reasons
}

// cannotUse returns the reasons that have nothing to do with the conversation.
func (r ReplyContext) cannotUse() (reasons []CannotReplyReason) {
	if !r.Organization.IsActive() {
		reasons = append(reasons, CannotInactive)
	}
	switch {
	case r.Channel.Status == OnHold:
		reasons = append(reasons, CannotPlan)
	case !r.Channel.IsConnected():
		reasons = append(reasons, CannotDisconnected)
	}
	if r.Identity.OptedOutAt != nil {
		reasons = append(reasons, CannotOptedOut)
	}
	return reasons
}

// CannotReplyPrivately returns every reason why a public message could not be answered in private now. A repeated answer
// is refused by the database: see ErrAnsweredPrivately.
func (m Message) CannotReplyPrivately(r ReplyContext, now time.Time) []CannotReplyReason {
	reasons := r.cannotUse()
	switch within := r.Capabilities.PrivateReplyWithin; {
	case within == 0 || !m.IsInbound() || m.ExternalID == nil || m.DeletedAt != nil:
		reasons = append(reasons, CannotMode)
	case now.After(m.At().Add(within)):
		reasons = append(reasons, CannotWindow)
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
