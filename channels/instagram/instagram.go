// Package instagram speaks for Instagram's professional accounts: their private messages, the comments on their posts
// and ads, and where they are mentioned.
// The dialect: https://developers.facebook.com/docs/instagram-platform
//
// An account is connected by one of two logins. With Facebook Login it belongs to a Page, whose token speaks for it;
// with Instagram Login it has a token and an address of its own.
package instagram

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

// Config is what the server's operator got from Meta. Instagram Login signs with an app secret of its own, which is one
// of the AppSecrets, too.
type Config struct {
	meta.App
	InstagramBase string           // https://graph.instagram.com unless set
	Now           func() time.Time // time.Now unless set
}

// Adapter speaks for every Instagram account of the server.
type Adapter struct {
	app           meta.App
	instagramBase string
	now           func() time.Time
}

var (
	_ channels.Adapter    = (*Adapter)(nil)
	_ channels.Handshaker = (*Adapter)(nil)
	_ channels.Connector  = (*Adapter)(nil)
	_ channels.Subscriber = (*Adapter)(nil)
	_ channels.Actor      = (*Adapter)(nil)
	_ channels.Completer  = (*Adapter)(nil)
	_ channels.PostReader = (*Adapter)(nil)
	_ channels.Refresher  = (*Adapter)(nil)
)

// New returns the adapter of an app at Meta. Without secrets it refuses every delivery.
func New(config Config) *Adapter {
	if config.InstagramBase == "" {
		config.InstagramBase = "https://graph.instagram.com"
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Adapter{app: config.WithDefaults(), instagramBase: strings.TrimRight(config.InstagramBase, "/"), now: config.Now}
}

// Platform is Instagram.
func (*Adapter) Platform() models.Platform { return models.Instagram }

// Handshake repeats Meta's challenge if it knows our verify token.
func (a *Adapter) Handshake(query url.Values, _ *channels.Account) (string, error) {
	return a.app.Handshake(query)
}

// Verify accepts a body signed with one of the app secrets.
func (a *Adapter) Verify(d channels.Delivery, _ *channels.Account) error { return a.app.Verify(d) }

// hasOwnLogin tells the logins apart by their tokens.
func hasOwnLogin(account channels.Account) bool {
	return strings.HasPrefix(account.Credentials.AccessToken, "IG")
}

// owner is whose messages and subscriptions a call is about: the account, or the Page it belongs to, whose id we do
// not know but its token does.
func owner(account channels.Account) string {
	if hasOwnLogin(account) {
		return account.ID
	}
	return "me"
}

// call asks the Graph API of the account's login.
func (a *Adapter) call(
	ctx context.Context, account channels.Account, method string, path []string, query url.Values, payload meta.Object,
) (channels.Answer, error) {
	call := meta.Call{
		Method:  method,
		Path:    path,
		Query:   query,
		Payload: payload,
		Token:   account.Credentials.AccessToken,
		Reasons: meta.PageReasons,
	}
	if hasOwnLogin(account) {
		call.Base = a.instagramBase
	}
	answer, err := a.app.Call(ctx, call)
	return answer, explained(err)
}

// explained puts into plain words what the owner of the account can do something about.
func explained(err error) error {
	var refused *channels.SendError
	if errors.As(err, &refused) && strings.HasSuffix(refused.Code, "/2534041") {
		told := *refused
		told.Message = "Instagram does not let us read messages: switch on \"Allow access to messages\" in the Instagram app, " +
			"under message controls and connected tools."
		return &told
	}
	return err
}

// ask reads some fields of an object.
func (a *Adapter) ask(ctx context.Context, account channels.Account, id, fields string, into any) error {
	answer, err := a.call(ctx, account, http.MethodGet, []string{id}, url.Values{"fields": {fields}}, nil)
	if err != nil {
		return err
	}
	return meta.Read(answer, "the answer", into)
}

// do makes a call that answers with no more than its success.
func (a *Adapter) do(
	ctx context.Context, account channels.Account, method string, path []string, query url.Values, payload meta.Object,
) error {
	answer, err := a.call(ctx, account, method, path, query, payload)
	if err != nil {
		return err
	}
	return meta.Done(answer)
}
