package inbox

import (
	"fmt"
	"slices"
	"time"

	"parley/models"
)

// takeNews applies what a platform says about a message, or keeps it until the message is here.
func (r reception) takeNews(in models.Inbound, externalID string) error {
	if in.Kind == models.InboundReaction && in.Direction != models.OutboundMessage {
		// The author before any conversation: the order every writer keeps.
		if _, err := r.tx.TakeIdentity(r.channel.ID, authorOf(in)); err != nil {
			return err
		}
	}
	m, err := r.tx.MessageByExternalID(r.channel.ID, externalID, in.Reference)
	if err != nil {
		return err
	}
	if m == nil {
		return r.tx.KeepForLater(r.channel.ID, externalID, in)
	}
	return r.applyNews(m, in)
}

// applyEarlyNews applies what came before the message with this external id.
func (r reception) applyEarlyNews(externalID string) error {
	news, err := r.tx.TakeEarlyNews(r.channel.ID, externalID)
	if err != nil || len(news) == 0 {
		return err
	}
	m, err := r.tx.MessageByExternalID(r.channel.ID, externalID, "")
	if err != nil || m == nil {
		return err
	}
	for _, in := range news {
		if err := r.applyNews(m, in); err != nil {
			return err
		}
	}
	return nil
}

func (r reception) applyNews(m *models.Message, in models.Inbound) error {
	c, m, err := r.tx.LockMessage(m.ID)
	if err != nil {
		return err
	}
	switch in.Kind {
	case models.InboundReceipt:
		if err := r.applyReceipt(m, in); err != nil || !in.AndEarlier {
			return err
		}
		return r.applyToEarlier(m, in)
	case models.InboundHidden, models.InboundShown:
		return r.applyHiding(m, in)
	case models.InboundEdit:
		return r.applyEdit(m, in)
	case models.InboundDeletion:
		return r.applyDeletion(m, in)
	default:
		return r.applyReaction(c, m, in)
	}
}

// applyReceipt moves the delivery forward; receipts come in any order and more than once.
func (r reception) applyReceipt(m *models.Message, in models.Inbound) error {
	if m.IsInbound() {
		return nil
	}
	if past, err := r.isPast(m, in); err != nil || past {
		return err
	}
	columns := models.DeliveryColumns
	learned := m.ExternalID == nil
	if learned {
		if err := r.tx.Meet(m.ChannelID, in.ExternalID); err != nil {
			return err
		}
		m.ExternalID = &in.ExternalID
		columns = append([]string{"external_id"}, columns...)
	}
	advanced := m.Advance(in.Status, in.Failure, r.at(in))
	if !advanced && !learned {
		return nil
	}
	if err := r.tx.Update(m, columns...); err != nil {
		return fmt.Errorf("record receipt of %s: %w", m.ID, err)
	}
	if advanced {
		recordDelivery(r.tx, m)
	}
	if !learned {
		return nil
	}
	return r.applyEarlyNews(in.ExternalID)
}

// takeWatermark applies a receipt that holds for all we said to a contact until an instant.
func (r reception) takeWatermark(in models.Inbound) error {
	identity, err := r.tx.TakeIdentity(r.channel.ID, in.Author)
	if err != nil {
		return err
	}
	c, err := r.tx.LockThread(identity, models.PrivateMessage, in.ThreadKey)
	if err != nil || c == nil {
		return err
	}
	said, err := r.tx.SaidUntil(c, in.UpTo)
	if err != nil {
		return err
	}
	return r.advance(said, in)
}

func (r reception) applyToEarlier(m *models.Message, in models.Inbound) error {
	if m.IsInbound() {
		return nil
	}
	said, err := r.tx.SaidBefore(m)
	if err != nil {
		return err
	}
	return r.advance(said, in)
}

// advance moves messages of a locked conversation forward, the oldest first.
func (r reception) advance(said []models.Message, in models.Inbound) error {
	for i := len(said) - 1; i >= 0; i-- {
		m := &said[i]
		if !m.Advance(in.Status, in.Failure, r.at(in)) {
			continue
		}
		if err := r.tx.Update(m, models.DeliveryColumns...); err != nil {
			return fmt.Errorf("record receipt of %s: %w", m.ID, err)
		}
		recordDelivery(r.tx, m)
	}
	return nil
}

