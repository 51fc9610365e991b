package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"parley/channels"
	"parley/models"
)

type object map[string]any

// tokenForm is what BotFather gives out: the bot's id and a secret. Nothing else is put into an address.
var tokenForm = regexp.MustCompile(`^[0-9]{1,20}:[A-Za-z0-9_-]{1,128}$`)

// call runs a method of the Bot API and reads its result. The token is part of the address, so every word of an
// error is searched for it before anyone sees it.
func (a *Adapter) call(
	ctx context.Context, account channels.Account, method string, arguments object, result any,
) (channels.Answer, error) {
	token := account.Credentials.AccessToken
	if !tokenForm.MatchString(token) {
		return channels.Answer{}, &channels.SendError{
			Failure: models.Failure{Reason: models.AuthExpired}, Err: errors.New("the token is not a bot's"),
		}
	}
	body, err := json.Marshal(arguments)
	if err != nil {
		return channels.Answer{}, channels.Unsendable("message cannot be written as JSON")
	}
	address := a.config.APIBase + "/bot" + token + "/" + method
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return channels.Answer{}, channels.Unsendable("the address of the Bot API is not one")
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := channels.Call(a.config.HTTP, req)
	if err != nil {
		return answer, withoutToken(err, token)
	}
	return answer, withoutToken(understand(answer, result), token)
}

// response is what every method answers.
type response struct {
	OK          bool
	Result      json.RawMessage
	ErrorCode   int `json:"error_code"`
	Description string
	Parameters  struct {
		RetryAfter int64 `json:"retry_after"`
	}
}

func understand(answer channels.Answer, result any) error {
	var r response
	err := json.Unmarshal(answer.Body, &r)
	switch {
	case !answer.IsSuccess() || (err == nil && !r.OK):
		return refusal(answer, r)
	case err != nil:
		return channels.NotUnderstood(answer, fmt.Errorf("read answer: %w", err))
	}
	if err := json.Unmarshal(r.Result, result); err != nil {
		return channels.NotUnderstood(answer, fmt.Errorf("read result: %w", err))
	}
	return nil
}

func refusal(answer channels.Answer, r response) *channels.SendError {
	code := r.ErrorCode
	if code == 0 {
		code = answer.Status
	}
	e := &channels.SendError{
		Failure: models.Failure{
			Reason: reason(code, r.Description), Code: strconv.Itoa(code), Message: r.Description,
		},
		HTTPStatus: answer.Status,
		RetryAfter: channels.Wait(r.Parameters.RetryAfter),
	}
	if e.RetryAfter == 0 {
		e.RetryAfter = answer.RetryAfter()
	}
	return e
}

// reason goes by the code. Telegram's words matter only where one code means two things to an agent.
func reason(code int, description string) models.FailureReason {
	switch {
	case code == http.StatusForbidden: // blocked, deactivated, or never started the bot
		return models.RecipientBlocked
	case code == http.StatusNotFound && strings.Contains(description, "method not found"): // by an old server of somebody's own
		return models.PlatformRefused
	case code == http.StatusUnauthorized || code == http.StatusNotFound: // a token that was revoked, or never was one
		return models.AuthExpired
	case code == http.StatusTooManyRequests:
		return models.RateLimited
	case code >= 500:
		return models.Transient
	case code == http.StatusBadRequest && isAboutRecipient(description):
		return models.RecipientUnreachable
	case code == http.StatusBadRequest:
		return models.InvalidRequest
	default: // 409 among them: somebody else drives this bot
		return models.PlatformRefused
	}
}

func isAboutRecipient(description string) bool {
	description = strings.ToLower(description)
	for _, words := range []string{"chat not found", "user not found", "peer_id_invalid", "business connection not found"} {
		if strings.Contains(description, words) {
			return true
		}
	}
	return false
}

func withoutToken(err error, token string) error {
	var e *channels.SendError
	if !errors.As(err, &e) {
		return err
	}
	e.Message = channels.Hide(token, e.Message)
	if e.Err != nil && strings.Contains(e.Err.Error(), token) {
		e.Err = errors.New(channels.Hide(token, e.Err.Error()))
	}
	return e
}
