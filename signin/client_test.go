package signin_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley/signin"
)

func TestClient(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/elsewhere":
			http.Redirect(w, r, "/small", http.StatusTemporaryRedirect)
		case "/broken":
			http.Error(w, "the words of its page", http.StatusInternalServerError)
		case "/small":
			_, _ = io.WriteString(w, strings.Repeat("x", signin.MaxAnswer))
		case "/large":
			_, _ = io.WriteString(w, strings.Repeat("x", signin.MaxAnswer+1))
		}
	}))
	t.Cleanup(server.Close)
	ask := func(method, path string) (int, error) {
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader("client_secret=x"))
		if err != nil {
			return 0, err
		}
		response, err := signin.NewClient().Do(request)
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return len(body), err
	}
	t.Run("takes as much as a provider has to say", func(t *testing.T) {
		if n, err := ask(http.MethodGet, "/small"); err != nil || n != signin.MaxAnswer {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
	t.Run("refuses too much, and to be sent elsewhere", func(t *testing.T) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			for _, path := range []string{"/large", "/elsewhere"} {
				if _, err := ask(method, path); err == nil {
					t.Errorf("%s %s was answered", method, path)
				}
			}
		}
	})
	t.Run("keeps the words of an error page out of its errors", func(t *testing.T) {
		_, err := ask(http.MethodGet, "/broken")
		if err == nil || strings.Contains(err.Error(), "words") || !strings.Contains(err.Error(), "500") {
			t.Errorf("the error is %v", err)
		}
	})
}
