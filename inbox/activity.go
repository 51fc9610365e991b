package inbox

import (
	"context"

	"parley/models"
)

// OpenInbox records that someone looked at the inbox: one of the three kinds of activity that keep it alive.
func (b *Inbox) OpenInbox(ctx context.Context, viewer models.Viewer, key string) (*models.Organization, error) {
	return b.changeOrganization(ctx, viewer, models.OpenInbox, key, "", func(tx *models.Tx, o *models.Organization) error {
		o.InboxOpenedAt = tx.Now
		return tx.UpdateOrganization(o, "inbox_opened_at")
	})
}

// ActivateInbox brings a deactivated inbox back at once. What arrived meanwhile is imported by and by, or discarded.
func (b *Inbox) ActivateInbox(ctx context.Context, viewer models.Viewer, discard bool, key string) (*models.Organization, error) {
	o, err := b.changeOrganization(ctx, viewer, models.ActivateInbox, key, discard, func(tx *models.Tx, o *models.Organization) error {
		if o.IsActive() {
			return models.Refuse(models.InboxActive, "", "The inbox is active already.")
		}
		o.InboxStatus, o.DeactivatedAt, o.InboxOpenedAt, o.InactivityWarnedDays = models.InboxIsActive, nil, tx.Now, 0
		look := o.NextInactivityLook(tx.Rules, tx.Now)
		o.InactivityDueAt = &look
		tx.Record(models.Event{Type: models.InboxActivatedEvent})
		if err := tx.SettleInactive(discard); err != nil {
			return err
		}
		return tx.UpdateOrganization(o, "inbox_status", "deactivated_at", "inbox_opened_at", "inactivity_warned_days", "inactivity_due_at")
	})
	if err != nil {
		return nil, err
	}
	b.wake(models.DueQuarantined)
	return o, nil
}

func (b *Inbox) changeOrganization(ctx context.Context, viewer models.Viewer, action models.Action, key string, input any,
	work func(*models.Tx, *models.Organization) error) (*models.Organization, error) {
	var changed *models.Organization
	err := b.store.Do(ctx, viewer, action, func(tx *models.Tx) error {
		_, err := tx.Once(action, key, input, func() (string, error) {
			o, err := tx.LockOrganization()
			if err != nil {
				return "", err
			}
			return o.ID, work(tx, o)
		})
		if err != nil {
			return err
		}
		changed, err = tx.Organization()
		return err
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// CheckActivity warns of an inbox that nobody uses, and deactivates it when its time is over.
func (b *Inbox) CheckActivity(ctx context.Context, job models.Job) error {
	return b.store.Do(ctx, models.System(job.OrganizationID), models.KeepTheClock, func(tx *models.Tx) error {
		o, err := tx.LockOrganization()
		if err != nil {
			return err
		}
		switch warning := o.InactivityWarning(tx.Rules, tx.Now); {
		case !o.IsActive():
			o.InactivityDueAt = nil
		case o.IsInactive(tx.Rules, tx.Now):
			o.InboxStatus, o.DeactivatedAt, o.InactivityDueAt = models.InboxIsDeactivated, &tx.Now, nil
			tx.Record(models.Event{Type: models.InboxDeactivatedEvent})
		default:
			if warning > 0 && (o.InactivityWarnedDays == 0 || warning < o.InactivityWarnedDays) {
				at := o.DeactivatesAt(tx.Rules)
				tx.Record(models.Event{Type: models.InboxInactivityWarning, Data: models.EventData{Days: warning, ExpiresAt: &at}})
			}
			o.InactivityWarnedDays = warning
			look := o.NextInactivityLook(tx.Rules, tx.Now)
			o.InactivityDueAt = &look
		}
		return tx.UpdateOrganization(o, "inbox_status", "deactivated_at", "inactivity_warned_days", "inactivity_due_at")
	})
}

// forgetBatch is how many rows of a kind one transaction forgets, so that it holds the log for a moment only.
const forgetBatch = 5000

// ForgetLog drops events, keys and early news past their retention: a batch, and the next one at once when that was not
// all. It looks again when a thirtieth of the events' retention has passed.
func (b *Inbox) ForgetLog(ctx context.Context, job models.Job) error {
	return b.store.Do(ctx, models.System(job.OrganizationID), models.KeepTheClock, func(tx *models.Tx) error {
		stale, err := tx.ForgetStale(forgetBatch)
		if err != nil {
			return err
		}
		gone, err := tx.ForgetEvents(tx.Now.Add(-tx.Rules.EventRetention), forgetBatch)
		if err != nil {
			return err
		}
		o, err := tx.LockOrganization()
		if err != nil {
			return err
		}
		next := tx.Now.Add(tx.Rules.EventRetention / 30)
		if gone == forgetBatch || stale == forgetBatch {
			next = tx.Now
		}
		o.EventsDueAt = &next
		return tx.UpdateOrganization(o, "events_due_at")
	})
}
