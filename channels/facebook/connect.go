package facebook

import (
	"context"
	"net/http"
	"strings"

	"parley/channels"
	"parley/channels/meta"
)

// Check asks for the Page's name, which proves that the token may use it.
func (a *Adapter) Check(ctx context.Context, account channels.Account) (channels.Account, error) {
	if account.ID == "" {
		return channels.Account{}, channels.Unsendable("no page id")
	}
	var page struct{ Name string }
	if err := a.ask(ctx, account, account.ID, "name", &page); err != nil {
		return channels.Account{}, err
	}
	account.Name = page.Name
	return account, nil
}

// Subscribe makes Meta deliver what happens on the Page. Where to is a setting of the app.
func (a *Adapter) Subscribe(ctx context.Context, account channels.Account, _ string) error {
	fields := meta.Object{"subscribed_fields": strings.Join(meta.PageFields, ",")}
	return a.do(ctx, account, http.MethodPost, []string{account.ID, "subscribed_apps"}, nil, fields)
}

// Unsubscribe makes Meta stop, for an Instagram account that is linked to the Page as well.
func (a *Adapter) Unsubscribe(ctx context.Context, account channels.Account) error {
	return a.do(ctx, account, http.MethodDelete, []string{account.ID, "subscribed_apps"}, nil, nil)
}
