package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"parley/channels"
	"parley/models"
)

// sidForm is how Twilio names an account. Nothing else is put into an address.
var sidForm = regexp.MustCompile(`^AC[0-9a-zA-Z]{2,64}$`)

// resource is the address of something that belongs to the account.
func (a *Adapter) resource(account channels.Account, path string) string {
	return a.config.APIBase + "/2010-04-01/Accounts/" + account.Credentials.AppID + path
}

// call asks Twilio and reads its answer into result. The token travels in a header only.
func (a *Adapter) call(
	ctx context.Context, account channels.Account, method, address string, arguments url.Values, result any,
) (channels.Answer, error) {
	req, err := request(ctx, account, method, address, arguments)
	if err != nil {
		return channels.Answer{}, err
	}
	answer, err := channels.Call(a.config.HTTP, req)
	switch {
	case err != nil:
		return answer, err
	case !answer.IsSuccess():
		return answer, refusal(answer, account.Credentials.AccessToken)
	}
	if err := json.Unmarshal(answer.Body, result); err != nil {
		return answer, channels.NotUnderstood(answer, fmt.Errorf("read answer: %w", err))
	}
	return answer, nil
}

func request(ctx context.Context, account channels.Account, method, address string, arguments url.Values) (*http.Request, error) {
	c := account.Credentials
	if !sidForm.MatchString(c.AppID) || c.AccessToken == "" {
		return nil, &channels.SendError{
			Failure: models.Failure{Reason: models.AuthExpired}, Err: errors.New("no account sid or no token"),
		}
	}
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(arguments.Encode())
	} else if len(arguments) > 0 {
		address += "?" + arguments.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, channels.Unsendable("the address of Twilio is not one")
	}
	req.SetBasicAuth(c.AppID, c.AccessToken)
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req, nil
}

func refusal(answer channels.Answer, token string) *channels.SendError {
	var problem struct {
		Code    channels.Identifier
		Message string
	}
	// An answer without Twilio's words, such as a proxy's page, is told by its status alone.
	_ = json.Unmarshal(answer.Body, &problem)
	return &channels.SendError{
		Failure: models.Failure{
			Reason: reason(string(problem.Code), answer.Status), Code: string(problem.Code),
			Message: channels.Hide(token, problem.Message),
		},
		HTTPStatus: answer.Status,
		RequestID:  answer.Header.Get("Twilio-Request-Id"),
		RetryAfter: answer.RetryAfter(),
	}
}
