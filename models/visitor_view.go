package models

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// visitorConversations bounds how many conversations one visitor can look back on.
const visitorConversations = 100

// VisitorMessage is a message as a visitor may see it. It tells nothing of the organization but the author's first name.
type VisitorMessage struct {
	ID          string // of theirs the platform's, of ours our own
	ClientID    string // the id a browser gave what was written in it
	Direction   Direction
	Text        string
	Attachments []Attachment
	AuthorName  string // of ours: the member's first name; empty when nobody wrote it
	CreatedAt   time.Time
	EditedAt    *time.Time
	DeletedAt   *time.Time
	Read        bool // of theirs: whether someone has read it
}

// VisitorPage is a part of what a visitor and we have said, newest first.
type VisitorPage struct {
	Messages []VisitorMessage
	Before   string // asks for the next page; empty: there is none
	Cursor   string // of the visitor's stream: following it misses nothing that changes the page
}

// VisitorConversations reads the ids of a visitor's private conversations, newest first.
func (tx *Tx) VisitorConversations(v *Visitor) (ids []string, err error) {
	a := v.Author()
	err = tx.db.Raw(`
		SELECT c.id FROM contact_identities i
		JOIN conversations c ON c.organization_id = i.organization_id AND c.identity_id = i.id AND c.surface = 'PRIVATE_MESSAGE'
		WHERE i.organization_id = @org AND i.channel_id = @channel AND (i.external_id IN @ids OR i.alt_external_id IN @ids)
		ORDER BY c.id DESC LIMIT @limit`,
		map[string]any{"org": v.OrganizationID, "channel": v.ChannelID, "ids": a.ids(), "limit": visitorConversations}).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("read conversations of visitor: %w", err)
	}
	return ids, nil
}

// VisitorIdentities reads who a visitor is on their channel, without changing it: nobody yet, or more than one who will
// turn out to be one person.
func (tx *Tx) VisitorIdentities(v *Visitor) ([]ContactIdentity, error) {
	var known []ContactIdentity
	err := tx.own().Where("channel_id = ?", v.ChannelID).
		Where("external_id IN ? OR alt_external_id IN ?", v.Author().ids(), v.Author().ids()).Order("id").Find(&known).Error
	if err != nil {
		return nil, fmt.Errorf("read identities of visitor: %w", err)
	}
	return known, nil
}

// IdentityOf reads the identity a conversation is with.
func (tx *Tx) IdentityOf(conversationID string) (*ContactIdentity, error) {
	var i ContactIdentity
	err := tx.take(tx.db, &i, "id = (SELECT identity_id FROM conversations WHERE organization_id = ? AND id = ?)",
		tx.Viewer.OrganizationID, conversationID)
	return &i, err
}

// IsBy reports whether the visitor is the person with this identity.
func (v Visitor) IsBy(i ContactIdentity) bool {
	for _, id := range v.Author().ids() {
		if i.goesBy(id) {
			return true
		}
	}
	return false
}

func (a Author) ids() []string {
	if a.AltID == "" {
		return []string{a.ID}
	}
	return []string{a.ID, a.AltID}
}

// OpenVisitorConversation reads the id of the visitor's newest conversation that is still open; "" if there is none.
func (tx *Tx) OpenVisitorConversation(v *Visitor) (id string, err error) {
	all, err := tx.VisitorConversations(v)
	if err != nil || len(all) == 0 {
		return "", err
	}
	err = tx.db.Raw(`SELECT id FROM conversations WHERE organization_id = ? AND id IN ? AND status <> 'RESOLVED' ORDER BY last_activity_at DESC LIMIT 1`,
		v.OrganizationID, all).Scan(&id).Error
	if err != nil {
		return "", fmt.Errorf("read open conversation of visitor: %w", err)
	}
	return id, nil
}

// reached is what the contact may know of: their own words, and ours once they are on their way.
const reached = `(direction = 'INBOUND' OR status IN ('SENT', 'DELIVERED', 'READ'))`

// HasReached reports whether the contact may know of a message.
func (m Message) HasReached() bool {
	return m.IsInbound() || deliveryRank[*m.Status] >= deliveryRank[Sent]
}

