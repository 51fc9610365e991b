package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// xProblem is an error of the X API, in the manner of RFC 7807.
type xProblem struct {
	status int
	kind   string // the last word of its type; about:blank when empty
	title  string
	detail string
}

func (e xProblem) Error() string { return e.detail }

func xInvalid(detail string) error {
	return xProblem{400, "invalid-request", "Invalid Request", detail}
}

func xForbidden(detail string) error { return xProblem{403, "", "Forbidden", detail} }

func xMissing(detail string) error {
	return xProblem{404, "resource-not-found", "Not Found Error", detail}
}

// What X answers for each class.
var xFailures = map[Class]xProblem{
	RateLimited:       {429, "rate-limit-exceeded", "Too Many Requests", "Too Many Requests"},
	AuthExpired:       {401, "", "Unauthorized", "Unauthorized"},
	RecipientBlocked:  {403, "not-authorized-for-resource", "Forbidden", "You cannot send messages to this user."},
	InvalidRequest:    {400, "invalid-request", "Invalid Request", "One or more parameters to your request was invalid."},
	Permission:        {403, "client-forbidden", "Client Forbidden", "This app may not do this for the account."},
	ChannelRestricted: {429, "usage-capped", "UsageCapExceeded", "Usage cap exceeded: Monthly product cap"},
	Transient:         {503, "", "Service Unavailable", "Service Unavailable"},
}

func (d *xNetwork) fails(class Class) bool {
	_, known := xFailures[class]
	return known
}

// refuse answers with a problem. How long to wait is said by the moment the limit is lifted.
func (d *xNetwork) refuse(w http.ResponseWriter, err error) {
	var failure Failure
	e := xProblem{500, "", "Internal Server Error", "Internal Server Error"}
	if errors.As(err, &failure) {
		e = xFailures[failure.Class]
	} else {
		errors.As(err, &e)
	}
	if failure.Class == RateLimited {
		now := d.sim.config.Now()
		until := now.Add(time.Duration(failure.retrySeconds()) * time.Second)
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat)) // what the moment is to be compared with
		w.Header().Set("x-rate-limit-limit", "15")
		w.Header().Set("x-rate-limit-remaining", "0")
		w.Header().Set("x-rate-limit-reset", seconds(until))
	}
	kind := "about:blank"
	if e.kind != "" {
		kind = "https://api.twitter.com/2/problems/" + e.kind
	}
	body := encode(object{"title": e.title, "detail": e.detail, "type": kind, "status": e.status})
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.status)
	_, _ = w.Write(body)
}

// readX reads a JSON body; none at all is an empty one.
func readX(w http.ResponseWriter, r *http.Request, v any) error {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostJSON)).Decode(v)
	if err != nil && !errors.Is(err, io.EOF) {
		return xInvalid("The body is no JSON of the expected kind.")
	}
	return nil
}
