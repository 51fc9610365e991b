package models

import (
	"fmt"
	"time"
)

// DeliveryAttempt is one try to hand a message to its platform. Without FinishedAt it is running, or its process died.
type DeliveryAttempt struct {
	OrganizationID    string `gorm:"primaryKey"`
	MessageID         string `gorm:"primaryKey"`
	Number            int    `gorm:"primaryKey;autoIncrement:false"` // from 1
	StartedAt         time.Time
	FinishedAt        *time.Time
	ExternalID        string // the message's id, if the platform accepted it
	HTTPStatus        int    // 0: no answer
	PlatformRequestID string // for the platform's support
	FailureReason     FailureReason
	FailureCode       string
	FailureMessage    string
	RetryAt           *time.Time // when it is tried again by itself
}

// Attempt reads one attempt of a message.
func (tx *Tx) Attempt(messageID string, number int) (*DeliveryAttempt, error) {
	var a DeliveryAttempt
	if err := tx.take(tx.db, &a, "message_id = ? AND number = ?", messageID, number); err != nil {
		return nil, fmt.Errorf("read attempt %d of %s: %w", number, messageID, err)
	}
	return &a, nil
}

// AttemptsOf reads all attempts to deliver these messages, in order.
func (tx *Tx) AttemptsOf(messageIDs []string) ([]DeliveryAttempt, error) {
	var attempts []DeliveryAttempt
	if err := tx.own().Where("message_id IN ?", messageIDs).Order("message_id, number").Find(&attempts).Error; err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	return attempts, nil
}
