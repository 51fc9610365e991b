package inbox

import (
	"context"

	"parley/models"
)

// AnnounceWindow records that a conversation's reply window closes soon or has closed. The window itself needs nobody:
// its expiry is a fact the moment it is reached.
func (b *Inbox) AnnounceWindow(ctx context.Context, job models.Job) error {
	return b.store.Do(ctx, models.System(job.OrganizationID), models.KeepTheClock, func(tx *models.Tx) error {
		var c models.Conversation
		if err := tx.Lock(&c, job.ID); err != nil {
			return err
		}
		notice, due := c.AnnounceWindow(tx.Rules, tx.Now)
		if due {
			t := models.WindowClosingSoon
			if notice == models.ClosedNotice {
				t = models.WindowClosedEvent
			}
			recordConversation(tx, t, &c, models.EventData{ExpiresAt: c.WindowExpiresAt})
		}
		return tx.SaveConversation(&c, "window_notice", "window_due_at")
	})
}
