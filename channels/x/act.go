package x

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"parley/channels"
	"parley/models"
)

var _ channels.Actor = (*Adapter)(nil)

// Act hides what was said below a post of ours or shows it again, and deletes what we wrote. A mention may be below a post
// of ours as well: X knows. It took liking away from self-serve apps, and has no call for typing or reading outside its
// encrypted conversations.
func (a *Adapter) Act(ctx context.Context, account channels.Account, action channels.Action) error {
	if action.TargetExternalID == "" {
		return channels.Unsendable("nothing to act on")
	}
	switch action.Kind {
	case models.HideMessage, models.UnhideMessage:
		return a.hide(ctx, account, action)
	case models.DeleteMessage:
		return a.delete(ctx, account, action)
	default:
		return channels.Unsendable("X cannot do this")
	}
}

func (a *Adapter) hide(ctx context.Context, account channels.Account, action channels.Action) error {
	if action.Surface == models.PrivateMessage || action.Ours {
		return channels.Unsendable("only replies of others to our own posts can be hidden on X")
	}
	_, err := a.call(ctx, request{
		method: http.MethodPut, path: "/2/tweets/" + url.PathEscape(action.TargetExternalID) + "/hidden",
		token: account.Credentials.AccessToken, payload: object{"hidden": action.Kind == models.HideMessage},
	}, nil)
	return channels.Repeatable(err)
}

func (a *Adapter) delete(ctx context.Context, account channels.Account, action channels.Action) error {
	if !action.Ours {
		return channels.Unsendable("only messages of our own can be deleted on X")
	}
	path := "/2/tweets/"
	if action.Surface == models.PrivateMessage {
		path = "/2/dm_events/"
	}
	_, err := a.call(ctx, request{
		method: http.MethodDelete, path: path + url.PathEscape(action.TargetExternalID), token: account.Credentials.AccessToken,
	}, nil)
	var refused *channels.SendError
	if errors.As(err, &refused) && refused.HTTPStatus == http.StatusNotFound {
		return nil // gone already
	}
	return channels.Repeatable(err)
}
