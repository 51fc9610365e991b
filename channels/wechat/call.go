package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"parley/channels"
	"parley/models"
)

type object map[string]any

// post calls a method of the API with JSON and reads its answer into result.
func (a *Adapter) post(ctx context.Context, account channels.Account, path string, arguments object, result any) (channels.Answer, error) {
	body, err := encode(arguments)
	if err != nil {
		return channels.Answer{}, channels.Unsendable("message cannot be written as JSON")
	}
	return a.call(ctx, account, http.MethodPost, path, nil, "application/json", body, result)
}

// encode writes JSON as WeChat wants it: it shows an escaped sign to the contact as it came.
func encode(arguments object) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(arguments); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(body.Bytes()), nil
}

func (a *Adapter) call(
	ctx context.Context, account channels.Account, method, path string, query url.Values, contentType string, body []byte, result any,
) (channels.Answer, error) {
	req, err := a.request(ctx, account, method, path, query, body)
	if err != nil {
		return channels.Answer{}, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	answer, err := channels.Call(a.config.HTTP, req)
	if err != nil {
		return answer, err
	}
	return answer, understand(answer, account.Credentials, result)
}

const tokenPath = "/cgi-bin/stable_token"

// request prepares a call. The token is part of the address, so no error may show that.
func (a *Adapter) request(
	ctx context.Context, account channels.Account, method, path string, query url.Values, body []byte,
) (*http.Request, error) {
	full := url.Values{}
	for name, values := range query {
		full[name] = values
	}
	if path != tokenPath {
		if account.Credentials.AccessToken == "" {
			return nil, &channels.SendError{
				Failure: models.Failure{Reason: models.AuthExpired}, Err: errors.New("no access token yet"),
			}
		}
		full.Set("access_token", account.Credentials.AccessToken)
	}
	address := a.config.APIBase + path
	if len(full) > 0 {
		address += "?" + full.Encode()
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, reader)
	if err != nil {
		return nil, channels.Unsendable("the address of WeChat is not one")
	}
	return req, nil
}

// verdict is part of every answer; no code means that all is well.
type verdict struct {
	Code  int    `json:"errcode"`
	Words string `json:"errmsg"`
}

func understand(answer channels.Answer, secrets models.Credentials, result any) error {
	var v verdict
	err := json.Unmarshal(answer.Body, &v)
	switch {
	case !answer.IsSuccess() || err == nil && v.Code != 0:
		return refusal(answer, v, secrets)
	case err != nil:
		return channels.NotUnderstood(answer, errors.New("read answer: not what WeChat answers"))
	}
	if err := json.Unmarshal(answer.Body, result); err != nil {
		return channels.NotUnderstood(answer, fmt.Errorf("read answer: %w", err))
	}
	return nil
}
