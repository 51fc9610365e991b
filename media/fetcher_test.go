package media_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley/media"
)

// site is a server of a stranger; its host is allowed, so that a test can get there at all.
func site(t testing.TB, pages map[string]http.HandlerFunc) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	for path, page := range pages {
		mux.HandleFunc(path, page)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// fetcher may go to these servers, and to no other that is private.
func fetcher(t testing.TB, to ...*httptest.Server) *media.Fetcher {
	t.Helper()
	c := media.FetcherConfig{Patience: time.Minute}
	for _, server := range to {
		c.AllowHosts = append(c.AllowHosts, strings.TrimPrefix(server.URL, "http://"))
	}
	f := media.NewFetcher(c)
	t.Cleanup(f.Close)
	return f
}

func moved(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

func answers(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func wantFault(t testing.TB, name string, err error, failure media.Failure, passing bool) (retryAfter time.Duration) {
	t.Helper()
	var fault *media.Fault
	if !errors.As(err, &fault) {
		t.Errorf("%s: got %v, want a fault", name, err)
		return 0
	}
	if fault.Failure != failure || fault.Passing != passing {
		t.Errorf("%s: got %s, passing %t (%v)", name, fault.Failure, fault.Passing, err)
	}
	if strings.Contains(err.Error(), "token") {
		t.Errorf("%s: the error shows the address: %v", name, err)
	}
	return fault.RetryAfter
}

func TestFetch(t *testing.T) {
	t.Parallel()

	t.Run("brings a file, also from behind redirects, and tells nobody where it came from", func(t *testing.T) {
		t.Parallel()
		var seen []http.Header
		file := site(t, map[string]http.HandlerFunc{"/file": func(w http.ResponseWriter, r *http.Request) {
			seen = append(seen, r.Header)
			_, _ = io.WriteString(w, "file")
		}})
		first := site(t, map[string]http.HandlerFunc{"/1": moved("/2?token=x"), "/2": moved("/3"), "/3": moved(file.URL + "/file")})
		res, err := fetcher(t, first, file).Fetch(t.Context(), first.URL+"/1?token=x")
		must(t, err)
		body, err := io.ReadAll(res.Body)
		must(t, errors.Join(err, res.Body.Close()))
		if string(body) != "file" || len(seen) != 1 || seen[0].Get("Referer")+seen[0].Get("Authorization")+seen[0].Get("Cookie") != "" {
			t.Errorf("got %q, asked with %v", body, seen)
		}
	})

	t.Run("does not go where it is private", func(t *testing.T) {
		t.Parallel()
		asked := make(chan string, 20)
		private := site(t, map[string]http.HandlerFunc{"/": func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }})
		allowed := site(t, map[string]http.HandlerFunc{
			"/away":  moved(private.URL + "/secret"),
			"/tls":   moved(strings.Replace(private.URL, "http:", "https:", 1)),
			"/cloud": moved("http://169.254.169.254/latest/meta-data/"),
			"/file":  moved("file:///etc/passwd"),
			"/loop":  moved("/loop"),
			"/void":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) },
		})
		f := fetcher(t, allowed)
		secure := strings.Replace(private.URL, "http:", "https:", 1)
		for name, address := range map[string]string{
			"http":                       private.URL,
			"loopback":                   secure + "/?token=x",
			"loopback by name":           strings.Replace(secure, "127.0.0.1", "localhost", 1),
			"loopback as a number":       strings.Replace(secure, "127.0.0.1", "[::ffff:127.0.0.1]", 1),
			"metadata":                   "https://169.254.169.254/latest/meta-data/",
			"with a password":            "https://user:token@files.example/",
			"another scheme":             "ftp://files.example/",
			"no host":                    "https:///x",
			"no address":                 "https://%zz/token",
			"a long one":                 "https://files.example/" + strings.Repeat("x", 9000),
			"a redirect to private":      allowed.URL + "/away?token=x",
			"… by https":                 allowed.URL + "/tls",
			"a redirect to metadata":     allowed.URL + "/cloud",
			"a redirect to a file":       allowed.URL + "/file",
			"redirects without end":      allowed.URL + "/loop",
			"a redirect to nowhere":      allowed.URL + "/void",
			"the allowed host elsewhere": strings.Replace(allowed.URL, "127.0.0.1", "[::1]", 1),
		} {
			_, err := f.Fetch(t.Context(), address)
			wantFault(t, name, err, media.Refused, false)
		}
		if len(asked) > 0 {
			t.Errorf("asked for %s", <-asked)
		}
	})

	t.Run("knows what passes and what does not", func(t *testing.T) {
		t.Parallel()
		server := site(t, map[string]http.HandlerFunc{
			"/404": answers(404), "/410": answers(410), "/403": answers(403), "/500": answers(500), "/503": answers(503), "/204": answers(204),
			"/429":    func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "7"); w.WriteHeader(429) },
			"/401":    answers(401),
			"/hangup": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		})
		f := fetcher(t, server)
		for path, want := range map[string]struct {
			failure media.Failure
			passing bool
		}{
			"/404": {media.NotFound, false}, "/410": {media.NotFound, false}, "/403": {media.Refused, false},
			"/401": {media.Refused, false}, "/204": {media.Refused, false},
			"/500": {media.Unavailable, true}, "/503": {media.Unavailable, true}, "/429": {media.Unavailable, true},
			"/hangup": {media.Unavailable, true},
		} {
			_, err := f.Fetch(t.Context(), server.URL+path)
			wait := wantFault(t, path, err, want.failure, want.passing)
			if (wait == 7*time.Second) != (path == "/429") {
				t.Errorf("%s: wait %s", path, wait)
			}
		}
	})

	t.Run("gives a slow server up", func(t *testing.T) {
		t.Parallel()
		done := make(chan struct{})
		server := site(t, map[string]http.HandlerFunc{"/": func(http.ResponseWriter, *http.Request) { <-done }})
		t.Cleanup(func() { close(done) })
		f := media.NewFetcher(media.FetcherConfig{AllowHosts: []string{"127.0.0.1"}, Patience: time.Millisecond})
		_, err := f.Fetch(t.Context(), server.URL)
		wantFault(t, "slow", err, media.Unavailable, true)
	})

	t.Run("follows a platform's answer without what was sent to the platform", func(t *testing.T) {
		t.Parallel()
		cdn := site(t, map[string]http.HandlerFunc{"/file": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "file "+r.Header.Get("Authorization"))
		}})
		platform := site(t, map[string]http.HandlerFunc{"/media": moved(cdn.URL + "/file")})
		ask := func(path string) *http.Response {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, platform.URL+path, nil)
			must(t, err)
			req.Header.Set("Authorization", "Bearer token")
			res, err := http.DefaultTransport.RoundTrip(req)
			must(t, err)
			return res
		}
		res, err := fetcher(t, cdn).Follow(t.Context(), ask("/media"))
		must(t, err)
		body, err := io.ReadAll(res.Body)
		must(t, errors.Join(err, res.Body.Close()))
		if string(body) != "file " {
			t.Errorf("got %q", body)
		}
		_, err = fetcher(t).Follow(t.Context(), ask("/media"))
		wantFault(t, "a private address from the platform", err, media.Refused, false)
		_, err = fetcher(t).Follow(t.Context(), ask("/unknown"))
		wantFault(t, "not found", err, media.NotFound, false)
	})
}

