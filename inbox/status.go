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

// MarkRead says that someone has seen all that is in a conversation now.
func (b *Inbox) MarkRead(ctx context.Context, viewer models.Viewer, conversationID, key string) (*models.Conversation, error) {
	return b.change(ctx, viewer, models.MarkRead, conversationID, key, conversationID, func(tx *models.Tx, c *models.Conversation) error {
		if c.UnreadCount == 0 {
			return nil
		}
		c.UnreadCount = 0
		recordConversation(tx, models.ConversationRead, c, models.EventData{})
		return tx.SaveConversation(c, "unread_count")
	})
}
