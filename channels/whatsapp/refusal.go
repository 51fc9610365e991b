package whatsapp

import (
	"encoding/json"
	"net/http"
	"strconv"

	"parley/channels"
	"parley/models"
)

// problem is an error as Meta writes it, in an answer to a call and in a delivery alike.
type problem struct {
	Code        channels.Identifier
	Title       string
	Message     string
	IsTransient bool                     `json:"is_transient"`
	TraceID     string                   `json:"fbtrace_id"`
	Data        struct{ Details string } `json:"error_data"`
}

// words is the most telling of Meta's texts.
func (p problem) words() string {
	switch {
	case p.Data.Details != "":
		return p.Data.Details
	case p.Message != "":
		return p.Message
	default:
		return p.Title
	}
}

// failure is the problem in our classes; status is 0 outside an answer.
func (p problem) failure(status int) models.Failure {
	return models.Failure{Reason: p.reason(status), Code: string(p.Code), Message: p.words()}
}

// Codes of the Cloud API: https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
var reasons = map[int]models.FailureReason{
	131047: models.WindowClosed,

	4: models.RateLimited, 80007: models.RateLimited, 130429: models.RateLimited, 131048: models.RateLimited,
	131056: models.RateLimited, 131064: models.RateLimited, 133016: models.RateLimited,

	0: models.AuthExpired, 190: models.AuthExpired,

	3: models.PermissionMissing, 10: models.PermissionMissing, 131005: models.PermissionMissing,

	131050: models.RecipientBlocked,
	131021: models.RecipientUnreachable, 131026: models.RecipientUnreachable, 131030: models.RecipientUnreachable,
	131062: models.RecipientUnreachable, 137000: models.RecipientUnreachable,

	// Held back by Meta for its own reasons: an experiment, or a contact who gets too much marketing.
	130472: models.PlatformRefused, 131049: models.PlatformRefused,

	100: models.InvalidRequest, 131008: models.InvalidRequest, 131009: models.InvalidRequest,
	131051: models.InvalidRequest, 131052: models.InvalidRequest, 131053: models.InvalidRequest,

	132000: models.TemplateRefused, 132001: models.TemplateRefused, 132005: models.TemplateRefused,
	132007: models.TemplateRefused, 132008: models.TemplateRefused, 132012: models.TemplateRefused,
	132015: models.TemplateRefused, 132016: models.TemplateRefused, 132068: models.TemplateRefused,
	132069: models.TemplateRefused,

	368: models.ChannelRestricted, 130497: models.ChannelRestricted, 131031: models.ChannelRestricted,
	131037: models.ChannelRestricted, 131042: models.ChannelRestricted, 131045: models.ChannelRestricted,
	131063: models.ChannelRestricted,

	1: models.Transient, 2: models.Transient, 131000: models.Transient, 131016: models.Transient,
	131057: models.Transient, 135000: models.Transient,
}

// reason trusts the code first, then Meta's hint that it will pass, then the status of the answer.
func (p problem) reason(status int) models.FailureReason {
	code, err := strconv.Atoi(string(p.Code))
	reason, known := reasons[code]
	switch {
	case err == nil && known:
		return reason
	case err == nil && code >= 200 && code <= 299:
		return models.PermissionMissing
	case p.IsTransient || status >= 500:
		return models.Transient
	case status == http.StatusTooManyRequests:
		return models.RateLimited
	case status == http.StatusUnauthorized:
		return models.AuthExpired
	case status == http.StatusForbidden:
		return models.PermissionMissing
	default:
		return models.PlatformRefused
	}
}

// refusal is what an answer that is not a success means. Meta quotes tokens it does not like: ours is hidden.
func refusal(answer channels.Answer, token string) *channels.SendError {
	var body struct{ Error problem }
	// An answer without Meta's words, such as a proxy's page, is told by its status alone.
	_ = json.Unmarshal(answer.Body, &body)
	failure := body.Error.failure(answer.Status)
	failure.Message = channels.Hide(token, failure.Message)
	return &channels.SendError{
		Failure:    failure,
		HTTPStatus: answer.Status,
		RequestID:  requestID(answer, body.Error.TraceID),
		RetryAfter: answer.RetryAfter(),
	}
}

func requestID(answer channels.Answer, traceID string) string {
	for _, id := range []string{traceID, answer.Header.Get("X-Fb-Trace-Id")} {
		if id != "" {
			return id
		}
	}
	return answer.Header.Get("X-Fb-Request-Id")
}
