package sms

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"parley/channels"
)

// twilio is Twilio's API for one test: it keeps the calls and gives the answers it was told, in turn per address.
type twilio struct {
	*httptest.Server
	mu    sync.Mutex
	calls []string
}

type answer struct {
	status int
	header map[string]string
	body   string
}

// twilioAnswering answers by "GET /path" without the query.
func twilioAnswering(t *testing.T, answers map[string][]answer) *twilio {
	t.Helper()
	tw := &twilio{}
	tw.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		called := r.Method + " " + r.URL.Path
		user, password, _ := r.BasicAuth()
		tw.mu.Lock()
		defer tw.mu.Unlock()
		tw.calls = append(tw.calls, strings.TrimSpace(fmt.Sprintf("%s %s %s", called, r.URL.RawQuery, body)))
		if user != accountSID || password != authToken {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if len(answers[called]) == 0 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		a := answers[called][0]
		if len(answers[called]) > 1 {
			answers[called] = answers[called][1:]
		}
		for name, value := range a.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}))
	t.Cleanup(tw.Close)
	return tw
}

func (tw *twilio) adapter() *Adapter {
	return New(Config{
		APIBase: tw.URL, MessagingBase: tw.URL + "/messaging", WebhookBase: "https://inbox.example.com", HTTP: tw.Client(),
	})
}

func (tw *twilio) called(t *testing.T, want ...string) {
	t.Helper()
	tw.mu.Lock()
	defer tw.mu.Unlock()
	if got := strings.Join(tw.calls, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("called\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func sendError(t *testing.T, err error) *channels.SendError {
	t.Helper()
	var refused *channels.SendError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a SendError", err)
	}
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		if strings.Contains(fmt.Sprintf("%v %+v %#v", cause, refused.Failure, cause), authToken) {
			t.Errorf("the error shows the token: %v", cause)
		}
	}
	return refused
}

const (
	accountPath  = "/2010-04-01/Accounts/" + accountSID
	messagesPath = accountPath + "/Messages.json"
	numbersPath  = accountPath + "/IncomingPhoneNumbers.json"
)
