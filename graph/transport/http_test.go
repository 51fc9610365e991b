package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

type answer struct {
	*httptest.ResponseRecorder
	body struct {
		Errors []struct {
			Message    string
			Path       []any
			Extensions struct{ Code string }
		}
		Data map[string]any
	}
	hasData bool
}

func (a answer) code() string {
	if len(a.body.Errors) == 0 {
		return ""
	}
	return a.body.Errors[0].Extensions.Code
}

// ask serves r and insists on what holds for every answer.
func ask(t *testing.T, h HTTP, r *http.Request) answer {
	t.Helper()
	return askOf(t, newToy().executor(), h, r)
}

func askOf(t *testing.T, exec graphql.GraphExecutor, h HTTP, r *http.Request) answer {
	t.Helper()
	a := answer{ResponseRecorder: httptest.NewRecorder()}
	Handler{Executor: exec, Transports: []graphql.Transport{h}}.ServeHTTP(a, r)
	if a.Header().Get("X-Content-Type-Options") != "nosniff" || a.Header().Get("Cache-Control") != "no-store" || a.Header().Get("Vary") != "Accept" {
		t.Errorf("headers are %v", a.Header())
	}
	if a.Code == http.StatusNoContent {
		return a
	}
	if !strings.HasSuffix(a.Header().Get("Content-Type"), "json; charset=utf-8") {
		t.Errorf("content type is %q", a.Header().Get("Content-Type"))
	}
	var raw map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(a.Body.Bytes(), &raw), json.Unmarshal(a.Body.Bytes(), &a.body)); err != nil {
		t.Fatalf("the answer %q is no JSON: %v", a.Body, err)
	}
	_, a.hasData = raw["data"]
	return a
}

func post(body string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func get(params url.Values) *http.Request {
	return httptest.NewRequest(http.MethodGet, "/graphql?"+params.Encode(), nil)
}

func query(document string) string {
	return string(appendJSON(nil, map[string]string{"query": document}))
}

func TestHTTPAnswers(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*http.Request{
		"a query by POST":                         post(query(`{ hello }`)),
		"a query by GET":                          get(url.Values{"query": {`{ hello }`}}),
		"variables by POST":                       post(`{"query":"query($t: String!) { hello: echo(text: $t) }","variables":{"t":"world"}}`),
		"variables by GET":                        get(url.Values{"query": {`query($t: String!) { hello: echo(text: $t) }`}, "variables": {`{"t":"world"}`}}),
		"empty parameters of GET":                 get(url.Values{"query": {`{ hello }`}, "operationName": {""}, "variables": {""}, "extensions": {""}}),
		"nulls":                                   post(`{"query":"{ hello }","operationName":null,"variables":null,"extensions":null}`),
		"the operation that is chosen":            post(`{"query":"query A { viewer } query B { hello }","operationName":"B"}`),
		"in spite of properties it does not know": post(`{"query":"{ hello }","later":{"a":1}}`),
		"a content type with charset":             post(query(`{ hello }`), "Content-Type", "application/json; charset=UTF-8"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := ask(t, HTTP{}, r)
			if a.Code != http.StatusOK || a.body.Data["hello"] != "world" || len(a.body.Errors) > 0 {
				t.Errorf("got %d %s", a.Code, a.Body)
			}
		})
	}
	t.Run("a mutation by POST", func(t *testing.T) {
		t.Parallel()
		if a := ask(t, HTTP{}, post(query(`mutation { say(text: "hi") }`))); a.Code != http.StatusOK || a.body.Data["say"] != "hi" {
			t.Errorf("got %d %s", a.Code, a.Body)
		}
	})
	t.Run("OPTIONS with what is allowed", func(t *testing.T) {
		t.Parallel()
		a := ask(t, HTTP{}, httptest.NewRequest(http.MethodOptions, "/graphql", nil))
		if a.Code != http.StatusNoContent || a.Header().Get("Allow") != "GET, POST, OPTIONS" {
			t.Errorf("got %d %v", a.Code, a.Header())
		}
	})
}

