package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/embedded/embeddedtest"
)

// posted is how a server answers a GraphQL request.
func posted(t *testing.T, url, token, body string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/graphql", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func TestLimits(t *testing.T) {
	t.Parallel()
	redisURL, stop, err := embeddedtest.Redis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	manifest := filepath.Join(t.TempDir(), "documents.json")
	write := func(text string) {
		if err := os.WriteFile(manifest, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"me": "{ viewer { user { name } } }"}`)
	config := testConfig(embeddedtest.Database(t, database, ""), redisURL)
	config.RatePoints, config.RateRestore, config.TrustedDocuments = 300, 1, manifest
	s := serve(t, config)

	config.Demo = "no"
	other := serve(t, config)

	if r := posted(t, s.url, s.token, `{"documentId": "me"}`); r.StatusCode != http.StatusOK || r.Header.Get("RateLimit-Policy") != `"default";q=300;w=300` {
		t.Errorf("a trusted document is answered %d, with %v", r.StatusCode, r.Header)
	}
	refused := 0
	for i := range 12 {
		server := []*served{s, other}[i%2]
		if r := posted(t, server.url, s.token, `{"query": "{ viewer { user { name } } }"}`); r.StatusCode == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 6 || refused > 9 {
		t.Errorf("two servers refused %d of 12", refused)
	}
	if r := posted(t, s.url, "", `{"query": "{ viewer { user { name } } }"}`); r.StatusCode != http.StatusOK {
		t.Errorf("strangers are answered %d", r.StatusCode)
	}

	write(`{"me": "{ viewer { nothing } }"}`)
	if _, err := config.onGraph(nil, nil); err == nil || !strings.Contains(err.Error(), "PARLEY_TRUSTED_DOCUMENTS: document me") {
		t.Errorf("a wrong document gives %v", err)
	}
}
