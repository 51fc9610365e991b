package facebook

import (
	"context"
	"net/http"
	"net/url"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

// Act does one thing with a comment or a visitor's post, or in a private conversation.
func (a *Adapter) Act(ctx context.Context, account channels.Account, action channels.Action) error {
	if action.Surface.Visibility() == models.Private {
		gesture, err := meta.Gesture(action)
		if err != nil {
			return err
		}
		return a.do(ctx, account, http.MethodPost, []string{account.ID, "messages"}, nil, gesture)
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
	target := action.TargetExternalID
	switch action.Kind {
	case models.HideMessage:
		return a.do(ctx, account, http.MethodPost, []string{target}, url.Values{"is_hidden": {"true"}}, nil)
	case models.UnhideMessage:
		return a.do(ctx, account, http.MethodPost, []string{target}, url.Values{"is_hidden": {"false"}}, nil)
	case models.LikeMessage:
		return a.do(ctx, account, http.MethodPost, []string{target, "likes"}, nil, nil)
	case models.UnlikeMessage:
		return a.do(ctx, account, http.MethodDelete, []string{target, "likes"}, nil, nil)
	case models.DeleteMessage:
		return a.do(ctx, account, http.MethodDelete, []string{target}, nil, nil)
	case models.EditMessage:
		if !action.Ours || action.Text == "" {
			return channels.Unsendable("only words of our own can be edited, into other words")
		}
		return a.do(ctx, account, http.MethodPost, []string{target}, nil, meta.Object{"message": action.Text})
	default:
		return channels.Unsendable("Facebook has no such action on comments and posts")
	}
}

func (a *Adapter) do(
	ctx context.Context, account channels.Account, method string, path []string, query url.Values, payload meta.Object,
) error {
	answer, err := a.call(ctx, account, method, path, query, payload)
	if err != nil {
		return err
	}
	return meta.Done(answer)
}
