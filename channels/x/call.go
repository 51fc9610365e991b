package x

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"parley/channels"
)

type object map[string]any

// request is one call of API v2.
type request struct {
	method, path string
	query        url.Values
	token        string // whose right it is: the user's or the app's
	payload      any    // sent as JSON
	form         io.Reader
	formType     string
	private      bool // a refusal is then the contact's
}

// call makes the call and reads the "data" of its answer into data, unless that is nil.
func (a *Adapter) call(ctx context.Context, r request, data any) (channels.Answer, error) {
	answer, err := a.ask(ctx, r)
	if err != nil {
		return answer, err
	}
	if data == nil {
		return answer, nil
	}
	var body struct {
		Data   json.RawMessage
		Errors json.RawMessage
	}
	if err := json.Unmarshal(answer.Body, &body); err != nil {
		return answer, channels.NotUnderstood(answer, fmt.Errorf("read answer: %w", err))
	}
	if len(body.Data) == 0 && len(body.Errors) > 0 { // a refusal dressed as a success
		return answer, refusal(answer, r)
	}
	if err := json.Unmarshal(body.Data, data); err != nil {
		return answer, channels.NotUnderstood(answer, fmt.Errorf("read what was answered: %w", err))
	}
	return answer, nil
}

// ask makes the call and returns its answer, which is a success.
func (a *Adapter) ask(ctx context.Context, r request) (channels.Answer, error) {
	req, err := a.write(ctx, r)
	if err != nil {
		return channels.Answer{}, err
	}
	answer, err := channels.Call(a.config.HTTP, req)
	if err != nil {
		return answer, err
	}
	if !answer.IsSuccess() {
		return answer, refusal(answer, r)
	}
	return answer, nil
}

func (a *Adapter) write(ctx context.Context, r request) (*http.Request, error) {
	address := a.config.APIBase + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	body, contentType := r.form, r.formType
	if r.payload != nil {
		content, err := json.Marshal(r.payload)
		if err != nil {
			return nil, channels.Unsendable("message cannot be written as JSON")
		}
		body, contentType = bytes.NewReader(content), "application/json"
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, channels.Unsendable("the address of the API is not one")
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	return req, nil
}
