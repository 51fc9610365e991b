package inbox

import (
	"context"

	"parley/channels"
	"parley/models"
)

// ShowTyping tells the contact of a conversation, for some seconds, that someone is writing. It is of the moment: nothing
// is recorded, nothing is tried again, and where the platform cannot show it nothing happens.
func (b *Inbox) ShowTyping(ctx context.Context, viewer models.Viewer, conversationID string) (*models.Conversation, error) {
	var c models.Conversation
	var account *channels.Account
	var action channels.Action
	err := b.store.Read(ctx, viewer, models.Reply, func(tx *models.Tx) error {
		if err := tx.Find(&c, conversationID); err != nil {
			return err
		}
		r, err := tx.ReplyContext(&c, models.FreeForm)
		if err != nil || !r.Capabilities.Can(models.ShowTyping, false) || len(c.CannotReply(r, tx.Now)) > 0 || c.LastInboundID == nil {
			return err
		}
		var newest models.Message
		if err := tx.Find(&newest, *c.LastInboundID); err != nil || newest.ExternalID == nil {
			return err
		}
		action = channels.Action{
			Kind: models.ShowTyping, Surface: c.Surface, ThreadKey: c.ThreadKey, RecipientID: r.Identity.ExternalID,
			TargetExternalID: *newest.ExternalID,
		}
		account, err = open(tx, r.Channel)
		return err
	})
	if err != nil {
		return nil, err
	}
	if account == nil {
		return &c, nil
	}
	registered, _ := b.adapters.For(c.Platform)
	if actor, ok := registered.(channels.Actor); ok {
		b.showTyping(ctx, actor, *account, action, c.ChannelID)
	}
	return &c, nil
}

func (b *Inbox) showTyping(ctx context.Context, actor channels.Actor, account channels.Account, action channels.Action, channelID string) {
	ctx, cancel := context.WithTimeout(ctx, typingTimeout)
	defer cancel()
	if err := actor.Act(ctx, account, action); err != nil {
		b.log.Warn("show typing", "channel", channelID, "error", err)
	}
}
