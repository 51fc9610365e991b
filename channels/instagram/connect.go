package instagram

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

// Check asks for the account's name, which proves that the token may use it, and for one conversation: the account's
// owner has to let tools like us have its messages, and Instagram says so only there.
func (a *Adapter) Check(ctx context.Context, account channels.Account) (channels.Account, error) {
	if account.ID == "" {
		return channels.Account{}, channels.Unsendable("no account id")
	}
	var known struct{ Name, Username string }
	if err := a.ask(ctx, account, account.ID, "name,username", &known); err != nil {
		return channels.Account{}, err
	}
	query := url.Values{"platform": {"instagram"}, "limit": {"1"}}
	if _, err := a.call(ctx, account, http.MethodGet, []string{owner(account), "conversations"}, query, nil); err != nil {
		return channels.Account{}, err
	}
	account.Name = cmp.Or(known.Name, known.Username)
	if hasOwnLogin(account) {
		ends := a.now().Add(assumedLife)
		account.Credentials.ExpiresAt = &ends
	}
	return account, nil
}

// assumedLife is how long a token of Instagram Login is taken to last until it was renewed for the first time: it does not
// tell its age, lasts 60 days, and can be renewed once it is a day old.
const assumedLife = 2 * 24 * time.Hour

// Subscribe makes Meta deliver what happens on the account. Where to is a setting of the app. An account that belongs to
// a Page is delivered with it: the list of fields is the Page's then, and the Page may be a channel of its own.
func (a *Adapter) Subscribe(ctx context.Context, account channels.Account, _ string) error {
	fields := meta.PageFields
	if hasOwnLogin(account) {
		fields = meta.InstagramFields
	}
	payload := meta.Object{"subscribed_fields": strings.Join(fields, ",")}
	return a.do(ctx, account, http.MethodPost, []string{owner(account), "subscribed_apps"}, nil, payload)
}

// Unsubscribe makes Meta stop. A Page goes on being delivered: it may be a channel of its own, and deliveries for an
// account nobody connected cost less than a Page that fell silent.
func (a *Adapter) Unsubscribe(ctx context.Context, account channels.Account) error {
	if !hasOwnLogin(account) {
		return nil
	}
	return a.do(ctx, account, http.MethodDelete, []string{account.ID, "subscribed_apps"}, nil, nil)
}

// Refresh gets a token that lasts 60 more days. A Page's token does not end, and stays as it is.
// https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token
func (a *Adapter) Refresh(ctx context.Context, account channels.Account, now time.Time) (models.Credentials, error) {
	credentials := account.Credentials
	if !hasOwnLogin(account) {
		return credentials, nil
	}
	answer, err := a.app.Call(ctx, meta.Call{
		Method:       http.MethodGet,
		Base:         a.instagramBase,
		Unversioned:  true,
		Path:         []string{"refresh_access_token"},
		Query:        url.Values{"grant_type": {"ig_refresh_token"}},
		Token:        credentials.AccessToken,
		TokenInQuery: true,
		Reasons:      meta.PageReasons,
	})
	if err != nil {
		return models.Credentials{}, err
	}
	var fresh struct {
		AccessToken string `json:"access_token"`
		Seconds     int64  `json:"expires_in"`
	}
	if err := meta.Read(answer, "the new token", &fresh); err != nil {
		return models.Credentials{}, err
	}
	if fresh.AccessToken == "" || fresh.Seconds <= 0 {
		return models.Credentials{}, &channels.SendError{
			Failure:    models.Failure{Reason: models.Transient, Message: "Instagram answered without a new token."},
			HTTPStatus: answer.Status,
			RequestID:  meta.RequestID(answer),
		}
	}
	const tenYears = 10 * 365 * 24 * 60 * 60
	ends := now.Add(time.Duration(min(fresh.Seconds, tenYears)) * time.Second)
	credentials.AccessToken, credentials.ExpiresAt = fresh.AccessToken, &ends
	return credentials, nil
}
