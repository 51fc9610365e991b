package x

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley/channels"
	"parley/models"
)

var (
	_ channels.Connector = (*Adapter)(nil)
	_ channels.Refresher = (*Adapter)(nil)
)

// Check asks X whose token it is.
func (a *Adapter) Check(ctx context.Context, account channels.Account) (channels.Account, error) {
	var me user
	answer, err := a.call(ctx, request{
		method: http.MethodGet, path: "/2/users/me", query: url.Values{"user.fields": {"name,username"}},
		token: account.Credentials.AccessToken,
	}, &me)
	if err != nil {
		return channels.Account{}, channels.Repeatable(err)
	}
	if me.ID == "" {
		return channels.Account{}, channels.Repeatable(channels.NotUnderstood(answer, errors.New("the answer names no user")))
	}
	account.ID, account.Name = string(me.ID), cmp.Or(me.Name, me.Username)
	return account, nil
}

// Refresh gets a new access token. X gives a new refresh token with it and takes the old one no more.
func (a *Adapter) Refresh(ctx context.Context, account channels.Account, now time.Time) (models.Credentials, error) {
	renewed := account.Credentials
	if renewed.RefreshToken == "" {
		return models.Credentials{}, &channels.SendError{
			Failure: models.Failure{Reason: models.AuthExpired}, Err: errors.New("no refresh token"),
		}
	}
	answer, err := a.exchange(ctx, renewed.RefreshToken)
	if err != nil {
		return models.Credentials{}, err
	}
	return channels.Renewed(answer, renewed, now)
}

func (a *Adapter) exchange(ctx context.Context, refreshToken string) (channels.Answer, error) {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}, "client_id": {a.config.ClientID}}
	req, err := a.write(ctx, request{
		method: http.MethodPost, path: "/2/oauth2/token",
		form: strings.NewReader(form.Encode()), formType: "application/x-www-form-urlencoded",
	})
	if err != nil {
		return channels.Answer{}, err
	}
	if a.config.ClientSecret != "" {
		req.SetBasicAuth(url.QueryEscape(a.config.ClientID), url.QueryEscape(a.config.ClientSecret))
	}
	answer, err := channels.Call(a.config.HTTP, req)
	if err != nil {
		return answer, channels.Repeatable(err)
	}
	if !answer.IsSuccess() {
		refused := refusal(answer, request{token: refreshToken})
		if answer.Status == http.StatusBadRequest { // invalid_grant, invalid_request: the refresh token is used up
			refused.Reason = models.AuthExpired
		}
		return answer, refused
	}
	return answer, nil
}
