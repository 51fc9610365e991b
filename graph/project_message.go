package graph

import (
	"github.com/99designs/gqlgen/graphql"

	"parley/models"
)

// eventMessageFields are what an event shows of its message, all of which has been read.
var eventMessageFields = with(whole(messageFields), catalog[models.Message]{
	"conversation": needing(func(n *needs) { n.conversation = true }, to("Conversation", conversationFields, conversationOf)),
	"authorContact": needing(func(n *needs) { n.conversation = true }, to("ContactIdentity", identityFields, func(s *sight, m *models.Message) *conversation {
		if m.AuthorIdentityID == nil {
			return nil
		}
		c := conversationOf(s, m)
		if c != nil && c.IdentityID != *m.AuthorIdentityID { // somebody else in a public thread
			s.lost = true
		}
		return c
	})),
	"buttonPayload":    is(wordOrNull(func(m *models.Message) string { return m.Details.Payload })),
	"quotedExternalId": is(wordOrNull(func(m *models.Message) string { return m.Details.QuotedID })),

	"template":       seldom("null", func(_ *sight, m *models.Message) bool { return m.Template == nil }),
	"replyTo":        seldom("null", func(_ *sight, m *models.Message) bool { return m.ReplyToExternalID == "" }),
	"privateReplyTo": seldom("null", func(_ *sight, m *models.Message) bool { return m.PrivateReplyTo == nil }),
	"referral":       seldom("null", func(_ *sight, m *models.Message) bool { return m.Details.Referral == nil }),
	"product":        seldom("null", func(_ *sight, m *models.Message) bool { return m.Details.Product == nil }),
	"order":          seldom("null", func(_ *sight, m *models.Message) bool { return m.Details.Order == nil }),
	"story":          seldom("null", func(_ *sight, m *models.Message) bool { return m.Details.Story == nil }),
	"attachments": needing(func(n *needs) { n.attachments = true },
		seldom("[]", func(s *sight, _ *models.Message) bool { return s.happened.attachments == 0 })),
	"reactions": needing(func(n *needs) { n.reactions = true },
		seldom("[]", func(s *sight, _ *models.Message) bool { return s.happened.reactions == 0 })),
})

// conversationOf is the conversation of an event's message, which is that of the event.
func conversationOf(s *sight, m *models.Message) *conversation {
	c := s.happened.conversation
	if c == nil || c.ID != m.ConversationID {
		s.lost = true
		return nil
	}
	return c
}

// seldom compiles a field that most messages have nothing to say in. What the others say is for the executor to write.
func seldom(nothing string, isNothing func(*sight, *models.Message) bool) func(*compiler, graphql.CollectedField) writer[models.Message] {
	return is(func(s *sight, json []byte, m *models.Message) []byte {
		s.lost = s.lost || !isNothing(s, m)
		return append(json, nothing...)
	})
}

// whole is a catalog of messages that need not be read for what their copy beside the conversation lacks.
func whole(known catalog[models.Message]) catalog[models.Message] {
	all := make(catalog[models.Message], len(known))
	for name, field := range known {
		all[name] = func(c *compiler, f graphql.CollectedField) writer[models.Message] {
			before := c.needs
			write := field(c, f)
			c.shows, c.messages = before.shows, before.messages
			return write
		}
	}
	return all
}
