package x

import (
	"cmp"
	"encoding/json"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"parley/channels"
	"parley/models"
)

// problem is an error as X writes it: the form of API v2, the older one with numbers, and OAuth's.
type problem struct {
	Type, Title, Detail string
	Errors              []struct {
		Type, Title, Detail, Message string
		Code                         channels.Identifier
	}
	OAuthError       string `json:"error"`
	OAuthDescription string `json:"error_description"`
}

// code is the shortest name X has for the problem.
func (p problem) code() string {
	code := p.Type
	if len(p.Errors) > 0 {
		code = cmp.Or(code, p.Errors[0].Type, string(p.Errors[0].Code))
	}
	code = cmp.Or(code, p.OAuthError)
	if strings.HasPrefix(code, "https://") {
		return path.Base(code)
	}
	return code
}

func (p problem) words() string {
	words := p.Detail
	if len(p.Errors) > 0 {
		words = cmp.Or(words, p.Errors[0].Detail, p.Errors[0].Message, p.Errors[0].Title)
	}
	return cmp.Or(words, p.OAuthDescription, p.Title)
}

// refusal is what an answer that accepts nothing means.
func refusal(answer channels.Answer, r request) *channels.SendError {
	var p problem
	// An answer without X's words, such as a proxy's page, is told by its status alone.
	_ = json.Unmarshal(answer.Body, &p)
	code := p.code()
	return &channels.SendError{
		Failure: models.Failure{
			Reason:  reason(answer.Status, code, p.words(), r.private),
			Code:    cmp.Or(code, strconv.Itoa(answer.Status)),
			Message: channels.Hide(r.token, p.words()),
		},
		HTTPStatus: answer.Status,
		RequestID:  requestID(answer),
		RetryAfter: retryAfter(answer),
	}
}

func requestID(answer channels.Answer) string {
	return cmp.Or(answer.Header.Get("X-Transaction-Id"), answer.Header.Get("X-Request-Id"))
}

// reason goes by X's name for the problem where it has one that tells more than the status.
func reason(status int, code, words string, private bool) models.FailureReason {
	switch {
	case code == "usage-capped" || status == http.StatusPaymentRequired: // until the bill is paid or the month ends
		return models.ChannelRestricted
	case code == "rate-limit-exceeded" || status == http.StatusTooManyRequests:
		return models.RateLimited
	case status == http.StatusUnauthorized:
		return models.AuthExpired
	case status >= 500:
		return models.Transient
	case code == "resource-not-found" || status == http.StatusNotFound || status == http.StatusGone:
		return gone(private)
	case code == "187" || strings.Contains(strings.ToLower(words), "duplicate content"):
		return models.InvalidRequest
	case status == http.StatusForbidden || code == "not-authorized-for-resource":
		return forbidden(code, private)
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge, status == http.StatusUnsupportedMediaType,
		status == http.StatusUnprocessableEntity:
		return models.InvalidRequest
	default:
		return models.PlatformRefused
	}
}

func gone(private bool) models.FailureReason {
	if private {
		return models.RecipientUnreachable
	}
	return models.PlatformRefused
}

// forbidden tells what the app may not do from whom the contact does not let write: X answers both with 403.
func forbidden(code string, private bool) models.FailureReason {
	switch {
	case code == "client-forbidden" || code == "unsupported-authentication" || code == "oauth1-permissions":
		return models.PermissionMissing
	case code == "not-authorized-for-resource" || private:
		return models.RecipientBlocked
	default:
		return models.PermissionMissing
	}
}

// retryAfter is told by X as the moment the limit is lifted, so that its own clock has to be asked.
func retryAfter(answer channels.Answer) time.Duration {
	if wait := answer.RetryAfter(); wait > 0 {
		return wait
	}
	reset, err := strconv.ParseInt(answer.Header.Get("X-Rate-Limit-Reset"), 10, 64)
	now, dateErr := http.ParseTime(answer.Header.Get("Date"))
	if err != nil || dateErr != nil || answer.Status != http.StatusTooManyRequests {
		return 0
	}
	return channels.Wait(reset - now.Unix())
}
