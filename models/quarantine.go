package models

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm/clause"
)

// QuarantineReason says why something was not taken in.
type QuarantineReason string

// The inbox was deactivated, the channel on hold, the words have still to be fetched, the content could not be read, or the
// database refused it.
const (
	HeldInactive   QuarantineReason = "INBOX_DEACTIVATED"
	HeldOnHold     QuarantineReason = "CHANNEL_ON_HOLD"
	HeldIncomplete QuarantineReason = "INCOMPLETE"
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
	DueAt          *time.Time // when a worker is to take it in
	AttemptCount   int        // of taking it in
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

// ReleaseChannel has workers take in what was kept while a channel was on hold.
func (tx *Tx) ReleaseChannel(channelID string) error {
	err := tx.db.Exec(`UPDATE quarantine SET due_at = ? WHERE organization_id = ? AND channel_id = ? AND reason = 'CHANNEL_ON_HOLD'
		AND settlement = ''`, tx.Now, tx.Viewer.OrganizationID, channelID).Error
	if err != nil {
		return fmt.Errorf("release %s: %w", channelID, err)
	}
	return nil
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

// QuarantineFilter narrows a list of what is quarantined.
type QuarantineFilter struct {
	ChannelID *string
	Reasons   []QuarantineReason
	Settled   bool // what was imported or discarded as well
}

// ListQuarantine reads a page of what is quarantined, oldest first.
func (tx *Tx) ListQuarantine(f QuarantineFilter, p Page) (*Connection[Quarantined], error) {
	if !tx.Role.May(ManageQuarantine) {
		return nil, Refuse(Forbidden, "", "Only owners and admins may look into the quarantine.")
	}
	if err := tx.check(ManageQuarantine); err != nil {
		return nil, err
	}
	query := tx.own()
	if f.ChannelID != nil {
		query = query.Where("channel_id = ?", *f.ChannelID)
	}
	if len(f.Reasons) > 0 {
		query = query.Where("reason IN ?", f.Reasons)
	}
	if !f.Settled {
		query = query.Where("settlement = ''")
	}
	return page(tx, query, p, order[Quarantined]{
		column: "id",
		key:    func(q *Quarantined) (time.Time, string) { return time.Time{}, q.ID },
	})
}

// Mask makes words unreadable and leaves their shape: letters become x, digits 0. At most limit characters are kept.
func Mask(said string, limit int) string {
	var masked strings.Builder
	for _, r := range said {
		if limit--; limit < 0 {
			masked.WriteRune('…')
			break
		}
		switch {
		case r == utf8.RuneError, unicode.IsControl(r) && r != '\n' && r != '\t':
			masked.WriteByte('?')
		case unicode.IsDigit(r):
			masked.WriteByte('0')
		case unicode.IsPunct(r), unicode.IsSpace(r), r == '<', r == '>', r == '=':
			masked.WriteRune(r)
		default:
			masked.WriteByte('x')
		}
	}
	return masked.String()
}
