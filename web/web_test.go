package web_test

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley/web"
)

var (
	loads = regexp.MustCompile(`<(?:script|link|img)[^>]*\s(?:src|href)="([^"]*)"`)
	named = regexp.MustCompile(`-[\w-]{8}\.(?:js|css|ttf)`)
)

func TestPage(t *testing.T) {
	t.Parallel()

	t.Run("is served at the root and never stored", func(t *testing.T) {
		t.Parallel()
		res := get(t, "/")
		wantStatus(t, res, http.StatusOK)
		wantHeader(t, res, "Content-Type", "text/html; charset=utf-8")
		wantHeader(t, res, "Cache-Control", "no-store")
		if !strings.Contains(body(t, res), `<div id="root">`) {
			t.Error("the page has no place for GraphiQL")
		}
	})

	t.Run("loads only files of its own", func(t *testing.T) {
		t.Parallel()
		found := loads.FindAllStringSubmatch(body(t, get(t, "/")), -1)
		if len(found) < 3 {
			t.Fatalf("%d scripts, styles and icons in the page, want at least 3", len(found))
		}
		for _, match := range found {
			if !strings.HasPrefix(match[1], "./assets/") {
				t.Errorf("the page loads %q, which is not ours", match[1])
				continue
			}
			wantStatus(t, get(t, strings.TrimPrefix(match[1], ".")), http.StatusOK)
		}
	})

	t.Run("is protected against scripts, frames and referrers", func(t *testing.T) {
		t.Parallel()
		res := get(t, "/")
		wantHeader(t, res, "X-Content-Type-Options", "nosniff")
		wantHeader(t, res, "Referrer-Policy", "no-referrer")
		policy := res.Header.Get("Content-Security-Policy")
		for _, directive := range []string{
			"default-src 'self';", "connect-src 'self' ws://example.com wss://example.com;", "frame-ancestors 'none'",
		} {
			if !strings.Contains(policy, directive) {
				t.Errorf("policy %q lacks %q", policy, directive)
			}
		}
		if strings.Contains(policy, "unsafe-eval") || strings.Contains(policy, "script-src") {
			t.Errorf("policy %q widens what scripts may do", policy)
		}
	})

	t.Run("keeps a hostile host out of the policy", func(t *testing.T) {
		t.Parallel()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = "a;script-src*"
		res := serve(r)
		if policy := res.Header.Get("Content-Security-Policy"); strings.Contains(policy, "script-src*") {
			t.Errorf("policy %q repeats the host", policy)
		}
	})
}

func TestAssets(t *testing.T) {
	t.Parallel()
	types := map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
		".svg": "image/svg+xml", ".ttf": "font/ttf",
	}
	all := assets(t)
	for _, name := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := get(t, "/assets/"+name)
			wantStatus(t, res, http.StatusOK)
			wantHeader(t, res, "Content-Type", types[path.Ext(name)])
			wantHeader(t, res, "Cache-Control", "public, max-age=31536000, immutable")
			wantHeader(t, res, "X-Content-Type-Options", "nosniff")

			text := body(t, res)
			for _, ending := range named.FindAllString(text, -1) {
				if !slices.ContainsFunc(all, func(other string) bool { return strings.HasSuffix(other, ending) }) {
					t.Errorf("asks for a file …%s that is not there", ending)
				}
			}
			for _, cdn := range []string{"jsdelivr.net", "unpkg.com", "esm.sh", "cdnjs", "googleapis.com"} {
				if strings.Contains(text, cdn) {
					t.Errorf("names the foreign host %s", cdn)
				}
			}
		})
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	plain := body(t, get(t, "/"))
	cases := map[string]struct {
		accept string
		want   string
	}{
		"compresses for who accepts it":  {"br, gzip;q=0.8", "gzip"},
		"leaves plain for who is silent": {"", ""},
		"leaves plain for who refuses":   {"gzip;q=0.0, br", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Accept-Encoding", c.accept)
			res := serve(r)
			wantHeader(t, res, "Content-Encoding", c.want)
			wantHeader(t, res, "Vary", "Accept-Encoding")
			if got := unpacked(t, res); got != plain {
				t.Errorf("got %d bytes that differ from the %d of the plain page", len(got), len(plain))
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()

	t.Run("does not find unknown paths", func(t *testing.T) {
		t.Parallel()
		for _, p := range []string{"/nothing", "/assets/", "/assets", "/index.html", "/dist/index.html", "/assets/../index.html"} {
			wantStatus(t, get(t, p), http.StatusNotFound)
		}
	})

	t.Run("takes no writes", func(t *testing.T) {
		t.Parallel()
		res := serve(httptest.NewRequest(http.MethodPost, "/", nil))
		wantStatus(t, res, http.StatusMethodNotAllowed)
		wantHeader(t, res, "Allow", "GET, HEAD")
	})
}

func assets(t *testing.T) []string {
	t.Helper()
	entries, err := fs.ReadDir(os.DirFS("dist"), "assets")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if len(names) == 0 {
		t.Fatal("no assets: run npm run build")
	}
	return names
}

func get(t *testing.T, address string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.URL.Path = address
	return serve(r)
}

var handler = web.Handler()

func serve(r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func unpacked(t *testing.T, res *http.Response) string {
	t.Helper()
	if res.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		res.Body = io.NopCloser(z)
	}
	return body(t, res)
}

func wantStatus(t *testing.T, res *http.Response, want int) {
	t.Helper()
	if res.StatusCode != want {
		t.Errorf("status %d, want %d", res.StatusCode, want)
	}
}

func wantHeader(t *testing.T, res *http.Response, name, want string) {
	t.Helper()
	if got := res.Header.Get(name); got != want {
		t.Errorf("%s %q, want %q", name, got, want)
	}
}
