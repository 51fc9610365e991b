package graph

import (
	"maps"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"parley/graph/generated"
	"parley/models"
)

// eventKind is a type of event in the schema, with what is known to write of it.
type eventKind struct {
	name   string
	fields catalog[models.Event]
}

// happening is the type an event of the log has in the schema.
func happening(e models.Event) eventKind { return happenings[e.Type] }

// happeningIn is happening for those a filter wants.
func happeningIn(f *generated.InboxEventFilter) func(models.Event) eventKind {
	return func(e models.Event) eventKind {
		if !wanted(e, f) {
			return eventKind{}
		}
		return happening(e)
	}
}

// addedTo is happening for the messages of one conversation.
func addedTo(conversationID string) func(models.Event) eventKind {
	return func(e models.Event) eventKind {
		if e.Type != models.MessageAdded || e.ConversationID != conversationID {
			return eventKind{}
		}
		return happening(e)
	}
}

// changed is the type of what happens to conversations.
func changed(e models.Event) eventKind {
	if e.ConversationID == "" {
		return eventKind{}
	}
	return conversationChange
}

var conversationChange = eventKind{"ConversationChange", with(eventFields, catalog[models.Event]{
	"cause": is(text(func(e *models.Event) models.EventType { return e.Type })),
	"conversation": about(to("Conversation", conversationFields, func(s *sight, _ *models.Event) *conversation {
		s.lost = s.lost || s.happened.conversation == nil
		return s.happened.conversation
	})),
})}

var happenings = map[models.EventType]eventKind{
	models.MessageAdded:             {"MessageAdded", with(conversationEvent, messageEvent)},
	models.MessageChanged:           {"MessageChanged", with(conversationEvent, messageEvent, catalog[models.Event]{"change": is(text(change))})},
	models.MessageDeliveryChanged:   {"MessageDeliveryChanged", with(conversationEvent, messageEvent, failure, catalog[models.Event]{"status": is(status)})},
	models.MessageActionChanged:     {"MessageActionChanged", with(conversationEvent, messageEvent, failure, catalog[models.Event]{"kind": is(text(change)), "outcome": is(text(become))})},
	models.ConversationOpened:       {"ConversationOpened", conversationEvent},
	models.ConversationStatusChange: {"ConversationStatusChanged", with(conversationEvent, reason, catalog[models.Event]{"from": is(text(was)), "to": is(text(become))})},
	models.ConversationAssigned: {"ConversationAssigned", with(conversationEvent, reason, catalog[models.Event]{
		"user": needing(refers, to("User", userFields, func(s *sight, e *models.Event) *models.User { return named(s, s.directory.Users, e.Data.UserID) })),
		"team": needing(refers, to("Team", teamFields, func(s *sight, e *models.Event) *models.Team { return named(s, s.directory.Teams, e.Data.TeamID) })),
	})},
	models.ConversationRead:        {"ConversationRead", conversationEvent},
	models.ConversationPostChanged: {"ConversationPostChanged", conversationEvent},
	models.WindowClosingSoon:       {"ReplyWindowClosingSoon", with(conversationEvent, expiry)},
	models.WindowClosedEvent:       {"ReplyWindowClosed", with(conversationEvent, expiry)},

	// Of these it is the executor that knows more.
	models.ContactChanged:         {"ContactChanged", eventFields},
	models.ChannelChanged:         {"ChannelChanged", eventFields},
	models.ChannelNotice:          {"ChannelNotice", eventFields},
	models.MembershipChanged:      {"MembershipChanged", eventFields},
	models.TokenRevoked:           {"TokenRevoked", eventFields},
	models.InboxInactivityWarning: {"InboxInactivityWarning", eventFields},
	models.InboxDeactivatedEvent:  {"InboxDeactivated", eventFields},
	models.InboxActivatedEvent:    {"InboxActivated", eventFields},
	models.InboundQuarantined:     {"InboundQuarantined", eventFields},
}

var (
	eventFields = catalog[models.Event]{
		"cursor": is(text((*models.Event).Cursor)),
		"at":     is(instant(func(e *models.Event) time.Time { return e.At })),
		"actor":  to("Actor", actorFields, func(_ *sight, e *models.Event) *models.Event { return e }),
	}
	actorFields = catalog[models.Event]{
		"kind": is(text(func(e *models.Event) models.ActorKind { return e.ActorKind })),
		"user": needing(refers, to("User", userFields, func(s *sight, e *models.Event) *models.User { return named(s, s.directory.Users, e.ActorID) })),
	}
	conversationEvent = with(eventFields, catalog[models.Event]{
		"conversation": about(to("Conversation", conversationFields, func(s *sight, _ *models.Event) *conversation { return s.happened.conversation })),
	})
	messageEvent = catalog[models.Event]{
		"message": needing(func(n *needs) { n.message = true }, to("Message", eventMessageFields, func(s *sight, _ *models.Event) *models.Message { return s.happened.message })),
	}
	failure = catalog[models.Event]{"failureReason": is(wordOrNull(func(e *models.Event) models.FailureReason { return e.Data.FailureReason }))}
	reason  = catalog[models.Event]{"reason": is(wordOrNull(func(e *models.Event) string { return e.Data.Reason }))}
	expiry  = catalog[models.Event]{"expiresAt": is(func(s *sight, json []byte, e *models.Event) []byte {
		if e.Data.ExpiresAt == nil {
			s.lost = true
			return json
		}
		return moment(json, *e.Data.ExpiresAt)
	})}
)

func change(e *models.Event) string { return e.Data.Change }
func was(e *models.Event) string    { return e.Data.From }
func become(e *models.Event) string { return e.Data.To }

func status(s *sight, json []byte, e *models.Event) []byte {
	if e.Data.Status == nil {
		s.lost = true
		return json
	}
	return quoted(json, string(*e.Data.Status))
}

// about compiles a field that shows the conversation of an event.
func about(field func(*compiler, graphql.CollectedField) writer[models.Event]) func(*compiler, graphql.CollectedField) writer[models.Event] {
	return needing(func(n *needs) { n.conversation = true }, field)
}

// named is what an id refers to, if there is one.
func named[T any](s *sight, all map[string]*T, id string) *T {
	if id == "" {
		return nil
	}
	return must(s, all, id)
}

// with is all that several catalogs know.
func with[T any](all ...catalog[T]) catalog[T] {
	together := make(catalog[T])
	for _, each := range all {
		maps.Copy(together, each)
	}
	return together
}
