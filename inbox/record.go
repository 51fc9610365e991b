package inbox

import "parley/models"

func recordMessage(tx *models.Tx, t models.EventType, m *models.Message, data models.EventData) {
	tx.Record(models.Event{Type: t, ConversationID: m.ConversationID, ChannelID: m.ChannelID, MessageID: m.ID, Data: data})
}

func recordDelivery(tx *models.Tx, m *models.Message) {
	status := *m.Status
	recordMessage(tx, models.MessageDeliveryChanged, m, models.EventData{Status: &status, FailureReason: m.FailureReason})
}

func recordConversation(tx *models.Tx, t models.EventType, c *models.Conversation, data models.EventData) {
	tx.Record(models.Event{Type: t, ConversationID: c.ID, ChannelID: c.ChannelID, Data: data})
}

// setStatus gives a locked conversation a status, and records it if that is a change. Its columns are for the caller to save.
func setStatus(tx *models.Tx, c *models.Conversation, to models.ConversationStatus, reason, comment string) (changed bool) {
	if c.Status == to {
		return false
	}
	recordConversation(tx, models.ConversationStatusChange, c, models.EventData{From: string(c.Status), To: string(to), Reason: reason})
	c.Status, c.StatusReason, c.StatusComment, c.StatusChangedAt = to, reason, comment, tx.Now
	return true
}
