package tiktok

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"parley/channels"
	"parley/models"
)

// Check asks TikTok for the account's profile, which proves that the token is the account's.
func (a *Adapter) Check(ctx context.Context, account channels.Account) (channels.Account, error) {
	var profile struct {
		Name     string `json:"display_name"`
		Username string
	}
	_, err := a.ask(ctx, account, "business/get/", url.Values{"fields": {`["username","display_name"]`}}, &profile)
	if err != nil {
		return channels.Account{}, channels.Repeatable(err)
	}
	account.Name = profile.Name
	if account.Name == "" {
		account.Name = profile.Username
	}
	return account, nil
}

// Subscribe has the comments of every account of the app delivered to webhook: TikTok knows one address per app. It can
// be repeated.
func (a *Adapter) Subscribe(ctx context.Context, _ channels.Account, webhook string) error {
	_, err := a.call(ctx, nil, http.MethodPost, "business/webhook/update/", object{
		"app_id": a.config.AppID, "secret": a.secret(), "event_type": "COMMENT", "callback_url": webhook,
	}, &struct{}{})
	return channels.Repeatable(err)
}

// Unsubscribe does nothing: the address serves the app's other accounts. Deliveries end when the account takes back what
// it allowed us.
func (*Adapter) Unsubscribe(context.Context, channels.Account) error { return nil }

// secret is the one we show to TikTok.
func (a *Adapter) secret() string {
	for _, secret := range a.config.AppSecrets {
		if secret != "" {
			return secret
		}
	}
	return ""
}

// Refresh trades the refresh token for new ones: an access token lasts a day, a refresh token a year.
func (a *Adapter) Refresh(ctx context.Context, account channels.Account, now time.Time) (models.Credentials, error) {
	c := account.Credentials
	if c.RefreshToken == "" {
		return models.Credentials{}, &channels.SendError{
			Failure: models.Failure{Reason: models.AuthExpired}, Err: errors.New("no refresh token"),
		}
	}
	var tokens struct {
		Access  string              `json:"access_token"`
		Refresh string              `json:"refresh_token"`
		Seconds int64               `json:"expires_in"`
		Account channels.Identifier `json:"open_id"`
	}
	answer, err := a.call(ctx, nil, http.MethodPost, "tt_user/oauth2/refresh_token/", object{
		"client_id": a.config.AppID, "client_secret": a.secret(), "grant_type": "refresh_token", "refresh_token": c.RefreshToken,
	}, &tokens)
	switch {
	case err != nil:
		return models.Credentials{}, channels.Repeatable(withoutSecret(err, c.RefreshToken))
	case tokens.Access == "" || tokens.Seconds <= 0:
		return models.Credentials{}, channels.Repeatable(channels.NotUnderstood(answer.Answer, errors.New("the answer has no token")))
	case tokens.Account != "" && string(tokens.Account) != account.ID:
		return models.Credentials{}, &channels.SendError{
			Failure: models.Failure{Reason: models.AuthExpired}, Err: errors.New("the token is another account's"),
		}
	}
	ends := now.Add(channels.Wait(tokens.Seconds)).UTC()
	c.AccessToken, c.ExpiresAt = tokens.Access, &ends
	if tokens.Refresh != "" {
		c.RefreshToken = tokens.Refresh
	}
	return c, nil
}

func withoutSecret(err error, secret string) error {
	var e *channels.SendError
	if errors.As(err, &e) {
		e.Message = channels.Hide(secret, e.Message)
	}
	return err
}
