package models

import (
	"fmt"
	"time"
)

// ActionStatus says how far an action on a message got.
type ActionStatus string

// A queued action is tried until the platform has done it or refused it for good.
const (
	ActionQueued ActionStatus = "QUEUED"
	ActionDone   ActionStatus = "DONE"
	ActionFailed ActionStatus = "FAILED"
)

// MessageAction is something somebody wants done with a message on its platform.
type MessageAction struct {
	OrganizationID string `gorm:"primaryKey"`
	ID             string `gorm:"primaryKey"`
	MessageID      string
	Kind           ActionKind
	Emoji          string // of REACT
	Text           string // of EDIT
	Status         ActionStatus
	RequestedBy    *string // a member; nil: the system
	AttemptCount   int
	FailureReason  FailureReason
	FailureCode    string
	FailureMessage string
	CreatedAt      time.Time `gorm:"autoCreateTime:false"`
	FinishedAt     *time.Time
	DueAt          *time.Time
}

// NewAction makes an action on a message, due now.
func (tx *Tx) NewAction(m *Message, kind ActionKind) *MessageAction {
	a := &MessageAction{
		OrganizationID: m.OrganizationID, ID: newID(ActionPrefix), MessageID: m.ID, Kind: kind, Status: ActionQueued,
		CreatedAt: tx.Now, DueAt: &tx.Now,
	}
	if tx.Viewer.Kind == ActorUser {
		a.RequestedBy = &tx.Viewer.UserID
	}
	return a
}

// DropQueuedActions forgets what of a kind is still queued for a message: a newer action takes its place.
func (tx *Tx) DropQueuedActions(m *Message, kinds ...ActionKind) error {
	err := tx.own().Where("message_id = ? AND status = 'QUEUED' AND attempt_count = 0 AND kind IN ?", m.ID, kinds).Delete(&MessageAction{}).Error
	if err != nil {
		return fmt.Errorf("drop queued actions of %s: %w", m.ID, err)
	}
	return nil
}

// OpenActionsOf reads the actions on these messages that are not done: queued, or failed most recently.
func (tx *Tx) OpenActionsOf(messageIDs []string) ([]MessageAction, error) {
	var actions []MessageAction
	err := tx.own().Where("message_id IN ? AND status <> 'DONE'", messageIDs).Order("message_id, id").Find(&actions).Error
	if err != nil {
		return nil, fmt.Errorf("read actions: %w", err)
	}
	return actions, nil
}
