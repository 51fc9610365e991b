package linkedin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"parley/channels"
	"parley/models"
)

var (
	_ channels.Connector  = (*Adapter)(nil)
	_ channels.Subscriber = (*Adapter)(nil)
	_ channels.Refresher  = (*Adapter)(nil)
)

// Check asks for the Page's name, and whether the member behind the token administers it.
func (a *Adapter) Check(ctx context.Context, account channels.Account) (channels.Account, error) {
	account.ID = organization(account.ID)
	if !strings.HasPrefix(account.ID, "urn:li:organization") {
		return channels.Account{}, channels.Unsendable("not the id of a Page")
	}
	if _, err := a.administrator(ctx, account); err != nil {
		return channels.Account{}, channels.Repeatable(err)
	}
	answer, err := a.call(ctx, account, request{
		method: http.MethodGet, path: "/rest/organizations/" + escaped(number(account.ID)),
	})
	if err != nil {
		return channels.Account{}, channels.Repeatable(err)
	}
	var page struct {
		Name   string `json:"localizedName"`
		Vanity string `json:"vanityName"`
	}
	if err := json.Unmarshal(answer.Body, &page); err != nil {
		return channels.Account{}, channels.Repeatable(channels.NotUnderstood(answer, fmt.Errorf("read the Page: %w", err)))
	}
	account.Name = cmp.Or(page.Name, page.Vanity, account.ID)
	return account, nil
}

const (
	rolesPerPage = 100
	mostRoles    = 20 // pages
)

// administrator is the URN of the member behind the token, who has to administer the Page.
func (a *Adapter) administrator(ctx context.Context, account channels.Account) (string, error) {
	for start := 0; start < rolesPerPage*mostRoles; start += rolesPerPage {
		answer, err := a.call(ctx, account, request{
			method: http.MethodGet, path: "/rest/organizationAcls",
			query: "q=roleAssignee&role=ADMINISTRATOR&state=APPROVED&start=" + strconv.Itoa(start) + "&count=" + strconv.Itoa(rolesPerPage),
		})
		if err != nil {
			return "", err
		}
		var roles struct {
			Elements []struct {
				Page   string `json:"organization"`
				Target string `json:"organizationalTarget"` // its name in older versions
				Member string `json:"roleAssignee"`
			}
		}
		if err := json.Unmarshal(answer.Body, &roles); err != nil {
			return "", channels.NotUnderstood(answer, fmt.Errorf("read the member's roles: %w", err))
		}
		for _, role := range roles.Elements {
			if cmp.Or(role.Page, role.Target) == account.ID {
				return role.Member, nil
			}
		}
		if len(roles.Elements) < rolesPerPage {
			break
		}
	}
	return "", &channels.SendError{
		Failure: models.Failure{Reason: models.PermissionMissing}, Err: errors.New("the member does not administer the Page"),
	}
}

// Subscribe has the Page's notifications delivered to webhook, on behalf of the member behind the token. LinkedIn drops
// the subscription without a word when the member's consent or role ends.
func (a *Adapter) Subscribe(ctx context.Context, account channels.Account, webhook string) error {
	path, err := a.subscription(ctx, account)
	if err == nil {
		_, err = a.call(ctx, account, request{method: http.MethodPut, path: path, payload: object{"webhook": webhook}})
	}
	return channels.Repeatable(err)
}

// Unsubscribe stops the Page's notifications.
func (a *Adapter) Unsubscribe(ctx context.Context, account channels.Account) error {
	path, err := a.subscription(ctx, account)
	if err == nil {
		_, err = a.call(ctx, account, request{method: http.MethodDelete, path: path})
	}
	return without(err, http.StatusNotFound) // there was none
}

// subscription is the address of the Page's subscription.
func (a *Adapter) subscription(ctx context.Context, account channels.Account) (string, error) {
	if a.config.DeveloperApplicationID == "" {
		return "", channels.Unsendable("the server does not know its app's number at LinkedIn")
	}
	member, err := a.administrator(ctx, account)
	if err != nil {
		return "", err
	}
	if member == "" {
		return "", channels.Unsendable("LinkedIn does not say who the administrator is")
	}
	app := a.config.DeveloperApplicationID
	if !strings.HasPrefix(app, "urn:") {
		app = "urn:li:developerApplication:" + app
	}
	return "/rest/eventSubscriptions/(developerApplication:" + escaped(app) + ",user:" + escaped(member) +
		",entity:" + escaped(account.ID) + ",eventType:" + notificationType + ")", nil
}

// Refresh gets a new access token. The refresh token ends a year after the member's consent, whatever is done with it.
func (a *Adapter) Refresh(ctx context.Context, account channels.Account, now time.Time) (models.Credentials, error) {
	renewed := account.Credentials
	if renewed.RefreshToken == "" {
		return models.Credentials{}, &channels.SendError{
			Failure: models.Failure{Reason: models.AuthExpired}, Err: errors.New("no refresh token"),
		}
	}
	answer, err := a.exchange(ctx, renewed.RefreshToken)
	if err != nil {
		return models.Credentials{}, channels.Repeatable(err)
	}
	return channels.Renewed(answer, renewed, now)
}

func (a *Adapter) exchange(ctx context.Context, refreshToken string) (channels.Answer, error) {
	form := url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {refreshToken},
		"client_id": {a.config.ClientID}, "client_secret": {a.secret()},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.config.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return channels.Answer{}, channels.Unsendable("the address for tokens is not one")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := channels.Call(a.config.HTTP, req)
	if err != nil {
		return answer, err
	}
	if !answer.IsSuccess() {
		refused := refusal(answer, refreshToken)
		if answer.Status == http.StatusBadRequest { // the token ended or was revoked
			refused.Reason = models.AuthExpired
		}
		refused.Message = channels.Hide(a.secret(), refused.Message)
		return answer, refused
	}
	return answer, nil
}
