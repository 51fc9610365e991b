package main

import (
	"net/http"
	"strings"
	"testing"

	"parley/embedded/embeddedtest"
)

func TestOrigins(t *testing.T) {
	t.Parallel()
	config := testConfig(embeddedtest.Database(t, database, ""), "")
	config.Origins = []string{"https://app.example.com"}
	s := serve(t, config)
	for origin, allowed := range map[string]string{
		"https://app.example.com":      "https://app.example.com",
		"https://app.example.com.evil": "",
		"http://app.example.com":       "",
		"null":                         "",
	} {
		preflight := ask(t, http.MethodOptions, s.url+"/graphql", "Origin", origin,
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type,authorization")
		answer := ask(t, http.MethodGet, s.url+"/graphql?query=%7B__typename%7D", "Origin", origin)
		for what, h := range map[string]http.Header{"a preflight": preflight, "an answer": answer} {
			if h.Get("Access-Control-Allow-Origin") != allowed || h.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s to %s allows %q, with credentials %q", what, origin, h.Get("Access-Control-Allow-Origin"), h.Get("Access-Control-Allow-Credentials"))
			}
			if !strings.Contains(strings.Join(h.Values("Vary"), ","), "Origin") {
				t.Errorf("%s to %s varies by %v", what, origin, h.Values("Vary"))
			}
		}
	}
}

// ask asks with headers, named and then valued, and gives those of the answer.
func ask(t *testing.T, method, url string, headers ...string) http.Header {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode >= 300 {
		t.Errorf("%s %s: %s", method, url, response.Status)
	}
	return response.Header
}
