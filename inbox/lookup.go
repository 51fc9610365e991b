package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/channels"
	"parley/models"
)

// Times of asking a platform about a post.
const (
	LookupLease    = time.Minute
	lookupAttempts = 12
)

// LookUp asks the platform for what it left out of a post: its words, where it can be seen, whether it is an ad.
func (b *Inbox) LookUp(ctx context.Context, job models.Job) error {
	viewer := models.System(job.OrganizationID)
	var post models.Post
	err := b.store.Read(ctx, viewer, models.ReceiveFromPlatform, func(tx *models.Tx) error { return tx.Find(&post, job.ID) })
	if err != nil || post.DueAt == nil {
		return err
	}
	channel, account, err := b.openChannel(ctx, viewer, post.ChannelID)
	if err != nil {
		return err
	}
	adapter, _ := b.adapters.For(channel.Platform)
	reader, ok := adapter.(channels.PostReader)
	if !ok || channel.Status == models.Disconnected {
		return b.learnPost(ctx, viewer, job.ID, models.PostFacts{}, nil)
	}
	asking, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	facts, err := reader.ReadPost(asking, *account, post.ExternalID)
	var refusal *channels.SendError
	if err != nil && !errors.As(err, &refusal) {
		return fmt.Errorf("look up %s: %w", post.ID, err)
	}
	if refusal != nil && refusal.Reason == models.AuthExpired {
		if err := b.tokenRefused(ctx, viewer, channel.ID, refusal.Reason); err != nil {
			return err
		}
	}
	return b.learnPost(ctx, viewer, job.ID, facts, refusal)
}

func (b *Inbox) learnPost(ctx context.Context, viewer models.Viewer, id string, facts models.PostFacts, refusal *channels.SendError) error {
	return b.store.Do(ctx, viewer, models.ReceiveFromPlatform, func(tx *models.Tx) error {
		var post models.Post
		if err := tx.Lock(&post, id); err != nil {
			return err
		}
		post.DueAt, post.AttemptCount = nil, post.AttemptCount+1
		if refusal != nil && mayPass(refusal) && post.AttemptCount < lookupAttempts {
			at := tx.Now.Add(max(refusal.RetryAfter, backoff(post.AttemptCount)))
			post.DueAt = &at
		}
		learned := post.Learn(facts)
		if err := tx.Update(&post, append([]string{"due_at", "attempt_count"}, models.PostColumns...)...); err != nil {
			return err
		}
		if !learned {
			return nil
		}
		return tellOfPost(tx, &post)
	})
}

// tellOfPost records that the conversations about a post are about something known now.
func tellOfPost(tx *models.Tx, post *models.Post) error {
	if post.Promotion == models.Dark {
		if _, err := tx.MoveToAd(post.ID); err != nil {
			return err
		}
	}
	about, err := tx.OpenConversationsAbout(post.ID)
	if err != nil {
		return err
	}
	for i := range about {
		recordConversation(tx, models.ConversationPostChanged, &about[i], models.EventData{})
	}
	return nil
}