func TestHTTPNegotiates(t *testing.T) {
	t.Parallel()
	const plain, response = "application/json; charset=utf-8", "application/graphql-response+json; charset=utf-8"
	for accept, want := range map[string]string{
		"":                                  plain,
		"*/*":                               plain,
		"application/*":                     plain,
		"application/json":                  plain,
		"application/graphql-response+json": response,
		"application/graphql-response+json, application/json;q=0.9":                                             response,
		"application/json;q=0.1, application/graphql-response+json;q=0.9":                                       response,
		"application/json, application/graphql-response+json;q=0.9":                                             plain,
		"application/json, application/graphql-response+json":                                                   response,
		"application/graphql-response+json; charset=utf-8, application/json; charset=utf-8":                     response,
		"multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9":           response,
		"application/json;q=0, */*":                                                                             response,
		"application/graphql-response+json;q=0, */*":                                                            plain,
		"application/graphql-response+json;charset=iso-8859-1, application/json;q=0.5":                          plain,
		"application/graphql-response+json;q=2, application/json;q=0.5":                                         plain,
		"application/graphql-response+json;q=NaN, text/html, application/xhtml+xml, application/xml, */*;q=0.8": plain,
	} {
		t.Run(accept, func(t *testing.T) {
			t.Parallel()
			r := post(query(`{ hello }`))
			if accept != "" {
				r.Header.Set("Accept", accept)
			}
			if a := ask(t, HTTP{}, r); a.Code != http.StatusOK || a.Header().Get("Content-Type") != want {
				t.Errorf("got %d %s", a.Code, a.Header().Get("Content-Type"))
			}
		})
	}
	for _, accept := range []string{"image/png", "text/event-stream", "*/*;q=0", "application/json;q=0", ";;;", "text/*"} {
		t.Run("406 for "+accept, func(t *testing.T) {
			t.Parallel()
			if a := ask(t, HTTP{}, post(query(`{ hello }`), "Accept", accept)); a.Code != http.StatusNotAcceptable || a.code() != CodeNotAcceptable {
				t.Errorf("got %d %s", a.Code, a.Body)
			}
		})
	}
}

func TestHTTPRequestErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, code string }{
		"a syntax error":                   {query(`{`), "GRAPHQL_PARSE_FAILED"},
		"a field that is not there":        {query(`{ nope }`), "GRAPHQL_VALIDATION_FAILED"},
		"a variable of the wrong type":     {`{"query":"query($t: String!) { echo(text: $t) }","variables":{"t":{}}}`, "GRAPHQL_VALIDATION_FAILED"},
		"an ambiguous operation":           {query(`query A { hello } query B { hello }`), "GRAPHQL_VALIDATION_FAILED"},
		"an operation that is not there":   {`{"query":"query A { hello }","operationName":"B"}`, "GRAPHQL_VALIDATION_FAILED"},
		"a document that nobody persisted": {`{"extensions":{"persistedQuery":{"sha256Hash":"00"}}}`, "GRAPHQL_VALIDATION_FAILED"},
	} {
		for media, status := range map[string]int{mediaJSON: http.StatusOK, mediaResponse: http.StatusBadRequest} {
			t.Run(name+" in "+media, func(t *testing.T) {
				t.Parallel()
				a := ask(t, HTTP{}, post(c.body, "Accept", media))
				if a.Code != status || a.code() != c.code || a.hasData {
					t.Errorf("got %d %s", a.Code, a.Body)
				}
			})
		}
	}
	t.Run("are listed up to a limit", func(t *testing.T) {
		t.Parallel()
		a := ask(t, HTTP{}, post(query(`{ a b c d e f g h i j k l m n o p q r s t u v w x y z }`)))
		if len(a.body.Errors) != maxErrors {
			t.Errorf("got %d errors", len(a.body.Errors))
		}
	})
	t.Run("of a field stand beside data", func(t *testing.T) {
		t.Parallel()
		a := ask(t, HTTP{}, post(query(`{ hello broken }`), "Accept", mediaResponse))
		if a.Code != http.StatusOK || a.body.Data["hello"] != "world" || len(a.body.Errors) != 1 || a.body.Errors[0].Path[0] != "broken" {
			t.Errorf("got %d %s", a.Code, a.Body)
		}
	})
}

