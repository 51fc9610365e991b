package instagram

import (
	"context"
	"net/http"
	"net/url"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

// Act does one thing with a comment, or in a private conversation.
func (a *Adapter) Act(ctx context.Context, account channels.Account, action channels.Action) error {
	if action.Surface.Visibility() == models.Private {
		gesture, err := meta.Gesture(action)
		if err != nil {
			return err
		}
		return a.do(ctx, account, http.MethodPost, []string{owner(account), "messages"}, nil, gesture)
	}
	if action.TargetExternalID == "" {
		return channels.Unsendable("action on nothing")
	}
	err := a.moderate(ctx, account, action)
	if action.Kind == models.DeleteMessage && meta.IsGone(err) { // deleted before
		return nil
	}
	return meta.Gone(err)
}

func (a *Adapter) moderate(ctx context.Context, account channels.Account, action channels.Action) error {
	target := []string{action.TargetExternalID}
	switch action.Kind {
	case models.HideMessage:
		return a.do(ctx, account, http.MethodPost, target, url.Values{"hide": {"true"}}, nil)
	case models.UnhideMessage:
		return a.do(ctx, account, http.MethodPost, target, url.Values{"hide": {"false"}}, nil)
	case models.DeleteMessage:
		return a.do(ctx, account, http.MethodDelete, target, nil, nil)
	default:
		return channels.Unsendable("Instagram has no such action on comments")
	}
}
