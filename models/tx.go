package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Tx is the inside of the door: one transaction of one viewer in one organization.
type Tx struct {
	Viewer Viewer
	Access           // the viewer's
	Now    time.Time // one instant for the whole use case
	Rules  Rules

	db       *gorm.DB
	store    *Store
	snapshot *snapshot // of one that only reads; else nil
	cipher   *Cipher
	events   []Event
	lastTry  bool // a collision is not followed by another run
}

// Record adds an event to the log; it is numbered and visible when the transaction commits.
func (tx *Tx) Record(e Event) {
	e.OrganizationID = tx.Viewer.OrganizationID
	e.At = tx.Now
	e.ActorKind = tx.Viewer.Kind
	e.ActorID = tx.Viewer.UserID
	tx.events = append(tx.events, e)
}

// number gives the recorded events their places in the log. It comes last: the organization's row is the one lock
// all its writers share, and the order of numbers becomes the order of commits.
func (tx *Tx) number() ([]Event, error) {
	if len(tx.events) == 0 {
		return nil, nil
	}
	var last int64
	err := tx.db.Raw(`UPDATE organizations SET last_event_seq = last_event_seq + ? WHERE id = ? RETURNING last_event_seq`,
		len(tx.events), tx.Viewer.OrganizationID).Scan(&last).Error
	if err != nil {
		return nil, fmt.Errorf("number events: %w", err)
	}
	for i := range tx.events {
		tx.events[i].Seq = last - int64(len(tx.events)-1-i)
	}
	if err := tx.db.Create(&tx.events).Error; err != nil {
		return nil, fmt.Errorf("write events: %w", err)
	}
	return tx.events, nil
}

// Create inserts a row.
func (tx *Tx) Create(row any) error { return tx.db.Create(row).Error }

// Update writes the named columns of a row.
func (tx *Tx) Update(row any, columns ...string) error {
	result := tx.db.Model(row).Select(columns).Updates(row)
	if result.Error == nil && result.RowsAffected == 0 {
		return errNotFound
	}
	return result.Error
}

// Lock reads the row with this id and keeps others from changing it until the transaction ends.
func (tx *Tx) Lock(row any, id string) error {
	// No key changes: those who insert rows that refer to this one need not wait.
	return tx.take(tx.db.Clauses(clause.Locking{Strength: "NO KEY UPDATE"}), row, "id = ?", id)
}

// Find reads the row with this id.
func (tx *Tx) Find(row any, id string) error { return tx.take(tx.db, row, "id = ?", id) }

// take reads one row of this organization. The wall would hide others anyway; saying so is what uses the index.
func (tx *Tx) take(db *gorm.DB, row any, where string, args ...any) error {
	err := db.Where("organization_id = ?", tx.Viewer.OrganizationID).Where(where, args...).Take(row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return errNotFound
	}
	return err
}

// own starts a query on the organization's rows.
func (tx *Tx) own() *gorm.DB { return tx.db.Where("organization_id = ?", tx.Viewer.OrganizationID) }

// Alone runs fn so that its error undoes its own changes and events only. What it returns is fn's error.
func (tx *Tx) Alone(fn func() error) error {
	recorded := len(tx.events)
	if err := tx.db.Exec("SAVEPOINT alone").Error; err != nil {
		return fmt.Errorf("set savepoint: %w", err)
	}
	err := fn()
	if err == nil {
		return tx.db.Exec("RELEASE SAVEPOINT alone").Error
	}
	tx.events = tx.events[:recorded]
	if undo := tx.db.Exec("ROLLBACK TO SAVEPOINT alone").Error; undo != nil {
		return errors.Join(err, fmt.Errorf("undo: %w", undo))
	}
	return err
}

// Once does work at most once for an idempotency key of this viewer and returns what it returned the first time. The
// same key with another input is refused. Without a key the work is simply done.
func (tx *Tx) Once(action Action, key string, input any, work func() (result string, err error)) (string, error) {
	if key == "" {
		return work()
	}
	if utf8.RuneCountInString(key) > 200 {
		return "", Refuse(InvalidInput, "idempotencyKey", "An idempotency key has at most 200 characters.")
	}
	said, err := json.Marshal(input)
	if err != nil {
		return "", fmt.Errorf("read input: %w", err)
	}
	mine := idempotencyKey{
		OrganizationID: tx.Viewer.OrganizationID, UserID: tx.Viewer.UserID, Action: action, Key: key,
		InputHash: hashOf(said), Result: []byte{}, CreatedAt: tx.Now,
	}
	// A concurrent first use of the key is waited for here.
	claimed := tx.db.Clauses(clause.OnConflict{DoNothing: true}).Create(&mine)
	if claimed.Error != nil {
		return "", fmt.Errorf("claim idempotency key: %w", claimed.Error)
	}
	if claimed.RowsAffected == 0 {
		return tx.firstResult(mine)
	}
	result, err := work()
	if err != nil {
		return "", err
	}
	if mine.Result, err = tx.cipher.Seal(result, mine.place()); err != nil {
		return "", err
	}
	return result, tx.Update(&mine, "result")
}

func (tx *Tx) firstResult(mine idempotencyKey) (result string, err error) {
	var first idempotencyKey
	if err := tx.take(tx.db, &first, "user_id = ? AND action = ? AND key = ?", mine.UserID, mine.Action, mine.Key); err != nil {
		return "", fmt.Errorf("read idempotency key: %w", err)
	}
	if string(first.InputHash) != string(mine.InputHash) {
		return "", Refuse(IdempotencyConflict, "idempotencyKey", "This idempotency key was used for another input.")
	}
	err = tx.cipher.Open(first.Result, first.place(), &result)
	return result, err
}

type idempotencyKey struct {
	OrganizationID string `gorm:"primaryKey"`
	UserID         string `gorm:"primaryKey"`
	Action         Action `gorm:"primaryKey"`
	Key            string `gorm:"primaryKey"`
	InputHash      []byte
	Result         []byte
	CreatedAt      time.Time
}

func (k idempotencyKey) place() string {
	return "idempotency:" + k.OrganizationID + ":" + k.UserID + ":" + string(k.Action) + ":" + k.Key
}
