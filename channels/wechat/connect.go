package wechat

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"parley/channels"
	"parley/models"
)

// Check gets an access token with the app's secret and tries it. The id is the account's own, as its console shows it:
// WeChat tells it in deliveries only. The token comes back in the credentials.
func (a *Adapter) Check(ctx context.Context, account channels.Account) (channels.Account, error) {
	c := account.Credentials
	switch {
	case !strings.HasPrefix(account.ID, "gh_"):
		return channels.Account{}, channels.Unsendable("the id of an official account begins with gh_")
	case c.WebhookSecret == "":
		return channels.Account{}, channels.Unsendable("the token of WeChat's console is missing")
	}
	if c.EncodingKey != "" {
		if _, err := aesKey(c.EncodingKey); err != nil {
			return channels.Account{}, channels.Unsendable("the EncodingAESKey has 43 letters and digits")
		}
	}
	var err error
	if account.Credentials, err = a.Refresh(ctx, account, a.config.Now()); err != nil {
		return channels.Account{}, err
	}
	_, err = a.call(ctx, account, http.MethodGet, "/cgi-bin/getcallbackip", nil, "", nil, &struct{}{})
	if err != nil {
		return channels.Account{}, channels.Repeatable(err)
	}
	if account.Name == "" {
		account.Name = account.ID
	}
	return account, nil
}

// Refresh gets the access token of the moment. While one is good, WeChat gives the same again: nobody's ends by asking.
func (a *Adapter) Refresh(ctx context.Context, account channels.Account, now time.Time) (models.Credentials, error) {
	c := account.Credentials
	if c.AppID == "" || c.AppSecret == "" {
		return models.Credentials{}, &channels.SendError{
			Failure: models.Failure{Reason: models.AuthExpired}, Err: errors.New("no AppID or no AppSecret"),
		}
	}
	var token struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	answer, err := a.post(ctx, account, tokenPath, object{
		"grant_type": "client_credential", "appid": c.AppID, "secret": c.AppSecret,
	}, &token)
	if err == nil && (token.Token == "" || token.Seconds <= 0) {
		err = channels.NotUnderstood(answer, errors.New("the answer has no token"))
	}
	if err != nil {
		return models.Credentials{}, channels.Repeatable(err)
	}
	ends := now.Add(channels.Wait(token.Seconds)).UTC()
	c.AccessToken, c.ExpiresAt = token.Token, &ends
	return c, nil
}

func isCode(err error, code string) bool {
	var e *channels.SendError
	return errors.As(err, &e) && e.Code == code
}
