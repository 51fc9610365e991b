package simulator

import (
	"errors"
	"net/http"
	"strconv"
)

// graphError is an error of Meta's Graph API.
type graphError struct {
	status    int
	code      int
	subcode   int
	message   string
	details   string
	transient bool
}

func (e graphError) Error() string { return e.message }

// What Meta answers for each class. Codes: Meta's Cloud API error table.
var whatsAppFailures = map[Class]graphError{
	RateLimited: {status: 429, code: 130429, subcode: 2494055, message: "(#130429) Rate limit hit",
		details: "Too many messages were sent from this phone number in a short time."},
	AuthExpired: {status: 401, code: 190, subcode: 463, message: "Error validating access token: Session has expired"},
	OutsideWindow: {status: 400, code: 131047, message: "(#131047) Re-engagement message",
		details: "More than 24 hours have passed since the recipient last wrote to this number."},
	RecipientBlocked: {status: 400, code: 131050, message: "(#131050) Recipient opted out",
		details: "The recipient no longer wants such messages from this number."},
	RecipientUnreachable: {status: 400, code: 131026, message: "(#131026) Message undeliverable",
		details: "The message could not be delivered to this recipient."},
	InvalidRequest: {status: 400, code: 131009, message: "(#131009) Parameter value is not valid",
		details: "One of the values is not what the parameter takes."},
	Permission: {status: 403, code: 10, message: "(#10) Application does not have permission for this action"},
	ChannelRestricted: {status: 403, code: 131031, message: "(#131031) Account has been locked",
		details: "The business account is restricted for a violation of policy."},
	Transient: {status: 503, code: 2, message: "(#2) Service temporarily unavailable", transient: true},
}

func (d *whatsApp) fails(class Class) bool {
	_, known := whatsAppFailures[class]
	return known
}

func graphMissing(id string) graphError {
	return graphError{status: 400, code: 100, subcode: 33,
		message: "Unsupported request. Object with ID '" + id + "' does not exist, or the token may not see it"}
}

// parameterError is a request that says something the API does not take.
func parameterError(code int, details string) graphError {
	title := map[int]string{100: "Invalid parameter", 131008: "Required parameter is missing",
		131009: "Parameter value is not valid"}[code]
	return graphError{status: 400, code: code, message: "(#" + strconv.Itoa(code) + ") " + title, details: details}
}

// refuseWhatsApp answers with Meta's error envelope.
func refuseWhatsApp(w http.ResponseWriter, err error) {
	var failure Failure
	var e graphError
	if errors.As(err, &failure) {
		e = whatsAppFailures[failure.Class]
		if failure.Class == RateLimited {
			w.Header().Set("Retry-After", strconv.Itoa(failure.retrySeconds()))
		}
	} else if !errors.As(err, &e) {
		e = graphError{status: http.StatusInternalServerError, code: 1, message: "(#1) An unknown error occurred"}
	}
	answerJSON(w, e.status, object{"error": e.envelope(w.Header().Get("X-Fb-Trace-Id"))})
}

func (e graphError) envelope(trace string) object {
	body := object{
		"message": e.message, "type": "OAuthException", "code": e.code,
		"is_transient": e.transient, "fbtrace_id": trace,
	}
	if e.subcode != 0 {
		body["error_subcode"] = e.subcode
	}
	if e.details != "" {
		body["error_data"] = object{"messaging_product": "whatsapp", "details": e.details}
	}
	return body
}
