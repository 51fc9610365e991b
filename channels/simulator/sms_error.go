package simulator

import (
	"errors"
	"net/http"
	"strconv"
)

// twilioError is an error of Twilio's API.
type twilioError struct {
	status, code int
	message      string
}

func (e twilioError) Error() string { return e.message }

// What Twilio answers for each class. Codes: Twilio's error dictionary.
var twilioFailures = map[Class]twilioError{
	RateLimited:          {429, 20429, "Too Many Requests"},
	AuthExpired:          {401, 20003, "Authenticate"},
	RecipientBlocked:     {400, 21610, "Attempt to send to unsubscribed recipient"},
	RecipientUnreachable: {400, 21614, "'To' number is not a valid mobile number"},
	InvalidRequest:       {400, 21617, "The concatenated message body exceeds the 1600 character limit"},
	Permission:           {400, 21408, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"},
	Transient:            {503, 20503, "Service unavailable"},
}

// twilioReported are the codes of messages that were accepted and came to nothing.
var twilioReported = map[Class]int{
	RateLimited: 30001, AuthExpired: 30002, RecipientBlocked: 30004, RecipientUnreachable: 30003, InvalidRequest: 30007,
	Permission: 30034, Transient: 30008,
}

func (d *sms) fails(class Class) bool {
	_, known := twilioFailures[class]
	return known
}

func twilioMissing(path string) twilioError {
	return twilioError{404, 20404, "The requested resource " + path + " was not found"}
}

func refuseTwilio(w http.ResponseWriter, err error) {
	var failure Failure
	e := twilioError{http.StatusInternalServerError, 20500, "Internal Server Error"}
	if errors.As(err, &failure) {
		e = twilioFailures[failure.Class]
	} else {
		errors.As(err, &e)
	}
	if e.status == http.StatusTooManyRequests && failure.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(failure.retrySeconds()))
	}
	answerJSON(w, e.status, object{
		"code": e.code, "message": e.message, "more_info": "https://www.twilio.com/docs/errors/" + strconv.Itoa(e.code),
		"status": e.status,
	})
}
