package whatsapp

import (
	"context"
	"net/http"
	"net/url"

	"parley/channels"
	"parley/channels/meta"
)

var _ channels.Connector = (*Adapter)(nil)

// Check asks Meta for the number, which proves that the token may use it. Where Meta delivers is a setting of the app,
// not of the number, so there is nothing to subscribe.
func (a *Adapter) Check(ctx context.Context, account channels.Account) (channels.Account, error) {
	if account.ID == "" {
		return channels.Account{}, channels.Unsendable("no phone number id")
	}
	query := url.Values{"fields": {"verified_name,display_phone_number"}}
	answer, err := a.call(ctx, http.MethodGet, account, nil, query, nil)
	if err != nil {
		return channels.Account{}, err
	}
	var number struct {
		VerifiedName string `json:"verified_name"`
		PhoneNumber  string `json:"display_phone_number"`
	}
	if err := meta.Read(answer, "the phone number", &number); err != nil {
		return channels.Account{}, err
	}
	account.Name = number.VerifiedName
	if account.Name == "" {
		account.Name = number.PhoneNumber
	}
	return account, nil
}
