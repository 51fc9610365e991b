package models

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// EventType names what happened. The schema has one type for each.
type EventType string

// The catalogue of events.
const (
	MessageAdded             EventType = "MESSAGE_ADDED"
	MessageChanged           EventType = "MESSAGE_CHANGED"
	MessageDeliveryChanged   EventType = "MESSAGE_DELIVERY_CHANGED"
	MessageActionChanged     EventType = "MESSAGE_ACTION_CHANGED"
	ConversationOpened       EventType = "CONVERSATION_OPENED"
	ConversationStatusChange EventType = "CONVERSATION_STATUS_CHANGED"
	ConversationAssigned     EventType = "CONVERSATION_ASSIGNED"
	ConversationRead         EventType = "CONVERSATION_READ"
	ConversationPostChanged  EventType = "CONVERSATION_POST_CHANGED"
	WindowClosingSoon        EventType = "REPLY_WINDOW_CLOSING_SOON"
	WindowClosedEvent        EventType = "REPLY_WINDOW_CLOSED"
	ContactChanged           EventType = "CONTACT_CHANGED"
	ChannelChanged           EventType = "CHANNEL_CHANGED"
	ChannelNotice            EventType = "CHANNEL_NOTICE"
	MembershipChanged        EventType = "MEMBERSHIP_CHANGED"
	TokenRevoked             EventType = "TOKEN_REVOKED"
	InboxInactivityWarning   EventType = "INBOX_INACTIVITY_WARNING"
	InboxDeactivatedEvent    EventType = "INBOX_DEACTIVATED"
	InboxActivatedEvent      EventType = "INBOX_ACTIVATED"
	InboundQuarantined       EventType = "INBOUND_QUARANTINED"
)

// Event is one entry of an organization's log. The ids it has no use for are empty.
type Event struct {
	OrganizationID string    `gorm:"primaryKey" json:"organizationId"`
	Seq            int64     `gorm:"primaryKey;autoIncrement:false" json:"seq"` // from 1, without holes
	Type           EventType `json:"type"`
	At             time.Time `json:"at"`
	ActorKind      ActorKind `json:"actorKind"`
	ActorID        string    `json:"actorId,omitempty"`
	ConversationID string    `json:"conversationId,omitempty"`
	ChannelID      string    `json:"channelId,omitempty"`
	MessageID      string    `json:"messageId,omitempty"`
	Data           EventData `gorm:"serializer:json" json:"data"`

	// Trace is the step that committed it, as a W3C traceparent: only on the bell, and only if it is followed.
	Trace string `gorm:"-" json:"trace,omitempty"`
}

// EventData is what an event says beside what it points to. Only the fields of its type are set.
type EventData struct {
	From          string          `json:"from,omitempty"` // a status
	To            string          `json:"to,omitempty"`
	Reason        string          `json:"reason,omitempty"`
	Change        string          `json:"change,omitempty"`
	UserID        string          `json:"userId,omitempty"`
	TeamID        string          `json:"teamId,omitempty"`
	ContactID     string          `json:"contactId,omitempty"`
	TokenID       string          `json:"tokenId,omitempty"`
	ExpiresAt     *time.Time      `json:"expiresAt,omitempty"`
	Days          int             `json:"days,omitempty"`
	Count         int             `json:"count,omitempty"`
	Notice        *Notice         `json:"notice,omitempty"`
	FailureReason FailureReason   `json:"failureReason,omitempty"`
	Status        *DeliveryStatus `json:"status,omitempty"`
}

// Cursor is the event's place in its log, as clients carry it.
func (e Event) Cursor() string { return EventCursor(e.Seq) }

// EventCursor is the place after the event with this number; 0 is the beginning.
func EventCursor(seq int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte("event:" + strconv.FormatInt(seq, 10)))
}

// ParseEventCursor is the reverse of EventCursor.
func ParseEventCursor(cursor string) (int64, error) {
	invalid := Refuse(InvalidCursor, "after", "This is not a cursor of the event log.")
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return 0, invalid
	}
	number, ok := strings.CutPrefix(string(text), "event:")
	seq, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || seq < 0 {
		return 0, invalid
	}
	return seq, nil
}

// EventsAfter reads at most limit events behind seq, in order.
func (tx *Tx) EventsAfter(seq int64, limit int) ([]Event, error) {
	var events []Event
	err := tx.own().Where("seq > ?", seq).Order("seq").Limit(limit).Find(&events).Error
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return events, nil
}

// LogBounds says how far the log reaches: forgotten is the last number no longer kept, last the newest.
func (tx *Tx) LogBounds() (forgotten, last int64, err error) {
	var o Organization
	err = tx.db.Select("last_event_seq", "forgotten_event_seq").Where("id = ?", tx.Viewer.OrganizationID).Take(&o).Error
	if err != nil {
		return 0, 0, fmt.Errorf("read bounds of the log: %w", err)
	}
	return o.ForgottenEventSeq, o.LastEventSeq, nil
}