func (r reception) applyHiding(m *models.Message, in models.Inbound) error {
	at := r.at(in)
	change := "HIDDEN"
	hiddenAt := &at
	if in.Kind == models.InboundShown {
		hiddenAt, change = nil, "SHOWN"
	}
	if (m.HiddenAt == nil) == (hiddenAt == nil) {
		return nil
	}
	m.HiddenAt = hiddenAt
	if err := r.tx.Update(m, "hidden_at"); err != nil {
		return fmt.Errorf("hide %s: %w", m.ID, err)
	}
	recordMessage(r.tx, models.MessageChanged, m, models.EventData{Change: change})
	return nil
}

// isPast reports whether a receipt tells of the failure of a former round: it must not end the present one.
func (r reception) isPast(m *models.Message, in models.Inbound) (bool, error) {
	if in.Status != models.Failed || m.ExternalID != nil {
		return false, nil
	}
	if *m.Status == models.Queued {
		return true, nil
	}
	attempts, err := r.tx.AttemptsOf([]string{m.ID})
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(attempts, func(a models.DeliveryAttempt) bool { return a.ExternalID == in.ExternalID }), nil
}

func (r reception) applyEdit(m *models.Message, in models.Inbound) error {
	at := r.at(in)
	if m.DeletedAt != nil || (m.EditedAt != nil && !at.After(*m.EditedAt)) {
		return nil
	}
	m.Text, m.EditedAt = in.Text, &at
	if err := r.tx.Update(m, "text", "edited_at"); err != nil {
		return fmt.Errorf("edit %s: %w", m.ID, err)
	}
	recordMessage(r.tx, models.MessageChanged, m, models.EventData{Change: "EDITED"})
	return nil
}

// applyDeletion takes back what the contact took back: the words go, the fact that something was said stays.
func (r reception) applyDeletion(m *models.Message, in models.Inbound) error {
	if m.DeletedAt != nil {
		return nil
	}
	return erase(r.tx, m, r.at(in))
}

// erase takes the words of a message away.
func erase(tx *models.Tx, m *models.Message, at time.Time) error {
	m.Text, m.Details, m.DeletedAt = "", models.MessageDetails{}, &at
	if err := tx.Update(m, "text", "details", "deleted_at"); err != nil {
		return fmt.Errorf("delete %s: %w", m.ID, err)
	}
	if err := tx.DropAttachments(m); err != nil {
		return err
	}
	recordMessage(tx, models.MessageChanged, m, models.EventData{Change: "DELETED"})
	return nil
}

func (r reception) applyReaction(c *models.Conversation, m *models.Message, in models.Inbound) error {
	if in.Direction == models.OutboundMessage {
		return r.applyOwnReaction(m, in)
	}
	identity, err := r.tx.TakeIdentity(r.channel.ID, authorOf(in))
	if err != nil {
		return err
	}
	changed, err := r.tx.React(m, identity.ID, in.Emoji, r.at(in))
	if err != nil || !changed {
		return err
	}
	recordMessage(r.tx, models.MessageChanged, m, models.EventData{Change: "REACTION"})
	if in.Emoji == "" || !r.openWindow(c, in) {
		return nil
	}
	return r.tx.SaveConversation(c, models.WindowColumns...)
}

// applyOwnReaction shows an emoji of ours, whatever app of the account put it there.
func (r reception) applyOwnReaction(m *models.Message, in models.Inbound) error {
	if m.OwnReaction == in.Emoji {
		return nil
	}
	m.OwnReaction = in.Emoji
	if err := r.tx.Update(m, "own_reaction"); err != nil {
		return fmt.Errorf("react to %s: %w", m.ID, err)
	}
	recordMessage(r.tx, models.MessageChanged, m, models.EventData{Change: "REACTION"})
	return nil
}
