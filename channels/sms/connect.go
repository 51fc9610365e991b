package sms

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"parley/channels"
	"parley/models"
)

var (
	_ channels.Connector         = (*Adapter)(nil)
	_ channels.Subscriber        = (*Adapter)(nil)
	_ channels.Poller            = (*Adapter)(nil)
	_ channels.MediaReader       = (*Adapter)(nil)
	_ channels.Greeter           = (*Adapter)(nil)
	_ channels.PerAccountWebhook = (*Adapter)(nil)
)

// Check asks Twilio for the account and for the number or service, which proves that both are the token's.
func (a *Adapter) Check(ctx context.Context, account channels.Account) (channels.Account, error) {
	var owner struct {
		SID    string
		Status string
	}
	_, err := a.call(ctx, account, http.MethodGet, a.resource(account, ".json"), nil, &owner)
	if err != nil {
		return channels.Account{}, channels.Repeatable(err)
	}
	if owner.Status != "active" {
		return channels.Account{}, &channels.SendError{
			Failure: models.Failure{Reason: models.ChannelRestricted, Message: "the account at Twilio is not active"},
			Err:     errors.New("the account at Twilio is not active"),
		}
	}
	own, err := a.lookUp(ctx, account)
	if err != nil {
		return channels.Account{}, err
	}
	account.Name = own.Name
	if account.Name == "" {
		account.Name = account.ID
	}
	return account, nil
}

// Subscribe has what is written to the number, or to a number of the service, delivered to webhook. It can be repeated.
func (a *Adapter) Subscribe(ctx context.Context, account channels.Account, webhook string) error {
	own, err := a.lookUp(ctx, account)
	if err != nil {
		return err
	}
	arguments := url.Values{"SmsUrl": {webhook}, "SmsMethod": {http.MethodPost}, "SmsApplicationSid": {""}}
	if isService(account) { // which would otherwise leave it to each of its numbers
		arguments = url.Values{
			"InboundRequestUrl": {webhook}, "InboundMethod": {http.MethodPost}, "UseInboundWebhookOnNumber": {"false"},
		}
	}
	_, err = a.call(ctx, account, http.MethodPost, a.settings(account, own), arguments, &struct{}{})
	return channels.Repeatable(err)
}

// Unsubscribe makes Twilio stop, unless somebody else is delivered to by now.
func (a *Adapter) Unsubscribe(ctx context.Context, account channels.Account) error {
	own, err := a.lookUp(ctx, account)
	if err != nil {
		return err
	}
	if a.config.WebhookBase != "" && !strings.HasPrefix(own.webhook(), a.config.WebhookBase+"/") {
		return nil
	}
	arguments := url.Values{"SmsUrl": {""}}
	if isService(account) {
		arguments = url.Values{"InboundRequestUrl": {""}}
	}
	_, err = a.call(ctx, account, http.MethodPost, a.settings(account, own), arguments, &struct{}{})
	return channels.Repeatable(err)
}

// sender is a number or a service as Twilio describes it.
type sender struct {
	SID        string
	Name       string `json:"friendly_name"`
	Number     string `json:"phone_number"`
	SMSURL     string `json:"sms_url"`
	InboundURL string `json:"inbound_request_url"`
}

func (s sender) webhook() string { return s.SMSURL + s.InboundURL } // never both

func (a *Adapter) settings(account channels.Account, own sender) string {
	if isService(account) {
		return a.config.MessagingBase + "/v1/Services/" + url.PathEscape(account.ID)
	}
	return a.resource(account, "/IncomingPhoneNumbers/"+url.PathEscape(own.SID)+".json")
}

// lookUp asks Twilio for the number or service an account is.
func (a *Adapter) lookUp(ctx context.Context, account channels.Account) (sender, error) {
	if isService(account) {
		var service sender
		_, err := a.call(ctx, account, http.MethodGet, a.settings(account, sender{}), nil, &service)
		return service, channels.Repeatable(err)
	}
	if !strings.HasPrefix(account.ID, "+") {
		return sender{}, channels.Unsendable("an SMS account is a number such as +12025550123, or a messaging service")
	}
	var list struct {
		Numbers []sender `json:"incoming_phone_numbers"`
	}
	address := a.resource(account, "/IncomingPhoneNumbers.json")
	if _, err := a.call(ctx, account, http.MethodGet, address, url.Values{"PhoneNumber": {account.ID}}, &list); err != nil {
		return sender{}, channels.Repeatable(err)
	}
	for _, number := range list.Numbers { // Twilio also finds numbers that only contain what was asked for
		if number.Number == account.ID && number.SID != "" {
			return number, nil
		}
	}
	return sender{}, channels.Unsendable("the number does not belong to this account at Twilio")
}
