package graph

import (
	"context"

	"parley/graph/view"
	"parley/models"
)

// node finds anything of the viewer's organization by its id; its prefix says where to look.
func node(ctx context.Context, id string) (view.Node, error) {
	scope := view.From(ctx)
	switch models.PrefixOf(id) {
	case models.OrganizationPrefix:
		if id != scope.Viewer().OrganizationID {
			return nil, nil
		}
		return present(organization(ctx))
	case models.ConversationPrefix:
		return present(scope.Conversation.Load(ctx, id))
	case models.MessagePrefix:
		return present(scope.Message.Load(ctx, id))
	case models.ContactPrefix:
		return present(scope.Contact.Load(ctx, id))
	case models.ChannelPrefix:
		return present(scope.Channel.Load(ctx, id))
	case models.UserPrefix:
		return present(scope.User.Load(ctx, id))
	case models.TeamPrefix:
		return present(scope.Team.Load(ctx, id))
	case models.PostPrefix:
		return present(scope.Post.Load(ctx, id))
	case models.TokenPrefix:
		return ownToken(ctx, id)
	case models.QuarantinePrefix:
		return quarantined(ctx, id)
	default:
		return nil, nil
	}
}

// present keeps a nil pointer from becoming something.
func present[T any](found *T, err error) (view.Node, error) {
	if err != nil || found == nil {
		return nil, err
	}
	return found, nil
}

func ownToken(ctx context.Context, id string) (view.Node, error) {
	tx, err := view.From(ctx).Tx(ctx)
	if err != nil {
		return nil, err
	}
	var token models.Token
	err = tx.Find(&token, id)
	if models.CodeOf(err) == models.NotFound || (err == nil && token.UserID != tx.Viewer.UserID) {
		return nil, nil
	}
	return &token, err
}

// quarantined finds a delivery in quarantine, for those who may look into it.
func quarantined(ctx context.Context, id string) (view.Node, error) {
	tx, err := view.From(ctx).Tx(ctx)
	if err != nil || !tx.May(models.ManageQuarantine) {
		return nil, err
	}
	var q models.Quarantined
	if err := tx.Find(&q, id); models.CodeOf(err) == models.NotFound {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return &q, nil
}