func TestKeep(t *testing.T) {
	t.Parallel()
	picture := png + strings.Repeat("x", 2000)
	keep := func(t testing.TB, s media.Storage, r io.Reader, terms media.Terms) (media.Kept, error) {
		t.Helper()
		return media.Keep(t.Context(), s, "org_1/med_1", r, terms)
	}
	terms := media.Terms{NoText: true, Said: "image/png", Size: -1, Limit: int64(len(picture))}

	t.Run("stores what comes and says what it is", func(t *testing.T) {
		t.Parallel()
		s, _ := folder(t)
		kept, err := keep(t, s, strings.NewReader(picture), terms)
		must(t, err)
		again, err := media.Recall(t.Context(), s, "org_1/med_1", "image/png")
		must(t, err)
		want := media.Kept{Size: int64(len(picture)), SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(picture))), MIME: "image/png"}
		if kept != want || again != want {
			t.Errorf("kept %+v, recalled %+v", kept, again)
		}
		wantStored(t, s, "org_1/med_1", picture)
	})

	t.Run("refuses what it cannot keep, and keeps nothing of it", func(t *testing.T) {
		t.Parallel()
		broken := errors.New("broken")
		for name, c := range map[string]struct {
			r       io.Reader
			change  func(*media.Terms)
			failure media.Failure
			passing bool
		}{
			"too large, as announced":    {strings.NewReader(picture), func(t *media.Terms) { t.Size = t.Limit + 1 }, media.TooLarge, false},
			"too large, as it turns out": {strings.NewReader(picture + "x"), nil, media.TooLarge, false},
			"too large at once":          {strings.NewReader(picture), func(t *media.Terms) { t.Limit = 100 }, media.TooLarge, false},
			"a page":                     {strings.NewReader(page), nil, media.TypeNotAllowed, false},
			"a text":                     {strings.NewReader(`{"error": "expired"}`), nil, media.TypeNotAllowed, false},
			"nothing":                    {strings.NewReader(""), nil, media.Unavailable, true},
			"broken off at once":         {io.MultiReader(errReader{broken}), nil, media.Unavailable, true},
			"broken off":                 {io.MultiReader(strings.NewReader(picture[:1000]), errReader{broken}), nil, media.Unavailable, true},
		} {
			s, _ := folder(t)
			terms := terms
			if c.change != nil {
				c.change(&terms)
			}
			_, err := keep(t, s, c.r, terms)
			wantFault(t, name, err, c.failure, c.passing)
			wantNothing(t, s, "org_1/med_1")
		}
	})

	t.Run("keeps pages and programs as what nobody runs", func(t *testing.T) {
		t.Parallel()
		for content, noText := range map[string]bool{page: false, exe: false, svg: true} {
			s, _ := folder(t)
			kept, err := keep(t, s, strings.NewReader(content), media.Terms{NoText: noText, Said: "image/svg+xml", Size: -1, Limit: 1000})
			if err != nil || kept.MIME != media.AnyType {
				t.Errorf("%q: got %+v, %v", content, kept, err)
			}
		}
	})

	t.Run("tells the storage's faults from the file's", func(t *testing.T) {
		t.Parallel()
		f, err := media.NewFolder(t.TempDir())
		must(t, errors.Join(err, f.Close()))
		_, err = keep(t, f, strings.NewReader(picture), terms)
		var fault *media.Fault
		if err == nil || errors.As(err, &fault) {
			t.Errorf("got %v", err)
		}
	})

	t.Run("ends with its context", func(t *testing.T) {
		t.Parallel()
		s, _ := folder(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := media.Keep(ctx, s, "org_1/med_1", strings.NewReader(picture), terms); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }
