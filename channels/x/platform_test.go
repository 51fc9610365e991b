package x

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"parley/channels"
	"parley/models"
)

const token = "user-secret-part"

var account = channels.Account{ID: "9", Credentials: models.Credentials{AccessToken: token, RefreshToken: "refresh-secret-part"}}

// platform is X for one test: it keeps the calls and gives the answers it was told, per method and path, in turn; the last
// one stays.
type platform struct {
	*httptest.Server
	mu      sync.Mutex
	calls   []call
	answers map[string][]answer
}

type call struct {
	line   string // method, path and query
	bearer string
	basic  string
	body   string
}

type answer struct {
	status int
	header map[string]string
	body   string
}

func answering(t *testing.T, answers map[string][]answer) *platform {
	t.Helper()
	p := &platform{answers: answers}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func always(a answer) []answer { return []answer{a} }

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := call{line: r.Method + " " + r.URL.RequestURI(), body: bodyOf(r)}
	c.bearer, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if name, password, ok := r.BasicAuth(); ok {
		c.bearer, c.basic = "", name+":"+password
	}
	p.mu.Lock()
	p.calls = append(p.calls, c)
	key := r.Method + " " + r.URL.EscapedPath()
	a := answer{status: 404, body: `{"title":"Not Found","status":404}`}
	if queue := p.answers[key]; len(queue) > 0 {
		a = queue[0]
		if len(queue) > 1 {
			p.answers[key] = queue[1:]
		}
	}
	p.mu.Unlock()
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// bodyOf writes a form as name=content, as its boundary is another one each time.
func bodyOf(r *http.Request) string {
	kind, parameters, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		content, _ := io.ReadAll(r.Body)
		return string(content)
	}
	var parts []string
	form := multipart.NewReader(r.Body, parameters["boundary"])
	for part, err := form.NextPart(); err == nil; part, err = form.NextPart() {
		content, _ := io.ReadAll(part)
		parts = append(parts, part.FormName()+"="+string(content))
	}
	return strings.Join(parts, "&")
}

func (p *platform) adapter() *Adapter {
	return New(Config{APIBase: p.URL + "/", HTTP: p.Client(), AppBearer: "app-secret-part", ClientID: "client", ClientSecret: "client:secret"})
}

func (p *platform) all() []call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]call{}, p.calls...)
}

// called holds the calls against what was expected of them, in order: a line, and a body where there is one.
func (p *platform) called(t *testing.T, want ...[2]string) {
	t.Helper()
	got := p.all()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(want):
			t.Errorf("call %d: %s %s, unexpected", i, got[i].line, got[i].body)
		case i >= len(got):
			t.Errorf("call %d: none, want %s", i, want[i][0])
		case got[i].line != want[i][0] || !sameBody(got[i].body, want[i][1]):
			t.Errorf("call %d: %s %s, want %s %s", i, got[i].line, got[i].body, want[i][0], want[i][1])
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
		t.Errorf("the error shows a token: %v %+v", err, refused.Failure)
	}
	return refused
}