func TestHTTPRefuses(t *testing.T) {
	t.Parallel()
	with := func(method string, r *http.Request) *http.Request {
		r.Method = method
		return r
	}
	large := query(`{ hello } #` + strings.Repeat("x", 256<<10))
	chunked := post(large)
	chunked.ContentLength = -1
	for name, c := range map[string]struct {
		r      *http.Request
		status int
		code   string
	}{
		"PUT":                            {with(http.MethodPut, post(query(`{ hello }`))), http.StatusMethodNotAllowed, CodeMethodNotAllowed},
		"PATCH":                          {with(http.MethodPatch, post(query(`{ hello }`))), http.StatusMethodNotAllowed, CodeMethodNotAllowed},
		"DELETE":                         {with(http.MethodDelete, post(query(`{ hello }`))), http.StatusMethodNotAllowed, CodeMethodNotAllowed},
		"a mutation by GET":              {get(url.Values{"query": {`mutation { say(text: "hi") }`}}), http.StatusMethodNotAllowed, CodeMethodNotAllowed},
		"a subscription by GET":          {get(url.Values{"query": {`subscription { said }`}}), http.StatusNotAcceptable, CodeNotAcceptable},
		"a subscription by POST":         {post(query(`subscription { said }`)), http.StatusNotAcceptable, CodeNotAcceptable},
		"plain text":                     {post(query(`{ hello }`), "Content-Type", "text/plain"), http.StatusUnsupportedMediaType, CodeUnsupportedMedia},
		"a form":                         {post("query={hello}", "Content-Type", "application/x-www-form-urlencoded"), http.StatusUnsupportedMediaType, CodeUnsupportedMedia},
		"no content type":                {post(query(`{ hello }`), "Content-Type", ""), http.StatusUnsupportedMediaType, CodeUnsupportedMedia},
		"a list of content types":        {post(query(`{ hello }`), "Content-Type", "text/plain, application/json"), http.StatusUnsupportedMediaType, CodeUnsupportedMedia},
		"another charset":                {post(query(`{ hello }`), "Content-Type", "application/json; charset=latin1"), http.StatusUnsupportedMediaType, CodeUnsupportedMedia},
		"a compressed body":              {post(query(`{ hello }`), "Content-Encoding", "gzip"), http.StatusUnsupportedMediaType, CodeUnsupportedMedia},
		"a body over the limit":          {post(large), http.StatusRequestEntityTooLarge, CodeTooLarge},
		"a chunked body over the limit":  {chunked, http.StatusRequestEntityTooLarge, CodeTooLarge},
		"a URL over the limit":           {get(url.Values{"query": {`{ hello } #` + strings.Repeat("x", 20000)}}), http.StatusRequestURITooLong, CodeTooLarge},
		"GET without a query":            {get(nil), http.StatusBadRequest, CodeBadRequest},
		"GET with variables of a list":   {get(url.Values{"query": {`{ hello }`}, "variables": {`[]`}}), http.StatusBadRequest, CodeBadRequest},
		"GET with extensions of nothing": {get(url.Values{"query": {`{ hello }`}, "extensions": {`{`}}), http.StatusBadRequest, CodeBadRequest},
		"a misspelt query":               {post(`{"qeury":"{ hello }"}`), http.StatusBadRequest, CodeBadRequest},
		"an empty query":                 {post(`{"query":""}`), http.StatusBadRequest, CodeBadRequest},
		"a query that is a number":       {post(`{"query":5}`), http.StatusBadRequest, CodeBadRequest},
		"variables that are a string":    {post(`{"query":"{ hello }","variables":"x"}`), http.StatusBadRequest, CodeBadRequest},
		"extensions that are a list":     {post(`{"query":"{ hello }","extensions":[1]}`), http.StatusBadRequest, CodeBadRequest},
		"an operation name of a number":  {post(`{"query":"{ hello }","operationName":1}`), http.StatusBadRequest, CodeBadRequest},
		"an array":                       {post(`[{"query":"{ hello }"}]`), http.StatusBadRequest, CodeBadRequest},
		"a number":                       {post(`7`), http.StatusBadRequest, CodeBadRequest},
		"null":                           {post(`null`), http.StatusBadRequest, CodeBadRequest},
		"nothing":                        {post(``), http.StatusBadRequest, CodeBadRequest},
		"half a body":                    {post(`{"query":`), http.StatusBadRequest, CodeBadRequest},
		"something after the body":       {post(query(`{ hello }`) + ` garbage`), http.StatusBadRequest, CodeBadRequest},
		"a second body":                  {post(query(`{ hello }`) + query(`{ hello }`)), http.StatusBadRequest, CodeBadRequest},
		"bytes that are not UTF-8":       {post("{\"query\":\"{ hello } # \xff\"}"), http.StatusBadRequest, CodeBadRequest},
		"variables 20000 lists deep":     {post(`{"query":"{ hello }","variables":{"a":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}}`), http.StatusBadRequest, CodeBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := ask(t, HTTP{}, c.r)
			if a.Code != c.status || a.code() != c.code || a.hasData {
				t.Errorf("got %d %s", a.Code, a.Body)
			}
			if a.Code == http.StatusMethodNotAllowed && a.Header().Get("Allow") == "" {
				t.Error("does not say what is allowed")
			}
		})
	}
	t.Run("without repeating the body", func(t *testing.T) {
		t.Parallel()
		for _, body := range []string{`{"query":"sesame`, `{"query":{"sesame":1}}`, `sesame`, `{"query":"{ hello }"} sesame`} {
			if a := ask(t, HTTP{}, post(body)); strings.Contains(a.Body.String(), "sesame") || strings.Contains(a.Body.String(), "Go ") {
				t.Errorf("%s brought %s", body, a.Body)
			}
		}
	})
	t.Run("a body that says it is over the limit, unread", func(t *testing.T) {
		t.Parallel()
		r := post("")
		r.Body, r.ContentLength = io.NopCloser(brokenReader{}), 256<<10+1
		if a := ask(t, HTTP{}, r); a.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("got %d %s", a.Code, a.Body)
		}
	})
	t.Run("a request that was given up", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if a := ask(t, HTTP{}, post(query(`{ hello }`)).WithContext(ctx)); a.Code != http.StatusServiceUnavailable || a.code() != CodeUnavailable {
			t.Errorf("got %d %s", a.Code, a.Body)
		}
	})
	t.Run("a body that breaks off", func(t *testing.T) {
		t.Parallel()
		r := post("")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"query":`), brokenReader{}))
		r.ContentLength = -1
		if a := ask(t, HTTP{}, r); a.Code != http.StatusBadRequest {
			t.Errorf("got %d %s", a.Code, a.Body)
		}
	})
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// doorman knows Ada by her token, and nobody by none.
func doorman(ctx context.Context, token string) (context.Context, Session, error) {
	switch token {
	case "":
		return ctx, Session{}, nil
	case "ada":
		return withViewer(ctx, "Ada"), Session{Subject: "Ada"}, nil
	case "unlucky":
		return nil, Session{}, errors.New("dial tcp: connection refused")
	}
	return nil, Session{}, ErrUnauthenticated
}

func TestHTTPAuthenticates(t *testing.T) {
	t.Parallel()
	ask := func(t *testing.T, document string, headers ...string) answer {
		return ask(t, HTTP{Authenticate: doorman, Log: slog.New(slog.DiscardHandler)}, post(query(document), headers...))
	}
	t.Run("a viewer by bearer token", func(t *testing.T) {
		t.Parallel()
		for _, header := range []string{"Bearer ada", "bearer ada", "BEARER  ada "} {
			if a := ask(t, `{ viewer }`, "Authorization", header); a.body.Data["viewer"] != "Ada" {
				t.Errorf("%q got %d %s", header, a.Code, a.Body)
			}
		}
	})
	t.Run("a stranger as one", func(t *testing.T) {
		t.Parallel()
		if a := ask(t, `{ viewer }`); a.Code != http.StatusOK || a.body.Data["viewer"] != nil {
			t.Errorf("got %d %s", a.Code, a.Body)
		}
	})
	t.Run("nobody else", func(t *testing.T) {
		t.Parallel()
		for _, header := range []string{"Bearer eve", "Bearer", "Bearer ", "ada", "Basic YWRhOmFkYQ==", "Bearer ada eve"} {
			a := ask(t, `{ viewer }`, "Authorization", header)
			if a.Code != http.StatusUnauthorized || a.code() != CodeUnauthenticated || a.Header().Get("WWW-Authenticate") != "Bearer" || a.hasData {
				t.Errorf("%q got %d %s", header, a.Code, a.Body)
			}
		}
	})
	t.Run("not two at once", func(t *testing.T) {
		t.Parallel()
		r := post(query(`{ viewer }`), "Authorization", "Bearer ada")
		r.Header.Add("Authorization", "Bearer ada")
		a := answer{ResponseRecorder: httptest.NewRecorder()}
		HTTP{Authenticate: doorman}.Do(a, r, newToy().executor())
		if a.Code != http.StatusUnauthorized {
			t.Errorf("got %d %s", a.Code, a.Body)
		}
	})
	t.Run("and asks to come back when it cannot tell", func(t *testing.T) {
		t.Parallel()
		var log bytes.Buffer
		a := answer{ResponseRecorder: httptest.NewRecorder()}
		h := HTTP{Authenticate: doorman, Log: slog.New(slog.NewTextHandler(&log, nil))}
		h.Do(a, post(query(`{ viewer }`), "Authorization", "Bearer unlucky"), newToy().executor())
		if a.Code != http.StatusServiceUnavailable || a.Header().Get("Retry-After") == "" || strings.Contains(a.Body.String(), "refused") {
			t.Errorf("got %d %s", a.Code, a.Body)
		}
		if !strings.Contains(log.String(), "connection refused") || strings.Contains(log.String(), "unlucky") {
			t.Errorf("logged %s", &log)
		}
	})
	t.Run("a stranger who wants what is a viewer's by 401", func(t *testing.T) {
		t.Parallel()
		for _, media := range []string{mediaJSON, mediaResponse} {
			if a := ask(t, `{ mine }`, "Accept", media); a.Code != http.StatusUnauthorized || a.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("got %d %s", a.Code, a.Body)
			}
		}
	})
}

func TestHTTPEndsAnOperationWithItsAnswer(t *testing.T) {
	t.Parallel()
	var seen context.Context
	exec := newToy().executor()
	exec.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		seen = ctx
		return next(ctx)
	})
	HTTP{}.Do(httptest.NewRecorder(), traced(post(query(`{ hello }`))), exec)
	if seen == nil || seen.Err() == nil {
		t.Error("the context outlived the answer")
	}
}

func traced(r *http.Request) *http.Request {
	return r.WithContext(graphql.StartOperationTrace(r.Context()))
}

func TestHTTPEndsWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		a := ask(t, HTTP{Timeout: time.Minute}, post(query(`{ waits }`)))
		if time.Since(start) != time.Minute || a.Code != http.StatusOK || a.code() != "BROKEN" {
			t.Errorf("got %d %s after %v", a.Code, a.Body, time.Since(start))
		}
	})
}

func TestHandler(t *testing.T) {
	t.Parallel()
	t.Run("answers after a panic", func(t *testing.T) {
		t.Parallel()
		a := answer{ResponseRecorder: httptest.NewRecorder()}
		Handler{Executor: newToy().executor(), Transports: []graphql.Transport{HTTP{}}}.ServeHTTP(a, post(query(`{ panics }`)))
		if a.Code != http.StatusInternalServerError || !strings.Contains(a.Body.String(), CodeInternal) || strings.Contains(a.Body.String(), "secret") {
			t.Errorf("got %d %s", a.Code, a.Body)
		}
	})
	t.Run("answers after a panic of an executor that has no words for it", func(t *testing.T) {
		t.Parallel()
		var log bytes.Buffer
		a := answer{ResponseRecorder: httptest.NewRecorder()}
		Handler{Executor: mute{newToy().executor()}, Transports: []graphql.Transport{HTTP{}}, Log: slog.New(slog.NewTextHandler(&log, nil))}.ServeHTTP(a, post(query(`{ panics }`)))
		if a.Code != http.StatusInternalServerError || !strings.Contains(log.String(), "panics") && !strings.Contains(log.String(), "toy_test.go") || strings.Contains(log.String(), "secret") {
			t.Errorf("got %d %s, logged %s", a.Code, a.Body, &log)
		}
	})
	t.Run("lets a deliberate abort pass", func(t *testing.T) {
		t.Parallel()
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("the abort was swallowed")
			}
		}()
		Handler{Executor: newToy().executor(), Transports: []graphql.Transport{aborting{}}}.ServeHTTP(httptest.NewRecorder(), post(""))
	})
	t.Run("refuses what no transport speaks", func(t *testing.T) {
		t.Parallel()
		a := answer{ResponseRecorder: httptest.NewRecorder()}
		r := get(nil)
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "websocket")
		Handler{Executor: newToy().executor(), Transports: []graphql.Transport{HTTP{}}}.ServeHTTP(a, r)
		if a.Code != http.StatusBadRequest || !strings.Contains(a.Body.String(), CodeBadRequest) {
			t.Errorf("got %d %s", a.Code, a.Body)
		}
	})
}

// mute hides that the executor can present a panic.
type mute struct{ graphql.GraphExecutor }

type aborting struct{}

func (aborting) Supports(*http.Request) bool { return true }
func (aborting) Do(http.ResponseWriter, *http.Request, graphql.GraphExecutor) {
	panic(http.ErrAbortHandler)
}

func TestResponse(t *testing.T) {
	t.Parallel()
	for want, resp := range map[string]*graphql.Response{
		`{"data":null}`:                 {},
		`{"data":{"a":1}}`:              {Data: []byte(`{"a":1}`)},
		`{"errors":[{"message":"no"}]}`: {Errors: gqlerror.List{{Message: "no"}}},
		`{"errors":[{"message":"no"}],"data":null,"extensions":{"b":2}}`: {Errors: gqlerror.List{{Message: "no"}}, Data: []byte(`null`), Extensions: map[string]any{"b": 2}},
	} {
		if got := string(appendResponse(nil, resp)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
