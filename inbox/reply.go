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
	context.ByPerson = tx.Viewer.Kind == models.ActorUser
	if reasons := c.CannotReply(context, tx.Now); len(reasons) > 0 {
		return "", refuseReply(reasons[0])
	}
	if r.Draft.Attachments, err = tx.Uploads(r.Draft.Attachments); err != nil {
		return "", err
	}
	if err := context.Capabilities.Check(r.Draft); err != nil {
		return "", err
	}
	m, err := compose(tx, &c, r.Draft, c.ModeNow(context, tx.Now))
	if err != nil {
		return "", err
	}
	if _, err := tx.AddMessage(m, r.Draft.Attachments); err != nil {
		return "", err
	}
	return m.ID, answered(tx, &c, m, context.Organization)
}

// answered records a queued reply in its conversation, which then waits for the contact.
func answered(tx *models.Tx, c *models.Conversation, m *models.Message, o *models.Organization) error {
	recordMessage(tx, models.MessageAdded, m, models.EventData{})
	setStatus(tx, c, models.Pending, "REPLIED", "")
	c.CountReply()
	c.WaitingSince, c.LastActivityAt = nil, tx.Now
	c.ShowLast(m)
	if err := tx.SaveConversation(c, append([]string{"status", "status_reason", "status_comment", "status_changed_at",
		"waiting_since", "last_activity_at", "window_messages_left"}, models.LastMessageColumns...)...); err != nil {
		return err
	}
	o.HumanRepliedAt = &tx.Now
	return tx.UpdateOrganization(o, "human_replied_at")
}

// compose makes the message of a draft. In public something is always answered: what the draft says, or what the contact
// said last.
func compose(tx *models.Tx, c *models.Conversation, d models.Draft, mode models.ReplyMode) (*models.Message, error) {
	m := tx.NewMessage(c, models.OutboundMessage)
	queued := models.Queued
	m.Text, m.Template, m.Status, m.DueAt, m.ReplyMode = d.Text, d.Template, &queued, &tx.Now, mode
	if tx.Viewer.Kind == models.ActorUser { // else nobody typed it
		m.AuthorUserID = &tx.Viewer.UserID
	}
	if d.ReplyToMessageID == nil && c.Surface.Visibility() == models.Public {
		d.ReplyToMessageID = c.LastInboundID
	}
	if d.ReplyToMessageID == nil {
		return m, nil
	}
	var answered models.Message
	if err := tx.Find(&answered, *d.ReplyToMessageID); err != nil || answered.ConversationID != c.ID {
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
	case models.CannotPlan:
		return models.Refuse(models.PlanRequired, "", "The channel is on hold: its platform needs the Enterprise plan.")
	case models.CannotOptedOut:
		return models.Refuse(models.ContactOptedOut, "", "The contact has blocked this channel.")
	case models.CannotWindow:
		return models.Refuse(models.ReplyWindowClosed, "", "The reply window is closed. Send a template, or wait for the contact to write again.")
	case models.CannotStart:
		return models.Refuse(models.UnsupportedByChannel, "", "On this platform the contact has to write first.")
	case models.CannotMode:
		return models.Refuse(models.UnsupportedByChannel, "", "This channel cannot send this kind of reply.")
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
	if reasons, _, err := cannotSend(tx, c, m, false); err != nil {
		return err
	} else if len(reasons) > 0 {
		return refuseReply(reasons[0])
	}
	c.CountReply()
	if err := tx.SaveConversation(c, "window_messages_left"); err != nil {
		return err
	}
	queued := models.Queued
	m.Status, m.DueAt, m.RetryCount = &queued, &tx.Now, 0
	// The platform will know it by another id; the attempts keep the former one.
	m.ExternalID, m.SentAt = nil, nil
	m.FailedAt, m.FailureReason, m.FailureCode, m.FailureMessage = nil, "", "", ""
	err = tx.Update(m, append([]string{"external_id", "due_at", "retry_count"}, models.DeliveryColumns...)...)
	if models.IsAnsweredPrivately(err) {
		return errAnsweredPrivately
	}
	if err != nil {
		return fmt.Errorf("queue %s again: %w", m.ID, err)
	}
	recordDelivery(tx, m)
	return nil
}
