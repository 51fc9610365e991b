package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/channels"
	"parley/models"
)

// RenewLease is how long a channel whose token is being renewed is nobody else's.
const RenewLease = time.Minute

// canRefresh reports whether there is something to renew an access token with.
func canRefresh(c models.Credentials) bool {
	return c.RefreshToken != "" || c.AppSecret != "" || c.ExpiresAt != nil
}

// renewalOf is when to renew a token: when most of its time is over.
func renewalOf(adapter channels.Adapter, c models.Credentials, now time.Time) *time.Time {
	if _, ok := adapter.(channels.Refresher); !ok || !canRefresh(c) {
		return nil
	}
	due := now
	if c.ExpiresAt != nil && c.ExpiresAt.After(now) {
		due = now.Add(c.ExpiresAt.Sub(now) * 4 / 5)
	}
	return &due
}

// Renew gets a channel a new access token before the old one ends. A platform that refuses for good makes the channel need
// attention; so does nobody else.
func (b *Inbox) Renew(ctx context.Context, job models.Job) error {
	viewer := models.System(job.OrganizationID)
	channel, account, err := b.openChannel(ctx, viewer, job.ID)
	if err != nil || channel.TokenDueAt == nil {
		return err
	}
	adapter, _ := b.adapters.For(channel.Platform)
	refresher, ok := adapter.(channels.Refresher)
	if !ok || channel.Status == models.Disconnected || !canRefresh(account.Credentials) {
		return b.scheduleRenewal(ctx, viewer, job.ID, func(c *models.Channel, _ time.Time) { c.TokenDueAt = nil })
	}
	asking, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	renewed, err := refresher.Refresh(asking, *account, b.store.Now())
	var refusal *channels.SendError
	switch {
	case err == nil: // the platform may have ended the old one: it is recorded even while we are being stopped
		return b.keepToken(context.WithoutCancel(ctx), viewer, channel.ID, adapter, account.Credentials, renewed)
	case errors.As(err, &refusal) && !refusal.Reason.IsPassing() && !refusal.Ambiguous:
		return b.giveUpToken(ctx, viewer, channel.ID, account.Credentials)
	case refusal != nil:
		return b.scheduleRenewal(ctx, viewer, job.ID, func(c *models.Channel, now time.Time) {
			c.TokenFailures++
			next := now.Add(max(refusal.RetryAfter, backoff(c.TokenFailures)))
			c.TokenDueAt = &next
		})
	default:
		return fmt.Errorf("renew token of %s: %w", channel.ID, err)
	}
}

// giveUpToken makes a channel need attention whose token nobody renews, unless it has other credentials by now.
func (b *Inbox) giveUpToken(ctx context.Context, viewer models.Viewer, channelID string, used models.Credentials) error {
	return b.store.Do(ctx, viewer, models.DeliverMessages, func(tx *models.Tx) error {
		c, present, err := lockToken(tx, channelID, used)
		if err != nil || !present {
			return err
		}
		c.TokenDueAt = nil
		if err := tx.Update(c, "token_due_at"); err != nil {
			return err
		}
		return doubtChannel(tx, channelID, models.AuthExpired)
	})
}

// lockToken locks a channel and reports whether it still has the token that was used.
func lockToken(tx *models.Tx, channelID string, used models.Credentials) (c *models.Channel, present bool, err error) {
	c = &models.Channel{}
	if err := tx.Lock(c, channelID); err != nil {
		return nil, false, err
	}
	now, err := tx.OpenCredentials(c)
	if err != nil {
		return nil, false, err
	}
	same := now.AccessToken == used.AccessToken && now.RefreshToken == used.RefreshToken
	return c, same && c.Status != models.Disconnected, nil
}

// keepToken records a renewed token, unless somebody gave the channel other credentials meanwhile.
func (b *Inbox) keepToken(ctx context.Context, viewer models.Viewer, channelID string, adapter channels.Adapter, used, renewed models.Credentials) error {
	return b.store.Do(ctx, viewer, models.KeepTheClock, func(tx *models.Tx) error {
		c, present, err := lockToken(tx, channelID, used)
		if err != nil || !present {
			return err
		}
		if err := tx.SealCredentials(c, renewed); err != nil {
			return err
		}
		c.TokenDueAt, c.TokenFailures = renewalOf(adapter, renewed, tx.Now), 0
		columns := []string{"credentials", "token_due_at", "token_failures"}
		if c.Status == models.NeedsAttention && c.StatusReason == models.AuthExpired {
			c.Status, c.StatusReason, c.Version = models.Connected, "", c.Version+1
			recordChannel(tx, c)
			columns = append(columns, "status", "status_reason", "version")
		}
		return tx.Update(c, columns...)
	})
}

func (b *Inbox) scheduleRenewal(ctx context.Context, viewer models.Viewer, channelID string, change func(*models.Channel, time.Time)) error {
	return b.store.Do(ctx, viewer, models.KeepTheClock, func(tx *models.Tx) error {
		var c models.Channel
		if err := tx.Lock(&c, channelID); err != nil {
			return err
		}
		change(&c, tx.Now)
		return tx.Update(&c, "token_due_at", "token_failures")
	})
}

// tokenRefused renews a channel's token if that can help, or else marks the channel.
func (b *Inbox) tokenRefused(ctx context.Context, viewer models.Viewer, channelID string, why models.FailureReason) error {
	channel, account, err := b.openChannel(ctx, viewer, channelID)
	if err != nil {
		return err
	}
	if channel.Status == models.NeedsAttention { // known already
		return nil
	}
	adapter, _ := b.adapters.For(channel.Platform)
	if _, ok := adapter.(channels.Refresher); !ok || why != models.AuthExpired || !canRefresh(account.Credentials) {
		return b.doubt(ctx, viewer, channelID, why)
	}
	err = b.store.Do(ctx, viewer, models.KeepTheClock, func(tx *models.Tx) error { return renewSoon(tx, channelID, account.Credentials) })
	b.wake(models.DueTokens)
	return err
}

// renewSoon makes a channel's token due to be renewed now, if it is still the one the platform refused.
func renewSoon(tx *models.Tx, channelID string, used models.Credentials) error {
	c, present, err := lockToken(tx, channelID, used)
	if err != nil || !present {
		return err
	}
	c.TokenDueAt = &tx.Now
	return tx.Update(c, "token_due_at")
}

func (b *Inbox) doubt(ctx context.Context, viewer models.Viewer, channelID string, why models.FailureReason) error {
	return b.store.Do(ctx, viewer, models.DeliverMessages, func(tx *models.Tx) error { return doubtChannel(tx, channelID, why) })
}
