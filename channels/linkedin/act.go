package linkedin

import (
	"context"
	"net/http"

	"parley/channels"
	"parley/models"
)

var _ channels.Actor = (*Adapter)(nil)

// Act likes as the Page, and edits or deletes the Page's own comments. LinkedIn has no call for hiding.
func (a *Adapter) Act(ctx context.Context, account channels.Account, action channels.Action) error {
	if action.TargetExternalID == "" || action.Surface == models.PrivateMessage {
		return channels.Unsendable("nothing to act on")
	}
	switch action.Kind {
	case models.LikeMessage:
		return a.like(ctx, account, action.TargetExternalID)
	case models.UnlikeMessage:
		return a.unlike(ctx, account, action.TargetExternalID)
	case models.EditMessage, models.DeleteMessage:
		return a.change(ctx, account, action)
	default:
		return channels.Unsendable("LinkedIn cannot do this")
	}
}

func (a *Adapter) like(ctx context.Context, account channels.Account, target string) error {
	_, err := a.call(ctx, account, request{
		method: http.MethodPost, path: "/rest/reactions", query: "actor=" + escaped(account.ID),
		payload: object{"root": target, "reactionType": "LIKE"},
	})
	return without(err, http.StatusConflict) // liked already
}

func (a *Adapter) unlike(ctx context.Context, account channels.Account, target string) error {
	_, err := a.call(ctx, account, request{
		method: http.MethodDelete,
		path:   "/rest/reactions/(actor:" + escaped(account.ID) + ",entity:" + escaped(target) + ")",
	})
	return without(err, http.StatusNotFound) // not liked, or not any more
}

func (a *Adapter) change(ctx context.Context, account channels.Account, action channels.Action) error {
	c, known := readComment(action.TargetExternalID)
	if !action.Ours || !known {
		return channels.Unsendable("only comments of the Page's own can be changed")
	}
	r := request{method: http.MethodDelete, path: c.path(), query: "actor=" + escaped(account.ID)}
	if action.Kind == models.DeleteMessage {
		_, err := a.call(ctx, account, r)
		return without(err, http.StatusNotFound) // gone already
	}
	if action.Text == "" {
		return channels.Unsendable("comment without words")
	}
	r.method, r.restliMethod = http.MethodPost, "PARTIAL_UPDATE"
	r.payload = object{"patch": object{"message": object{"$set": object{"text": action.Text}}}}
	_, err := a.call(ctx, account, r)
	return channels.Repeatable(err)
}
