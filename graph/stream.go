package graph

import (
	"context"

	"parley/graph/generated"
	"parley/graph/view"
	"parley/models"
)

// inOrganization lets the viewer follow the organization of their token and no other.
func inOrganization(organizationID string) func(context.Context) error {
	return func(ctx context.Context) error {
		if organizationID != view.ViewerFrom(ctx).OrganizationID {
			return models.Refuse(models.NotFound, "organizationId", "There is no such organization here.")
		}
		return nil
	}
}

// toConversation lets the viewer follow a conversation of their organization.
func (r *Resolver) toConversation(conversationID string) func(context.Context) error {
	return func(ctx context.Context) error {
		tx, err := view.From(ctx).Tx(ctx)
		if err != nil {
			return err
		}
		return tx.Find(&models.Conversation{}, conversationID)
	}
}

// withFilter lets the viewer follow with a filter that can be asked.
func (r *Resolver) withFilter(f *models.ConversationFilter) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := r.matches(ctx, "", f)
		return err
	}
}

func (r *Resolver) matches(ctx context.Context, conversationID string, f *models.ConversationFilter) (bool, error) {
	tx, err := view.From(ctx).Tx(ctx)
	if err != nil {
		return false, err
	}
	return tx.Matches(conversationID, value(f))
}

func wanted(e models.Event, f *generated.InboxEventFilter) bool {
	return f == nil || among(f.Types, e.Type) && among(f.ConversationIds, e.ConversationID) && among(f.ChannelIds, e.ChannelID)
}

// among reports whether v is one of those wanted; none wanted is all wanted.
func among[T comparable](wanted []T, v T) bool {
	for _, w := range wanted {
		if w == v {
			return true
		}
	}
	return len(wanted) == 0
}
