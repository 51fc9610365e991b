package transport

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// shelf keeps everything.
type shelf struct {
	mu    sync.Mutex
	texts map[string]string
}

func newShelf() *shelf { return &shelf{texts: make(map[string]string)} }

func (s *shelf) Find(_ context.Context, hash string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.texts[hash]
}

func (s *shelf) Keep(_ context.Context, _, hash, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[hash] = text
}

const trustedText = `query Greet { hello }`

func vetted(t *testing.T) *Trusted {
	t.Helper()
	trusted, err := ReadTrusted([]byte(`{"greet-1": "` + trustedText + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	return trusted
}

// persisted is a request that names its document by its hash, and has the document too if there is one.
func persisted(document, hash string) string {
	body := map[string]any{"extensions": map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hash}}}
	if document != "" {
		body["query"] = document
	}
	return string(appendJSON(nil, body))
}

// gatekeeper lets Ada in with all documents, and Bob with trusted ones.
func gatekeeper(ctx context.Context, token string) (context.Context, Session, error) {
	if token == "bob" {
		return withViewer(ctx, "Bob"), Session{Subject: "Bob", TrustedOnly: true}, nil
	}
	return doorman(ctx, token)
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	ask := func(t *testing.T, s *shelf, r *http.Request) answer {
		t.Helper()
		exec := newToy().executor()
		exec.Use(Documents{Trusted: vetted(t), Shelf: s})
		exec.Use(NewGuard(Limits{}))
		return askOf(t, exec, HTTP{Authenticate: gatekeeper}, r)
	}
	const document = `{ hello viewer }`
	ada := []string{"Authorization", "Bearer ada"}
	t.Run("are registered by who is known, and then found by their hash", func(t *testing.T) {
		t.Parallel()
		s := newShelf()
		if a := ask(t, s, post(persisted("", HashOf(document)), ada...)); a.code() != CodePersistedNotFound || a.body.Errors[0].Message != "PersistedQueryNotFound" {
			t.Fatalf("at first it is %s", a.Body)
		}
		if a := ask(t, s, post(persisted(document, HashOf(document)))); a.body.Data["hello"] != "world" || len(s.texts) != 0 {
			t.Fatalf("a stranger registers %s", a.Body)
		}
		if a := ask(t, s, post(persisted(document, HashOf(document)), ada...)); a.body.Data["viewer"] != "Ada" {
			t.Fatalf("registering answers %s", a.Body)
		}
		if a := ask(t, s, post(persisted("", HashOf(document)))); a.body.Data["hello"] != "world" {
			t.Errorf("posted it answers %s", a.Body)
		}
		extensions := `{"persistedQuery":{"version":1,"sha256Hash":"` + HashOf(document) + `"}}`
		r := httptest.NewRequest(http.MethodGet, "/graphql?extensions="+url.QueryEscape(extensions), nil)
		if a := ask(t, s, r); a.body.Data["hello"] != "world" {
			t.Errorf("got it answers %s", a.Body)
		}
	})
	for name, body := range map[string]string{
		"with another's hash":      persisted(document, HashOf("{ other }")),
		"with no hash":             persisted(document, ""),
		"with a hash of capitals":  persisted(document, strings.ToUpper(HashOf(document))),
		"of another version":       strings.Replace(persisted(document, HashOf(document)), `"version":1`, `"version":2`, 1),
		"that cannot be validated": persisted(`{ nothing }`, HashOf(`{ nothing }`)),
		"that the guard refuses":   persisted(nested(16), HashOf(nested(16))),
		"in words":                 `{"query": "{ hello }", "extensions": {"persistedQuery": "please"}}`,
	} {
		t.Run("are not registered "+name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			if a := ask(t, s, post(body, ada...)); a.code() == "" || a.hasData || len(s.texts) != 0 {
				t.Errorf("answered %s, kept %v", a.Body, s.texts)
			}
		})
	}
	for name, body := range map[string]string{
		"by their id":   `{"documentId": "greet-1"}`,
		"by their hash": `{"documentId": "sha256:` + HashOf(trustedText) + `"}`,
		"as persisted":  persisted("", HashOf(trustedText)),
		"by their text": query(trustedText),
	} {
		t.Run("that are trusted are for everyone "+name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			for _, token := range []string{"ada", "bob"} {
				if a := ask(t, s, post(body, "Authorization", "Bearer "+token)); a.body.Data["hello"] != "world" || len(s.texts) != 0 {
					t.Errorf("%s is answered %s", token, a.Body)
				}
			}
		})
	}
	t.Run("that are trusted come in a URL, too", func(t *testing.T) {
		t.Parallel()
		if a := ask(t, newShelf(), httptest.NewRequest(http.MethodGet, "/graphql?documentId=greet-1", nil)); a.body.Data["hello"] != "world" {
			t.Errorf("answered %s", a.Body)
		}
	})
	for name, c := range map[string]struct{ body, code string }{
		"of their own":                 {query(document), CodeNotTrusted},
		"registered by others":         {persisted("", HashOf(document)), CodeNotTrusted},
		"to be registered":             {persisted(document, HashOf(document)), CodeNotTrusted},
		"that are trusted, but longer": {query(trustedText + " "), CodeNotTrusted},
		"of an unknown id":             {`{"documentId": "greet-2"}`, CodeDocumentNotFound},
		"of two names":                 {`{"documentId": "greet-1", "query": "{ hello }"}`, CodeBadRequest},
		"of an id among extensions":    {`{"query": "{ hello }", "extensions": {"documentId": "greet-1"}}`, CodeNotTrusted},
	} {
		t.Run("are refused who may send trusted ones only: "+name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			s.Keep(context.Background(), "Ada", HashOf(document), document)
			r := post(c.body, "Authorization", "Bearer bob", "Accept", mediaResponse)
			if a := ask(t, s, r); a.code() != c.code || a.hasData || a.Code != http.StatusBadRequest {
				t.Errorf("answered %d %s", a.Code, a.Body)
			}
		})
	}
}

