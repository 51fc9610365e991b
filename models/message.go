package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Message is one utterance in a conversation.
type Message struct {
	OrganizationID    string `gorm:"primaryKey"`
	ID                string `gorm:"primaryKey"`
	ConversationID    string
	ChannelID         string
	ExternalID        *string // the platform's id; unknown until it accepted an outbound message
	Direction         Direction
	Visibility        Visibility
	AuthorUserID      *string // the member who wrote it
	AuthorIdentityID  *string // the contact who wrote it
	Text              string
	Details           MessageDetails `gorm:"serializer:json"`
	Template          *Template      `gorm:"serializer:json"`
	ReplyToExternalID string
	PlatformAt        *time.Time
	CreatedAt         time.Time `gorm:"autoCreateTime:false"`
	EditedAt          *time.Time
	DeletedAt         *time.Time
	Status            *DeliveryStatus // nil for inbound
	FailureReason     FailureReason
	FailureCode       string
	FailureMessage    string
	SentAt            *time.Time
	DeliveredAt       *time.Time
	ReadAt            *time.Time
	FailedAt          *time.Time
	AttemptCount      int
	RetryCount        int
	DueAt             *time.Time
	ReplyMode         ReplyMode  // how it is sent; empty: as its template says
	PrivateReplyTo    *string    // the comment it answers in private
	HiddenAt          *time.Time // since when the public does not see it
	LikedAt           *time.Time // since when we like it
	OwnReaction       string     // our emoji on it
}

// Draft is what someone wants to send.
type Draft struct {
	Text             string
	Attachments      []Attachment
	Template         *Template
	ReplyToMessageID *string
}

// Mode is the way of answering the draft asks for.
func (d Draft) Mode() ReplyMode {
	if d.Template != nil {
		return TemplateMode
	}
	return FreeForm
}

// Mode is the way of answering the message uses.
func (m Message) Mode() ReplyMode {
	if m.ReplyMode != "" {
		return m.ReplyMode
	}
	return Draft{Template: m.Template}.Mode()
}

// IsInbound reports whether a contact wrote it.
func (m Message) IsInbound() bool { return m.Direction == InboundMessage }

// At is when it was said: the platform's time where it gives one.
func (m Message) At() time.Time {
	if m.PlatformAt != nil {
		return *m.PlatformAt
	}
	return m.CreatedAt
}

// Advance moves the delivery to status as of at and reports whether that was forward. What comes between is filled in:
// a message that was read was delivered.
func (m *Message) Advance(status DeliveryStatus, f *Failure, at time.Time) bool {
	if m.Status == nil || !m.Status.Advances(status, m.FailureReason) {
		return false
	}
	m.Status = &status
	if status == Failed {
		m.FailedAt = &at
		m.FailureReason = PlatformRefused
		if f != nil {
			m.FailureReason, m.FailureCode, m.FailureMessage = f.Reason, f.Code, f.Message
		}
		return true
	}
	m.FailedAt, m.FailureReason, m.FailureCode, m.FailureMessage = nil, "", "", ""
	rank := deliveryRank[status]
	for _, stamp := range []struct {
		rank int
		at   **time.Time
	}{{2, &m.SentAt}, {3, &m.DeliveredAt}, {4, &m.ReadAt}} {
		if rank >= stamp.rank && *stamp.at == nil {
			*stamp.at = &at
		}
	}
	return true
}

// DeliveryColumns are the columns Advance writes.
var DeliveryColumns = []string{
	"status", "failure_reason", "failure_code", "failure_message", "sent_at", "delivered_at", "read_at", "failed_at",
}

// NewMessage makes a message in a conversation.
func (tx *Tx) NewMessage(c *Conversation, d Direction) *Message {
	return &Message{
		OrganizationID: c.OrganizationID, ID: newID(MessagePrefix), ConversationID: c.ID, ChannelID: c.ChannelID,
		Direction: d, Visibility: c.Surface.Visibility(), CreatedAt: tx.Now,
	}
}

// IsAnsweredPrivately reports whether err says that a comment has its one private reply already.
func IsAnsweredPrivately(err error) bool { return violates(err, "messages_private_reply_key") }

// AddMessage writes a message with its attachments, unless the channel has one with its external id already: then
// nothing is written and added is false.
func (tx *Tx) AddMessage(m *Message, attachments []Attachment) (added bool, err error) {
	made := tx.db.Clauses(clause.OnConflict{DoNothing: true}).Create(m)
	if made.Error != nil {
		return false, fmt.Errorf("create message: %w", made.Error)
	}
	if made.RowsAffected == 0 {
		return false, nil
	}
	if len(attachments) == 0 {
		return true, nil
	}
	rows := make([]Attachment, len(attachments))
	for i, a := range attachments {
		a.OrganizationID, a.MessageID, a.Position = m.OrganizationID, m.ID, i
		rows[i] = a
	}
	if err := tx.keepMedia(m, rows); err != nil {
		return false, err
	}
	if err := tx.Create(&rows); err != nil {
		return false, fmt.Errorf("create attachments: %w", err)
	}
	return true, nil
}

