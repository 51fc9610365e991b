package x

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley/channels"
	"parley/models"
)

const (
	posted  = `{"data":{"id":"77","text":"ja"}}`
	written = `{"data":{"dm_conversation_id":"7-9","dm_event_id":"88"}}`
)

func TestSend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		message    channels.Outbound
		line, body string
		sent       string
	}{
		"a direct message": {
			channels.Outbound{Surface: models.PrivateMessage, ThreadKey: "7-9", RecipientID: "7", Text: "ja"},
			"POST /2/dm_conversations/with/7/messages", `{"text":"ja"}`, "88",
		},
		"a direct message, where the thread alone says to whom": {
			channels.Outbound{Surface: models.PrivateMessage, ThreadKey: "9-70", Text: "ja"},
			"POST /2/dm_conversations/with/70/messages", `{"text":"ja"}`, "88",
		},
		"a direct message to the author of a post": {
			channels.Outbound{Surface: models.PrivateMessage, ThreadKey: "2081", PrivateReplyTo: "2081", RecipientID: "7", Text: "ja"},
			"POST /2/dm_conversations/with/7/messages", `{"text":"ja"}`, "88",
		},
		"a message to a group": {
			channels.Outbound{Surface: models.PrivateMessage, ThreadKey: "1578398451921985538", RecipientID: "7", Text: "ja"},
			"POST /2/dm_conversations/1578398451921985538/messages", `{"text":"ja"}`, "88",
		},
		"an id that would leave its place": {
			channels.Outbound{Surface: models.PrivateMessage, RecipientID: "7/../8", Text: "ja"},
			"POST /2/dm_conversations/with/7%2F..%2F8/messages", `{"text":"ja"}`, "88",
		},
		"an answer to a reply": {
			channels.Outbound{Surface: models.PostSurface, ThreadKey: "40", ReplyToExternalID: "41", Text: "ja <b>"},
			"POST /2/tweets", `{"text":"ja <b>","reply":{"in_reply_to_tweet_id":"41"}}`, "77",
		},
		"an answer to a mention": {
			channels.Outbound{Surface: models.Mention, ThreadKey: "40", ReplyToExternalID: "40", Text: "ja"},
			"POST /2/tweets", `{"text":"ja","reply":{"in_reply_to_tweet_id":"40"}}`, "77",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := c.line[len("POST "):]
			body := posted
			if c.sent == "88" {
				body = written
			}
			p := answering(t, map[string][]answer{"POST " + path: always(answer{201, map[string]string{"X-Transaction-Id": "tx"}, body})})

			sent, err := p.adapter().Send(t.Context(), account, c.message)

			if want := (channels.Sent{ExternalID: c.sent, RequestID: "tx", HTTPStatus: 201}); err != nil || sent != want {
				t.Errorf("sent %+v, %v; want %+v", sent, err, want)
			}
			p.called(t, [2]string{c.line, c.body})
			if p.all()[0].bearer != token {
				t.Error("not as the user")
			}
		})
	}
}

// opening hands out the same content as often as it is asked.
func opening(content string) func(context.Context, models.Attachment) (io.ReadCloser, error) {
	return func(context.Context, models.Attachment) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	}
}

const png = "\x89PNG\r\n\x1a\n rest"

