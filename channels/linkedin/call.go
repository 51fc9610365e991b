package linkedin

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"parley/channels"
	"parley/models"
)

type object map[string]any

// request is one call of the versioned API. Its path and query are written by us, since Rest.li's lists and keys must
// keep their own signs unescaped.
type request struct {
	method, path, query string
	payload             any
	restliMethod        string // where the HTTP method does not say it
}

// call makes the call and returns its answer, which is a success.
func (a *Adapter) call(ctx context.Context, account channels.Account, r request) (channels.Answer, error) {
	var body []byte
	if r.payload != nil {
		var err error
		if body, err = json.Marshal(r.payload); err != nil {
			return channels.Answer{}, channels.Unsendable("message cannot be written as JSON")
		}
	}
	address := a.config.APIBase + r.path
	if r.query != "" {
		address += "?" + r.query
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(body))
	if err != nil {
		return channels.Answer{}, channels.Unsendable("the address of the API is not one")
	}
	req.Header.Set("Authorization", "Bearer "+account.Credentials.AccessToken)
	req.Header.Set("Linkedin-Version", a.config.Version)
	req.Header.Set("X-Restli-Protocol-Version", "2.0.0")
	if r.payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.restliMethod != "" {
		req.Header.Set("X-Restli-Method", r.restliMethod)
	}
	answer, err := channels.Call(a.config.HTTP, req)
	if err != nil {
		return answer, err
	}
	if !answer.IsSuccess() {
		return answer, refusal(answer, account.Credentials.AccessToken)
	}
	return answer, nil
}

// refusal is what an answer that accepts nothing means.
func refusal(answer channels.Answer, secret string) *channels.SendError {
	var p struct {
		Message          string
		ServiceErrorCode channels.Identifier `json:"serviceErrorCode"`
		Code             string
		OAuthError       string `json:"error"`
		OAuthDescription string `json:"error_description"`
	}
	// An answer without LinkedIn's words, such as a proxy's page, is told by its status alone.
	_ = json.Unmarshal(answer.Body, &p)
	return &channels.SendError{
		Failure: models.Failure{
			Reason:  reason(answer.Status),
			Code:    cmp.Or(string(p.ServiceErrorCode), p.Code, p.OAuthError, strconv.Itoa(answer.Status)),
			Message: channels.Hide(secret, cmp.Or(p.Message, p.OAuthDescription)),
		},
		HTTPStatus: answer.Status,
		RequestID:  requestID(answer),
		RetryAfter: retryAfter(answer),
	}
}

func requestID(answer channels.Answer) string { return answer.Header.Get("X-Li-Uuid") }

func reason(status int) models.FailureReason {
	switch {
	case status == http.StatusUnauthorized:
		return models.AuthExpired
	case status == http.StatusForbidden: // the member lost the role, or the app the product
		return models.PermissionMissing
	case status == http.StatusTooManyRequests:
		return models.RateLimited
	case status >= 500:
		return models.Transient
	case status == http.StatusBadRequest || status == http.StatusUnprocessableEntity || status == http.StatusRequestEntityTooLarge:
		return models.InvalidRequest
	default: // 404 among them: the post or comment was deleted
		return models.PlatformRefused
	}
}

// retryAfter is the next midnight where LinkedIn does not say it: the quotas are daily and start anew at 00:00 UTC.
func retryAfter(answer channels.Answer) time.Duration {
	if wait := answer.RetryAfter(); wait > 0 {
		return wait
	}
	now, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil || answer.Status != http.StatusTooManyRequests {
		return 0
	}
	const day = 24 * time.Hour
	return now.Truncate(day).Add(day).Sub(now)
}

// without turns a refusal with one of these statuses into a success.
func without(err error, statuses ...int) error {
	var e *channels.SendError
	if errors.As(err, &e) {
		for _, status := range statuses {
			if e.HTTPStatus == status {
				return nil
			}
		}
	}
	return channels.Repeatable(err)
}
