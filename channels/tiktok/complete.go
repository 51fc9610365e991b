package tiktok

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"parley/channels"
	"parley/models"
)

// Complete asks for a comment of which an event told little more than its id.
func (a *Adapter) Complete(ctx context.Context, account channels.Account, in models.Inbound) (models.Inbound, error) {
	video, _, _ := strings.Cut(in.ThreadKey, ":")
	if video == "" || in.ExternalID == "" {
		return in, channels.Unsendable("a comment without an id or on no video")
	}
	var found *models.Inbound
	p, err := a.comments(ctx, account, url.Values{"video_id": {video}, "comment_ids": {listOf(in.ExternalID)}})
	if err != nil {
		return in, err
	}
	p.read(func(l listed, _ bool) error {
		if string(l.ID) != in.ExternalID {
			return nil
		}
		whole, err := l.tell(account.ID)
		if err == nil {
			found = &whole
		}
		return err
	})
	if found == nil { // it was deleted meanwhile, or is held back
		return in, &channels.SendError{
			Failure: models.Failure{Reason: models.InvalidRequest, Code: goneCode}, Err: errors.New("TikTok does not know the comment"),
		}
	}
	found.DeliveryID = in.DeliveryID
	if found.At.IsZero() {
		found.At = in.At
	}
	return *found, nil
}

func (a *Adapter) comments(ctx context.Context, account channels.Account, query url.Values) (page, error) {
	var p page
	_, err := a.ask(ctx, account, "business/comment/list/", query, &p)
	return p, channels.Repeatable(err)
}

// listOf writes ids as TikTok wants them in an address.
func listOf(ids ...string) string {
	list, _ := json.Marshal(ids) // texts can always be written
	return string(list)
}
