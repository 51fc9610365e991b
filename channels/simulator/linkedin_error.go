package simulator

import (
	"errors"
	"net/http"
	"strconv"
)

// linkedInError is an error of LinkedIn's REST API.
type linkedInError struct {
	status  int
	service int
	code    string
	message string
}

func (e linkedInError) Error() string { return e.message }

func linkedInIllegal(message string) error {
	return linkedInError{400, 100, "ILLEGAL_ARGUMENT", message}
}

func linkedInDenied(message string) error { return linkedInError{403, 100, "ACCESS_DENIED", message} }

func linkedInMissing(message string) error { return linkedInError{404, 0, "NOT_FOUND", message} }

// What LinkedIn answers for each class.
var linkedInFailures = map[Class]linkedInError{
	RateLimited:    {429, 101, "TOO_MANY_REQUESTS", "Resource level throttle limit for calls to this resource is reached."},
	AuthExpired:    {401, 65602, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired"},
	InvalidRequest: {400, 100, "ILLEGAL_ARGUMENT", "A field is not what it should be."},
	Permission:     {403, 100, "ACCESS_DENIED", "Not enough permissions to access: partnerApiSocialActions"},
	Transient:      {503, 0, "SERVICE_UNAVAILABLE", "The service is unavailable"},
}

func (d *linkedIn) fails(class Class) bool {
	_, known := linkedInFailures[class]
	return known
}

// refuseLinkedIn says how long to wait only if the failure does: the quota of a day ends with the day.
func refuseLinkedIn(w http.ResponseWriter, err error) {
	var failure Failure
	e := linkedInError{500, 0, "INTERNAL_SERVER_ERROR", "Internal Server Error"}
	if errors.As(err, &failure) {
		e = linkedInFailures[failure.Class]
	} else {
		errors.As(err, &e)
	}
	if failure.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(failure.retrySeconds()))
	}
	answerJSON(w, e.status, object{
		"status": e.status, "serviceErrorCode": e.service, "code": e.code, "message": e.message,
	})
}
