package telegram

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"parley/channels"
	"parley/models"
)

var _ channels.MediaReader = (*Adapter)(nil)

// OpenMedia asks Telegram where a file is, and then for the file. The address is asked for each time: it holds for an
// hour, and carries the token. Telegram hands a bot 20 MB at most.
func (a *Adapter) OpenMedia(ctx context.Context, account channels.Account, attached models.Attachment) (*http.Response, error) {
	if attached.MediaID == "" {
		return nil, channels.Unsendable("the attachment has no id at Telegram")
	}
	var file struct {
		Path string `json:"file_path"`
	}
	answer, err := a.call(ctx, account, "getFile", object{"file_id": attached.MediaID}, &file)
	if err != nil {
		return nil, perhapsLater(channels.Repeatable(err))
	}
	path, ok := escaped(file.Path)
	if !ok {
		return nil, channels.Repeatable(channels.NotUnderstood(answer, errors.New("the answer names no path of a file")))
	}
	return a.fetch(ctx, account.Credentials.AccessToken, path)
}

// perhapsLater gives a file another chance that Telegram calls, in one breath, wrong or temporarily unavailable.
func perhapsLater(err error) error {
	var refused *channels.SendError
	if says(err, []string{"temporarily unavailable"}) && errors.As(err, &refused) {
		refused.Reason = models.Transient
	}
	return err
}

// escaped is a path as part of an address; false if it would lead out of the bot's files. A Bot API server that keeps files
// beside itself answers with a path on its disk: that is no address either.
func escaped(path string) (string, bool) {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if strings.Trim(part, ".") == "" {
			return "", false
		}
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/"), true
}

// fetch returns whatever answer there is.
func (a *Adapter) fetch(ctx context.Context, token, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.config.APIBase+"/file/bot"+token+"/"+path, nil)
	if err != nil {
		return nil, channels.Unsendable("the address of the Bot API is not one")
	}
	res, err := channels.Open(a.config.HTTP, req)
	if err != nil {
		return nil, withoutToken(err, token)
	}
	res.Request = nil // its address is the token's: nobody logs it, and a relative redirect does not lead back to it
	return res, nil
}
