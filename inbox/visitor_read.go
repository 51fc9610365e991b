package inbox

import (
	"context"

	"parley/models"
)

// History reads a page of what a visitor and we have said, newest first. What is on it counts as delivered.
func (m *Messenger) History(ctx context.Context, w models.Widget, v models.Visitor, before *string, limit int) (*models.VisitorPage, error) {
	shown := &models.VisitorPage{Messages: []models.VisitorMessage{}}
	var fresh []*models.Message
	err := m.store.ReadAsVisitor(ctx, v, models.ReadAsVisitor, func(tx *models.Tx, visitor *models.Visitor) error {
		conversations, err := tx.VisitorConversations(visitor)
		if err != nil {
			return err
		}
		page, err := tx.ListVisitorMessages(conversations, before, limit)
		if err != nil {
			return err
		}
		seq, err := models.ParseEventCursor(page.EventCursor)
		if err != nil {
			return err
		}
		if shown.Cursor, err = m.store.VisitorCursor(*visitor, seq); err != nil {
			return err
		}
		if page.PageInfo.HasNextPage {
			shown.Before = *page.PageInfo.EndCursor
		}
		fresh = newestUndelivered(page.Nodes())
		shown.Messages, err = tx.ShowToVisitor(page.Nodes())
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, message := range fresh {
		m.delivered(ctx, w, v, message)
	}
	return shown, nil
}

// newestUndelivered picks of each conversation the newest message of ours that is not known to have arrived: its receipt
// holds for those before.
func newestUndelivered(newestFirst []*models.Message) (fresh []*models.Message) {
	seen := make(map[string]bool)
	for _, m := range newestFirst {
		if m.Status != nil && *m.Status == models.Sent && !seen[m.ConversationID] {
			seen[m.ConversationID] = true
			fresh = append(fresh, m)
		}
	}
	return fresh
}

// delivered records that a message of ours reached the visitor. If that cannot be recorded now, the next look at it will.
func (m *Messenger) delivered(ctx context.Context, w models.Widget, v models.Visitor, message *models.Message) {
	if err := m.receive(ctx, receiptOf(w, v, message, models.Delivered)); err != nil && ctx.Err() == nil {
		m.log.Warn("record delivery to a visitor", "message", message.ID, "error", err)
	}
}

func receiptOf(w models.Widget, v models.Visitor, message *models.Message, status models.DeliveryStatus) models.Inbound {
	who := v.Author()
	in := models.Inbound{
		Kind: models.InboundReceipt, AccountID: w.Key, ExternalID: message.ID, ThreadKey: who.ID, Surface: models.PrivateMessage,
		Direction: models.OutboundMessage, Author: who, Status: status, AndEarlier: true,
	}
	if message.ExternalID != nil {
		in.ExternalID = *message.ExternalID
	}
	return in
}

// Read says that the visitor has read what we said up to a message.
func (m *Messenger) Read(ctx context.Context, w models.Widget, v models.Visitor, messageID string) error {
	if models.PrefixOf(messageID) != models.MessagePrefix {
		return errNoSuchMessage
	}
	var message models.Message
	err := m.store.ReadAsVisitor(ctx, v, models.ReadAsVisitor, func(tx *models.Tx, visitor *models.Visitor) error {
		if err := tx.Find(&message, messageID); err != nil {
			return err
		}
		conversations, err := tx.VisitorConversations(visitor)
		if err != nil {
			return err
		}
		for _, id := range conversations {
			if id == message.ConversationID && !message.IsInbound() && message.HasReached() {
				return nil
			}
		}
		return errNoSuchMessage
	})
	if models.CodeOf(err) == models.NotFound {
		return errNoSuchMessage
	}
	if err != nil {
		return err
	}
	return m.receive(ctx, receiptOf(w, v, &message, models.Read))
}

var errNoSuchMessage = models.Refuse(models.NotFound, "upTo", "There is no such message of ours here.")

// Types says that the visitor is writing at this moment, to the members who look at the conversation.
func (m *Messenger) Types(ctx context.Context, v models.Visitor) error {
	var conversationID string
	err := m.store.ReadAsVisitor(ctx, v, models.WriteAsVisitor, func(tx *models.Tx, visitor *models.Visitor) (err error) {
		conversationID, err = tx.OpenVisitorConversation(visitor)
		return err
	})
	if err != nil || conversationID == "" {
		return err
	}
	m.whispers.Tell(Whisper{To: ToMembers(v.OrganizationID), ConversationID: conversationID, Lasts: TypingLasts})
	return nil
}
