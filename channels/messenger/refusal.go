package messenger

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"parley/models"
)

// What only this protocol refuses.
const (
	codeOrigin models.ErrorCode = "ORIGIN_NOT_ALLOWED"
	codeMethod models.ErrorCode = "METHOD_NOT_ALLOWED"
	codeTooBig models.ErrorCode = "BODY_TOO_LARGE"
	codeMedia  models.ErrorCode = "UNSUPPORTED_MEDIA_TYPE"
	codeOften  models.ErrorCode = "RATE_LIMITED"
	codeLater  models.ErrorCode = "UNAVAILABLE"
)

var (
	errUnknown = models.Refuse(models.NotFound, "", "There is no such widget, or it has no such address.")
	errOrigin  = models.Refuse(codeOrigin, "", "This widget is not for pages of this origin.")
	errMethod  = models.Refuse(codeMethod, "", "This cannot be asked for in this way.")
	errNoToken = models.Refuse(models.Unauthenticated, "", "Send the session's token: Authorization: Bearer ….")
	errTooBig  = models.Refuse(codeTooBig, "", "A request has at most 64 KiB.")
	errMedia   = models.Refuse(codeMedia, "", "Send JSON: Content-Type: application/json.")
	errJSON    = models.Refuse(models.InvalidInput, "", "The request is not the JSON object it should be.")
	errClosing = models.Refuse(codeLater, "", "This server is about to stop. Come back.")
	errStreams = models.Refuse(codeOften, "", "This session follows in too many places at once.")
)

// statuses of what is not simply a bad request.
var statuses = map[models.ErrorCode]int{
	models.Unauthenticated:      http.StatusUnauthorized,
	models.Forbidden:            http.StatusForbidden,
	codeOrigin:                  http.StatusForbidden,
	models.NotFound:             http.StatusNotFound,
	codeMethod:                  http.StatusMethodNotAllowed,
	models.IdempotencyConflict:  http.StatusConflict,
	models.VersionConflict:      http.StatusConflict,
	codeTooBig:                  http.StatusRequestEntityTooLarge,
	codeMedia:                   http.StatusUnsupportedMediaType,
	models.UnsupportedByChannel: http.StatusUnprocessableEntity,
	codeOften:                   http.StatusTooManyRequests,
	codeLater:                   http.StatusServiceUnavailable,
}

// retryAfter is what a browser is told while we cannot answer.
const retryAfter = 5 * time.Second

// tooOften says how long to wait.
type tooOften struct{ wait time.Duration }

func (e tooOften) Error() string { return fmt.Sprintf("too often: wait %s", e.wait) }

type errorBody struct {
	Error struct {
		Code    models.ErrorCode `json:"code"`
		Field   string           `json:"field,omitempty"`
		Message string           `json:"message"`
	} `json:"error"`
}

// refuse answers with what went wrong. Faults of ours are told as something that passes, and logged.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *models.Error
	var often tooOften
	wait := time.Duration(0)
	switch {
	case r.Context().Err() != nil:
		return // nobody waits for the answer
	case errors.As(err, &often):
		refusal, wait = models.Refuse(codeOften, "", "This comes too often. Wait a little."), often.wait
	case !errors.As(err, &refusal):
		h.log.ErrorContext(r.Context(), "answer a visitor", "method", r.Method, "error", err)
		refusal = models.Refuse(codeLater, "", "This does not work at the moment. Try again.")
	}
	if refusal.Code == codeLater {
		wait = retryAfter
	}
	status, special := statuses[refusal.Code]
	if !special {
		status = http.StatusBadRequest
	}
	if wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	var body errorBody
	body.Error.Code, body.Error.Field, body.Error.Message = refusal.Code, refusal.Field, refusal.Message
	write(w, status, body)
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body) // whoever went away asks again
}
