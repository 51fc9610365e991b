package meta

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley/channels"
	"parley/models"
)

// Object is a JSON object of ours.
type Object = map[string]any

// Call is one request to the Graph API.
type Call struct {
	Method  string
	Path    []string // ids and edges
	Query   url.Values
	Payload Object // nil: none
	Token   string
	Reasons Reasons // what the platform's codes mean

	Base         string // another address than the app's; a token of another login then, whose secret is not the app's first
	Unversioned  bool   // the address carries no version
	TokenInQuery bool   // the only place where this address looks for it
}

// Call asks the Graph API. Every answer but a success is a *channels.SendError, which never shows the token.
func (a App) Call(ctx context.Context, c Call) (channels.Answer, error) {
	req, err := a.request(ctx, c)
	if err != nil {
		return channels.Answer{}, err
	}
	answer, err := channels.Call(a.HTTP, req)
	if err != nil {
		return answer, err
	}
	if !answer.IsSuccess() {
		return answer, refusal(answer, c)
	}
	return answer, nil
}

func (a App) request(ctx context.Context, c Call) (*http.Request, error) {
	var body []byte
	if c.Payload != nil {
		var err error
		if body, err = json.Marshal(c.Payload); err != nil {
			return nil, channels.Unsendable("message cannot be written as JSON")
		}
	}
	req, err := http.NewRequestWithContext(ctx, c.Method, a.address(c), bytes.NewReader(body))
	if err != nil {
		return nil, channels.Unsendable("the address of the Graph API is not one")
	}
	if !c.TokenInQuery {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if c.Payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

func (a App) address(c Call) string {
	parts := []string{a.APIBase}
	if c.Base != "" {
		parts[0] = c.Base
	}
	if !c.Unversioned {
		parts = append(parts, a.APIVersion)
	}
	for _, part := range c.Path {
		parts = append(parts, url.PathEscape(part))
	}
	query := url.Values{}
	maps.Copy(query, c.Query)
	if proof := a.proof(c.Token); proof != "" && c.Base == "" {
		query.Set("appsecret_proof", proof)
	}
	if c.TokenInQuery {
		query.Set("access_token", c.Token)
	}
	address := strings.Join(parts, "/")
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return address
}

// refusal is what an answer that is not a success means. Meta quotes tokens it does not like: ours is hidden.
func refusal(answer channels.Answer, c Call) *channels.SendError {
	var body struct{ Error Problem }
	// An answer without Meta's words, such as a proxy's page, is told by its status alone.
	_ = json.Unmarshal(answer.Body, &body)
	failure := body.Error.Failure(c.Reasons, answer.Status)
	failure.Message = channels.Hide(c.Token, failure.Message)
	e := &channels.SendError{
		Failure:    failure,
		HTTPStatus: answer.Status,
		RequestID:  body.Error.TraceID,
		RetryAfter: answer.RetryAfter(),
	}
	if e.RequestID == "" {
		e.RequestID = RequestID(answer)
	}
	if e.RetryAfter == 0 && failure.Reason == models.RateLimited {
		e.RetryAfter = regained(answer)
	}
	return e
}

// RequestID is Meta's id of a request, for its support.
func RequestID(answer channels.Answer) string {
	if id := answer.Header.Get("X-Fb-Trace-Id"); id != "" {
		return id
	}
	return answer.Header.Get("X-Fb-Request-Id")
}

// regained is how long Meta expects a rate limit to hold: minutes, for each kind of use of each business.
func regained(answer channels.Answer) time.Duration {
	var usage map[string][]struct {
		Minutes int64 `json:"estimated_time_to_regain_access"`
	}
	if err := json.Unmarshal([]byte(answer.Header.Get("X-Business-Use-Case-Usage")), &usage); err != nil {
		return 0
	}
	var minutes int64
	for _, kinds := range usage {
		for _, kind := range kinds {
			minutes = max(minutes, min(kind.Minutes, 24*60))
		}
	}
	return channels.Wait(minutes * 60)
}
