package models

import (
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ChannelStatus says whether a channel works.
type ChannelStatus string

// A channel that needs attention still receives; it cannot send until someone reconnects it. What arrives for one on hold
// is quarantined until the organization's plan includes its platform again.
const (
	Connected      ChannelStatus = "CONNECTED"
	NeedsAttention ChannelStatus = "NEEDS_ATTENTION"
	OnHold         ChannelStatus = "ON_HOLD"
	Disconnected   ChannelStatus = "DISCONNECTED"
)

// WhenResolved says what an inbound message on a resolved conversation does.
type WhenResolved string

// It reopens the conversation, or starts a new one.
const (
	Reopen   WhenResolved = "REOPEN"
	StartNew WhenResolved = "START_NEW"
)

// Channel is one connected account on one platform: a page, a phone number, a bot.
type Channel struct {
	OrganizationID string `gorm:"primaryKey"`
	ID             string `gorm:"primaryKey"`
	Platform       Platform
	AccountID      string // the platform's id of the account
	Name           string
	Status         ChannelStatus
	StatusReason   FailureReason // why it needs attention
	WhenResolved   WhenResolved
	Credentials    []byte // sealed
	Version        int
	CreatedAt      time.Time `gorm:"autoCreateTime:false"`
	DisconnectedAt *time.Time
	PollMark       string     // what the last poll left
	PollDueAt      *time.Time // when to ask the platform for what webhooks may have missed
	PollFailures   int        // in a row
	TokenDueAt     *time.Time // when to renew the access token
	TokenFailures  int        // in a row
}

// EnterChannel waits for the turn of a transaction that takes in what a platform says: those of one element go side by
// side, one of several elements goes alone.
func (tx *Tx) EnterChannel(channelID string, alone bool) error {
	lock := "pg_advisory_xact_lock_shared"
	if alone {
		lock = "pg_advisory_xact_lock"
	}
	if err := tx.db.Exec(`SELECT `+lock+`(hashtextextended(?, 0))`, channelID).Error; err != nil {
		return fmt.Errorf("enter %s: %w", channelID, err)
	}
	return nil
}

// IsConnected reports whether the channel can send.
func (c Channel) IsConnected() bool { return c.Status == Connected }

// ChannelRoute says where deliveries for an account belong.
type ChannelRoute struct {
	Platform       Platform `gorm:"primaryKey"`
	AccountID      string   `gorm:"primaryKey"`
	OrganizationID string
	ChannelID      string
}

// NewChannel makes a channel in the organization of the transaction.
func (tx *Tx) NewChannel(p Platform, accountID, name string, c Credentials) (*Channel, error) {
	channel := &Channel{
		OrganizationID: tx.Viewer.OrganizationID, ID: newID(ChannelPrefix), Platform: p, AccountID: accountID, Name: name,
		Status: Connected, WhenResolved: Reopen, Version: 1, CreatedAt: tx.Now,
	}
	return channel, tx.SealCredentials(channel, c)
}

// WebhookSecret is what a platform signs the deliveries of an account with, if we may choose it: always the same for an
// account, so that the platform and the channel agree however often and by whomever it is connected.
func (s *Store) WebhookSecret(p Platform, accountID string) string {
	return s.cipher.Derive("webhook:" + string(p) + ":" + accountID)
}

// SealCredentials puts credentials into the channel; its row has still to be written.
func (tx *Tx) SealCredentials(channel *Channel, c Credentials) (err error) {
	channel.Credentials, err = tx.cipher.Seal(c, channel.place())
	return err
}

// OpenCredentials takes the credentials out of a channel.
func (tx *Tx) OpenCredentials(channel *Channel) (c Credentials, err error) {
	if err := tx.cipher.Open(channel.Credentials, channel.place(), &c); err != nil {
		return c, fmt.Errorf("credentials of %s: %w", channel.ID, err)
	}
	return c, nil
}

func (c *Channel) place() string { return "channel:" + c.OrganizationID + ":" + c.ID }

// Route makes deliveries for the channel's account come to it. An account belongs to one organization at a time.
func (tx *Tx) Route(c *Channel) error {
	err := tx.db.Create(&ChannelRoute{
		Platform: c.Platform, AccountID: c.AccountID, OrganizationID: c.OrganizationID, ChannelID: c.ID,
	}).Error
	if violates(err, "channel_routes_pkey") {
		return Refuse(ChannelTaken, "", "This account is already connected. Disconnect it there first.")
	}
	return err
}

// Unroute ends what Route began.
func (tx *Tx) Unroute(c *Channel) error {
	return tx.own().Where("channel_id = ?", c.ID).Delete(&ChannelRoute{}).Error
}

// DisconnectedChannel finds the channel this organization had for an account, to be connected again; nil if none.
func (tx *Tx) DisconnectedChannel(p Platform, accountID string) (*Channel, error) {
	var c Channel
	err := tx.own().Clauses(clause.Locking{Strength: "UPDATE"}).
		Where("platform = ? AND account_id = ? AND status = 'DISCONNECTED'", p, accountID).Order("id DESC").Take(&c).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	return &c, err
}

// Channels reads the channels with these ids; nil asks for all, by creation.
func (tx *Tx) Channels(ids []string) ([]Channel, error) {
	query := tx.own().Order("id")
	if ids != nil {
		query = query.Where("id IN ?", ids)
	}
	var channels []Channel
	if err := query.Find(&channels).Error; err != nil {
		return nil, fmt.Errorf("read channels: %w", err)
	}
	return channels, nil
}
