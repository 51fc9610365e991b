// Package facebook speaks for Facebook Pages: their private messages, the comments on their posts and ads, what visitors
// post on them, and where they are mentioned.
// The dialect: https://developers.facebook.com/docs/graph-api/webhooks/reference/page and
// https://developers.facebook.com/documentation/business-messaging/messenger-platform
package facebook

import (
	"context"
	"net/http"
	"net/url"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

// Config is what the server's operator got from Meta.
type Config struct {
	meta.App
}

// Adapter speaks for every Page of the server.
type Adapter struct {
	app meta.App
}

var (
	_ channels.Adapter    = (*Adapter)(nil)
	_ channels.Handshaker = (*Adapter)(nil)
	_ channels.Connector  = (*Adapter)(nil)
	_ channels.Subscriber = (*Adapter)(nil)
	_ channels.Actor      = (*Adapter)(nil)
	_ channels.Completer  = (*Adapter)(nil)
	_ channels.PostReader = (*Adapter)(nil)
)

// New returns the adapter of an app at Meta. Without secrets it refuses every delivery.
func New(config Config) *Adapter { return &Adapter{app: config.WithDefaults()} }

// Platform is Facebook.
func (*Adapter) Platform() models.Platform { return models.Facebook }

// Handshake repeats Meta's challenge if it knows our verify token.
func (a *Adapter) Handshake(query url.Values, _ *channels.Account) (string, error) {
	return a.app.Handshake(query)
}

// Verify accepts a body signed with one of the app secrets.
func (a *Adapter) Verify(d channels.Delivery, _ *channels.Account) error { return a.app.Verify(d) }

// call asks the Graph API with the Page's token.
func (a *Adapter) call(
	ctx context.Context, account channels.Account, method string, path []string, query url.Values, payload meta.Object,
) (channels.Answer, error) {
	return a.app.Call(ctx, meta.Call{
		Method:  method,
		Path:    path,
		Query:   query,
		Payload: payload,
		Token:   account.Credentials.AccessToken,
		Reasons: meta.PageReasons,
	})
}

// ask reads some fields of an object.
func (a *Adapter) ask(ctx context.Context, account channels.Account, id, fields string, into any) error {
	answer, err := a.call(ctx, account, http.MethodGet, []string{id}, url.Values{"fields": {fields}}, nil)
	if err != nil {
		return err
	}
	return meta.Read(answer, "the answer", into)
}
