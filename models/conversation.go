package models

import (
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ConversationStatus says whose turn it is.
type ConversationStatus string

// New needs us, Pending waits for the contact, Resolved is done.
const (
	New      ConversationStatus = "NEW"
	Pending  ConversationStatus = "PENDING"
	Resolved ConversationStatus = "RESOLVED"
)

// Conversation is the unit of work: one contact, one channel, one surface, one thread.
type Conversation struct {
	OrganizationID     string `gorm:"primaryKey"`
	ID                 string `gorm:"primaryKey"`
	ChannelID          string
	Platform           Platform
	ContactID          string
	IdentityID         string
	PostID             *string
	Surface            Surface
	ThreadKey          string
	Status             ConversationStatus
	StatusReason       string
	StatusComment      string
	StatusChangedAt    time.Time
	AssigneeUserID     *string
	AssigneeTeamID     *string
	LastMessageID      *string
	Last               LastMessage `gorm:"embedded;embeddedPrefix:last_message_"`
	LastInboundID      *string
	LastActivityAt     time.Time
	WaitingSince       *time.Time // the platform's time of the oldest inbound message nobody answered
	UnreadCount        int
	OriginMessageID    *string    // the comment a private reply began it with
	WindowAnchorAt     *time.Time // when the contact did what the window counts from
	WindowExpiresAt    *time.Time
	WindowMessagesLeft *int // nil: any number
	WindowNotice       WindowNotice
	WindowDueAt        *time.Time
	Version            int
	CreatedAt          time.Time `gorm:"autoCreateTime:false"`

	// What a list shows of the person: the database keeps it equal to the contact and the identity.
	ContactName        string `gorm:"->"`
	IdentityName       string `gorm:"->"`
	IdentityHandle     string `gorm:"->"`
	IdentityExternalID string `gorm:"->"`
}

// IsOpen reports whether there is still something to do.
func (c Conversation) IsOpen() bool { return c.Status != Resolved }

// NewConversation makes a conversation with an identity on a channel.
func (tx *Tx) NewConversation(ch *Channel, i *ContactIdentity, s Surface, threadKey string) *Conversation {
	return &Conversation{
		OrganizationID: ch.OrganizationID, ID: newID(ConversationPrefix), ChannelID: ch.ID, Platform: ch.Platform,
		ContactID: i.ContactID, IdentityID: i.ID, Surface: s, ThreadKey: threadKey,
		Status: New, StatusChangedAt: tx.Now, LastActivityAt: tx.Now, Version: 1, CreatedAt: tx.Now,
	}
}

// LockThread finds the newest conversation of a thread, for change; nil if there is none. In private a thread is a
// person, by whatever id the platform calls them today.
func (tx *Tx) LockThread(i *ContactIdentity, s Surface, threadKey string) (*Conversation, error) {
	query := tx.own().Where("channel_id = ? AND surface = ? AND thread_key = ?", i.ChannelID, s, threadKey)
	if s == PrivateMessage {
		query = tx.own().Where("identity_id = ? AND surface = ?", i.ID, s)
	}
	var c Conversation
	// The id a person was known by before may have left a second open conversation: this thread's own goes first.
	newest := clause.OrderBy{Expression: clause.Expr{
		SQL: "(status <> 'RESOLVED') DESC, (thread_key = ?) DESC, id DESC", Vars: []any{threadKey}, WithoutParentheses: true,
	}}
	err := query.Clauses(clause.Locking{Strength: "NO KEY UPDATE"}, newest).Take(&c).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lock thread: %w", err)
	}
	return &c, nil
}

// LockPublicThread finds the newest conversation of a public thread, for change; nil if there is none. A comment's thread is
// one, whether the post is known to be an ad or not.
func (tx *Tx) LockPublicThread(channelID string, s Surface, threadKey string) (*Conversation, error) {
	surfaces := []Surface{s}
	if s == Comment || s == AdComment {
		surfaces = []Surface{Comment, AdComment}
	}
	var c Conversation
	err := tx.own().Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).
		Where("channel_id = ? AND surface IN ? AND thread_key = ?", channelID, surfaces, threadKey).
		Order("(status <> 'RESOLVED') DESC, id DESC").Take(&c).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lock public thread: %w", err)
	}
	return &c, nil
}

// Conversations reads the conversations with these ids.
func (tx *Tx) Conversations(ids []string) ([]Conversation, error) {
	var conversations []Conversation
	if err := tx.own().Where("id IN ?", ids).Find(&conversations).Error; err != nil {
		return nil, fmt.Errorf("read conversations: %w", err)
	}
	return conversations, nil
}

// OpenConversation writes a new conversation, unless its thread has an open one.
func (tx *Tx) OpenConversation(c *Conversation) error {
	if err := superseded(tx.Create(c)); err != nil {
		return fmt.Errorf("open conversation: %w", err)
	}
	return nil
}

// SaveConversation writes the named columns of a locked conversation and raises its version. A thread has one open
// conversation: a second one is refused.
func (tx *Tx) SaveConversation(c *Conversation, columns ...string) error {
	c.Version++
	if err := superseded(tx.Update(c, append(columns, "version")...)); err != nil {
		return fmt.Errorf("save conversation %s: %w", c.ID, err)
	}
	return nil
}

func superseded(err error) error {
	if violates(err, "conversations_open_key") {
		return Refuse(Superseded, "", "The contact has started a newer conversation: continue there.")
	}
	return err
}
