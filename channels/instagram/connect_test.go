package instagram

import (
	"strings"
	"testing"
	"time"

	"parley/channels"
	"parley/channels/meta/metatest"
	"parley/models"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	known := metatest.Answer{Body: `{"name":"Teeladen","username":"teeladen.berlin","id":"17841405726653026"}`}

	for name, c := range map[string]struct {
		account channels.Account
		calls   [2]string
	}{
		"an account of a Page": {ofPage, [2]string{
			"GET /facebook/v25.0/17841405726653026?fields=name%2Cusername",
			"GET /facebook/v25.0/me/conversations?limit=1&platform=instagram",
		}},
		"an account with a login of its own": {withOwn, [2]string{
			"GET /instagram/v25.0/17841405726653026?fields=name%2Cusername",
			"GET /instagram/v25.0/17841405726653026/conversations?limit=1&platform=instagram",
		}},
	} {
		t.Run("learns the name of "+name+", and that its messages can be read", func(t *testing.T) {
			t.Parallel()
			g := metatest.Answering(t, known, metatest.Answer{Body: `{"data":[]}`})
			connected, err := adapter(g).Check(t.Context(), c.account)
			if err != nil || connected.Name != "Teeladen" || connected.ID != c.account.ID {
				t.Errorf("connected %q %q, %v", connected.ID, connected.Name, err)
			}
			calls := g.Calls()
			if len(calls) != 2 {
				t.Fatalf("%d calls, want two: %+v", len(calls), calls)
			}
			for i, call := range calls {
				call.Is(t, c.calls[i], c.account.Credentials.AccessToken, "")
			}
		})
	}

	t.Run("falls back on the handle", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{"username":"teeladen.berlin"}`})
		connected, err := adapter(g).Check(t.Context(), ofPage)
		if err != nil || connected.Name != "teeladen.berlin" {
			t.Errorf("connected %q, %v", connected.Name, err)
		}
	})
	t.Run("says which switch in the Instagram app is off", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, known, metatest.Answer{Status: 403, Body: `{"error":{"code":200,"error_subcode":2534041,"message":"(#200) access"}}`})
		_, err := adapter(g).Check(t.Context(), ofPage)
		got := metatest.Refused(t, err, pageToken)
		if got.Reason != models.PermissionMissing || got.Code != "200/2534041" || !strings.Contains(got.Message, "Allow access to messages") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("refuses an account without an id", func(t *testing.T) {
		t.Parallel()
		_, err := New(Config{}).Check(t.Context(), channels.Account{})
		if got := metatest.Refused(t, err, ""); got.Reason != models.InvalidRequest {
			t.Errorf("got %+v, want an invalid request", got)
		}
	})
}

func TestSubscribe(t *testing.T) {
	t.Parallel()
	const webhook = "https://parley.example/webhooks/instagram"

	t.Run("an account with a login of its own", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{"success":true}`})
		if err := adapter(g).Subscribe(t.Context(), withOwn, webhook); err != nil {
			t.Fatalf("subscribe: %v", err)
		}
		g.Called(t, "POST /instagram/v25.0/17841405726653026/subscribed_apps", ownToken, `{"subscribed_fields":"messages,`+
			`messaging_postbacks,message_reactions,messaging_seen,messaging_referral,message_edit,comments,live_comments,mentions,standby"}`)
	})
	t.Run("an account of a Page keeps what the Page subscribed to", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{"success":true}`})
		if err := adapter(g).Subscribe(t.Context(), ofPage, webhook); err != nil {
			t.Fatalf("subscribe: %v", err)
		}
		g.Called(t, "POST /facebook/v25.0/me/subscribed_apps", pageToken, `{"subscribed_fields":"messages,messaging_postbacks,`+
			`message_echoes,message_reads,message_deliveries,message_reactions,message_edits,messaging_referrals,messaging_optins,`+
			`messaging_handovers,standby,feed,mention"}`)
	})
	t.Run("stops for an account with a login of its own", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{"success":true}`})
		if err := adapter(g).Unsubscribe(t.Context(), withOwn); err != nil {
			t.Fatalf("unsubscribe: %v", err)
		}
		g.Called(t, "DELETE /instagram/v25.0/17841405726653026/subscribed_apps", ownToken, "")
	})
	t.Run("does not silence the Page", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{"success":true}`})
		if err := adapter(g).Unsubscribe(t.Context(), ofPage); err != nil || len(g.Calls()) > 0 {
			t.Errorf("%d calls, %v; want none", len(g.Calls()), err)
		}
	})
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

	t.Run("gets a token that ends in 60 days", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{"access_token":"IGAA-next","token_type":"bearer","expires_in":5184000}`})
		account := withOwn
		account.Credentials.WebhookSecret = "kept"
		fresh, err := adapter(g).Refresh(t.Context(), account, now)
		if err != nil {
			t.Fatalf("refresh: %v", err)
		}
		ends := now.Add(60 * 24 * time.Hour)
		if fresh.AccessToken != "IGAA-next" || fresh.ExpiresAt == nil || !fresh.ExpiresAt.Equal(ends) || fresh.WebhookSecret != "kept" {
			t.Errorf("ends at %v, want %v", fresh.ExpiresAt, ends)
		}
		g.Called(t, "GET /instagram/refresh_access_token?access_token="+ownToken+"&grant_type=ig_refresh_token", "", "")
	})
	t.Run("a Page's token stays as it is", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{}`})
		same, err := adapter(g).Refresh(t.Context(), ofPage, now)
		if err != nil || same != ofPage.Credentials || len(g.Calls()) > 0 {
			t.Errorf("%d calls, %v", len(g.Calls()), err)
		}
	})
	for name, c := range map[string]struct {
		answer metatest.Answer
		want   models.FailureReason
	}{
		"a token that has ended":    {metatest.Answer{Status: 400, Body: `{"error":{"code":190,"message":"Error validating ` + ownToken + `"}}`}, models.AuthExpired},
		"an answer without a token": {metatest.Answer{Body: `{"expires_in":5184000}`}, models.Transient},
		"a token without an end":    {metatest.Answer{Body: `{"access_token":"IGAA-next"}`}, models.Transient},
	} {
		t.Run("keeps the old one after "+name, func(t *testing.T) {
			t.Parallel()
			_, err := adapter(metatest.Answering(t, c.answer)).Refresh(t.Context(), withOwn, now)
			if got := metatest.Refused(t, err, ownToken); got.Reason != c.want {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}
