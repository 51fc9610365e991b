package models

import "time"

// LastMessage is what a list shows of a conversation's newest message. It says what the message says, always: whatever
// changes a message later changes its copy in the same transaction.
type LastMessage struct {
	Text       *string // nil: there is no message, or its text is longer than MaxShownText
	Direction  Direction
	AuthorID   *string // the member
	Status     *DeliveryStatus
	At         *time.Time // its CreatedAt
	PlatformAt *time.Time
	EditedAt   *time.Time
	DeletedAt  *time.Time
}

// MaxShownText is the longest text, in bytes, that a list has a copy of.
const MaxShownText = 1000

// ShowLast makes a message the newest one of its conversation.
func (c *Conversation) ShowLast(m *Message) {
	c.LastMessageID = &m.ID
	c.Last = LastMessage{
		Text: shownText(m.Text), Direction: m.Direction, AuthorID: m.AuthorUserID, Status: m.Status, At: &m.CreatedAt,
		PlatformAt: m.PlatformAt, EditedAt: m.EditedAt, DeletedAt: m.DeletedAt,
	}
}

func shownText(text string) *string {
	if len(text) > MaxShownText {
		return nil
	}
	return &text
}

// LastMessageColumns are the columns ShowLast writes.
var LastMessageColumns = []string{
	"last_message_id", "last_message_text", "last_message_direction", "last_message_author_id", "last_message_status",
	"last_message_at", "last_message_platform_at", "last_message_edited_at", "last_message_deleted_at",
}
