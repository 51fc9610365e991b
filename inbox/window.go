package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"parley/models"
)

// AnnounceWindows records of conversations of one organization that their reply windows close soon or have closed. The
// window itself needs nobody: its expiry is a fact the moment it is reached. All share one transaction, but for those that
// somebody else is changing and those that the database refuses: these come after, each alone.
func (b *Inbox) AnnounceWindows(ctx context.Context, organizationID string, conversationIDs []string) error {
	left, err := b.announceTogether(ctx, organizationID, conversationIDs)
	var failures []error
	for _, id := range left {
		if ctx.Err() != nil {
			break
		}
		if err := b.announceAlone(ctx, organizationID, id); err != nil {
			failures = append(failures, fmt.Errorf("announce window of %s: %w", id, err))
		}
	}
	return errors.Join(append(failures, err)...)
}

// announceTogether returns the conversations it did nothing about.
func (b *Inbox) announceTogether(ctx context.Context, organizationID string, ids []string) (left []string, err error) {
	refused := false
	err = b.store.Do(ctx, models.System(organizationID), models.KeepTheClock, func(tx *models.Tx) error {
		free, err := tx.LockFree(ids)
		if err != nil {
			return err
		}
		done := make(map[string]bool, len(free))
		for i := range free {
			announceWindow(tx, &free[i])
			done[free[i].ID] = true
		}
		left = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return done[id] })
		err = tx.SaveNotices(free)
		refused = tx.IsContent(err)
		return err
	})
	if refused {
		return ids, nil
	}
	if err != nil {
		return nil, err
	}
	return left, nil
}

func (b *Inbox) announceAlone(ctx context.Context, organizationID, id string) error {
	return b.store.Do(ctx, models.System(organizationID), models.KeepTheClock, func(tx *models.Tx) error {
		var c models.Conversation
		if err := tx.Lock(&c, id); err != nil {
			return err
		}
		announceWindow(tx, &c)
		return tx.SaveConversation(&c, "window_notice", "window_due_at")
	})
}

func announceWindow(tx *models.Tx, c *models.Conversation) {
	notice, due := c.AnnounceWindow(tx.Rules, tx.Now)
	if !due {
		return
	}
	t := models.WindowClosingSoon
	if notice == models.ClosedNotice {
		t = models.WindowClosedEvent
	}
	recordConversation(tx, t, c, models.EventData{ExpiresAt: c.WindowExpiresAt})
}
