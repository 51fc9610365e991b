package whatsapp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"parley/channels"
	"parley/models"
)

var _ channels.Connector = (*Adapter)(nil)

// Check asks Meta for the number, which proves that the token may use it. Where Meta delivers is a setting of the app,
// not of the number, so there is nothing to subscribe.
func (a *Adapter) Check(ctx context.Context, account channels.Account) (channels.Account, error) {
	if account.ID == "" {
		return channels.Account{}, channels.Unsendable("no phone number id")
	}
	query := url.Values{"fields": {"verified_name,display_phone_number"}}
	answer, err := a.call(ctx, http.MethodGet, account, "", query, nil)
	if err != nil {
		return channels.Account{}, err
	}
	var number struct {
		VerifiedName string `json:"verified_name"`
		PhoneNumber  string `json:"display_phone_number"`
	}
	if err := json.Unmarshal(answer.Body, &number); err != nil {
		return channels.Account{}, &channels.SendError{
			Failure:    models.Failure{Reason: models.Transient},
			HTTPStatus: answer.Status,
			Err:        fmt.Errorf("read the phone number: %w", err),
		}
	}
	account.Name = number.VerifiedName
	if account.Name == "" {
		account.Name = number.PhoneNumber
	}
	return account, nil
}
