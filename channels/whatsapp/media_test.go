package whatsapp

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"parley/models"
)

var photo = models.Attachment{Kind: models.Image, MediaID: "1003383421387256", URL: "https://elsewhere.example/a.jpg"}

// fileServer is where Meta keeps files: it knows our token when it sees it.
type fileServer struct {
	*httptest.Server
	asked atomic.Pointer[http.Request]
}

func serving(t *testing.T, start func(http.Handler) *httptest.Server, file http.HandlerFunc) *fileServer {
	t.Helper()
	f := &fileServer{}
	f.Server = start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.asked.Store(r)
		file(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func jpeg(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "image/jpeg")
	_, _ = io.WriteString(w, "JFIF")
}

func located(address string) string {
	return fmt.Sprintf(`{"messaging_product":"whatsapp","id":"1003383421387256","url":%q,"mime_type":"image/jpeg"}`, address)
}

// open asks g for the photo; client is for g and for where the file is.
func (g *graph) open(t *testing.T, client *http.Client) (*http.Response, error) {
	t.Helper()
	res, err := New(Config{APIBase: g.URL, HTTP: client}).OpenMedia(t.Context(), account, photo)
	if res != nil {
		t.Cleanup(func() { _ = res.Body.Close() })
	}
	return res, err
}

func TestOpenMedia(t *testing.T) {
	t.Parallel()

	t.Run("asks where the file is, and for the file, with the token", func(t *testing.T) {
		t.Parallel()
		files := serving(t, httptest.NewTLSServer, jpeg)
		g := graphAnswering(t, 200, nil, located(files.URL+"/whatsapp_business/attachments/?mid=7&hash=h"))

		res, err := g.open(t, files.Client())

		if err != nil {
			t.Fatalf("open: %v", err)
		}
		if body, err := io.ReadAll(res.Body); err != nil || string(body) != "JFIF" || res.Header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("got %q of %s, %v", body, res.Header.Get("Content-Type"), err)
		}
		if got, want := g.request.Method+" "+g.request.URL.String(), "GET /v25.0/1003383421387256"; got != want {
			t.Errorf("called %s, want %s", got, want)
		}
		asked := files.asked.Load()
		if got, want := asked.Method+" "+asked.RequestURI, "GET /whatsapp_business/attachments/?mid=7&hash=h"; got != want {
			t.Errorf("asked %s, want %s", got, want)
		}
		for at, r := range map[string]*http.Request{"Graph API": g.request, "file server": asked} {
			if r.Header.Get("Authorization") != "Bearer "+token {
				t.Errorf("the %s saw no token", at)
			}
		}
		if asked.UserAgent() != "Parley" {
			t.Errorf("the file server heard from %q", asked.UserAgent())
		}
	})

	t.Run("hands over the answer about a file that is gone", func(t *testing.T) {
		t.Parallel()
		files := serving(t, httptest.NewTLSServer, http.NotFound)
		g := graphAnswering(t, 200, nil, located(files.URL+"/a"))
		if res, err := g.open(t, files.Client()); err != nil || res.StatusCode != http.StatusNotFound {
			t.Errorf("got %v, %v", res, err)
		}
	})

	t.Run("leaves redirects to the caller", func(t *testing.T) {
		t.Parallel()
		stranger := serving(t, httptest.NewTLSServer, jpeg)
		files := serving(t, httptest.NewTLSServer, http.RedirectHandler(stranger.URL, http.StatusFound).ServeHTTP)
		g := graphAnswering(t, 200, nil, located(files.URL+"/a"))
		if res, err := g.open(t, files.Client()); err != nil || res.StatusCode != http.StatusFound {
			t.Errorf("got %v, %v", res, err)
		}
		if stranger.asked.Load() != nil {
			t.Error("the redirect was followed")
		}
	})
}

func TestOpenMediaKeepsTheTokenFrom(t *testing.T) {
	t.Parallel()
	files := serving(t, httptest.NewServer, jpeg)
	host := strings.TrimPrefix(files.URL, "http://")
	for name, address := range map[string]string{
		"whoever listens to http":   files.URL + "/a",
		"an address with a name":    "https://meta@" + host + "/a",
		"an address without a host": "https:///a",
		"a part of an address":      "/a",
		"a file of our own":         "file:///etc/passwd",
		"what is no address":        "http://[::1",
		"nobody":                    "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := graphAnswering(t, 200, nil, located(address))
			_, err := g.open(t, files.Client())
			if got := sendError(t, err); got.Reason != models.Transient || got.Ambiguous || got.HTTPStatus != 200 {
				t.Errorf("got %+v, want Meta's answer refused for now", got)
			}
			if files.asked.Load() != nil {
				t.Error("the file was asked for")
			}
		})
	}

	t.Run("http at the very host of an API that is called by https", func(t *testing.T) {
		t.Parallel()
		var api *httptest.Server
		api = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, located("http"+strings.TrimPrefix(api.URL, "https")+"/a"))
		}))
		t.Cleanup(api.Close)
		_, err := New(Config{APIBase: api.URL, HTTP: api.Client()}).OpenMedia(t.Context(), account, photo)
		if got := sendError(t, err); got.HTTPStatus != 200 { // it is the Graph API's answer that was refused
			t.Errorf("got %+v, want the answer refused", got)
		}
	})
}

func TestOpenMediaRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		answer string
		want   models.FailureReason
	}{
		"a file that is gone": {400, `{"error":{"code":100,"error_subcode":33,"message":"Unsupported get request"}}`, models.InvalidRequest},
		"an expired token":    {401, `{"error":{"code":190,"message":"Malformed access token ` + token + `"}}`, models.AuthExpired},
		"a fault":             {502, `<html>`, models.Transient},
		"half an answer":      {200, `{"url":"https://`, models.Transient},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := graphAnswering(t, c.status, nil, c.answer)
			_, err := g.open(t, g.Client())
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous || got.HTTPStatus != c.status {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}

	for name, id := range map[string]string{"an attachment without an id": "", "a way out": ".."} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := models.Attachment{MediaID: id, URL: "https://elsewhere.example/a.jpg"}
			_, err := New(Config{APIBase: "http://127.0.0.1:9"}).OpenMedia(t.Context(), account, a)
			if got := sendError(t, err); got.Reason != models.InvalidRequest {
				t.Errorf("got %+v, want an invalid request", got)
			}
		})
	}

	t.Run("a connection that is cut, without showing where the file is", func(t *testing.T) {
		t.Parallel()
		files := serving(t, httptest.NewTLSServer, func(w http.ResponseWriter, _ *http.Request) { hangUp(w) })
		g := graphAnswering(t, 200, nil, located(files.URL+"/a?hash=signed"))
		_, err := g.open(t, files.Client())
		got := sendError(t, err)
		if got.Reason != models.Transient || got.Ambiguous || strings.Contains(err.Error(), "signed") {
			t.Errorf("got %+v, want transient, without the address", got)
		}
	})
}
