package tiktok

import (
	"testing"
	"time"

	"parley/channels"
	"parley/models"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ profile, want string }{
		"learns the account's name":   {`{"display_name":"Der Teeladen","username":"tee"}`, "Der Teeladen"},
		"falls back on the user name": {`{"username":"tee"}`, "tee"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := apiAnswering(t, map[string][]answer{"business/get/": {good(c.profile)}})
			known, err := a.adapter().Check(t.Context(), account)
			if err != nil || known.Name != c.want || known.ID != account.ID || known.Credentials.AccessToken != accessToken {
				t.Errorf("learned %q %q, %v", known.ID, known.Name, err)
			}
			a.called(t, `GET business/get/ business_id=biz_1&fields=["username","display_name"] `+accessToken)
		})
	}
	for name, c := range map[string]struct {
		answer answer
		want   models.FailureReason
	}{
		"an ended token":            {bad(40105, "token"), models.AuthExpired},
		"a scope that is missing":   {bad(40001, "scope"), models.PermissionMissing},
		"half an answer":            {answer{200, `{"co`}, models.Transient},
		"an answer of another kind": {good(`[]`), models.Transient},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			_, err := apiAnswering(t, map[string][]answer{"business/get/": {c.answer}}).adapter().Check(t.Context(), account)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}

func TestSubscribe(t *testing.T) {
	t.Parallel()
	t.Run("registers the app's address, whoever connects", func(t *testing.T) {
		t.Parallel()
		a := apiAnswering(t, map[string][]answer{"business/webhook/update/": {good(`{}`)}})
		for range 2 {
			if err := a.adapter().Subscribe(t.Context(), account, "https://parley.example/webhooks/tiktok"); err != nil {
				t.Fatalf("subscribe: %v", err)
			}
		}
		call := `POST business/webhook/update/ {"app_id":"app_1","callback_url":"https://parley.example/webhooks/tiktok","event_type":"COMMENT","secret":"` + appSecret + `"}`
		a.called(t, call, call)
	})
	t.Run("tells a refusal, without the secret", func(t *testing.T) {
		t.Parallel()
		a := apiAnswering(t, map[string][]answer{"business/webhook/update/": {bad(40002, "secret app_secret_part is wrong")}})
		if got := sendError(t, a.adapter().Subscribe(t.Context(), account, "x")); got.Reason != models.InvalidRequest {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("leaves the address to the others when one goes", func(t *testing.T) {
		t.Parallel()
		a := apiAnswering(t, nil)
		if err := a.adapter().Unsubscribe(t.Context(), account); err != nil {
			t.Errorf("unsubscribe: %v", err)
		}
		a.called(t)
	})
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	t.Run("trades the refresh token for new ones", func(t *testing.T) {
		t.Parallel()
		a := apiAnswering(t, map[string][]answer{"tt_user/oauth2/refresh_token/": {
			good(`{"access_token":"act.new","refresh_token":"rft.new","expires_in":86400,"refresh_token_expires_in":31536000,"open_id":"biz_1"}`),
		}})
		got, err := a.adapter().Refresh(t.Context(), account, now)
		if err != nil {
			t.Fatalf("refresh: %v", err)
		}
		if got.AccessToken != "act.new" || got.RefreshToken != "rft.new" || got.ExpiresAt == nil || !got.ExpiresAt.Equal(now.Add(24*time.Hour)) {
			t.Errorf("got other tokens, until %v", got.ExpiresAt)
		}
		a.called(t, `POST tt_user/oauth2/refresh_token/ {"client_id":"app_1","client_secret":"`+appSecret+`","grant_type":"refresh_token","refresh_token":"rft.secret_part"}`)
	})
	t.Run("keeps the refresh token if there is no new one", func(t *testing.T) {
		t.Parallel()
		a := apiAnswering(t, map[string][]answer{"tt_user/oauth2/refresh_token/": {good(`{"access_token":"act.new","expires_in":86400}`)}})
		if got, err := a.adapter().Refresh(t.Context(), account, now); err != nil || got.RefreshToken != "rft.secret_part" {
			t.Errorf("lost the refresh token: %v", err)
		}
	})
	for name, c := range map[string]struct {
		account channels.Account
		answer  answer
		want    models.FailureReason
	}{
		"an account without a refresh token": {channels.Account{ID: "biz_1"}, good(`{}`), models.AuthExpired},
		"an ended refresh token":             {account, bad(40105, "rft.secret_part has ended"), models.AuthExpired},
		"the token of another account":       {account, good(`{"access_token":"a","expires_in":1,"open_id":"biz_2"}`), models.AuthExpired},
		"no token":                           {account, good(`{}`), models.Transient},
		"half an answer":                     {account, answer{200, `{`}, models.Transient},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			a := apiAnswering(t, map[string][]answer{"tt_user/oauth2/refresh_token/": {c.answer}})
			_, err := a.adapter().Refresh(t.Context(), c.account, now)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}
