package linkedin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"parley/channels"
	"parley/models"
)

// Send comments as the Page: below the comment a thread began with, or below the post that mentions us.
func (a *Adapter) Send(ctx context.Context, account channels.Account, m channels.Outbound) (channels.Sent, error) {
	if err := sendable(m); err != nil {
		return channels.Sent{}, err
	}
	t := threadOf(m)
	if t.object == "" {
		return channels.Sent{}, channels.Unsendable("no post to comment on")
	}
	payload := object{
		"actor": account.ID, "object": t.object, "message": object{"text": m.Text, "attributes": []object{}},
	}
	if t.root != "" {
		payload["parentComment"] = t.root
	}
	answer, err := a.call(ctx, account, request{
		method: http.MethodPost, path: "/rest/socialActions/" + escaped(t.object) + "/comments", payload: payload,
	})
	if err != nil {
		return channels.Sent{}, err
	}
	id := created(answer, t.object)
	if id == "" {
		return channels.Sent{}, channels.NotUnderstood(answer, errors.New("the answer names no comment"))
	}
	return channels.Sent{ExternalID: id, RequestID: requestID(answer), HTTPStatus: answer.Status}, nil
}

func sendable(m channels.Outbound) error {
	switch {
	case m.Surface == models.PrivateMessage: // the Pages Messaging API is for LinkedIn's partners
		return &channels.SendError{
			Failure: models.Failure{Reason: models.PermissionMissing, Message: "LinkedIn opens private messages of Pages to its partners only."},
			Err:     errors.New("private messages need a partnership with LinkedIn"),
		}
	case m.Surface != models.Comment && m.Surface != models.AdComment && m.Surface != models.Mention:
		return channels.Unsendable("LinkedIn has nothing to answer there")
	case m.Template != nil:
		return channels.Unsendable("LinkedIn has no templates")
	case len(m.Attachments) > 0:
		return channels.Unsendable("LinkedIn takes no attachments in comments")
	case m.Text == "":
		return channels.Unsendable("comment without words")
	}
	return nil
}

// threadOf is where to comment. The thread knows; else the comment that is answered does.
func threadOf(m channels.Outbound) thread {
	if m.ThreadKey != "" {
		return readThread(m.ThreadKey)
	}
	if c, known := readComment(m.ReplyToExternalID); known {
		return thread{object: c.object, root: c.urn()}
	}
	return thread{object: m.ReplyToExternalID}
}

// created is the URN of a new comment, as notifications will name it. LinkedIn gives the bare id in a header.
func created(answer channels.Answer, object string) string {
	var body listed
	// The header is enough; a body may be missing.
	_ = json.Unmarshal(answer.Body, &body)
	if c, known := readComment(cmp.Or(body.URN, body.OldURN)); known {
		return c.urn()
	}
	id := answer.Header.Get("X-Restli-Id")
	if plain, err := url.QueryUnescape(id); err == nil && strings.Contains(id, "%") {
		id = plain
	}
	if c, known := readComment(id); known {
		return c.urn()
	}
	if id == "" || strings.ContainsAny(id, ":(),") {
		return ""
	}
	return comment{object: object, id: id}.urn()
}