func TestSendAttachment(t *testing.T) {
	t.Parallel()
	begun := always(answer{status: 200, body: `{"data":{"id":"m1","media_key":"3_m1"}}`})
	ready := always(answer{status: 200, body: `{"data":{"id":"m1"}}`})
	appended := always(answer{status: 204})

	t.Run("a picture beside a direct message", func(t *testing.T) {
		t.Parallel()
		p := answering(t, map[string][]answer{
			"POST /2/media/upload/initialize":          begun,
			"POST /2/media/upload/m1/append":           appended,
			"POST /2/media/upload/m1/finalize":         ready,
			"POST /2/dm_conversations/with/7/messages": always(answer{status: 201, body: written}),
		})
		_, err := p.adapter().Send(t.Context(), account, channels.Outbound{
			Surface: models.PrivateMessage, ThreadKey: "7-9", Attachments: []models.Attachment{{Kind: models.Image}}, OpenFile: opening(png),
		})
		if err != nil {
			t.Fatalf("send: %v", err)
		}
		p.called(t,
			[2]string{"POST /2/media/upload/initialize", `{"media_type":"image/png","total_bytes":13,"media_category":"dm_image"}`},
			[2]string{"POST /2/media/upload/m1/append", "media=" + png + "&segment_index=0"},
			[2]string{"POST /2/media/upload/m1/finalize", ""},
			[2]string{"POST /2/dm_conversations/with/7/messages", `{"attachments":[{"media_id":"m1"}]}`},
		)
	})

	t.Run("a film in pieces below a post, once X has worked on it", func(t *testing.T) {
		t.Parallel()
		working := answer{status: 200, body: `{"data":{"processing_info":{"state":"in_progress","check_after_secs":3600}}}`}
		p := answering(t, map[string][]answer{
			"POST /2/media/upload/initialize":  begun,
			"POST /2/media/upload/m1/append":   appended,
			"POST /2/media/upload/m1/finalize": always(working),
			"GET /2/media/upload":              {working, {status: 200, body: `{"data":{"processing_info":{"state":"succeeded"}}}`}},
			"POST /2/tweets":                   always(answer{status: 201, body: posted}),
		})
		adapter := p.adapter()
		var waited []time.Duration
		adapter.pause = func(_ context.Context, d time.Duration) error {
			waited = append(waited, d)
			return nil
		}
		film := strings.Repeat("x", segmentBytes) + "end"
		_, err := adapter.Send(t.Context(), account, channels.Outbound{
			Surface: models.Mention, ReplyToExternalID: "40", Text: "so",
			Attachments: []models.Attachment{{Kind: models.Video, MIMEType: "video/mp4", SizeBytes: int64(len(film))}}, OpenFile: opening(film),
		})
		if err != nil {
			t.Fatalf("send: %v", err)
		}
		if len(waited) != 2 || waited[0] != longestCheck {
			t.Errorf("waited %v, want twice, and no longer than %s", waited, longestCheck)
		}
		p.called(t,
			[2]string{"POST /2/media/upload/initialize", `{"media_type":"video/mp4","total_bytes":4194307,"media_category":"tweet_video"}`},
			[2]string{"POST /2/media/upload/m1/append", "media=" + film[:segmentBytes] + "&segment_index=0"},
			[2]string{"POST /2/media/upload/m1/append", "media=end&segment_index=1"},
			[2]string{"POST /2/media/upload/m1/finalize", ""},
			[2]string{"GET /2/media/upload?command=STATUS&media_id=m1", ""},
			[2]string{"GET /2/media/upload?command=STATUS&media_id=m1", ""},
			[2]string{"POST /2/tweets", `{"text":"so","reply":{"in_reply_to_tweet_id":"40"},"media":{"media_ids":["m1"]}}`},
		)
	})

	for name, c := range map[string]struct {
		finalize, status string
		want             models.FailureReason
	}{
		"a film X cannot show":      {`{"data":{"processing_info":{"state":"failed"}}}`, ``, models.InvalidRequest},
		"a film X never ends with":  {`{"data":{"processing_info":{"state":"pending"}}}`, `{"data":{"processing_info":{"state":"pending"}}}`, models.Transient},
		"half an answer on the way": {`{"data":`, ``, models.Transient},
	} {
		t.Run("tells "+name+", and sends nothing", func(t *testing.T) {
			t.Parallel()
			p := answering(t, map[string][]answer{
				"POST /2/media/upload/initialize":  begun,
				"POST /2/media/upload/m1/append":   appended,
				"POST /2/media/upload/m1/finalize": always(answer{status: 200, body: c.finalize}),
				"GET /2/media/upload":              always(answer{status: 200, body: c.status}),
			})
			adapter := p.adapter()
			adapter.pause = func(context.Context, time.Duration) error { return nil }
			_, err := adapter.Send(t.Context(), account, channels.Outbound{
				Surface: models.Mention, ReplyToExternalID: "40", OpenFile: opening("film"),
				Attachments: []models.Attachment{{Kind: models.Video, MIMEType: "video/mp4"}},
			})
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}

func TestSendRefusesWithoutACall(t *testing.T) {
	t.Parallel()
	picture := []models.Attachment{{Kind: models.Image, MIMEType: "image/png", SizeBytes: 3}}
	unopenable := func(context.Context, models.Attachment) (io.ReadCloser, error) { return nil, errors.New("gone") }
	for name, c := range map[string]struct {
		message channels.Outbound
		want    models.FailureReason
	}{
		"a template":             {channels.Outbound{Surface: models.PrivateMessage, RecipientID: "7", Template: &models.Template{}}, models.InvalidRequest},
		"nothing":                {channels.Outbound{Surface: models.PrivateMessage, RecipientID: "7"}, models.InvalidRequest},
		"a message to nobody":    {channels.Outbound{Surface: models.PrivateMessage, Text: "x"}, models.InvalidRequest},
		"an encrypted answer":    {channels.Outbound{Surface: models.PrivateMessage, ThreadKey: "7:9", RecipientID: "7", Text: "x"}, models.InvalidRequest},
		"an answer to nothing":   {channels.Outbound{Surface: models.PostSurface, ThreadKey: "40", Text: "x"}, models.InvalidRequest},
		"a comment, as on video": {channels.Outbound{Surface: models.Comment, ReplyToExternalID: "40", Text: "x"}, models.InvalidRequest},
		"two pictures at once": {
			channels.Outbound{Surface: models.PrivateMessage, RecipientID: "7", Attachments: append(picture, picture...), OpenFile: opening("abc")}, models.InvalidRequest,
		},
		"five pictures below a post": {
			channels.Outbound{Surface: models.Mention, ReplyToExternalID: "40", Attachments: make([]models.Attachment, 5), OpenFile: opening("abc")}, models.InvalidRequest,
		},
		"a document": {
			channels.Outbound{Surface: models.PrivateMessage, RecipientID: "7", OpenFile: opening("abc"),
				Attachments: []models.Attachment{{Kind: models.File, MIMEType: "application/pdf", SizeBytes: 3}}}, models.InvalidRequest,
		},
		"a picture of six megabytes": {
			channels.Outbound{Surface: models.PrivateMessage, RecipientID: "7", OpenFile: opening("abc"),
				Attachments: []models.Attachment{{Kind: models.Image, MIMEType: "image/png", SizeBytes: 6 << 20}}}, models.InvalidRequest,
		},
		"an empty picture": {
			channels.Outbound{Surface: models.PrivateMessage, RecipientID: "7", OpenFile: opening(""),
				Attachments: []models.Attachment{{Kind: models.Image}}}, models.InvalidRequest,
		},
		"a picture nobody can open": {channels.Outbound{Surface: models.PrivateMessage, RecipientID: "7", Attachments: picture}, models.InvalidRequest},
		"a picture that is not there": {
			channels.Outbound{Surface: models.PrivateMessage, RecipientID: "7", OpenFile: unopenable,
				Attachments: []models.Attachment{{Kind: models.Image}}}, models.Transient,
		},
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
	const problems = "https://api.twitter.com/2/problems/"
	direct := channels.Outbound{Surface: models.PrivateMessage, ThreadKey: "7-9", Text: "x"}
	reply := channels.Outbound{Surface: models.Mention, ReplyToExternalID: "40", Text: "x"}
	for name, c := range map[string]struct {
		message channels.Outbound
		answer  answer
		want    channels.SendError
	}{
		"a token that ended": {
			direct, answer{401, nil, `{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized: ` + token + `"}`},
			channels.SendError{Failure: models.Failure{Reason: models.AuthExpired, Code: "about:blank", Message: "Unauthorized: [secret]"}, HTTPStatus: 401},
		},
		"a contact who takes no messages": {
			direct, answer{403, nil, `{"title":"Forbidden","type":"about:blank","status":403,"detail":"You cannot send messages to this user."}`},
			channels.SendError{Failure: models.Failure{Reason: models.RecipientBlocked, Code: "about:blank", Message: "You cannot send messages to this user."}, HTTPStatus: 403},
		},
		"a resource that is not ours": {
			reply, answer{403, nil, `{"title":"Not authorized","type":"` + problems + `not-authorized-for-resource"}`},
			channels.SendError{Failure: models.Failure{Reason: models.RecipientBlocked, Code: "not-authorized-for-resource", Message: "Not authorized"}, HTTPStatus: 403},
		},
		"an app that may not": {
			direct, answer{403, nil, `{"title":"Client Forbidden","type":"` + problems + `client-forbidden","detail":"no"}`},
			channels.SendError{Failure: models.Failure{Reason: models.PermissionMissing, Code: "client-forbidden", Message: "no"}, HTTPStatus: 403},
		},
		"somebody who did not call us": {
			reply, answer{403, nil, `{"title":"Forbidden","status":403}`},
			channels.SendError{Failure: models.Failure{Reason: models.PermissionMissing, Code: "403", Message: "Forbidden"}, HTTPStatus: 403},
		},
		"the same words again": {
			reply, answer{403, nil, `{"detail":"You are not allowed to create a Tweet with duplicate content.","type":"about:blank"}`},
			channels.SendError{Failure: models.Failure{Reason: models.InvalidRequest, Code: "about:blank", Message: "You are not allowed to create a Tweet with duplicate content."}, HTTPStatus: 403},
		},
		"the same words again, by number": {
			reply, answer{400, nil, `{"errors":[{"code":187,"message":"Status is a duplicate."}]}`},
			channels.SendError{Failure: models.Failure{Reason: models.InvalidRequest, Code: "187", Message: "Status is a duplicate."}, HTTPStatus: 400},
		},
		"a contact who left X": {
			direct, answer{404, nil, `{}`},
			channels.SendError{Failure: models.Failure{Reason: models.RecipientUnreachable, Code: "404"}, HTTPStatus: 404},
		},
		"a post that is gone": {
			reply, answer{404, nil, `{}`},
			channels.SendError{Failure: models.Failure{Reason: models.PlatformRefused, Code: "404"}, HTTPStatus: 404},
		},
		"too much at once": {
			direct, answer{429, map[string]string{"X-Rate-Limit-Reset": "1785585690", "Date": "Sat, 01 Aug 2026 12:00:00 GMT"}, `{"title":"Too Many Requests"}`},
			channels.SendError{Failure: models.Failure{Reason: models.RateLimited, Code: "429", Message: "Too Many Requests"}, HTTPStatus: 429, RetryAfter: 90 * time.Second},
		},
		"a month that is used up": {
			reply, answer{429, nil, `{"title":"UsageCapExceeded","type":"` + problems + `usage-capped"}`},
			channels.SendError{Failure: models.Failure{Reason: models.ChannelRestricted, Code: "usage-capped", Message: "UsageCapExceeded"}, HTTPStatus: 429},
		},
		"a bill that was not paid": {
			reply, answer{402, nil, `{"title":"CreditsDepleted"}`},
			channels.SendError{Failure: models.Failure{Reason: models.ChannelRestricted, Code: "402", Message: "CreditsDepleted"}, HTTPStatus: 402},
		},
		"a refusal dressed as a success": {
			reply, answer{200, nil, `{"errors":[{"title":"Not Found Error","type":"` + problems + `resource-not-found","detail":"gone"}]}`},
			channels.SendError{Failure: models.Failure{Reason: models.PlatformRefused, Code: "resource-not-found", Message: "gone"}, HTTPStatus: 200},
		},
		"a text X does not take": {
			reply, answer{400, nil, `{"title":"Invalid Request","type":"` + problems + `invalid-request","errors":[{"message":"too long"}]}`},
			channels.SendError{Failure: models.Failure{Reason: models.InvalidRequest, Code: "invalid-request", Message: "too long"}, HTTPStatus: 400},
		},
		"a fault, with a page": {
			direct, answer{503, nil, `<html>`},
			channels.SendError{Failure: models.Failure{Reason: models.Transient, Code: "503"}, HTTPStatus: 503},
		},
		"somewhere else to go": {
			direct, answer{302, map[string]string{"Location": "https://elsewhere.example/"}, ``},
			channels.SendError{Failure: models.Failure{Reason: models.PlatformRefused, Code: "302"}, HTTPStatus: 302},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := answering(t, map[string][]answer{
				"POST /2/tweets": always(c.answer), "POST /2/dm_conversations/with/7/messages": always(c.answer),
			})
			_, err := p.adapter().Send(t.Context(), account, c.message)
			if got := sendError(t, err); *got != c.want {
				t.Errorf("got %+v, want %+v", *got, c.want)
			}
		})
	}
}

func TestSendAfterAFault(t *testing.T) {
	t.Parallel()
	text := channels.Outbound{Surface: models.Mention, ReplyToExternalID: "40", Text: "x"}

	t.Run("nobody listening is not ambiguous", func(t *testing.T) {
		t.Parallel()
		closed := httptest.NewServer(http.NotFoundHandler())
		closed.Close()
		_, err := New(Config{APIBase: closed.URL, HTTP: closed.Client()}).Send(t.Context(), account, text)
		if got := sendError(t, err); got.Reason != models.Transient || got.Ambiguous {
			t.Errorf("got %+v, want transient and not ambiguous", got)
		}
	})

	for name, body := range map[string]string{
		"half an answer":             `{"data":{"id":"7`,
		"an answer naming no post":   `{"data":{}}`,
		"an answer without any data": `{}`,
		"an answer of another kind":  `{"data":[1]}`,
	} {
		t.Run(name+" is ambiguous", func(t *testing.T) {
			t.Parallel()
			p := answering(t, map[string][]answer{"POST /2/tweets": always(answer{status: 201, body: body})})
			_, err := p.adapter().Send(t.Context(), account, text)
			if got := sendError(t, err); got.Reason != models.Unconfirmed || !got.Ambiguous {
				t.Errorf("got %+v, want unconfirmed and ambiguous", got)
			}
		})
	}
}

func TestAct(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		action     channels.Action
		line, body string
	}{
		"hides a reply":            {channels.Action{Kind: models.HideMessage, Surface: models.PostSurface, TargetExternalID: "41"}, "PUT /2/tweets/41/hidden", `{"hidden":true}`},
		"hides a mention":          {channels.Action{Kind: models.HideMessage, Surface: models.Mention, TargetExternalID: "41"}, "PUT /2/tweets/41/hidden", `{"hidden":true}`},
		"shows a reply again":      {channels.Action{Kind: models.UnhideMessage, Surface: models.PostSurface, TargetExternalID: "41"}, "PUT /2/tweets/41/hidden", `{"hidden":false}`},
		"deletes a post of ours":   {channels.Action{Kind: models.DeleteMessage, Surface: models.Mention, TargetExternalID: "42", Ours: true}, "DELETE /2/tweets/42", ""},
		"deletes a direct message": {channels.Action{Kind: models.DeleteMessage, Surface: models.PrivateMessage, TargetExternalID: "43", Ours: true}, "DELETE /2/dm_events/43", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := answering(t, map[string][]answer{c.line: always(answer{status: 200, body: `{"data":{}}`})})
			if err := p.adapter().Act(t.Context(), account, c.action); err != nil {
				t.Fatalf("act: %v", err)
			}
			p.called(t, [2]string{c.line, c.body})
		})
	}

	for name, action := range map[string]channels.Action{
		"hiding a direct message":      {Kind: models.HideMessage, Surface: models.PrivateMessage, TargetExternalID: "41"},
		"hiding our own words":         {Kind: models.HideMessage, Surface: models.PostSurface, TargetExternalID: "41", Ours: true},
		"deleting the words of others": {Kind: models.DeleteMessage, Surface: models.PostSurface, TargetExternalID: "41"},
		"liking":                       {Kind: models.LikeMessage, Surface: models.PostSurface, TargetExternalID: "41"},
		"typing":                       {Kind: models.ShowTyping, Surface: models.PrivateMessage, TargetExternalID: "41"},
		"acting on nothing":            {Kind: models.HideMessage, Surface: models.PostSurface},
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

	t.Run("what is gone is deleted", func(t *testing.T) {
		t.Parallel()
		p := answering(t, nil)
		err := p.adapter().Act(t.Context(), account, channels.Action{Kind: models.DeleteMessage, Surface: models.PostSurface, TargetExternalID: "1", Ours: true})
		if err != nil {
			t.Errorf("delete: %v", err)
		}
	})

	t.Run("tells a refusal", func(t *testing.T) {
		t.Parallel()
		p := answering(t, map[string][]answer{"PUT /2/tweets/41/hidden": always(answer{status: 401})})
		err := p.adapter().Act(t.Context(), account, channels.Action{Kind: models.HideMessage, Surface: models.PostSurface, TargetExternalID: "41"})
		if got := sendError(t, err); got.Reason != models.AuthExpired {
			t.Errorf("got %+v", got)
		}
	})
}
