package tiktok

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"parley/channels"
	"parley/models"
)

type object map[string]any

// reply is an answer that was understood.
type reply struct {
	channels.Answer
	requestID string
}

// ask reads something of the account's.
func (a *Adapter) ask(ctx context.Context, account channels.Account, path string, query url.Values, result any) (reply, error) {
	query.Set("business_id", account.ID)
	return a.call(ctx, &account, http.MethodGet, path+"?"+query.Encode(), nil, result)
}

// tell does something as the account.
func (a *Adapter) tell(ctx context.Context, account channels.Account, path string, arguments object, result any) (reply, error) {
	arguments["business_id"] = account.ID
	return a.call(ctx, &account, http.MethodPost, path, arguments, result)
}

// call makes one call, as an account or, without one, as the app. The token travels in a header only.
func (a *Adapter) call(
	ctx context.Context, account *channels.Account, method, path string, arguments object, result any,
) (reply, error) {
	if account != nil && (account.ID == "" || account.Credentials.AccessToken == "") {
		return reply{}, &channels.SendError{
			Failure: models.Failure{Reason: models.AuthExpired}, Err: errors.New("no account or no access token"),
		}
	}
	var body io.Reader
	if arguments != nil {
		content, err := json.Marshal(arguments)
		if err != nil {
			return reply{}, channels.Unsendable("message cannot be written as JSON")
		}
		body = bytes.NewReader(content)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.config.APIBase+"/open_api/v1.3/"+path, body)
	if err != nil {
		return reply{}, channels.Unsendable("the address of TikTok is not one")
	}
	secrets := append([]string(nil), a.config.AppSecrets...)
	if account != nil {
		req.Header.Set("Access-Token", account.Credentials.AccessToken)
		secrets = append(secrets, account.Credentials.AccessToken)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	answer, err := channels.Call(a.config.HTTP, req)
	if err != nil {
		return reply{Answer: answer}, err
	}
	return understand(answer, secrets, result)
}

// response is what every method answers. TikTok refuses with status 200 and a code.
type response struct {
	Code      channels.Identifier
	Message   string
	RequestID string `json:"request_id"`
	Data      json.RawMessage
}

func understand(answer channels.Answer, secrets []string, result any) (reply, error) {
	var r response
	document, err := channels.Document(answer.Body)
	if err == nil {
		err = json.Unmarshal(document, &r)
	}
	understood := reply{Answer: answer, requestID: r.RequestID}
	switch {
	case !answer.IsSuccess() || err == nil && r.Code != "0" && r.Code != "":
		return understood, refusal(answer, r, secrets)
	case err == nil && r.Code == "":
		err = errors.New("no code")
	}
	if err == nil && len(r.Data) > 0 {
		err = json.Unmarshal(r.Data, result)
	}
	if err != nil {
		return understood, channels.NotUnderstood(answer, fmt.Errorf("read answer: %w", err))
	}
	return understood, nil
}

// patience is how long TikTok's counters take to let us through again.
const patience = 5 * time.Minute

func refusal(answer channels.Answer, r response, secrets []string) *channels.SendError {
	e := &channels.SendError{
		Failure:    models.Failure{Reason: reason(string(r.Code), answer.Status), Code: string(r.Code), Message: r.Message},
		HTTPStatus: answer.Status,
		RequestID:  r.RequestID,
		RetryAfter: answer.RetryAfter(),
	}
	for _, secret := range secrets {
		e.Message = channels.Hide(secret, e.Message)
	}
	if e.Reason == models.RateLimited {
		e.RetryAfter = max(e.RetryAfter, patience)
	}
	return e
}

// Codes of the API: https://business-api.tiktok.com/portal/docs?id=1737172488964097
var reasons = map[string]models.FailureReason{
	"40100": models.RateLimited,
	"40102": models.AuthExpired, "40104": models.AuthExpired, "40105": models.AuthExpired,
	"40001": models.PermissionMissing,
	"40002": models.InvalidRequest, goneCode: models.InvalidRequest,
}

const goneCode = "40007" // what was asked for does not exist

// reason trusts the code first, then the status of the answer.
func reason(code string, status int) models.FailureReason {
	known, isKnown := reasons[code]
	switch {
	case isKnown:
		return known
	case len(code) == 5 && code[0] == '5', status >= 500:
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
