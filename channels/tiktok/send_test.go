package tiktok

import (
	"strings"
	"testing"

	"parley/channels"
	"parley/models"
)

func TestSend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		message channels.Outbound
		want    string
	}{
		"an answer to a comment": {
			channels.Outbound{ThreadKey: "7239:7240", ReplyToExternalID: "7241", Text: "Ja, ab Montag!"},
			`POST business/comment/reply/create/ {"business_id":"biz_1","comment_id":"7241","text":"Ja, ab Montag!","video_id":"7239"} ` + accessToken,
		},
		"an answer in a thread": {
			channels.Outbound{ThreadKey: "7239:7240", Text: "ja"},
			`POST business/comment/reply/create/ {"business_id":"biz_1","comment_id":"7240","text":"ja","video_id":"7239"} ` + accessToken,
		},
		"a comment on the video itself": {
			channels.Outbound{ThreadKey: "7239:7240", ReplyToExternalID: "7239", Text: "ja"},
			`POST business/comment/create/ {"business_id":"biz_1","text":"ja","video_id":"7239"} ` + accessToken,
		},
	} {
		t.Run("sends "+name, func(t *testing.T) {
			t.Parallel()
			created := good(`{"comment_id":7240000000000000789}`)
			a := apiAnswering(t, map[string][]answer{"business/comment/reply/create/": {created}, "business/comment/create/": {created}})
			sent, err := a.adapter().Send(t.Context(), account, c.message)
			if err != nil {
				t.Fatalf("send: %v", err)
			}
			if want := (channels.Sent{ExternalID: "7240000000000000789", RequestID: "R1", HTTPStatus: 200}); sent != want {
				t.Errorf("sent %+v, want %+v", sent, want)
			}
			a.called(t, c.want)
		})
	}

	for name, m := range map[string]channels.Outbound{
		"an answer to nothing":       {Text: "a"},
		"an answer without a text":   {ThreadKey: "1:2"},
		"a template":                 {ThreadKey: "1:2", Template: &models.Template{}},
		"an attachment":              {ThreadKey: "1:2", Text: "a", Attachments: []models.Attachment{{Kind: models.Image}}},
		"a text of 1,201 characters": {ThreadKey: "1:2", Text: strings.Repeat("ä", 1201)},
	} {
		t.Run("does not try "+name, func(t *testing.T) {
			t.Parallel()
			a := apiAnswering(t, nil)
			_, err := a.adapter().Send(t.Context(), account, m)
			if got := sendError(t, err); got.Reason != models.InvalidRequest || got.Ambiguous {
				t.Errorf("got %+v", got)
			}
			a.called(t)
		})
	}

	for name, c := range map[string]struct {
		answer    answer
		want      models.FailureReason
		ambiguous bool
	}{
		"an ended token it quotes": {bad(40105, "Access token act.secret_part of app_secret_part is wrong"), models.AuthExpired, false},
		"a deleted comment":        {bad(40002, "comment not found"), models.InvalidRequest, false},
		"too many calls":           {bad(40100, "slow down"), models.RateLimited, false},
		"a fault of a proxy":       {answer{502, `<html>`}, models.Transient, false},
		"half an answer":           {answer{200, `{"code":0,"da`}, models.Unconfirmed, true},
		"no code":                  {answer{200, `{"data":{"comment_id":"1"}}`}, models.Unconfirmed, true},
		"no comment":               {good(`{}`), models.Unconfirmed, true},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			a := apiAnswering(t, map[string][]answer{"business/comment/reply/create/": {c.answer}})
			_, err := a.adapter().Send(t.Context(), account, channels.Outbound{ThreadKey: "1:2", Text: "a"})
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous != c.ambiguous {
				t.Errorf("got %+v", got)
			}
		})
	}

	t.Run("does not call without a token", func(t *testing.T) {
		t.Parallel()
		a := apiAnswering(t, nil)
		_, err := a.adapter().Send(t.Context(), channels.Account{ID: "biz_1"}, channels.Outbound{ThreadKey: "1:2", Text: "a"})
		if got := sendError(t, err); got.Reason != models.AuthExpired {
			t.Errorf("got %+v", got)
		}
		a.called(t)
	})
}

func TestAct(t *testing.T) {
	t.Parallel()
	on := channels.Action{Surface: models.Comment, ThreadKey: "7239:7240", TargetExternalID: "7241", Ours: true}
	for kind, want := range map[models.ActionKind]string{
		models.HideMessage:   `POST business/comment/hide/ {"action":"HIDE","business_id":"biz_1","comment_id":"7241","video_id":"7239"} `,
		models.UnhideMessage: `POST business/comment/hide/ {"action":"UNHIDE","business_id":"biz_1","comment_id":"7241","video_id":"7239"} `,
		models.LikeMessage:   `POST business/comment/like/ {"action":"LIKE","business_id":"biz_1","comment_id":"7241","video_id":"7239"} `,
		models.UnlikeMessage: `POST business/comment/like/ {"action":"UNLIKE","business_id":"biz_1","comment_id":"7241","video_id":"7239"} `,
		models.DeleteMessage: `POST business/comment/delete/ {"business_id":"biz_1","comment_id":"7241"} `,
	} {
		t.Run("does "+string(kind), func(t *testing.T) {
			t.Parallel()
			done := []answer{good(`{}`)}
			a := apiAnswering(t, map[string][]answer{
				"business/comment/hide/": done, "business/comment/like/": done, "business/comment/delete/": done,
			})
			action := on
			action.Kind = kind
			if err := a.adapter().Act(t.Context(), account, action); err != nil {
				t.Errorf("act: %v", err)
			}
			a.called(t, want+accessToken)
		})
	}

	for name, change := range map[string]func(a *channels.Action){
		"something TikTok cannot":   func(a *channels.Action) { a.Kind = models.EditMessage },
		"a deed on nothing":         func(a *channels.Action) { a.TargetExternalID = "" },
		"a deed on no video":        func(a *channels.Action) { a.ThreadKey = "" },
		"to delete what others say": func(a *channels.Action) { a.Ours = false },
	} {
		t.Run("does not try "+name, func(t *testing.T) {
			t.Parallel()
			a, action := apiAnswering(t, nil), on
			action.Kind = models.DeleteMessage
			change(&action)
			if got := sendError(t, a.adapter().Act(t.Context(), account, action)); got.Reason != models.InvalidRequest {
				t.Errorf("got %+v", got)
			}
			a.called(t)
		})
	}

	t.Run("is content if the comment was deleted before", func(t *testing.T) {
		t.Parallel()
		a := apiAnswering(t, map[string][]answer{"business/comment/delete/": {bad(40007, "no such comment")}})
		action := on
		action.Kind = models.DeleteMessage
		if err := a.adapter().Act(t.Context(), account, action); err != nil {
			t.Errorf("act: %v", err)
		}
	})

	t.Run("may be tried again when the answer was lost", func(t *testing.T) {
		t.Parallel()
		a := apiAnswering(t, map[string][]answer{"business/comment/hide/": {{200, `{`}}})
		action := on
		action.Kind = models.HideMessage
		if got := sendError(t, a.adapter().Act(t.Context(), account, action)); got.Ambiguous || got.Reason != models.Transient {
			t.Errorf("got %+v", got)
		}
	})
}
