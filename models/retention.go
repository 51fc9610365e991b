package models

import (
	"fmt"
	"time"
)

// ForgetEvents drops at most limit events older than before, oldest first, and tells how many it dropped. It reads no more
// than it drops, and one.
func (tx *Tx) ForgetEvents(before time.Time, limit int64) (gone int64, err error) {
	forgotten, last, err := tx.LogBounds()
	if err != nil {
		return 0, err
	}
	upTo, err := tx.lastOlder(before, forgotten, min(forgotten+limit, last))
	if err != nil || upTo == forgotten {
		return 0, err
	}
	// Not from the beginning of the index, where what was dropped before lies until it is vacuumed.
	dropped := tx.db.Exec(`DELETE FROM events WHERE organization_id = ? AND seq > ? AND seq <= ?`,
		tx.Viewer.OrganizationID, forgotten, upTo)
	if dropped.Error != nil {
		return 0, fmt.Errorf("forget events: %w", dropped.Error)
	}
	// Everyone who writes to the log waits for this row: it comes last.
	err = tx.db.Exec(`UPDATE organizations SET forgotten_event_seq = GREATEST(forgotten_event_seq, ?) WHERE id = ?`,
		upTo, tx.Viewer.OrganizationID).Error
	if err != nil {
		return 0, fmt.Errorf("mark forgotten events: %w", err)
	}
	return dropped.RowsAffected, nil
}

// lastOlder is the number before the first event in (after, upTo] that is young enough to be kept. Times follow the numbers
// only roughly, as a slow transaction numbers last what it dated first: the first young event is where forgetting ends.
func (tx *Tx) lastOlder(before time.Time, after, upTo int64) (int64, error) {
	var young []int64
	err := tx.db.Raw(`SELECT seq FROM events WHERE organization_id = ? AND seq > ? AND seq <= ? AND at >= ? ORDER BY seq LIMIT 1`,
		tx.Viewer.OrganizationID, after, upTo, before).Scan(&young).Error
	if err != nil {
		return 0, fmt.Errorf("look for the first event to keep: %w", err)
	}
	if len(young) > 0 {
		return young[0] - 1, nil
	}
	return upTo, nil
}

// ForgetStale drops idempotency keys and early news past their time, at most limit of each, and tells how many of the kind
// it dropped more of.
func (tx *Tx) ForgetStale(limit int64) (gone int64, err error) {
	for _, stale := range []struct {
		table string
		keep  time.Duration
	}{{"early_news", tx.Rules.EarlyRetention}, {"idempotency_keys", tx.Rules.KeyRetention}} {
		dropped := tx.db.Exec(fmt.Sprintf(`DELETE FROM %[1]s WHERE ctid = ANY (ARRAY(
			SELECT ctid FROM %[1]s WHERE organization_id = ? AND created_at < ? ORDER BY created_at LIMIT ? FOR UPDATE SKIP LOCKED))`,
			stale.table), tx.Viewer.OrganizationID, tx.Now.Add(-stale.keep), limit)
		if dropped.Error != nil {
			return 0, fmt.Errorf("forget %s: %w", stale.table, dropped.Error)
		}
		gone = max(gone, dropped.RowsAffected)
	}
	return gone, nil
}
