package models

import (
	"fmt"
	"slices"
)

// made are the rows an intake will write.
type made struct {
	contacts   []*Contact
	identities []*ContactIdentity
	opened     []*Conversation
	changed    []*Conversation
	messages   []*Message
	attached   []attached
}

type attached struct {
	message     *Message
	attachments []Attachment
}

var (
	newContacts      = newRows[Contact]()
	newIdentities    = newRows[ContactIdentity]()
	newConversations = newRows[Conversation]()
	newMessages      = sheetOf[Message](
		"organization_id", "id", "conversation_id", "channel_id", "external_id", "direction", "visibility", "author_identity_id",
		"text", "details", "reply_to_external_id", "platform_at", "created_at") // the others are empty in what a contact says

	insertContacts      = newContacts.insert()
	insertIdentities    = newIdentities.insert()
	insertConversations = newConversations.insert()
	insertMessages      = newMessages.insert()
)

var (
	changedConversations = sheetOf[Conversation](slices.Concat([]string{
		"organization_id", "id", "thread_key", "status", "status_reason", "status_comment", "status_changed_at",
		"last_inbound_id", "last_activity_at", "waiting_since", "unread_count", "version",
	}, LastMessageColumns, WindowColumns)...)

	updateConversations = changedConversations.update()
)

// NewIdentity makes a contact, and its identity on a channel, of an author nobody knows.
func (in *Intake) NewIdentity(channelID string, a Author) *ContactIdentity {
	contact := &Contact{OrganizationID: in.Viewer.OrganizationID, ID: newID(ContactPrefix), Name: a.Name, CreatedAt: in.Now}
	identity := &ContactIdentity{
		OrganizationID: contact.OrganizationID, ID: newID(IdentityPrefix), ContactID: contact.ID, ChannelID: channelID,
		ExternalID: a.ID, AltExternalID: optional(a.AltID), Name: a.Name, Handle: a.Handle, Language: a.Language, CreatedAt: in.Now,
	}
	in.written.contacts = append(in.written.contacts, contact)
	in.written.identities = append(in.written.identities, identity)
	return identity
}

// OpenLater writes a new conversation, as it is when the intake writes.
func (in *Intake) OpenLater(c *Conversation) { in.written.opened = append(in.written.opened, c) }

// SaveLater writes what an inbound message changes of a locked conversation, as it is when the intake writes.
func (in *Intake) SaveLater(c *Conversation) { in.written.changed = append(in.written.changed, c) }

// AddLater writes an inbound message with its attachments. It is known to be new.
func (in *Intake) AddLater(m *Message, attachments []Attachment) {
	in.written.messages = append(in.written.messages, m)
	if len(attachments) > 0 {
		in.written.attached = append(in.written.attached, attached{m, attachments})
	}
}

// queueWritten has the rows written with the next statements, those first that others refer to.
func (in *Intake) queueWritten() error {
	w := &in.written
	err := put(in, insertContacts, newContacts, w.contacts)
	if err == nil {
		err = put(in, insertIdentities, newIdentities, w.identities)
	}
	if err == nil {
		err = put(in, insertConversations, newConversations, w.opened)
	}
	if err == nil {
		err = put(in, insertMessages, newMessages, w.messages)
	}
	if err == nil {
		err = put(in, updateConversations, changedConversations, w.changed)
	}
	in.written = made{attached: w.attached}
	return err
}

func put[T any](in *Intake, statement string, s sheet[T], rows []*T) error {
	if len(rows) == 0 {
		return nil
	}
	arrays, err := s.arrays(rows)
	if err != nil {
		return err
	}
	in.waiting.Queue(statement, arrays...)
	return nil
}

// attach writes the attachments of messages that are written.
func (in *Intake) attach() error {
	for _, each := range in.written.attached {
		rows := rowsOf(each.message, each.attachments)
		if err := in.keepMedia(each.message, rows); err != nil {
			return err
		}
		if err := in.Create(&rows); err != nil {
			return fmt.Errorf("create attachments: %w", err)
		}
	}
	in.written.attached = nil
	return nil
}

func rowsOf(m *Message, attachments []Attachment) []Attachment {
	rows := make([]Attachment, len(attachments))
	for i, a := range attachments {
		a.OrganizationID, a.MessageID, a.Position = m.OrganizationID, m.ID, i
		rows[i] = a
	}
	return rows
}