// MessageByExternalID finds a channel's message by the platform's id, or by ours where the platform handed it back;
// nil if there is none. Unless a message has this id already, nobody else decides about the id until the transaction ends:
// so either news of a message finds it, or the message finds its early news.
func (tx *Tx) MessageByExternalID(channelID, externalID, reference string) (*Message, error) {
	m, err := tx.findMessage(channelID, externalID, reference)
	if err != nil || m != nil && m.ExternalID != nil {
		return m, err
	}
	if err := tx.Meet(channelID, externalID); err != nil {
		return nil, err
	}
	return tx.findMessage(channelID, externalID, reference)
}

// Meet waits until nobody else decides on the platform's id of a message. It comes before any conversation is locked.
func (tx *Tx) Meet(channelID, externalID string) error {
	err := tx.db.Exec(`SELECT pg_advisory_xact_lock(hashtextextended(?, 0))`, channelID+" "+externalID).Error
	if err != nil {
		return fmt.Errorf("meet at %s: %w", channelID, err)
	}
	return nil
}

func (tx *Tx) findMessage(channelID, externalID, reference string) (*Message, error) {
	var m Message
	err := tx.own().Where("channel_id = ? AND external_id = ?", channelID, externalID).Take(&m).Error
	if errors.Is(err, gorm.ErrRecordNotFound) && reference != "" {
		m = Message{}
		err = tx.own().Where("channel_id = ? AND id = ? AND external_id IS NULL", channelID, reference).Take(&m).Error
	}
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read message of %s: %w", channelID, err)
	}
	return &m, nil
}

// AwaitedEcho finds the message of ours that an echo without our reference is of: one of the conversation's that is being
// sent, or whose answer was lost about the platform's time at, with the same words. At most one message of a conversation
// is being sent at a time.
func (tx *Tx) AwaitedEcho(c *Conversation, text string, at time.Time) (*Message, error) {
	lost := tx.db.Where("status = 'FAILED' AND failure_reason = ?", Unconfirmed)
	if !at.IsZero() {
		lost = lost.Where("created_at <= ? AND failed_at >= ?", at.Add(echoSlack), at.Add(-echoSlack))
	}
	var awaited []Message
	err := tx.own().Where("conversation_id = ? AND external_id IS NULL AND direction = 'OUTBOUND'", c.ID).
		Where(tx.db.Where("status = 'SENDING'").Or(lost)).
		Order("status = 'SENDING' DESC, id").Limit(100).Find(&awaited).Error
	if err != nil {
		return nil, fmt.Errorf("look for what an echo is of in %s: %w", c.ID, err)
	}
	for i := range awaited {
		if strings.TrimSpace(awaited[i].Text) == strings.TrimSpace(text) {
			return &awaited[i], nil
		}
	}
	return nil, nil
}

// echoSlack is how far a platform's clock and ours may differ, and its answer and its echo.
const echoSlack = 10 * time.Minute

// receiptLimit bounds how many messages one receipt speaks for.
const receiptLimit = 1000

// SaidUntil reads the messages we have sent in a conversation until an instant that the contact is not known to have read. A
// message counts from the beginning of its attempt: the platform's time of it lies between that and our record. One that is
// still being sent does not count: it may yet be refused.
func (tx *Tx) SaidUntil(c *Conversation, until time.Time) ([]Message, error) {
	var messages []Message
	err := tx.db.Raw(`
		SELECT m.* FROM messages m
		LEFT JOIN delivery_attempts a ON a.organization_id = m.organization_id AND a.message_id = m.id AND a.number = m.attempt_count
		WHERE m.organization_id = ? AND m.conversation_id = ? AND m.status IN ('SENT', 'DELIVERED')
		  AND COALESCE(a.started_at, m.platform_at, m.created_at) <= ?
		ORDER BY m.id DESC LIMIT ?`, c.OrganizationID, c.ID, until, receiptLimit).Find(&messages).Error
	if err != nil {
		return nil, fmt.Errorf("read what was said in %s: %w", c.ID, err)
	}
	return messages, nil
}

// SaidBefore reads the messages we have sent in a conversation before one of them that the contact is not known to have read.
func (tx *Tx) SaidBefore(m *Message) ([]Message, error) {
	var messages []Message
	err := tx.own().Where("conversation_id = ? AND id < ? AND status IN ('SENT', 'DELIVERED')", m.ConversationID, m.ID).
		Order("id DESC").Limit(receiptLimit).Find(&messages).Error
	if err != nil {
		return nil, fmt.Errorf("read what was said before %s: %w", m.ID, err)
	}
	return messages, nil
}

// LockMessage locks the message's conversation, then reads the message: the order every writer keeps.
func (tx *Tx) LockMessage(id string) (*Conversation, *Message, error) {
	var m Message
	if err := tx.Find(&m, id); err != nil {
		return nil, nil, err
	}
	var c Conversation
	if err := tx.Lock(&c, m.ConversationID); err != nil {
		return nil, nil, err
	}
	m = Message{}
	if err := tx.Find(&m, id); err != nil {
		return nil, nil, err
	}
	return &c, &m, nil
}

