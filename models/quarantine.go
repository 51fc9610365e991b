package models

import (
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm/clause"
)

// QuarantineReason says why something was not taken in.
type QuarantineReason string

// The inbox was deactivated, the content could not be read, or the database refused it.
const (
	HeldInactive   QuarantineReason = "INBOX_DEACTIVATED"
	HeldUnreadable QuarantineReason = "UNREADABLE"
	HeldRefused    QuarantineReason = "REFUSED"
)

// Settlement says what became of something quarantined.
type Settlement string

// Imported into the inbox, or discarded; empty while it is kept.
const (
	Unsettled Settlement = ""
	Imported  Settlement = "IMPORTED"
	Discarded Settlement = "DISCARDED"
)

// Quarantined is what arrived and could not be taken in. It has elements, or the body of a delivery nobody could read.
type Quarantined struct {
	OrganizationID string `gorm:"primaryKey"`
	ID             string `gorm:"primaryKey"`
	ChannelID      string
	Reason         QuarantineReason
	Explanation    string // never the content
	ElementCount   int
	Elements       []Inbound `gorm:"serializer:json"`
	Body           []byte
	ContentHash    []byte
	ReceivedAt     time.Time
	DueAt          *time.Time
	Settlement     Settlement
	SettledAt      *time.Time
}

// TableName is the place, not its inmates.
func (Quarantined) TableName() string { return "quarantine" }

// Quarantine keeps q, unless the same content is kept already for the same reason: a platform's retry is not counted
// twice.
func (tx *Tx) Quarantine(q Quarantined) (kept bool, err error) {
	content := q.Body
	if content == nil {
		if content, err = json.Marshal(q.Elements); err != nil {
			return false, fmt.Errorf("quarantine: %w", err)
		}
	}
	q.OrganizationID, q.ID, q.ReceivedAt, q.ContentHash = tx.Viewer.OrganizationID, newID(QuarantinePrefix), tx.Now, hashOf(append([]byte(q.Reason), content...))
	made := tx.db.Clauses(clause.OnConflict{DoNothing: true}).Create(&q)
	if made.Error != nil {
		return false, fmt.Errorf("quarantine: %w", made.Error)
	}
	return made.RowsAffected > 0, nil
}

// QuarantinedCount counts the elements kept for a reason.
func (tx *Tx) QuarantinedCount(reason QuarantineReason) (count int, err error) {
	err = tx.db.Raw(`SELECT COALESCE(sum(element_count), 0) FROM quarantine
		WHERE organization_id = ? AND reason = ? AND settlement = ''`, tx.Viewer.OrganizationID, reason).Find(&count).Error
	if err != nil {
		return 0, fmt.Errorf("count quarantine: %w", err)
	}
	return count, nil
}

// SettleInactive has workers import what was kept while the inbox was deactivated, or discards it.
func (tx *Tx) SettleInactive(discard bool) error {
	statement := `UPDATE quarantine SET due_at = @now WHERE organization_id = @org AND reason = 'INBOX_DEACTIVATED' AND settlement = ''`
	if discard {
		statement = `UPDATE quarantine SET settlement = 'DISCARDED', settled_at = @now, elements = NULL
			WHERE organization_id = @org AND reason = 'INBOX_DEACTIVATED' AND settlement = ''`
	}
	err := tx.db.Exec(statement, map[string]any{"now": tx.Now, "org": tx.Viewer.OrganizationID}).Error
	if err != nil {
		return fmt.Errorf("settle quarantine: %w", err)
	}
	return nil
}
