package media_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"parley/media"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

var signer = media.NewSigner("a secret", "https://inbox.example.com")

func ref(p media.Purpose) media.Ref {
	return media.Ref{Purpose: p, OrganizationID: "org_1", ID: "med_1"}
}

// shelf is a library of one file.
type shelf struct {
	file  media.Served
	body  string
	taken error

	asked   []string
	brought []string
}

type opened struct{ *strings.Reader }

func (opened) Close() error { return nil }

func (s *shelf) OpenFile(_ context.Context, organizationID, id string) (*media.Served, error) {
	s.asked = append(s.asked, organizationID+"/"+id)
	if s.body == "" {
		return nil, media.ErrNotStored
	}
	served := s.file
	served.ReadSeekCloser = opened{strings.NewReader(s.body)}
	return &served, nil
}

func (s *shelf) TakeUpload(_ context.Context, organizationID, id string, b media.Body) error {
	s.asked = append(s.asked, organizationID+"/"+id)
	body, err := io.ReadAll(b)
	s.brought = append(s.brought, b.MIME+" "+string(body))
	return errors.Join(err, s.taken)
}

func (s *shelf) ask(method, address string, change func(*http.Request)) *http.Response {
	h := media.NewHandler(signer, s, func() time.Time { return now }, slog.New(slog.DiscardHandler))
	r := httptest.NewRequest(method, strings.TrimPrefix(address, "https://inbox.example.com"), nil)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func text(t testing.TB, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	must(t, err)
	return string(body)
}

func TestDownload(t *testing.T) {
	t.Parallel()
	address := signer.Address(ref(media.Download), now.Add(time.Hour))
	picture := func() *shelf {
		return &shelf{body: png + "0123456789", file: media.Served{MIME: "image/png", Filename: "tulips.png", SHA256: "abc", StoredAt: now}}
	}

	t.Run("shows a picture", func(t *testing.T) {
		t.Parallel()
		s := picture()
		res := s.ask("GET", address, nil)
		want := map[string]string{
			"Content-Type":            "image/png",
			"Content-Disposition":     "inline; filename=tulips.png",
			"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
			"X-Content-Type-Options":  "nosniff",
			"Cache-Control":           "private, immutable, max-age=3600",
			"Etag":                    `"abc"`,
			"Accept-Ranges":           "bytes",
		}
		for name, value := range want {
			if got := res.Header.Get(name); got != value {
				t.Errorf("%s is %q, want %q", name, got, value)
			}
		}
		if res.StatusCode != 200 || text(t, res) != s.body || len(s.asked) != 1 || s.asked[0] != "org_1/med_1" {
			t.Errorf("got %d of %v", res.StatusCode, s.asked)
		}
		head := picture().ask("HEAD", address, nil)
		if head.StatusCode != 200 || head.ContentLength != int64(len(s.body)) || text(t, head) != "" {
			t.Errorf("HEAD: got %d, %d bytes", head.StatusCode, head.ContentLength)
		}
	})

	t.Run("gives parts, and nothing to who has it", func(t *testing.T) {
		t.Parallel()
		part := picture().ask("GET", address, func(r *http.Request) { r.Header.Set("Range", "bytes=-4") })
		if part.StatusCode != 206 || text(t, part) != "6789" {
			t.Errorf("got %d", part.StatusCode)
		}
		beyond := picture().ask("GET", address, func(r *http.Request) { r.Header.Set("Range", "bytes=1000-") })
		if beyond.StatusCode != 416 {
			t.Errorf("beyond the end: %d", beyond.StatusCode)
		}
		known := picture().ask("GET", address, func(r *http.Request) { r.Header.Set("If-None-Match", `"abc"`) })
		if known.StatusCode != 304 || text(t, known) != "" {
			t.Errorf("known: %d", known.StatusCode)
		}
	})

	t.Run("has everything saved that is not a picture, a sound or a film", func(t *testing.T) {
		t.Parallel()
		for name, c := range map[string]struct{ mime, filename, content, kind, disposition string }{
			"a page":          {"text/html", "a.html", page, "application/octet-stream", "attachment; filename=a.html"},
			"a drawing":       {"image/svg+xml", "a.svg", svg, "application/octet-stream", "attachment; filename=a.svg"},
			"a document":      {"application/pdf", "", pdf, "application/pdf", "attachment; filename=med_1.pdf"},
			"a text":          {"text/plain", "a.txt", "x", "text/plain; charset=utf-8", "attachment; filename=a.txt"},
			"no type":         {"", "", exe, "application/octet-stream", "attachment; filename=med_1"},
			"a film":          {"video/mp4", "", mp4, "video/mp4", "inline; filename=med_1.mp4"},
			"a path":          {"image/png", `../..\x.png`, png, "image/png", "inline; filename=.._.._x.png"},
			"a strange name":  {"image/png", "Tülpen\r\nX: \u202egnp.exe", png, "image/png", "inline; filename*=utf-8''T%C3%BClpenX%3A%20gnp.exe"},
			"an endless name": {"image/png", strings.Repeat("x", 1000), png, "image/png", "inline; filename=med_1.png"},
		} {
			s := &shelf{body: c.content, file: media.Served{MIME: c.mime, Filename: c.filename, StoredAt: now}}
			res := s.ask("GET", address, nil)
			if got := res.Header.Get("Content-Type"); res.StatusCode != 200 || got != c.kind {
				t.Errorf("%s: got %d, %s", name, res.StatusCode, got)
			}
			if got := res.Header.Get("Content-Disposition"); got != c.disposition {
				t.Errorf("%s: got %s, want %s", name, got, c.disposition)
			}
		}
	})

	t.Run("refuses what was not signed for it", func(t *testing.T) {
		t.Parallel()
		old := signer.Address(ref(media.Download), now)
		for name, c := range map[string]struct {
			method, address string
			code            int
		}{
			"expired":              {"GET", old, 410},
			"no signature":         {"GET", "/media/med_1?org=org_1&expires=99999999999", 403},
			"another id":           {"GET", strings.Replace(address, "med_1", "med_2", 1), 403},
			"another organization": {"GET", strings.Replace(address, "org_1", "org_2", 1), 403},
			"another expiry":       {"GET", strings.Replace(old, "expires=", "expires=9", 1), 403},
			"another signer":       {"GET", media.NewSigner("another", "").Address(ref(media.Download), now.Add(time.Hour)), 403},
			"for an upload":        {"GET", signer.Address(ref(media.Upload), now.Add(time.Hour)), 403},
			"an upload here":       {"PUT", address, 403},
			"deleting":             {"DELETE", address, 405},
			"posting":              {"POST", address, 405},
		} {
			s := picture()
			res := s.ask(c.method, c.address, nil)
			if res.StatusCode != c.code || len(s.asked) > 0 || strings.Contains(res.Header.Get("Cache-Control"), "max-age") {
				t.Errorf("%s: got %d, want %d; asked for %v", name, res.StatusCode, c.code, s.asked)
			}
		}
		if res := (&shelf{}).ask("GET", address, nil); res.StatusCode != 404 {
			t.Errorf("not stored: got %d", res.StatusCode)
		}
	})
}

func TestUpload(t *testing.T) {
	t.Parallel()
	address := signer.Address(ref(media.Upload), now.Add(time.Hour))
	bring := func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("tulips")), 6
		r.Header.Set("Content-Type", "text/plain")
	}
	t.Run("takes a body", func(t *testing.T) {
		t.Parallel()
		s := &shelf{}
		if res := s.ask("PUT", address, bring); res.StatusCode != 204 || len(s.brought) != 1 || s.brought[0] != "text/plain tulips" {
			t.Errorf("got %d, brought %q", res.StatusCode, s.brought)
		}
	})
	t.Run("says what is wrong with it, and nothing of us", func(t *testing.T) {
		t.Parallel()
		for taken, code := range map[error]int{
			media.ErrTaken: 409, media.ErrWrongSize: 413, media.ErrWrongType: 415, media.ErrBrokenOff: 400, media.ErrNotStored: 404,
			errors.New("the disk of host db7 is full"): 500,
		} {
			res := (&shelf{taken: taken}).ask("PUT", address, bring)
			if said := text(t, res); res.StatusCode != code || strings.Contains(said, "db7") {
				t.Errorf("%v: got %d %q", taken, res.StatusCode, said)
			}
		}
	})
	t.Run("lets pages of any site ask beforehand", func(t *testing.T) {
		t.Parallel()
		res := (&shelf{}).ask("OPTIONS", address, nil)
		if h := res.Header; res.StatusCode != 204 || h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "PUT") {
			t.Errorf("got %d, %v", res.StatusCode, h)
		}
	})
}

