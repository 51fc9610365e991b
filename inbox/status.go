package inbox

import (
	"context"

	"parley/models"
)

// StatusRequest says whose turn it is in a conversation, and why.
type StatusRequest struct {
	ConversationID string
	Status         models.ConversationStatus
	Reason         string
	Comment        string
	Key            string `json:"-"`
}

// ChangeStatus gives a conversation another status. The same status again changes nothing.
func (b *Inbox) ChangeStatus(ctx context.Context, viewer models.Viewer, r StatusRequest) (*models.Conversation, error) {
	if len(r.Reason) > 100 || len(r.Comment) > 2000 {
		return nil, models.Refuse(models.InvalidInput, "reason", "A reason has at most 100 bytes, a comment 2,000.")
	}
	return b.change(ctx, viewer, models.ChangeStatus, r.ConversationID, r.Key, r, func(tx *models.Tx, c *models.Conversation) error {
		if !setStatus(tx, c, r.Status, r.Reason, r.Comment) {
			return nil
		}
		if c.WaitingSince = nil; c.Status == models.New {
			c.WaitingSince = &tx.Now
		}
		return tx.SaveConversation(c, "status", "status_reason", "status_comment", "status_changed_at", "waiting_since")
	})
}

// MarkRead says that someone has seen all that is in a conversation now. The contact is told where the platform can.
func (b *Inbox) MarkRead(ctx context.Context, viewer models.Viewer, conversationID, key string) (*models.Conversation, error) {
	defer b.wake(models.DueActions)
	return b.change(ctx, viewer, models.MarkRead, conversationID, key, conversationID, func(tx *models.Tx, c *models.Conversation) error {
		if c.UnreadCount == 0 {
			return nil
		}
		c.UnreadCount = 0
		recordConversation(tx, models.ConversationRead, c, models.EventData{})
		if err := tx.SaveConversation(c, "unread_count"); err != nil {
			return err
		}
		return tellRead(tx, c)
	})
}

// tellRead has the contact told that their newest message was read.
func tellRead(tx *models.Tx, c *models.Conversation) error {
	caps, _ := models.CapabilitiesOf(c.Platform, c.Surface)
	if !caps.Can(models.MarkMessageRead, false) || c.LastInboundID == nil {
		return nil
	}
	var channel models.Channel
	if err := tx.Find(&channel, c.ChannelID); err != nil || !channel.IsConnected() {
		return err
	}
	var newest models.Message
	if err := tx.Find(&newest, *c.LastInboundID); err != nil || newest.ExternalID == nil {
		return err
	}
	return tx.Create(tx.NewAction(&newest, models.MarkMessageRead))
}
