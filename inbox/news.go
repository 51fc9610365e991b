package inbox

import (
	"fmt"
	"slices"

	"parley/models"
)

// takeNews applies what a platform says about a message, or keeps it until the message is here.
func (r reception) takeNews(in models.Inbound, externalID string) error {
	if in.Kind == models.InboundReaction {
		// The author before any conversation: the order every writer keeps.
		if _, err := r.tx.TakeIdentity(r.channel.ID, in.Author); err != nil {
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
	_, m, err := r.tx.LockMessage(m.ID)
	if err != nil {
		return err
	}
	switch in.Kind {
	case models.InboundReceipt:
		return r.applyReceipt(m, in)
	case models.InboundEdit:
		return r.applyEdit(m, in)
	case models.InboundDeletion:
		return r.applyDeletion(m, in)
	default:
		return r.applyReaction(m, in)
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
	at := r.at(in)
	m.Text, m.Details, m.DeletedAt = "", models.MessageDetails{}, &at
	if err := r.tx.Update(m, "text", "details", "deleted_at"); err != nil {
		return fmt.Errorf("delete %s: %w", m.ID, err)
	}
	if err := r.tx.DropAttachments(m); err != nil {
		return err
	}
	recordMessage(r.tx, models.MessageChanged, m, models.EventData{Change: "DELETED"})
	return nil
}

func (r reception) applyReaction(m *models.Message, in models.Inbound) error {
	identity, err := r.tx.TakeIdentity(r.channel.ID, in.Author)
	if err != nil {
		return err
	}
	changed, err := r.tx.React(m, identity.ID, in.Emoji, r.at(in))
	if err != nil || !changed {
		return err
	}
	recordMessage(r.tx, models.MessageChanged, m, models.EventData{Change: "REACTION"})
	return nil
}
