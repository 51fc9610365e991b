package sms

import (
	"fmt"
	"net/http"
	"net/url"

	"parley/models"
)

var statuses = map[string]models.DeliveryStatus{
	"accepted": models.Queued, "scheduled": models.Queued, "queued": models.Queued,
	"sending":   models.Sending,
	"sent":      models.Sent,
	"delivered": models.Delivered, "partially_delivered": models.Delivered,
	"read":        models.Read,
	"undelivered": models.Failed, "failed": models.Failed, "canceled": models.Failed,
}

// receipt reads how far a message of ours got.
func receipt(in models.Inbound, f url.Values, status string) (models.Inbound, error) {
	reached, known := statuses[status]
	if !known {
		return models.Inbound{}, fmt.Errorf("unknown status %q", status)
	}
	in.Kind, in.Direction, in.Status = models.InboundReceipt, models.OutboundMessage, reached
	in.ThreadKey = f.Get("To")
	if reached == models.Failed {
		code := f.Get("ErrorCode")
		in.Failure = &models.Failure{Reason: reason(code, 0), Code: code, Message: f.Get("ErrorMessage")}
	}
	return in, nil
}

// Codes of Twilio: https://www.twilio.com/docs/api/errors
var reasons = map[string]models.FailureReason{
	"21610": models.RecipientBlocked, "30004": models.RecipientBlocked,

	"21211": models.RecipientUnreachable, "21614": models.RecipientUnreachable, "21612": models.RecipientUnreachable,
	"30003": models.RecipientUnreachable, "30005": models.RecipientUnreachable, "30006": models.RecipientUnreachable,

	"21408": models.PermissionMissing, "21606": models.PermissionMissing, "21659": models.PermissionMissing,
	"30022": models.PermissionMissing, "30034": models.PermissionMissing,

	"14107": models.RateLimited, "20429": models.RateLimited, "30001": models.RateLimited, "63018": models.RateLimited,

	"20003": models.AuthExpired, "30002": models.AuthExpired,

	"21602": models.InvalidRequest, "21603": models.InvalidRequest, "21604": models.InvalidRequest,
	"21617": models.InvalidRequest, "21620": models.InvalidRequest, "21623": models.InvalidRequest,
	"30007": models.InvalidRequest,

	"63016": models.WindowClosed,

	"11200": models.Transient, "30008": models.Transient,
}

// reason trusts the code first, then the status of the answer; 0 where there was none.
func reason(code string, status int) models.FailureReason {
	known, isKnown := reasons[code]
	switch {
	case isKnown:
		return known
	case status >= 500:
		return models.Transient
	case status == http.StatusTooManyRequests:
		return models.RateLimited
	case status == http.StatusUnauthorized:
		return models.AuthExpired
	case status == http.StatusForbidden:
		return models.PermissionMissing
	case status == http.StatusBadRequest:
		return models.InvalidRequest
	default:
		return models.PlatformRefused
	}
}
