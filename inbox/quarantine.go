package inbox

import (
	"context"

	"parley/models"
)

// Replay has what is quarantined taken in once more: after the parser has learnt to read it, or the channel is back. What
// still cannot be taken in stays. Import does the work.
func (b *Inbox) Replay(ctx context.Context, viewer models.Viewer, id, key string) (*models.Quarantined, error) {
	q, err := b.settle(ctx, viewer, id, key, "replay", func(tx *models.Tx, q *models.Quarantined) error {
		o, err := tx.Organization()
		if err != nil {
			return err
		}
		if !o.IsActive() {
			return models.Refuse(models.InboxDeactivated, "", "The inbox is deactivated. Activate it to replay what was kept.")
		}
		q.DueAt, q.AttemptCount = &tx.Now, 0
		return tx.Update(q, "due_at", "attempt_count")
	})
	if err != nil {
		return nil, err
	}
	b.wake(models.DueQuarantined)
	return q, nil
}

// Discard drops something quarantined for good; that there was something stays known.
func (b *Inbox) Discard(ctx context.Context, viewer models.Viewer, id, key string) (*models.Quarantined, error) {
	return b.settle(ctx, viewer, id, key, "discard", func(tx *models.Tx, q *models.Quarantined) error {
		q.DueAt, q.Settlement, q.SettledAt, q.Elements, q.Body = nil, models.Discarded, &tx.Now, nil, nil
		return tx.Update(q, "due_at", "settlement", "settled_at", "elements", "body")
	})
}

func (b *Inbox) settle(ctx context.Context, viewer models.Viewer, id, key, how string,
	work func(*models.Tx, *models.Quarantined) error) (*models.Quarantined, error) {
	return once[models.Quarantined](ctx, b, viewer, models.ManageQuarantine, key, []string{how, id}, func(tx *models.Tx) (string, error) {
		var q models.Quarantined
		if err := tx.Lock(&q, id); err != nil {
			return "", err
		}
		if q.Settlement != models.Unsettled {
			return "", models.Refuse(models.Settled, "id", "This was imported or discarded already.")
		}
		return q.ID, work(tx, &q)
	})
}
