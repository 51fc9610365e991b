package models

// FailureReason says why an outbound message did not reach its contact, in classes an agent can act on.
type FailureReason string

// The reasons, and what helps.
const (
	WindowClosed         FailureReason = "REPLY_WINDOW_CLOSED"   // send a template, or wait for the contact
	RateLimited          FailureReason = "RATE_LIMITED"          // retried by itself until the attempts are used up
	AuthExpired          FailureReason = "AUTH_EXPIRED"          // reconnect the channel
	RecipientBlocked     FailureReason = "RECIPIENT_BLOCKED"     // the contact blocked the account or opted out
	RecipientUnreachable FailureReason = "RECIPIENT_UNREACHABLE" // the platform cannot deliver to this contact
	InvalidRequest       FailureReason = "INVALID_REQUEST"       // this content is not accepted: change it
	TemplateRefused      FailureReason = "TEMPLATE_REFUSED"      // the template is unknown, paused or has other parameters
	PermissionMissing    FailureReason = "PERMISSION_MISSING"    // the platform app lacks a permission: reconnect
	ChannelRestricted    FailureReason = "CHANNEL_RESTRICTED"    // the platform restricts the whole account
	PlatformRefused      FailureReason = "PLATFORM_REFUSED"      // refused for good, for a reason outside these classes
	Transient            FailureReason = "TRANSIENT"             // the platform had a fault; retried by itself
	Unconfirmed          FailureReason = "UNCONFIRMED"           // it may have arrived: the answer of the platform was lost
	ChannelUnavailable   FailureReason = "CHANNEL_UNAVAILABLE"   // the channel was disconnected meanwhile
	InboxUnavailable     FailureReason = "INBOX_DEACTIVATED"     // the inbox was deactivated meanwhile
)

// IsPassing reports whether the same message may well succeed later without anyone doing anything.
func (r FailureReason) IsPassing() bool { return r == RateLimited || r == Transient }
