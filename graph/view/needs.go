package view

import (
	"slices"

	"parley/models"
)

// Needs is what of events their responses are made of.
type Needs struct {
	Conversation, Message bool
	Identity              bool // of the conversation's contact
	Attachments           bool // of the message
}

// And is what both need.
func (n Needs) And(o Needs) Needs {
	return Needs{
		Conversation: n.Conversation || o.Conversation, Message: n.Message || o.Message,
		Identity: n.Identity || o.Identity, Attachments: n.Attachments || o.Attachments,
	}
}

func (n Needs) of(events []models.Event) models.About {
	about := models.About{Identities: n.Identity, Attachments: n.Attachments}
	add := func(ids []string, id string) []string {
		if id == "" || slices.Contains(ids, id) {
			return ids
		}
		return append(ids, id)
	}
	for _, e := range events {
		if n.Conversation {
			about.Conversations = add(about.Conversations, e.ConversationID)
		}
		if n.Message {
			about.Messages = add(about.Messages, e.MessageID)
		}
	}
	return about
}

// know gives the loaders what came with the transaction; what did not is not there.
func (s *Scope) know(f *models.Facts) {
	prime(s.Message, s.about.Messages, f.Messages, func(m *models.Message) string { return m.ID }, s.expected.fromMessage)
	prime(s.Conversation, s.about.Conversations, f.Conversations, func(c *models.Conversation) string { return c.ID }, s.expected.fromConversation)
	for _, i := range f.Identities {
		s.Identity.Prime(i.ID, i)
	}
	if s.about.Attachments {
		for _, id := range s.about.Messages {
			s.Attachments.Prime(id, slices.DeleteFunc(slices.Clone(f.Attachments), func(a *models.Attachment) bool { return a.MessageID != id }))
		}
	}
}

func prime[T any](loader *One[T], ids []string, rows []T, id func(*T) string, seen func(*T)) {
	for i := range rows {
		seen(&rows[i])
		loader.Prime(id(&rows[i]), &rows[i])
	}
	for _, absent := range ids {
		loader.Prime(absent, nil) // unless it is there
	}
}
