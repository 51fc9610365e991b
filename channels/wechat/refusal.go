package wechat

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"parley/channels"
	"parley/models"
)

func refusal(answer channels.Answer, v verdict, secrets models.Credentials) *channels.SendError {
	words := v.Words
	for _, secret := range []string{secrets.AccessToken, secrets.AppSecret, secrets.WebhookSecret, secrets.EncodingKey} {
		words = channels.Hide(secret, words)
	}
	e := &channels.SendError{
		Failure:    models.Failure{Reason: reason(v.Code, answer.Status), Message: words},
		HTTPStatus: answer.Status,
		RequestID:  requestID(words),
		RetryAfter: answer.RetryAfter(),
	}
	if v.Code != 0 {
		e.Code = strconv.Itoa(v.Code)
	}
	if wait, known := waits[v.Code]; known && e.RetryAfter == 0 {
		e.RetryAfter = wait
	}
	return e
}

// waits are how long a quota takes to fill again: by the minute, and by the day, of which some is over.
var waits = map[int]time.Duration{45011: time.Minute, 45009: time.Hour}

// requestID finds the id that WeChat puts at the end of its words, as in "invalid credential rid: 6241-…".
func requestID(words string) string {
	_, id, _ := strings.Cut(words, "rid: ")
	return strings.TrimSpace(id)
}

// Codes of the API: https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
var reasons = map[int]models.FailureReason{
	45015: models.WindowClosed, 45047: models.WindowClosed, 45080: models.WindowClosed,

	45009: models.RateLimited, 45011: models.RateLimited,

	-1: models.Transient,

	40001: models.AuthExpired, 40014: models.AuthExpired, 42001: models.AuthExpired, 41001: models.AuthExpired,
	40013: models.AuthExpired, 40125: models.AuthExpired, 41002: models.AuthExpired, 41004: models.AuthExpired,

	43004: models.RecipientBlocked, 48002: models.RecipientBlocked,
	40003: models.RecipientUnreachable, 40031: models.RecipientUnreachable,

	48001: models.PermissionMissing, 40164: models.PermissionMissing, 50001: models.PermissionMissing,

	48004: models.ChannelRestricted, 50002: models.ChannelRestricted,

	45002: models.InvalidRequest, 40007: models.InvalidRequest, 40008: models.InvalidRequest,
	40004: models.InvalidRequest, 40005: models.InvalidRequest, 40006: models.InvalidRequest,
	44004: models.InvalidRequest, 45001: models.InvalidRequest, 45007: models.InvalidRequest,
	47001: models.InvalidRequest,
}

// reason trusts the code first: WeChat refuses with status 200.
func reason(code, status int) models.FailureReason {
	known, isKnown := reasons[code]
	switch {
	case isKnown:
		return known
	case status >= 500:
		return models.Transient
	case status == http.StatusTooManyRequests:
		return models.RateLimited
	default:
		return models.PlatformRefused
	}
}
