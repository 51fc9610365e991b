package linkedin

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"parley/channels"
	"parley/models"
)

func TestSend(t *testing.T) {
	t.Parallel()
	const underFirst = `{"actor":"urn:li:organization:96000893","object":"urn:li:activity:5","message":{"text":"Gern!","attributes":[]},
		"parentComment":"urn:li:comment:(urn:li:activity:5,6)"}`
	const underPost = `{"actor":"urn:li:organization:96000893","object":"urn:li:activity:5","message":{"text":"Gern!","attributes":[]}}`
	id := answer{201, map[string]string{"X-Restli-Id": "7", "X-Li-Uuid": "uuid"}, ``}
	for name, c := range map[string]struct {
		message channels.Outbound
		answer  answer
		body    string
	}{
		"an answer in a thread": {
			channels.Outbound{Surface: models.Comment, ThreadKey: activity + ":" + first, ReplyToExternalID: second, Text: "Gern!"}, id, underFirst,
		},
		"an answer below an ad": {
			channels.Outbound{Surface: models.AdComment, ThreadKey: activity + ":" + first, Text: "Gern!"}, id, underFirst,
		},
		"an answer to a comment of no known thread": {
			channels.Outbound{Surface: models.Comment, ReplyToExternalID: first, Text: "Gern!"}, id, underFirst,
		},
		"a comment on a post that mentions us": {
			channels.Outbound{Surface: models.Mention, ThreadKey: activity, ReplyToExternalID: "urn:li:share:4", Text: "Gern!"}, id, underPost,
		},
		"whose name comes whole": {
			channels.Outbound{Surface: models.Mention, ThreadKey: activity, Text: "Gern!"},
			answer{201, map[string]string{"X-Restli-Id": "urn%3Ali%3Acomment%3A%28urn%3Ali%3Aactivity%3A5%2C7%29", "X-Li-Uuid": "uuid"}, ``}, underPost,
		},
		"whose name comes in the body": {
			channels.Outbound{Surface: models.Mention, ThreadKey: activity, Text: "Gern!"},
			answer{201, map[string]string{"X-Restli-Id": "something else", "X-Li-Uuid": "uuid"}, `{"$URN":"urn:li:comment:(activity:5,7)"}`}, underPost,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := answering(t, map[string]answer{"POST " + comments: c.answer})
			sent, err := p.adapter().Send(t.Context(), account, c.message)
			if want := (channels.Sent{ExternalID: second, RequestID: "uuid", HTTPStatus: 201}); err != nil || sent != want {
				t.Errorf("sent %+v, %v; want %+v", sent, err, want)
			}
			p.called(t, [2]string{"POST " + comments, c.body})
		})
	}
}

func TestSendRefusesWithoutACall(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		message channels.Outbound
		want    models.FailureReason
	}{
		"a private message": {channels.Outbound{Surface: models.PrivateMessage, RecipientID: "urn:li:person:1", Text: "x"}, models.PermissionMissing},
		"a template":        {channels.Outbound{Surface: models.Comment, ThreadKey: activity, Template: &models.Template{}}, models.InvalidRequest},
		"a picture":         {channels.Outbound{Surface: models.Comment, ThreadKey: activity, Text: "x", Attachments: make([]models.Attachment, 1)}, models.InvalidRequest},
		"nothing":           {channels.Outbound{Surface: models.Comment, ThreadKey: activity}, models.InvalidRequest},
		"a wall post":       {channels.Outbound{Surface: models.WallPost, ThreadKey: activity, Text: "x"}, models.InvalidRequest},
		"a comment nowhere": {channels.Outbound{Surface: models.Comment, Text: "x"}, models.InvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := answering(t, nil)
			_, err := p.adapter().Send(t.Context(), account, c.message)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
			p.called(t)
		})
	}
}

func TestSendRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer answer
		want   channels.SendError
	}{
		"a token that ended": {
			answer{401, nil, `{"status":401,"serviceErrorCode":65601,"message":"The token user-secret-part has expired"}`},
			channels.SendError{Failure: models.Failure{Reason: models.AuthExpired, Code: "65601", Message: "The token [secret] has expired"}, HTTPStatus: 401},
		},
		"a role that was lost": {
			answer{403, nil, `{"status":403,"serviceErrorCode":100,"code":"ACCESS_DENIED","message":"Not enough permissions"}`},
			channels.SendError{Failure: models.Failure{Reason: models.PermissionMissing, Code: "100", Message: "Not enough permissions"}, HTTPStatus: 403},
		},
		"a post that is gone": {
			answer{404, nil, `{"status":404,"code":"NOT_FOUND","message":"Could not find entity"}`},
			channels.SendError{Failure: models.Failure{Reason: models.PlatformRefused, Code: "NOT_FOUND", Message: "Could not find entity"}, HTTPStatus: 404},
		},
		"words LinkedIn does not take": {
			answer{422, nil, `{"message":"too long"}`},
			channels.SendError{Failure: models.Failure{Reason: models.InvalidRequest, Code: "422", Message: "too long"}, HTTPStatus: 422},
		},
		"a day that is used up": {
			answer{429, map[string]string{"Date": "Sat, 01 Aug 2026 22:30:00 GMT"}, `{"status":429,"message":"Resource level throttle DAY limit"}`},
			channels.SendError{Failure: models.Failure{Reason: models.RateLimited, Code: "429", Message: "Resource level throttle DAY limit"}, HTTPStatus: 429, RetryAfter: 90 * time.Minute},
		},
		"too much at once": {
			answer{429, map[string]string{"Retry-After": "7"}, ``},
			channels.SendError{Failure: models.Failure{Reason: models.RateLimited, Code: "429"}, HTTPStatus: 429, RetryAfter: 7 * time.Second},
		},
		"a fault, with a page": {
			answer{502, nil, `<html>`},
			channels.SendError{Failure: models.Failure{Reason: models.Transient, Code: "502"}, HTTPStatus: 502},
		},
		"a version that is no more": {
			answer{426, nil, `{"status":426,"code":"NONEXISTENT_VERSION"}`},
			channels.SendError{Failure: models.Failure{Reason: models.PlatformRefused, Code: "NONEXISTENT_VERSION"}, HTTPStatus: 426},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := answering(t, map[string]answer{"POST " + comments: c.answer})
			_, err := p.adapter().Send(t.Context(), account, channels.Outbound{Surface: models.Comment, ThreadKey: activity, Text: "x"})
			if got := sendError(t, err); *got != c.want {
				t.Errorf("got %+v, want %+v", *got, c.want)
			}
		})
	}

	for name, a := range map[string]answer{
		"an answer naming nothing":        {status: 201},
		"an answer naming something else": {status: 201, header: map[string]string{"X-Restli-Id": "urn:li:share:4"}},
	} {
		t.Run(name+" is ambiguous", func(t *testing.T) {
			t.Parallel()
			p := answering(t, map[string]answer{"POST " + comments: a})
			_, err := p.adapter().Send(t.Context(), account, channels.Outbound{Surface: models.Comment, ThreadKey: activity, Text: "x"})
			if got := sendError(t, err); got.Reason != models.Unconfirmed || !got.Ambiguous {
				t.Errorf("got %+v, want unconfirmed and ambiguous", got)
			}
		})
	}

	t.Run("nobody listening is not ambiguous", func(t *testing.T) {
		t.Parallel()
		closed := httptest.NewServer(http.NotFoundHandler())
		closed.Close()
		_, err := New(Config{APIBase: closed.URL, HTTP: closed.Client()}).Send(t.Context(), account,
			channels.Outbound{Surface: models.Comment, ThreadKey: activity, Text: "x"})
		if got := sendError(t, err); got.Reason != models.Transient || got.Ambiguous {
			t.Errorf("got %+v, want transient and not ambiguous", got)
		}
	})
}

