package inboxtest

import (
	"time"

	"github.com/jackc/pgx/v5"

	"parley/models"
)

// Identity is how a conversation's contact is known now.
func (w *World) Identity(c *models.Conversation) *models.ContactIdentity {
	w.T.Helper()
	var i models.ContactIdentity
	w.Look(func(tx *models.Tx) error { return tx.Find(&i, c.IdentityID) })
	return &i
}

// Organization is the world's organization as it is now.
func (w *World) Organization() *models.Organization {
	w.T.Helper()
	var o *models.Organization
	w.Look(func(tx *models.Tx) (err error) {
		o, err = tx.Organization()
		return err
	})
	return o
}

// Attempts are the tries to deliver a message, in order.
func (w *World) Attempts(m *models.Message) (attempts []models.DeliveryAttempt) {
	w.T.Helper()
	w.Look(func(tx *models.Tx) (err error) {
		attempts, err = tx.AttemptsOf([]string{m.ID})
		return err
	})
	return attempts
}

// Reactions are the emojis on a message.
func (w *World) Reactions(m *models.Message) (emojis []string) {
	w.T.Helper()
	w.Look(func(tx *models.Tx) error {
		reactions, err := tx.ReactionsOf([]string{m.ID})
		for _, r := range reactions {
			emojis = append(emojis, r.Emoji)
		}
		return err
	})
	return emojis
}

// Attachments are what is attached to a message.
func (w *World) Attachments(m *models.Message) (attachments []models.Attachment) {
	w.T.Helper()
	w.Look(func(tx *models.Tx) (err error) {
		attachments, err = tx.AttachmentsOf([]string{m.ID})
		return err
	})
	return attachments
}

// Assignments are a conversation's, newest first.
func (w *World) Assignments(c *models.Conversation) (assignments []models.Assignment) {
	w.T.Helper()
	w.Look(func(tx *models.Tx) (err error) {
		assignments, err = tx.AssignmentsOf([]string{c.ID})
		return err
	})
	return assignments
}

// Held counts the elements kept for a reason.
func (w *World) Held(reason models.QuarantineReason) (count int) {
	w.T.Helper()
	w.Look(func(tx *models.Tx) (err error) {
		count, err = tx.QuarantinedCount(reason)
		return err
	})
	return count
}

// Count asks the database itself, outside any wall.
func (w *World) Count(sql string, args ...any) (n int) {
	w.T.Helper()
	c, err := pgx.Connect(w.Context(), w.URL)
	w.Must(err)
	defer c.Close(w.Context())
	w.Must(c.QueryRow(w.Context(), sql, args...).Scan(&n))
	return n
}

// AwaitLock waits until a transaction waits for another one.
func (w *World) AwaitLock() {
	w.T.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if w.Count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0 {
			return
		}
	}
	w.T.Fatal("nobody waits")
}
