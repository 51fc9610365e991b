package meta

import (
	"net/http"
	"strconv"

	"parley/channels"
	"parley/models"
)

// Problem is an error as Meta writes it, in an answer to a call and in a delivery alike.
type Problem struct {
	Code        channels.Identifier
	Subcode     channels.Identifier `json:"error_subcode"`
	Title       string
	Message     string
	IsTransient bool                     `json:"is_transient"`
	TraceID     string                   `json:"fbtrace_id"`
	Data        struct{ Details string } `json:"error_data"`
}

// Words is the most telling of Meta's texts.
func (p Problem) Words() string {
	switch {
	case p.Data.Details != "":
		return p.Data.Details
	case p.Message != "":
		return p.Message
	default:
		return p.Title
	}
}

// Failure is the problem in our classes; status is 0 outside an answer.
func (p Problem) Failure(reasons Reasons, status int) models.Failure {
	failure := models.Failure{Reason: p.reason(reasons, status), Code: string(p.Code), Message: p.Words()}
	if p.Subcode != "" && p.Subcode != "0" {
		failure.Code += "/" + string(p.Subcode)
	}
	return failure
}

// reason trusts the subcode first, then Meta's hint that it will pass, then the code, then the status of the answer.
func (p Problem) reason(reasons Reasons, status int) models.FailureReason {
	if reason, known := lookUp(reasons.Subcodes, p.Subcode); known {
		return reason
	}
	reason, known := lookUp(reasons.Codes, p.Code)
	code, _ := strconv.Atoi(string(p.Code))
	switch {
	case known && (reason == models.RateLimited || !p.IsTransient):
		return reason
	case p.IsTransient || status >= http.StatusInternalServerError:
		return models.Transient
	case code >= 200 && code <= 299: // missing permissions, one code each
		return models.PermissionMissing
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

func lookUp(in map[int]models.FailureReason, code channels.Identifier) (models.FailureReason, bool) {
	number, err := strconv.Atoi(string(code))
	if err != nil {
		return "", false
	}
	reason, known := in[number]
	return reason, known
}

// Reasons are what the codes of a platform mean. A subcode that is not in it leaves the word to its code.
type Reasons struct {
	Codes    map[int]models.FailureReason
	Subcodes map[int]models.FailureReason
}

// PageReasons are the codes of Pages and Instagram accounts, with those of the Send API:
// https://developers.facebook.com/docs/messenger-platform/error-codes
var PageReasons = Reasons{
	Codes: map[int]models.FailureReason{
		1: models.Transient, 2: models.Transient,

		4: models.RateLimited, 17: models.RateLimited, 32: models.RateLimited, 613: models.RateLimited,
		80001: models.RateLimited, 80002: models.RateLimited, 80006: models.RateLimited,

		102: models.AuthExpired, 190: models.AuthExpired,

		3: models.PermissionMissing, 10: models.PermissionMissing,

		551: models.RecipientUnreachable,

		// 10900: a comment is answered in private once; 9000001: the message was deleted meanwhile.
		100: models.InvalidRequest, 10900: models.InvalidRequest, 9000001: models.InvalidRequest,

		368: models.ChannelRestricted, 2022: models.ChannelRestricted,
	},
	Subcodes: map[int]models.FailureReason{
		2018278: models.WindowClosed, 2018065: models.WindowClosed, 2534022: models.WindowClosed,

		2534040: models.RateLimited, 2018338: models.RateLimited,

		// 33: it does not exist, or it is not shown to us; 2534041: see the Instagram adapter.
		33: models.PermissionMissing, 2534041: models.PermissionMissing,

		2018108: models.RecipientBlocked,
		// Meta's pages disagree whether 1545041 is about the person or the window.
		1545041: models.RecipientUnreachable, 2018001: models.RecipientUnreachable, 2534014: models.RecipientUnreachable,

		// A comment that takes no private reply; files that cannot be fetched or are too big.
		2534025: models.InvalidRequest,
		2018008: models.InvalidRequest, 2018047: models.InvalidRequest, 2018109: models.InvalidRequest,
		2018294: models.InvalidRequest,

		1893063: models.ChannelRestricted, 2022: models.ChannelRestricted,

		2018300: models.PlatformRefused, // another app has the conversation
	},
}