func TestAct(t *testing.T) {
	t.Parallel()
	const firstKey = "urn%3Ali%3Acomment%3A%28urn%3Ali%3Aactivity%3A5%2C6%29"
	for name, c := range map[string]struct {
		action     channels.Action
		status     int
		line, body string
		restli     string
	}{
		"likes a comment": {
			channels.Action{Kind: models.LikeMessage, Surface: models.Comment, TargetExternalID: first}, 201,
			"POST /rest/reactions?actor=" + pageKey, `{"root":"` + first + `","reactionType":"LIKE"}`, "",
		},
		"has liked already": {
			channels.Action{Kind: models.LikeMessage, Surface: models.Mention, TargetExternalID: "urn:li:share:4"}, 409,
			"POST /rest/reactions?actor=" + pageKey, `{"root":"urn:li:share:4","reactionType":"LIKE"}`, "",
		},
		"takes a like back": {
			channels.Action{Kind: models.UnlikeMessage, Surface: models.Comment, TargetExternalID: first}, 204,
			"DELETE /rest/reactions/(actor:" + pageKey + ",entity:" + firstKey + ")", "", "",
		},
		"has no like to take back": {
			channels.Action{Kind: models.UnlikeMessage, Surface: models.Comment, TargetExternalID: first}, 404,
			"DELETE /rest/reactions/(actor:" + pageKey + ",entity:" + firstKey + ")", "", "",
		},
		"deletes a comment of ours": {
			channels.Action{Kind: models.DeleteMessage, Surface: models.Comment, TargetExternalID: first, Ours: true}, 204,
			"DELETE " + comments + "/6?actor=" + pageKey, "", "",
		},
		"has deleted it already": {
			channels.Action{Kind: models.DeleteMessage, Surface: models.Mention, TargetExternalID: first, Ours: true}, 404,
			"DELETE " + comments + "/6?actor=" + pageKey, "", "",
		},
		"edits a comment of ours": {
			channels.Action{Kind: models.EditMessage, Surface: models.Comment, TargetExternalID: first, Ours: true, Text: "besser"}, 204,
			"POST " + comments + "/6?actor=" + pageKey, `{"patch":{"message":{"$set":{"text":"besser"}}}}`, "PARTIAL_UPDATE",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := answering(t, map[string]answer{c.line: {status: c.status}})
			if err := p.adapter().Act(t.Context(), account, c.action); err != nil {
				t.Fatalf("act: %v", err)
			}
			p.called(t, [2]string{c.line, c.body})
			if got := p.calls[0].header.Get("X-Restli-Method"); got != c.restli {
				t.Errorf("Rest.li method %q, want %q", got, c.restli)
			}
		})
	}

	for name, action := range map[string]channels.Action{
		"hiding":                       {Kind: models.HideMessage, Surface: models.Comment, TargetExternalID: first},
		"deleting the words of others": {Kind: models.DeleteMessage, Surface: models.Comment, TargetExternalID: first},
		"editing a post":               {Kind: models.EditMessage, Surface: models.Mention, TargetExternalID: "urn:li:share:4", Ours: true, Text: "x"},
		"an edit without words":        {Kind: models.EditMessage, Surface: models.Comment, TargetExternalID: first, Ours: true},
		"liking nothing":               {Kind: models.LikeMessage, Surface: models.Comment},
		"liking in private":            {Kind: models.LikeMessage, Surface: models.PrivateMessage, TargetExternalID: "1"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			p := answering(t, nil)
			if got := sendError(t, p.adapter().Act(t.Context(), account, action)); got.Reason != models.InvalidRequest {
				t.Errorf("got %+v", got)
			}
			p.called(t)
		})
	}

	t.Run("tells a refusal", func(t *testing.T) {
		t.Parallel()
		p := answering(t, map[string]answer{"POST /rest/reactions": {status: 403}})
		err := p.adapter().Act(t.Context(), account, channels.Action{Kind: models.LikeMessage, Surface: models.Comment, TargetExternalID: first})
		if got := sendError(t, err); got.Reason != models.PermissionMissing {
			t.Errorf("got %+v", got)
		}
	})
}
