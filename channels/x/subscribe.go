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

var _ channels.Subscriber = (*Adapter)(nil)

// privateEvents are told with the user's consent only, so that they are subscribed to with the user's token.
var privateEvents = []string{
	"dm.received", "dm.sent", "dm.read", "dm.indicate_typing", "chat.received", "chat.sent",
	"post.mention.create", "post.reply.create", "post.quote.create",
}

var publicEvents = []string{"post.create", "post.delete", "oauth.revoke"}

// optionalEvents are not part of every app's agreement with X: who may not have them is told the rest.
var optionalEvents = []string{"chat.received", "chat.sent", "oauth.revoke"}

const mostPages = 200 // of a list of subscriptions, which all accounts of the app share

// Subscribe registers the webhook with X if no account did so before, and has the account's events delivered there.
func (a *Adapter) Subscribe(ctx context.Context, account channels.Account, webhook string) error {
	if err := a.needsAppToken(); err != nil {
		return err
	}
	id, err := a.webhook(ctx, webhook)
	if err != nil {
		return channels.Repeatable(err)
	}
	existing, err := a.subscriptions(ctx, account.ID)
	if err != nil {
		return channels.Repeatable(err)
	}
	for _, events := range []struct {
		types []string
		token string
	}{{privateEvents, account.Credentials.AccessToken}, {publicEvents, a.config.AppBearer}} {
		for _, event := range events.types {
			if err := a.subscribe(ctx, account.ID, event, id, events.token, existing[event]); err != nil {
				return channels.Repeatable(err)
			}
		}
	}
	return nil
}

// Unsubscribe ends the account's subscriptions. The webhook stays, as other accounts may use it.
func (a *Adapter) Unsubscribe(ctx context.Context, account channels.Account) error {
	if err := a.needsAppToken(); err != nil {
		return err
	}
	existing, err := a.subscriptions(ctx, account.ID)
	if err != nil {
		return channels.Repeatable(err)
	}
	for _, event := range slices.Concat(privateEvents, publicEvents) {
		for _, s := range existing[event] {
			_, err := a.call(ctx, request{
				method: http.MethodDelete, path: "/2/activity/subscriptions/" + url.PathEscape(s.ID), token: a.config.AppBearer,
			}, nil)
			var refused *channels.SendError
			if err != nil && !(errors.As(err, &refused) && refused.HTTPStatus == http.StatusNotFound) {
				return channels.Repeatable(err)
			}
		}
	}
	return nil
}

func (a *Adapter) needsAppToken() error {
	if a.config.AppBearer != "" {
		return nil
	}
	return &channels.SendError{
		Failure: models.Failure{Reason: models.PermissionMissing}, Err: errors.New("the server has no token of its app at X"),
	}
}

// webhook finds the webhook of our address, or registers it. One that X gave up on is checked anew.
func (a *Adapter) webhook(ctx context.Context, address string) (string, error) {
	type registered struct {
		ID    string
		URL   string
		Valid bool
	}
	var known []registered
	answer, err := a.ask(ctx, request{method: http.MethodGet, path: "/2/webhooks", token: a.config.AppBearer})
	if err != nil {
		return "", err
	}
	if _, err := readList(answer, &known); err != nil {
		return "", err
	}
	for _, w := range known {
		if w.URL != address {
			continue
		}
		if !w.Valid {
			_, err = a.call(ctx, request{
				method: http.MethodPut, path: "/2/webhooks/" + url.PathEscape(w.ID), token: a.config.AppBearer,
			}, nil)
		}
		return w.ID, err
	}
	var created registered
	answer, err = a.call(ctx, request{
		method: http.MethodPost, path: "/2/webhooks", token: a.config.AppBearer, payload: object{"url": address},
	}, &created)
	if err == nil && created.ID == "" {
		err = channels.NotUnderstood(answer, errors.New("the answer names no webhook"))
	}
	return created.ID, err
}

type subscription struct {
	ID     string `json:"subscription_id"`
	Type   string `json:"event_type"`
	Filter struct {
		UserID string `json:"user_id"`
	}
	WebhookID string `json:"webhook_id"`
}

// subscriptions of one user, by their event. X lists those of the whole app.
func (a *Adapter) subscriptions(ctx context.Context, userID string) (map[string][]subscription, error) {
	of := make(map[string][]subscription)
	query := url.Values{}
	for range mostPages {
		answer, err := a.ask(ctx, request{
			method: http.MethodGet, path: "/2/activity/subscriptions", query: query, token: a.config.AppBearer,
		})
		if err != nil {
			return nil, err
		}
		var listed []subscription
		next, err := readList(answer, &listed)
		if err != nil {
			return nil, err
		}
		for _, s := range listed {
			if s.Filter.UserID == userID && s.ID != "" {
				of[s.Type] = append(of[s.Type], s)
			}
		}
		if next == "" {
			break
		}
		query.Set("pagination_token", next)
	}
	return of, nil
}

// readList reads a list, which X leaves out when it is empty, and the token of the next page.
func readList(answer channels.Answer, into any) (next string, err error) {
	var p page
	err = json.Unmarshal(answer.Body, &p)
	if err == nil && len(p.Data) > 0 {
		err = json.Unmarshal(p.Data, into)
	}
	if err != nil {
		return "", channels.NotUnderstood(answer, fmt.Errorf("read list: %w", err))
	}
	return p.Meta.Next, nil
}

// subscribe makes one subscription, or brings an existing one to our webhook.
func (a *Adapter) subscribe(ctx context.Context, userID, event, webhookID, token string, existing []subscription) error {
	for _, s := range existing {
		if s.WebhookID == webhookID {
			return nil
		}
	}
	if len(existing) > 0 {
		_, err := a.call(ctx, request{
			method: http.MethodPut, path: "/2/activity/subscriptions/" + url.PathEscape(existing[0].ID), token: a.config.AppBearer,
			payload: object{"webhook_id": webhookID},
		}, nil)
		return err
	}
	_, err := a.call(ctx, request{
		method: http.MethodPost, path: "/2/activity/subscriptions", token: token,
		payload: object{"event_type": event, "filter": object{"user_id": userID}, "webhook_id": webhookID},
	}, nil)
	if isThere(err) || slices.Contains(optionalEvents, event) && isDenied(err) {
		return nil
	}
	return err
}

func isDenied(err error) bool {
	var e *channels.SendError
	return errors.As(err, &e) && (e.Reason == models.PermissionMissing || e.Reason == models.InvalidRequest)
}

// isThere reports whether X refused a subscription because it has it already.
func isThere(err error) bool {
	var e *channels.SendError
	if !errors.As(err, &e) {
		return false
	}
	said := strings.ToLower(e.Code + " " + e.Message)
	return e.HTTPStatus == http.StatusConflict ||
		e.HTTPStatus == http.StatusBadRequest && (strings.Contains(said, "duplicate") || strings.Contains(said, "already exists"))
}
