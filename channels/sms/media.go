package sms

import (
	"context"
	"net/http"
	"net/url"

	"parley/channels"
	"parley/models"
)

// OpenMedia asks Twilio for an attachment. The answer is usually a redirect, to be followed without the account's token.
func (a *Adapter) OpenMedia(ctx context.Context, account channels.Account, attached models.Attachment) (*http.Response, error) {
	if !a.isTwilios(attached.URL) {
		return nil, channels.Unsendable("the attachment is not at Twilio")
	}
	req, err := request(ctx, account, http.MethodGet, attached.URL, nil)
	if err != nil {
		return nil, err
	}
	return channels.Open(a.config.HTTP, req)
}

// isTwilios keeps the token from strangers: whoever has an account at Twilio can sign a delivery with any address in it.
func (a *Adapter) isTwilios(address string) bool {
	theirs, err := url.Parse(address)
	if err != nil || theirs.User != nil {
		return false
	}
	api, err := url.Parse(a.config.APIBase)
	return err == nil && theirs.Scheme == api.Scheme && theirs.Host == api.Host
}