// Messages reads the messages with these ids.
func (tx *Tx) Messages(ids []string) ([]Message, error) {
	var messages []Message
	if err := tx.own().Where("id IN ?", ids).Find(&messages).Error; err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	return messages, nil
}

// MessagesByExternalIDs reads a channel's messages by the platform's ids.
func (tx *Tx) MessagesByExternalIDs(channelID string, externalIDs []string) ([]Message, error) {
	var messages []Message
	err := tx.own().Where("channel_id = ? AND external_id IN ?", channelID, externalIDs).Find(&messages).Error
	if err != nil {
		return nil, fmt.Errorf("read messages by external id: %w", err)
	}
	return messages, nil
}

// AttachmentsOf reads the attachments of these messages, in order.
func (tx *Tx) AttachmentsOf(messageIDs []string) ([]Attachment, error) {
	var attachments []Attachment
	if err := tx.own().Where("message_id IN ?", messageIDs).Order("message_id, position").Find(&attachments).Error; err != nil {
		return nil, fmt.Errorf("read attachments: %w", err)
	}
	return attachments, nil
}

// Reaction is a contact's emoji on a message.
type Reaction struct {
	OrganizationID string `gorm:"primaryKey"`
	MessageID      string `gorm:"primaryKey"`
	IdentityID     string `gorm:"primaryKey"`
	Emoji          string
	ReactedAt      time.Time
}

// React sets an identity's reaction as of at and reports whether anything changed; an older reaction than the known
// one changes nothing.
func (tx *Tx) React(m *Message, identityID, emoji string, at time.Time) (bool, error) {
	var shown []bool
	err := tx.db.Raw(`
		WITH before AS (
			SELECT emoji FROM reactions WHERE organization_id = @org AND message_id = @message AND identity_id = @identity)
		INSERT INTO reactions (organization_id, message_id, identity_id, emoji, reacted_at)
		VALUES (@org, @message, @identity, @emoji, @at)
		ON CONFLICT (organization_id, message_id, identity_id) DO UPDATE
		SET emoji = EXCLUDED.emoji, reacted_at = EXCLUDED.reacted_at
		WHERE reactions.reacted_at <= EXCLUDED.reacted_at
		RETURNING emoji <> COALESCE((SELECT emoji FROM before), '')`,
		map[string]any{"org": m.OrganizationID, "message": m.ID, "identity": identityID, "emoji": emoji, "at": at}).Scan(&shown).Error
	if err != nil {
		return false, fmt.Errorf("react to %s: %w", m.ID, err)
	}
	return len(shown) > 0 && shown[0], nil
}

// ReactionsOf reads the present reactions to these messages, oldest first.
func (tx *Tx) ReactionsOf(messageIDs []string) ([]Reaction, error) {
	var reactions []Reaction
	err := tx.own().Where("message_id IN ? AND emoji <> ''", messageIDs).Order("message_id, reacted_at, identity_id").Find(&reactions).Error
	if err != nil {
		return nil, fmt.Errorf("read reactions: %w", err)
	}
	return reactions, nil
}

// EarlyNews is what a platform said about a message that we do not have yet.
type EarlyNews struct {
	OrganizationID string `gorm:"primaryKey"`
	ID             string `gorm:"primaryKey"`
	ChannelID      string
	ExternalID     string
	Inbound        json.RawMessage `gorm:"type:jsonb"`
	CreatedAt      time.Time       `gorm:"autoCreateTime:false"`
}

// TableName is early_news: news has no plural.
func (EarlyNews) TableName() string { return "early_news" }

// KeepForLater keeps news until the message it is about arrives.
func (tx *Tx) KeepForLater(channelID, externalID string, in Inbound) error {
	said, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("keep early news: %w", err)
	}
	return tx.Create(&EarlyNews{
		OrganizationID: tx.Viewer.OrganizationID, ID: newID(NewsPrefix), ChannelID: channelID, ExternalID: externalID,
		Inbound: said, CreatedAt: tx.Now,
	})
}

// TakeEarlyNews returns what was kept for a message, in the order it came, and forgets it.
func (tx *Tx) TakeEarlyNews(channelID, externalID string) ([]Inbound, error) {
	var kept []EarlyNews
	err := tx.db.Raw(`WITH gone AS (DELETE FROM early_news WHERE organization_id = ? AND channel_id = ? AND external_id = ? RETURNING *)
		SELECT * FROM gone ORDER BY id`, tx.Viewer.OrganizationID, channelID, externalID).Scan(&kept).Error
	if err != nil {
		return nil, fmt.Errorf("take early news: %w", err)
	}
	news := make([]Inbound, len(kept))
	for i, k := range kept {
		if err := json.Unmarshal(k.Inbound, &news[i]); err != nil {
			return nil, fmt.Errorf("read early news %s: %w", k.ID, err)
		}
	}
	return news, nil
}

// DropAttachments forgets a message's attachments; their files are deleted soon after.
func (tx *Tx) DropAttachments(m *Message) error {
	if err := tx.own().Where("message_id = ?", m.ID).Delete(&Attachment{}).Error; err != nil {
		return fmt.Errorf("drop attachments of %s: %w", m.ID, err)
	}
	return tx.dropMedia(m)
}
