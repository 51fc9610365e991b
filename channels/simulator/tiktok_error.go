package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// tikTokError is an error of the API: HTTP knows nothing of it.
type tikTokError struct {
	code    int
	message string
}

func (e tikTokError) Error() string { return e.message }

func tikTokInvalid(message string) error { return tikTokError{40002, message} }

// What TikTok answers for each class.
var tikTokFailures = map[Class]tikTokError{
	RateLimited:    {40100, "Too many requests. Please retry in some time."},
	AuthExpired:    {40105, "Access token is incorrect or has been revoked."},
	InvalidRequest: {40002, "Invalid parameter."},
	Permission:     {40001, "No permission to operate this account."},
	Transient:      {50000, "System error, please try again later."},
}

func (d *tikTok) fails(class Class) bool {
	_, known := tikTokFailures[class]
	return known
}

func answerTikTok(w http.ResponseWriter, data object) {
	answerJSON(w, http.StatusOK, object{"code": 0, "message": "OK", "request_id": digits(32), "data": data})
}

func refuseTikTok(w http.ResponseWriter, err error) {
	var failure Failure
	e := tikTokError{50000, "System error, please try again later."}
	if errors.As(err, &failure) {
		e = tikTokFailures[failure.Class]
	} else {
		errors.As(err, &e)
	}
	answerJSON(w, http.StatusOK, object{"code": e.code, "message": e.message, "request_id": digits(32), "data": object{}})
}

func readTikTok(w http.ResponseWriter, r *http.Request, v any) error {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostJSON)).Decode(v)
	if err != nil && !errors.Is(err, io.EOF) {
		return tikTokInvalid("The body is no JSON of the expected kind.")
	}
	return nil
}