// ListVisitorMessages reads a page of what was said in these conversations, newest first.
func (tx *Tx) ListVisitorMessages(conversationIDs []string, before *string, limit int) (*Connection[Message], error) {
	return page(tx, tx.own().Where("conversation_id IN ?", conversationIDs).Where(reached), Page{First: &limit, After: before}, order[Message]{
		column: "created_at", descending: true,
		key: func(m *Message) (time.Time, string) { return m.CreatedAt, m.ID },
	})
}

// LastRead reads the newest of a contact's messages in a conversation that someone has read; nil if there is none.
func (tx *Tx) LastRead(conversationID string) (*Message, error) {
	var m []Message
	err := tx.db.Raw(`
		SELECT * FROM messages WHERE organization_id = @org AND conversation_id = @id AND direction = 'INBOUND'
		ORDER BY created_at DESC, id DESC
		OFFSET (SELECT unread_count FROM conversations WHERE organization_id = @org AND id = @id) LIMIT 1`,
		map[string]any{"org": tx.Viewer.OrganizationID, "id": conversationID}).Scan(&m).Error
	if err != nil {
		return nil, fmt.Errorf("read what was read of %s: %w", conversationID, err)
	}
	if len(m) == 0 {
		return nil, nil
	}
	return &m[0], nil
}

// ShowToVisitor makes of messages what a visitor may see of them, in the same order.
func (tx *Tx) ShowToVisitor(messages []*Message) ([]VisitorMessage, error) {
	var ids, authors []string
	read := make(map[string]*Message)
	for _, m := range messages {
		ids = append(ids, m.ID)
		if m.AuthorUserID != nil {
			authors = append(authors, *m.AuthorUserID)
		}
		if _, known := read[m.ConversationID]; known || !m.IsInbound() {
			continue
		}
		last, err := tx.LastRead(m.ConversationID)
		if err != nil {
			return nil, err
		}
		read[m.ConversationID] = last
	}
	attached, err := tx.AttachmentsOf(ids)
	if err != nil {
		return nil, err
	}
	users, err := tx.Users(authors)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(users))
	for _, u := range users {
		names[u.ID] = firstName(u.Name)
	}
	shown := make([]VisitorMessage, len(messages))
	for i, m := range messages {
		shown[i] = showToVisitor(m, read[m.ConversationID])
		if m.AuthorUserID != nil {
			shown[i].AuthorName = names[*m.AuthorUserID]
		}
		for _, a := range attached {
			if a.MessageID == m.ID {
				shown[i].Attachments = append(shown[i].Attachments, a)
			}
		}
	}
	return shown, nil
}

func showToVisitor(m *Message, lastRead *Message) VisitorMessage {
	shown := VisitorMessage{
		ID: m.VisitorID(), Direction: m.Direction, Text: m.Text, CreatedAt: m.At(), EditedAt: m.EditedAt, DeletedAt: m.DeletedAt,
	}
	if !m.IsInbound() {
		return shown
	}
	_, shown.ClientID, _ = strings.Cut(shown.ID, ":")
	shown.Read = lastRead != nil && !m.CreatedAt.After(lastRead.CreatedAt) && (m.CreatedAt.Before(lastRead.CreatedAt) || m.ID <= lastRead.ID)
	return shown
}

// VisitorID is how a visitor names a message.
func (m Message) VisitorID() string {
	if m.IsInbound() && m.ExternalID != nil {
		return *m.ExternalID
	}
	return m.ID
}

// firstName is all a visitor learns of a member's name.
func firstName(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 || strings.Contains(words[0], "@") {
		return ""
	}
	return words[0]
}

// VisitorCursor is a place in the log as a visitor carries it: sealed, since the number tells how much an organization does.
func (s *Store) VisitorCursor(v Visitor, seq int64) (string, error) {
	sealed, err := s.cipher.Seal(seq, cursorPlace(v))
	if err != nil {
		return "", fmt.Errorf("write cursor: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// ParseVisitorCursor is the reverse of VisitorCursor, for the same visitor.
func (s *Store) ParseVisitorCursor(v Visitor, cursor string) (seq int64, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = s.cipher.Open(sealed, cursorPlace(v), &seq)
	}
	if err != nil {
		return 0, Refuse(InvalidCursor, "after", "This is not a cursor of this visitor's stream.")
	}
	return seq, nil
}

func cursorPlace(v Visitor) string { return "visitor cursor:" + v.OrganizationID + ":" + v.ID }