func TestLasting(t *testing.T) {
	t.Parallel()
	first := media.Lasting(time.Hour, now)
	if first.Sub(now) < time.Hour || first.Sub(now) > 75*time.Minute {
		t.Errorf("lasts %s", first.Sub(now))
	}
	if later := media.Lasting(time.Hour, now.Add(14*time.Minute)); !later.Equal(first) {
		t.Errorf("a little later it is %v, not %v", later, first)
	}
	if later := media.Lasting(time.Hour, now.Add(15*time.Minute)); !later.After(first) {
		t.Errorf("still %v", later)
	}
}

// FuzzSignedAddress changes an address in any way: what was not signed is not served.
func FuzzSignedAddress(f *testing.F) {
	good, err := url.Parse(signer.Address(ref(media.Download), now.Add(time.Hour)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("med_1", good.RawQuery)
	f.Add("med_2", good.RawQuery)
	f.Add("med_1", good.RawQuery+"&org=org_2")
	f.Add("med_1", strings.Replace(good.RawQuery, "signature=", "signature=%00", 1))
	f.Add("", "")
	f.Fuzz(func(t *testing.T, id, query string) {
		values, _ := url.ParseQuery(query) // as a server reads it: what it can
		got, until, err := signer.Verify(media.Download, id, values, now)
		if err != nil {
			return
		}
		if got != ref(media.Download) || id != "med_1" || !until.Equal(now.Add(time.Hour)) {
			t.Errorf("%q %q is taken for %+v until %v", id, query, got, until)
		}
	})
}
