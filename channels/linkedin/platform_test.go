package linkedin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"parley/channels"
	"parley/models"
)

const (
	pageKey  = "urn%3Ali%3Aorganization%3A96000893"
	activity = "urn:li:activity:5"
	first    = "urn:li:comment:(urn:li:activity:5,6)"
	second   = "urn:li:comment:(urn:li:activity:5,7)"
	comments = "/rest/socialActions/urn%3Ali%3Aactivity%3A5/comments"
)

var account = channels.Account{ID: page, Credentials: models.Credentials{AccessToken: "user-secret-part", RefreshToken: "refresh-secret-part"}}

// platform is LinkedIn for one test: it keeps the calls and gives the answers it was told, per method and path.
type platform struct {
	*httptest.Server
	mu      sync.Mutex
	calls   []call
	answers map[string]answer
}

type call struct {
	line   string // method, path and query
	header http.Header
	body   string
}

type answer struct {
	status int
	header map[string]string
	body   string
}

func answering(t *testing.T, answers map[string]answer) *platform {
	t.Helper()
	p := &platform{answers: answers}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// ServeHTTP looks for an answer to the whole line first, then to the path alone.
func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content, _ := io.ReadAll(r.Body)
	c := call{line: r.Method + " " + r.RequestURI, header: r.Header, body: string(content)}
	p.mu.Lock()
	p.calls = append(p.calls, c)
	p.mu.Unlock()
	path, _, _ := strings.Cut(c.line, "?")
	a, known := p.answers[c.line]
	if !known {
		a, known = p.answers[path]
	}
	if !known {
		a = answer{status: 404, body: `{"status":404,"message":"Not found"}`}
	}
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

func (p *platform) adapter() *Adapter {
	return New(Config{
		APIBase: p.URL + "/", TokenURL: p.URL + "/oauth/v2/accessToken", HTTP: p.Client(),
		ClientID: "client", ClientSecrets: []string{"client-secret-part"}, DeveloperApplicationID: "77",
	})
}

// called holds the calls against what was expected of them, in order: a line, and a body where there is one.
func (p *platform) called(t *testing.T, want ...[2]string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range max(len(p.calls), len(want)) {
		switch {
		case i >= len(want):
			t.Errorf("call %d: %s %s, unexpected", i, p.calls[i].line, p.calls[i].body)
		case i >= len(p.calls):
			t.Errorf("call %d: none, want %s", i, want[i][0])
		case p.calls[i].line != want[i][0] || !sameBody(p.calls[i].body, want[i][1]):
			t.Errorf("call %d: %s %s, want %s %s", i, p.calls[i].line, p.calls[i].body, want[i][0], want[i][1])
		}
	}
	for _, c := range p.calls {
		if strings.Contains(c.line, "/oauth/") {
			continue
		}
		if c.header.Get("Authorization") != "Bearer user-secret-part" || c.header.Get("Linkedin-Version") != "202607" ||
			c.header.Get("X-Restli-Protocol-Version") != "2.0.0" {
			t.Errorf("%s: headers %v", c.line, c.header)
		}
	}
}

func sameBody(got, want string) bool {
	var one, other any
	if json.Unmarshal([]byte(got), &one) == nil && json.Unmarshal([]byte(want), &other) == nil {
		return reflect.DeepEqual(one, other)
	}
	return got == want
}

func sendError(t *testing.T, err error) *channels.SendError {
	t.Helper()
	var refused *channels.SendError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a SendError", err)
	}
	if strings.Contains(fmt.Sprintf("%v %+v", err, refused.Failure), "secret-part") {
		t.Errorf("the error shows a secret: %v %+v", err, refused.Failure)
	}
	return refused
}
