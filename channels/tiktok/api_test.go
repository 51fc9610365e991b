package tiktok

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/channels"
	"parley/models"
)

const accessToken = "act.secret_part"

var (
	now     = time.Unix(1785000000, 0).UTC()
	account = channels.Account{ID: "biz_1", Name: "Teeladen", Credentials: models.Credentials{
		AccessToken: accessToken, RefreshToken: "rft.secret_part",
	}}
)

// api is TikTok's API for one test: it keeps the calls and gives the answers it was told, in turn per method.
type api struct {
	*httptest.Server
	mu    sync.Mutex
	calls []string
}

type answer struct {
	status int
	body   string
}

func good(data string) answer {
	return answer{200, `{"code":0,"message":"OK","request_id":"R1","data":` + data + `}`}
}

func bad(code int, message string) answer {
	return answer{200, fmt.Sprintf(`{"code":%d,"message":%q,"request_id":"R2","data":{}}`, code, message)}
}

func apiAnswering(t *testing.T, answers map[string][]answer) *api {
	t.Helper()
	a := &api{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		method := strings.TrimPrefix(r.URL.Path, "/open_api/v1.3/")
		query, _ := url.QueryUnescape(r.URL.RawQuery)
		said := strings.Join(strings.Fields(strings.Join([]string{r.Method, method, query, string(body), r.Header.Get("Access-Token")}, " ")), " ")
		a.mu.Lock()
		defer a.mu.Unlock()
		a.calls = append(a.calls, said)
		list := answers[method]
		if len(list) == 0 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if len(list) > 1 {
			answers[method] = list[1:]
		}
		w.WriteHeader(list[0].status)
		_, _ = io.WriteString(w, list[0].body)
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *api) adapter() *Adapter {
	return New(Config{AppID: "app_1", AppSecrets: []string{appSecret, "the secret before"}, APIBase: a.URL, HTTP: a.Client()})
}

func (a *api) called(t *testing.T, want ...string) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if got := strings.Join(a.calls, "\n"); got != strings.Join(want, "\n") {
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
		if strings.Contains(fmt.Sprintf("%v %+v %#v", cause, refused.Failure, cause), "secret_part") {
			t.Errorf("the error shows a secret: %v", cause)
		}
	}
	return refused
}

func TestReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code   string
		status int
		want   models.FailureReason
	}{
		{"40100", 200, models.RateLimited},
		{"40105", 200, models.AuthExpired},
		{"40102", 200, models.AuthExpired},
		{"40001", 200, models.PermissionMissing},
		{"40002", 200, models.InvalidRequest},
		{"40007", 200, models.InvalidRequest},
		{"50000", 200, models.Transient},
		{"51010", 200, models.Transient},
		{"40900", 200, models.PlatformRefused},
		{"5", 200, models.PlatformRefused},
		{"", 502, models.Transient},
		{"", 429, models.RateLimited},
		{"", 401, models.AuthExpired},
		{"", 403, models.PermissionMissing},
		{"", 404, models.PlatformRefused},
	} {
		t.Run(fmt.Sprint(c.code, " with ", c.status), func(t *testing.T) {
			t.Parallel()
			got := refusal(channels.Answer{Status: c.status}, response{Code: channels.Identifier(c.code)}, nil)
			if got.Reason != c.want || (got.RetryAfter >= 5*time.Minute) != (c.want == models.RateLimited) {
				t.Errorf("got %+v", got)
			}
		})
	}
}
