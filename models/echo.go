package models

import "fmt"

// AbsorbEcho takes the row away that an echo of m made, because nobody could know yet that it is of m: an echo may be faster
// than the answer that tells m's id, and say it in other words. What was done with the echo goes over to m. It returns the
// echo as it was; nil if there is none.
func (tx *Tx) AbsorbEcho(m *Message, externalID string) (*Message, error) {
	echo, err := tx.findMessage(m.ChannelID, externalID, "")
	if err != nil || echo == nil || echo.ID == m.ID || echo.IsInbound() || echo.AuthorUserID != nil {
		return nil, err
	}
	if err := tx.DropAttachments(echo); err != nil {
		return nil, err
	}
	named := map[string]any{"org": m.OrganizationID, "kept": m.ID, "echo": echo.ID, "conversation": echo.ConversationID}
	for _, statement := range []string{
		`UPDATE reactions SET message_id = @kept WHERE organization_id = @org AND message_id = @echo`,
		`UPDATE message_actions SET message_id = @kept WHERE organization_id = @org AND message_id = @echo`,
		`UPDATE media SET message_id = @kept WHERE organization_id = @org AND message_id = @echo`,
		`UPDATE conversations SET last_message_id = (
				SELECT max(m.id) FROM messages m
				WHERE m.organization_id = @org AND m.conversation_id = @conversation AND m.id <> @echo)
			WHERE organization_id = @org AND id = @conversation AND last_message_id = @echo`,
		`DELETE FROM messages WHERE organization_id = @org AND id = @echo`,
		// A conversation the echo began by itself has nothing in it any more.
		`DELETE FROM conversations c WHERE c.organization_id = @org AND c.id = @conversation
			AND NOT EXISTS (SELECT FROM messages m WHERE m.organization_id = @org AND m.conversation_id = c.id)
			AND NOT EXISTS (SELECT FROM assignments a WHERE a.organization_id = @org AND a.conversation_id = c.id)`,
	} {
		if err := tx.db.Exec(statement, named).Error; err != nil {
			return nil, fmt.Errorf("make echo %s part of %s: %w", echo.ID, m.ID, err)
		}
	}
	return echo, nil
}
