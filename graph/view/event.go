package view

import (
	"context"
	"fmt"
	"time"

	"parley/models"
)

// Node is anything with an id: which Go types that can be, the schema says.
type Node any

// Event is something that happened.
type Event interface{ Cursor() string }

// InboxEvent is one of the types below, one for each type of the log.
type InboxEvent Event

// The types of events. They differ in what the schema shows of them.
type (
	MessageAdded              struct{ happening }
	MessageChanged            struct{ happening }
	MessageDeliveryChanged    struct{ happening }
	MessageActionChanged      struct{ happening }
	ConversationOpened        struct{ happening }
	ConversationStatusChanged struct{ happening }
	ConversationAssigned      struct{ happening }
	ConversationRead          struct{ happening }
	ConversationPostChanged   struct{ happening }
	ReplyWindowClosingSoon    struct{ happening }
	ReplyWindowClosed         struct{ happening }
	ContactChanged            struct{ happening }
	ChannelChanged            struct{ happening }
	ChannelNotice             struct{ happening }
	MembershipChanged         struct{ happening }
	TokenRevoked              struct{ happening }
	InboxInactivityWarning    struct{ happening }
	InboxDeactivated          struct{ happening }
	InboxActivated            struct{ happening }
	InboundQuarantined        struct{ happening }
	ConversationChange        struct{ happening }
)

// NewEvent gives an entry of the log its type.
func NewEvent(e models.Event) InboxEvent {
	h := happening{e}
	switch e.Type {
	case models.MessageAdded:
		return &MessageAdded{h}
	case models.MessageChanged:
		return &MessageChanged{h}
	case models.MessageDeliveryChanged:
		return &MessageDeliveryChanged{h}
	case models.MessageActionChanged:
		return &MessageActionChanged{h}
	case models.ConversationPostChanged:
		return &ConversationPostChanged{h}
	case models.ConversationOpened:
		return &ConversationOpened{h}
	case models.ConversationStatusChange:
		return &ConversationStatusChanged{h}
	case models.ConversationAssigned:
		return &ConversationAssigned{h}
	case models.ConversationRead:
		return &ConversationRead{h}
	case models.WindowClosingSoon:
		return &ReplyWindowClosingSoon{h}
	case models.WindowClosedEvent:
		return &ReplyWindowClosed{h}
	case models.ContactChanged:
		return &ContactChanged{h}
	case models.ChannelChanged:
		return &ChannelChanged{h}
	case models.ChannelNotice:
		return &ChannelNotice{h}
	case models.MembershipChanged:
		return &MembershipChanged{h}
	case models.TokenRevoked:
		return &TokenRevoked{h}
	case models.InboxInactivityWarning:
		return &InboxInactivityWarning{h}
	case models.InboxDeactivatedEvent:
		return &InboxDeactivated{h}
	case models.InboxActivatedEvent:
		return &InboxActivated{h}
	case models.InboundQuarantined:
		return &InboundQuarantined{h}
	default:
		panic(fmt.Sprintf("no type for event %s", e.Type))
	}
}

// NewConversationChange shows an event as a change to its conversation.
func NewConversationChange(e models.Event) *ConversationChange {
	return &ConversationChange{happening{e}}
}

// happening answers what any type of event can be asked.
type happening struct{ e models.Event }

// Actor is who made it happen.
type Actor struct {
	Kind models.ActorKind
	id   string
}

// User is the person who acted, if one did.
func (a *Actor) User(ctx context.Context) (*models.User, error) {
	return optional(ctx, From(ctx).User, a.id)
}

func (h happening) Cursor() string                       { return h.e.Cursor() }
func (h happening) At() time.Time                        { return h.e.At }
func (h happening) Actor() *Actor                        { return &Actor{Kind: h.e.ActorKind, id: h.e.ActorID} }
func (h happening) Cause() models.EventType              { return h.e.Type }
func (h happening) From() models.ConversationStatus      { return models.ConversationStatus(h.e.Data.From) }
func (h happening) To() models.ConversationStatus        { return models.ConversationStatus(h.e.Data.To) }
func (h happening) Status() *models.DeliveryStatus       { return h.e.Data.Status }
func (h happening) Days() int                            { return h.e.Data.Days }
func (h happening) Count() int                           { return h.e.Data.Count }
func (h happening) ExpiresAt() *time.Time                { return h.e.Data.ExpiresAt }
func (h happening) DeactivatesAt() *time.Time            { return h.e.Data.ExpiresAt }
func (h happening) Reason() *string                      { return Text(h.e.Data.Reason) }
func (h happening) Change() string                       { return h.e.Data.Change }
func (h happening) Role() *models.Role                   { return Text(models.Role(h.e.Data.To)) }
func (h happening) FailureReason() *models.FailureReason { return Text(h.e.Data.FailureReason) }
func (h happening) Topic() string                        { return h.notice().Type }
func (h happening) Subject() *string                     { return Text(h.notice().Subject) }
func (h happening) Outcome() *string                     { return Text(h.notice().State) }
func (h happening) Explanation() *string                 { return Text(h.notice().Explains) }

// Kind is what was to be done.
func (m MessageActionChanged) Kind() models.ActionKind { return models.ActionKind(m.e.Data.Change) }

// Outcome is how far it had got.
func (m MessageActionChanged) Outcome() models.ActionStatus { return models.ActionStatus(m.e.Data.To) }

func (h happening) notice() models.Notice {
	if h.e.Data.Notice == nil {
		return models.Notice{}
	}
	return *h.e.Data.Notice
}

func (h happening) Conversation(ctx context.Context) (*models.Conversation, error) {
	return optional(ctx, From(ctx).Conversation, h.e.ConversationID)
}

func (h happening) Message(ctx context.Context) (*models.Message, error) {
	return optional(ctx, From(ctx).Message, h.e.MessageID)
}

func (h happening) Channel(ctx context.Context) (*models.Channel, error) {
	return optional(ctx, From(ctx).Channel, h.e.ChannelID)
}

func (h happening) Contact(ctx context.Context) (*models.Contact, error) {
	return optional(ctx, From(ctx).Contact, h.e.Data.ContactID)
}

func (h happening) User(ctx context.Context) (*models.User, error) {
	return optional(ctx, From(ctx).User, h.e.Data.UserID)
}

func (h happening) Team(ctx context.Context) (*models.Team, error) {
	return optional(ctx, From(ctx).Team, h.e.Data.TeamID)
}

func optional[T any](ctx context.Context, load *One[T], id string) (*T, error) {
	if id == "" {
		return nil, nil
	}
	return load.Load(ctx, id)
}

// Text is s, or null if it is empty.
func Text[T ~string](s T) *T {
	if s == "" {
		return nil
	}
	return &s
}
