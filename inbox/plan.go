package inbox

import (
	"context"
	"fmt"

	"parley/models"
)

// ChangePlan gives an organization another plan. Channels whose platform the plan does not include are put on hold: what
// arrives for them is quarantined, and taken in once a plan includes them again.
func (b *Inbox) ChangePlan(ctx context.Context, organizationID string, plan models.Plan) error {
	err := b.store.Do(ctx, models.System(organizationID), models.ChangePlan, func(tx *models.Tx) error {
		o, err := tx.LockOrganization()
		if err != nil {
			return err
		}
		o.Plan = plan
		if err := tx.UpdateOrganization(o, "plan"); err != nil {
			return err
		}
		all, err := tx.Channels(nil)
		if err != nil {
			return err
		}
		for i := range all {
			if err := suitPlan(tx, o, all[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("change plan of %s: %w", organizationID, err)
	}
	b.wake(models.DueQuarantined)
	return nil
}

// suitPlan puts a channel on hold, or takes it off, as the plan says.
func suitPlan(tx *models.Tx, o *models.Organization, channelID string) error {
	var c models.Channel
	if err := tx.Lock(&c, channelID); err != nil {
		return err
	}
	included := o.Plan.Includes(c.Platform)
	switch {
	case c.Status == models.Disconnected, included == (c.Status != models.OnHold):
		return nil
	case included:
		c.Status = models.Connected
		if err := tx.ReleaseChannel(c.ID); err != nil {
			return err
		}
	default:
		c.Status = models.OnHold
	}
	c.StatusReason, c.Version = "", c.Version+1
	if err := tx.Update(&c, "status", "status_reason", "version"); err != nil {
		return fmt.Errorf("suit %s to the plan: %w", c.ID, err)
	}
	recordChannel(tx, &c)
	return nil
}
