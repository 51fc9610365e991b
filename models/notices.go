package models

import (
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm/clause"
)

// LockFree reads those of the conversations that nobody is changing, in the order in which their windows expire, and keeps
// others from changing them until the transaction ends. It waits for nobody, and so is never part of a deadlock.
func (tx *Tx) LockFree(conversationIDs []string) ([]Conversation, error) {
	var free []Conversation
	err := tx.own().Clauses(clause.Locking{Strength: "NO KEY UPDATE", Options: "SKIP LOCKED"}).
		Where("id IN ?", conversationIDs).Order("window_expires_at, id").Find(&free).Error
	if err != nil {
		return nil, fmt.Errorf("lock free conversations: %w", err)
	}
	return free, nil
}

// SaveNotices writes what AnnounceWindow changed of locked conversations, in one statement, and raises their versions.
func (tx *Tx) SaveNotices(conversations []Conversation) error {
	type notice struct {
		ID     string       `json:"id"`
		Notice WindowNotice `json:"notice"`
		DueAt  *time.Time   `json:"due_at"`
	}
	notices := make([]notice, len(conversations))
	for i, c := range conversations {
		notices[i] = notice{c.ID, c.WindowNotice, c.WindowDueAt}
	}
	said, err := json.Marshal(notices)
	if err != nil {
		return fmt.Errorf("write notices: %w", err)
	}
	err = tx.db.Exec(`
		UPDATE conversations c SET window_notice = n.notice, window_due_at = n.due_at, version = c.version + 1
		FROM json_to_recordset(?::json) AS n (id TEXT, notice TEXT, due_at TIMESTAMPTZ)
		WHERE c.organization_id = ? AND c.id = n.id`, string(said), tx.Viewer.OrganizationID).Error
	if err != nil {
		return fmt.Errorf("save notices: %w", err)
	}
	return nil
}
