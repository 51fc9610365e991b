package x

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"parley/channels"
	"parley/models"
)

var (
	_ channels.PostReader  = (*Adapter)(nil)
	_ channels.MediaReader = (*Adapter)(nil)
)

// ReadPost asks X for a post and its author.
func (a *Adapter) ReadPost(ctx context.Context, account channels.Account, externalID string) (models.PostFacts, error) {
	if externalID == "" {
		return models.PostFacts{}, channels.Unsendable("no post to look up")
	}
	query := fields()
	query.Set("expansions", "author_id,attachments.media_keys")
	r := request{
		method: http.MethodGet, path: "/2/tweets/" + url.PathEscape(externalID), query: query,
		token: account.Credentials.AccessToken,
	}
	answer, err := a.ask(ctx, r)
	if err != nil {
		return models.PostFacts{}, channels.Repeatable(err)
	}
	p, err := readPage(answer.Body)
	if err == nil && len(p.Data) == 0 { // of a deleted post X tells with a success
		return models.PostFacts{}, refusal(answer, r)
	}
	var found post
	if err == nil {
		err = json.Unmarshal(p.Data, &found)
	}
	if err == nil && found.ID == "" {
		err = errors.New("the answer names no post")
	}
	if err != nil {
		return models.PostFacts{}, channels.Repeatable(channels.NotUnderstood(answer, fmt.Errorf("read the post: %w", err)))
	}
	p.with.posts[string(found.ID)] = found
	return *p.with.facts(string(found.ID)), nil
}

// privateHosts serve files of direct messages, to their two ends only.
var privateHosts = []string{"ton.twitter.com", "ton.x.com"}

// OpenMedia asks X for a file of a direct message. Files elsewhere are public: the account's token goes to X's own hosts only.
func (a *Adapter) OpenMedia(ctx context.Context, account channels.Account, file models.Attachment) (*http.Response, error) {
	address, err := url.Parse(file.URL)
	if err != nil || address.Host == "" || address.User != nil {
		return nil, channels.Unsendable("attachment without an address")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, channels.Unsendable("attachment without an address")
	}
	if !a.isPrivate(address) {
		return nil, channels.ErrPublic
	}
	req.Header.Set("Authorization", "Bearer "+account.Credentials.AccessToken)
	return channels.Open(a.config.HTTP, req)
}

func (a *Adapter) isPrivate(address *url.URL) bool {
	if address.Scheme == "https" && slices.Contains(privateHosts, strings.ToLower(address.Host)) {
		return true
	}
	api, err := url.Parse(a.config.APIBase)
	return err == nil && api.Scheme == address.Scheme && strings.EqualFold(api.Host, address.Host)
}
