package wechat

import (
	"io"
	"testing"
	"time"

	"parley/channels"
	"parley/models"
)

const (
	tokenCall = `POST /cgi-bin/stable_token {"appid":"` + appID + `","grant_type":"client_credential","secret":"` + appSecret + `"}`
	newToken  = "74_secret_part"
)

var token7200 = answer{status: 200, body: `{"access_token":"` + newToken + `","expires_in":7200}`}

func TestCheck(t *testing.T) {
	t.Parallel()
	typed := channels.Account{ID: "gh_e136c6e50636", Credentials: models.Credentials{
		WebhookSecret: token, AppID: appID, AppSecret: appSecret, EncodingKey: encodingKey,
	}}
	callback := answer{status: 200, body: `{"ip_list":["127.0.0.1"]}`}

	t.Run("brings the first token home", func(t *testing.T) {
		t.Parallel()
		w := weixinAnswering(t, map[string]answer{tokenPath: token7200, "/cgi-bin/getcallbackip": callback})
		known, err := w.adapter().Check(t.Context(), typed)
		if err != nil {
			t.Fatalf("check: %v", err)
		}
		c := known.Credentials
		if known.ID != typed.ID || known.Name != typed.ID || c.AccessToken != newToken || c.EncodingKey != encodingKey ||
			c.ExpiresAt == nil || !c.ExpiresAt.Equal(now.Add(2*time.Hour)) {
			t.Errorf("learned %q %q until %v", known.ID, known.Name, c.ExpiresAt)
		}
		w.called(t, tokenCall, "GET /cgi-bin/getcallbackip?access_token="+newToken)
	})

	for name, change := range map[string]func(a *channels.Account){
		"an id that is not WeChat's":  func(a *channels.Account) { a.ID = "me" },
		"an account without a token":  func(a *channels.Account) { a.Credentials.WebhookSecret = "" },
		"an EncodingAESKey too short": func(a *channels.Account) { a.Credentials.EncodingKey = "abc" },
	} {
		t.Run("does not try "+name, func(t *testing.T) {
			t.Parallel()
			w, wrong := weixinAnswering(t, nil), typed
			change(&wrong)
			_, err := w.adapter().Check(t.Context(), wrong)
			if got := sendError(t, err); got.Reason != models.InvalidRequest {
				t.Errorf("got %+v", got)
			}
			w.called(t)
		})
	}

	for name, c := range map[string]struct {
		token, callback answer
		want            models.FailureReason
	}{
		"a wrong secret":           {answer{status: 200, body: `{"errcode":40125,"errmsg":"invalid appsecret app_secret_part"}`}, callback, models.AuthExpired},
		"a server it does not let": {answer{status: 200, body: `{"errcode":40164,"errmsg":"invalid ip"}`}, callback, models.PermissionMissing},
		"half a token":             {answer{status: 200, body: `{"access_`}, callback, models.Transient},
		"no token":                 {answer{status: 200, body: `{}`}, callback, models.Transient},
		"a token that is no good":  {token7200, answer{status: 200, body: `{"errcode":40001}`}, models.AuthExpired},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			w := weixinAnswering(t, map[string]answer{tokenPath: c.token, "/cgi-bin/getcallbackip": c.callback})
			_, err := w.adapter().Check(t.Context(), typed)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	t.Run("keeps all but the token and its end", func(t *testing.T) {
		t.Parallel()
		w := weixinAnswering(t, map[string]answer{tokenPath: token7200})
		later := now.Add(90 * time.Minute)
		got, err := w.adapter().Refresh(t.Context(), account, later)
		if err != nil {
			t.Fatalf("refresh: %v", err)
		}
		want := account.Credentials
		want.AccessToken, want.ExpiresAt = newToken, got.ExpiresAt
		if got != want || !got.ExpiresAt.Equal(later.Add(2*time.Hour)) {
			t.Errorf("got another account's credentials, until %v", got.ExpiresAt)
		}
	})
	t.Run("does not try without a secret", func(t *testing.T) {
		t.Parallel()
		w := weixinAnswering(t, nil)
		_, err := w.adapter().Refresh(t.Context(), plain, now)
		if got := sendError(t, err); got.Reason != models.AuthExpired {
			t.Errorf("got %+v", got)
		}
		w.called(t)
	})
}

func TestOpenMedia(t *testing.T) {
	t.Parallel()
	const getCall = "GET /cgi-bin/media/get?access_token=" + accessToken + "&media_id=M1"
	attached := models.Attachment{MediaID: "M1", URL: "http://somewhere.example/"}

	t.Run("opens a picture by its id", func(t *testing.T) {
		t.Parallel()
		w := weixinAnswering(t, map[string]answer{"/cgi-bin/media/get": {status: 200, kind: "image/jpeg", body: "a picture"}})
		res, err := w.adapter().OpenMedia(t.Context(), account, attached)
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		defer func() { _ = res.Body.Close() }()
		if body, _ := io.ReadAll(res.Body); string(body) != "a picture" {
			t.Errorf("got %q", body)
		}
		w.called(t, getCall)
	})

	t.Run("opens a video where WeChat says it is, without the token", func(t *testing.T) {
		t.Parallel()
		w := weixinAnswering(t, map[string]answer{
			"/cgi-bin/media/get": {status: 200, kind: "text/plain", body: `{"video_url":"{here}/video?x=1"}`},
			"/video":             {status: 200, kind: "video/mp4", body: "a video"},
		})
		res, err := w.adapter().OpenMedia(t.Context(), account, attached)
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		defer func() { _ = res.Body.Close() }()
		if body, _ := io.ReadAll(res.Body); string(body) != "a video" {
			t.Errorf("got %q", body)
		}
		w.called(t, getCall, "GET /video?x=1")
	})

	for name, c := range map[string]struct {
		attached models.Attachment
		answer   answer
		want     models.FailureReason
	}{
		"a file that is gone":        {attached, answer{status: 200, kind: "application/json; charset=utf-8", body: `{"errcode":40007,"errmsg":"invalid media_id"}`}, models.InvalidRequest},
		"an ended token":             {attached, answer{status: 200, kind: "text/plain", body: `{"errcode":42001}`}, models.AuthExpired},
		"words that say nothing":     {attached, answer{status: 200, kind: "text/plain", body: `{}`}, models.Transient},
		"half of the words":          {attached, answer{status: 200, kind: "text/plain", body: `{"vid`}, models.Transient},
		"an address that is a file":  {attached, answer{status: 200, kind: "text/plain", body: `{"video_url":"file:///etc/passwd"}`}, models.Transient},
		"an attachment without a id": {models.Attachment{URL: "http://somewhere.example/"}, answer{status: 500}, models.InvalidRequest},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			w := weixinAnswering(t, map[string]answer{"/cgi-bin/media/get": c.answer})
			_, err := w.adapter().OpenMedia(t.Context(), account, c.attached)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}
