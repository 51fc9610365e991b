package inbox

import (
	"context"
	"fmt"

	"parley/models"
)

// ReplyRequest asks for an answer to a customer.
type ReplyRequest struct {
	ConversationID string
	Draft          models.Draft
	Key            string `json:"-"` // idempotency
}

// Reply queues an answer on the conversation's channel, unless the platform would refuse it. The conversation then waits
// for the contact. Sending happens by itself: see Deliver.
func (b *Inbox) Reply(ctx context.Context, viewer models.Viewer, r ReplyRequest) (*models.Message, error) {
	message, err := once[models.Message](ctx, b, viewer, models.Reply, r.Key, r, func(tx *models.Tx) (string, error) {
		return queue(tx, r)
	})
	if err != nil {
		return nil, err
	}
	b.wake(models.DueMessages)
	return message, nil
}

func queue(tx *models.Tx, r ReplyRequest) (messageID string, err error) {
	var c models.Conversation
	if err := tx.Lock(&c, r.ConversationID); err != nil {
		return "", err
	}
	context, err := tx.ReplyContext(&c, r.Draft.Mode())
	if err != nil {
		return "", err
	}
	if reasons := c.CannotReply(context, tx.Now); len(reasons) > 0 {
		return "", refuseReply(reasons[0])
	}
	if err := context.Capabilities.Check(r.Draft); err != nil {
		return "", err
	}
	m, err := compose(tx, &c, r.Draft)
	if err != nil {
		return "", err
	}
	if _, err := tx.AddMessage(m, r.Draft.Attachments); err != nil {
		return "", err
	}
	recordMessage(tx, models.MessageAdded, m, models.EventData{})
	setStatus(tx, &c, models.Pending, "REPLIED", "")
	c.WaitingSince, c.LastMessageID, c.LastActivityAt = nil, &m.ID, tx.Now
	if err := tx.SaveConversation(&c, "status", "status_reason", "status_comment", "status_changed_at",
		"waiting_since", "last_message_id", "last_activity_at"); err != nil {
		return "", err
	}
	context.Organization.HumanRepliedAt = &tx.Now
	return m.ID, tx.UpdateOrganization(context.Organization, "human_replied_at")
}

func compose(tx *models.Tx, c *models.Conversation, d models.Draft) (*models.Message, error) {
	m := tx.NewMessage(c, models.OutboundMessage)
	queued := models.Queued
	m.AuthorUserID, m.Text, m.Template, m.Status, m.DueAt = &tx.Viewer.UserID, d.Text, d.Template, &queued, &tx.Now
	if d.ReplyToMessageID == "" {
		return m, nil
	}
	var answered models.Message
	if err := tx.Find(&answered, d.ReplyToMessageID); err != nil || answered.ConversationID != c.ID {
		return nil, models.Refuse(models.NotFound, "replyToMessageId", "There is no such message in this conversation.")
	}
	if answered.ExternalID == nil {
		return nil, models.Refuse(models.InvalidInput, "replyToMessageId", "This message never reached the platform, so nothing can answer it.")
	}
	m.ReplyToExternalID = *answered.ExternalID
	return m, nil
}

// refuseReply puts a reason into words.
func refuseReply(reason models.CannotReplyReason) error {
	switch reason {
	case models.CannotInactive:
		return models.Refuse(models.InboxDeactivated, "", "The inbox is deactivated. Activate it to reply.")
	case models.CannotDisconnected:
		return models.Refuse(models.ChannelNotConnected, "", "The channel is not connected to its platform. Reconnect it to reply.")
	case models.CannotOptedOut:
		return models.Refuse(models.ContactOptedOut, "", "The contact has blocked this channel.")
	case models.CannotWindow:
		return models.Refuse(models.ReplyWindowClosed, "", "The reply window is closed. Send a template, or wait for the contact to write again.")
	case models.CannotStart:
		return models.Refuse(models.UnsupportedByChannel, "", "On this platform the contact has to write first.")
	case models.CannotMode:
		return models.Refuse(models.UnsupportedByChannel, "template", "This channel does not send templates.")
	default:
		panic(fmt.Sprintf("no words for %s", reason))
	}
}

// Retry sends a failed message again, as a new round of attempts.
func (b *Inbox) Retry(ctx context.Context, viewer models.Viewer, messageID, key string) (*models.Message, error) {
	message, err := once[models.Message](ctx, b, viewer, models.RetryMessage, key, messageID, func(tx *models.Tx) (string, error) {
		return messageID, requeue(tx, messageID)
	})
	if err != nil {
		return nil, err
	}
	b.wake(models.DueMessages)
	return message, nil
}

func requeue(tx *models.Tx, messageID string) error {
	c, m, err := tx.LockMessage(messageID)
	if err != nil {
		return err
	}
	if m.Status == nil || *m.Status != models.Failed {
		return models.Refuse(models.NotRetryable, "messageId", "Only a failed message can be sent again.")
	}
	context, err := tx.ReplyContext(c, m.Mode())
	if err != nil {
		return err
	}
	if reasons := c.CannotReply(context, tx.Now); len(reasons) > 0 {
		return refuseReply(reasons[0])
	}
	queued := models.Queued
	m.Status, m.DueAt, m.RetryCount = &queued, &tx.Now, 0
	// The platform will know it by another id; the attempts keep the former one.
	m.ExternalID, m.SentAt = nil, nil
	m.FailedAt, m.FailureReason, m.FailureCode, m.FailureMessage = nil, "", "", ""
	if err := tx.Update(m, append([]string{"external_id", "due_at", "retry_count"}, models.DeliveryColumns...)...); err != nil {
		return fmt.Errorf("queue %s again: %w", m.ID, err)
	}
	recordDelivery(tx, m)
	return nil
}
