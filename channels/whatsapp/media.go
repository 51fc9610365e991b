package whatsapp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

var _ channels.MediaReader = (*Adapter)(nil)

// OpenMedia asks Meta where a file is, and then for the file. The address is asked for each time: it holds for five
// minutes, and the token goes to no other than the one Meta names in its answer. One in a delivery counts for nothing.
func (a *Adapter) OpenMedia(ctx context.Context, account channels.Account, attached models.Attachment) (*http.Response, error) {
	if strings.Trim(attached.MediaID, ".") == "" { // dots alone would lead elsewhere
		return nil, channels.Unsendable("the attachment has no id at WhatsApp")
	}
	token := account.Credentials.AccessToken
	answer, err := a.app.Call(ctx, meta.Call{
		Method: http.MethodGet, Path: []string{attached.MediaID}, Token: token, Reasons: reasons,
	})
	if err != nil {
		return nil, err
	}
	var file struct{ URL string }
	if err := meta.Read(answer, "where the file is", &file); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, file.URL, nil)
	if err != nil || !a.mayShowToken(req.URL) {
		return nil, channels.Repeatable(channels.NotUnderstood(answer, errors.New("the answer names no address of a file")))
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("User-Agent", "Parley") // Meta's file servers refuse whoever does not say who asks
	return channels.Open(a.app.HTTP, req)
}

// mayShowToken holds for every address that nobody can listen to, and in development for the stand-in of the Graph API.
func (a *Adapter) mayShowToken(file *url.URL) bool {
	switch {
	case file.Host == "" || file.User != nil:
		return false
	case file.Scheme == "https":
		return true
	}
	api, err := url.Parse(a.app.APIBase)
	return err == nil && file.Scheme == "http" && api.Scheme == "http" && strings.EqualFold(file.Host, api.Host)
}