func TestDocumentsHoldOnWebSockets(t *testing.T) {
	inTime(t, func(t *testing.T) {
		h := serve(t, WebSocketConfig{Authenticate: gatekeeper})
		h.exec.Use(Documents{Trusted: vetted(t), Shelf: newShelf()})
		p := h.greet(t, "bob")
		p.subscribe("1", `{ hello }`)
		if code := p.expectError("1"); code != CodeNotTrusted {
			t.Errorf("code %q", code)
		}
		p.say(`{"type":"subscribe","id":"1","payload":{"documentId":"greet-1"}}`)
		p.expect(next("1", `{"hello":"world"}`), complete("1"))
	})
}

func TestReadTrusted(t *testing.T) {
	t.Parallel()
	for name, manifest := range map[string]string{
		"of Relay":  `{"greet-1": "query Greet { hello }"}`,
		"of Apollo": `{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"greet-1","name":"Greet","type":"query","body":"query Greet { hello }"}]}`,
	} {
		t.Run("reads a manifest "+name, func(t *testing.T) {
			t.Parallel()
			trusted, err := ReadTrusted([]byte(manifest))
			if err != nil {
				t.Fatal(err)
			}
			if text, ok := trusted.find("greet-1"); !ok || text != trustedText {
				t.Errorf("found %q", text)
			}
		})
	}
	for _, wrong := range []string{``, `[]`, `{"a": 1}`, `{"a": ""}`, `{"": "{ a }"}`, `{"operations":[{"id":"a"}]}`} {
		if _, err := ReadTrusted([]byte(wrong)); err == nil {
			t.Errorf("took %s", wrong)
		}
	}
}

func FuzzPersistedHash(f *testing.F) {
	f.Add(persisted(`{ a }`, HashOf(`{ a }`)))
	f.Add(`{"query":"{ a }","documentId":"x","extensions":{"documentId":7,"persistedQuery":[]}}`)
	f.Add(`{"documentId":"x","extensions":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		params, err := decodeParams([]byte(body))
		if err != nil {
			return
		}
		refused := Documents{}.MutateOperationParameters(context.Background(), params)
		if hash, ok := persistedHash(params.Extensions[persistedQuery]); ok && refused == nil && params.Extensions[documentID] == nil && hash != HashOf(params.Query) {
			t.Errorf("%s has the document %q", body, params.Query)
		}
		if !json.Valid(appendJSON(nil, params.Extensions)) {
			t.Errorf("the extensions of %s are no JSON", body)
		}
	})
}
