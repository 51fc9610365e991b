package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"parley/channels"
	"parley/models"
)

// Times of asking a platform for what its webhooks may have missed.
const (
	PollLease   = 2 * time.Minute
	pollTimeout = 90 * time.Second
	pollEvery   = 2 * time.Minute
)

// Poll asks a channel's platform what happened since the last poll and takes it in like a delivery. The mark moves after
// the commit, so that whatever goes wrong in between is asked for again.
func (b *Inbox) Poll(ctx context.Context, job models.Job) error {
	viewer := models.System(job.OrganizationID)
	channel, account, err := b.openChannel(ctx, viewer, job.ID)
	if err != nil || channel.PollDueAt == nil {
		return err
	}
	adapter, _ := b.adapters.For(channel.Platform)
	poller, ok := adapter.(channels.Poller)
	if !ok || channel.Status == models.Disconnected {
		return b.schedulePoll(ctx, viewer, job.ID, func(c *models.Channel, _ time.Time) { c.PollDueAt = nil })
	}
	asking, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	polled, err := poller.Poll(asking, *account, channel.PollMark, b.store.Now())
	if err != nil {
		return b.pollRefused(ctx, viewer, job.ID, err)
	}
	if len(polled.Unreadable) > 0 {
		b.log.Warn("poll brought what cannot be read", "channel", channel.ID, "unreadable", len(polled.Unreadable))
	}
	accounts, elements := byAccount(polled.Inbound)
	for _, of := range accounts {
		said, err := json.Marshal(elements[of]) // what operators see if nobody's channel is meant
		if err != nil {
			return fmt.Errorf("poll %s: %w", channel.ID, err)
		}
		if err := b.receiveFor(ctx, channel.Platform, of, elements[of], channels.Delivery{Body: said}); err != nil {
			return err
		}
	}
	b.wake(models.DueQuarantined)
	b.wake(models.DuePosts)
	return b.schedulePoll(ctx, viewer, job.ID, func(c *models.Channel, now time.Time) {
		next := now.Add(max(polled.Wait, pollEvery))
		c.PollMark, c.PollDueAt, c.PollFailures = polled.Mark, &next, 0
	})
}

// openChannel reads a channel and what is needed to act for it.
func (b *Inbox) openChannel(ctx context.Context, viewer models.Viewer, id string) (*models.Channel, *channels.Account, error) {
	var channel models.Channel
	var account *channels.Account
	err := b.store.Read(ctx, viewer, models.ReceiveFromPlatform, func(tx *models.Tx) (err error) {
		if err := tx.Find(&channel, id); err != nil {
			return err
		}
		account, err = open(tx, &channel)
		return err
	})
	return &channel, account, err
}

func (b *Inbox) pollRefused(ctx context.Context, viewer models.Viewer, channelID string, err error) error {
	var refusal *channels.SendError
	if !errors.As(err, &refusal) {
		return fmt.Errorf("poll %s: %w", channelID, err)
	}
	if !mayPass(refusal) || refusal.Reason == models.AuthExpired {
		if err := b.tokenRefused(ctx, viewer, channelID, refusal.Reason); err != nil {
			return err
		}
	}
	return b.schedulePoll(ctx, viewer, channelID, func(c *models.Channel, now time.Time) {
		c.PollFailures++
		next := now.Add(max(refusal.RetryAfter, pollEvery, backoff(c.PollFailures)))
		c.PollDueAt = &next
	})
}

func (b *Inbox) schedulePoll(ctx context.Context, viewer models.Viewer, channelID string, change func(*models.Channel, time.Time)) error {
	return b.store.Do(ctx, viewer, models.KeepTheClock, func(tx *models.Tx) error {
		var c models.Channel
		if err := tx.Lock(&c, channelID); err != nil {
			return err
		}
		if change(&c, tx.Now); c.Status == models.Disconnected { // meanwhile
			c.PollDueAt = nil
		}
		return tx.Update(&c, "poll_mark", "poll_due_at", "poll_failures")
	})
}
