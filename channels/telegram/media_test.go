package telegram

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"parley/models"
)

var photo = models.Attachment{Kind: models.Image, MediaID: "AgACAgIAAx"}

// files is the Bot API with one file: it answers getFile with located, and gives the file as told.
type files struct {
	*httptest.Server
	asked atomic.Value // the address of the file, as it was called
}

func filesAt(t *testing.T, located answer, file http.HandlerFunc) *files {
	t.Helper()
	f := &files{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/file/") {
			f.asked.Store(r.Method + " " + r.RequestURI)
			file(w, r)
			return
		}
		var arguments map[string]any
		_ = json.NewDecoder(r.Body).Decode(&arguments)
		if r.URL.Path != "/bot"+token+"/getFile" || fmt.Sprint(arguments) != "map[file_id:AgACAgIAAx]" {
			t.Errorf("called %s %v", r.URL.Path, arguments)
		}
		w.WriteHeader(located.status)
		_, _ = io.WriteString(w, located.body)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *files) open(t *testing.T) (*http.Response, error) {
	t.Helper()
	res, err := New(Config{APIBase: f.URL + "/", HTTP: f.Client()}).OpenMedia(t.Context(), account, photo)
	if res != nil {
		t.Cleanup(func() { _ = res.Body.Close() })
	}
	return res, err
}

func at(path string) answer {
	return answer{status: 200, body: fmt.Sprintf(`{"ok":true,"result":{"file_id":"AgACAgIAAx","file_size":4,"file_path":%q}}`, path)}
}

func TestOpenMedia(t *testing.T) {
	t.Parallel()

	t.Run("asks where the file is, and for the file", func(t *testing.T) {
		t.Parallel()
		f := filesAt(t, at("photos/file 7?.jpg"), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/jpeg")
			_, _ = io.WriteString(w, "JFIF")
		})
		res, err := f.open(t)
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || string(body) != "JFIF" || res.Header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("got %q of %s, %v", body, res.Header.Get("Content-Type"), err)
		}
		if got, want := f.asked.Load(), "GET /file/bot"+token+"/photos/file%207%3F.jpg"; got != want {
			t.Errorf("asked %v, want %s", got, want)
		}
		if strings.Contains(fmt.Sprintf("%+v %+v", *res, res.Request), "secret_part") {
			t.Error("the answer shows the token")
		}
	})

	for name, status := range map[string]int{"a file that is gone": 404, "a fault": 502} {
		t.Run("hands over the answer about "+name, func(t *testing.T) {
			t.Parallel()
			f := filesAt(t, at("photos/file_7.jpg"), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
			if res, err := f.open(t); err != nil || res.StatusCode != status {
				t.Errorf("got %v, %v", res, err)
			}
		})
	}

	t.Run("leaves redirects to the caller, without a way back to the token", func(t *testing.T) {
		t.Parallel()
		f := filesAt(t, at("photos/file_7.jpg"), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "elsewhere.jpg")
			w.WriteHeader(http.StatusFound)
		})
		res, err := f.open(t)
		if err != nil || res.StatusCode != http.StatusFound {
			t.Fatalf("got %v, %v", res, err)
		}
		if next, err := res.Location(); err == nil && strings.Contains(next.String(), "secret_part") {
			t.Error("the redirect leads to an address with the token")
		}
	})
}

func TestOpenMediaRefuses(t *testing.T) {
	t.Parallel()
	noFile := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }

	for name, c := range map[string]struct {
		located answer
		want    models.FailureReason
	}{
		"a file over Telegram's limit":   {refusing("file is too big"), models.InvalidRequest},
		"an id that is none":             {refusing("invalid file_id"), models.InvalidRequest},
		"a file that may come back":      {refusing("wrong file_id or the file is temporarily unavailable"), models.Transient},
		"a revoked token":                {answer{status: 401, body: `{"ok":false,"error_code":401,"description":"Unauthorized: ` + token + `"}`}, models.AuthExpired},
		"half an answer":                 {answer{status: 200, body: `{"ok":tr`}, models.Transient},
		"no path":                        {at(""), models.Transient},
		"a path on the disk of a server": {at("/var/lib/telegram-bot-api/photos/file_7.jpg"), models.Transient},
		"a path out of the bot's files":  {at("../../bot1:x/logOut"), models.Transient},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := filesAt(t, c.located, noFile)
			_, err := f.open(t)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
			if asked := f.asked.Load(); asked != nil {
				t.Error("a file was asked for")
			}
		})
	}

	t.Run("an attachment without an id", func(t *testing.T) {
		t.Parallel()
		a := models.Attachment{URL: "https://elsewhere.example/"}
		_, err := New(Config{APIBase: "http://127.0.0.1:9"}).OpenMedia(t.Context(), account, a)
		if got := sendError(t, err); got.Reason != models.InvalidRequest {
			t.Errorf("got %+v, want an invalid request", got)
		}
	})

	t.Run("a connection that is cut, without showing the token", func(t *testing.T) {
		t.Parallel()
		f := filesAt(t, at("photos/file_7.jpg"), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		_, err := f.open(t)
		if got := sendError(t, err); got.Reason != models.Transient || got.Ambiguous {
			t.Errorf("got %+v, want transient", got)
		}
	})

	t.Run("a transport that quotes the address of the file", func(t *testing.T) {
		t.Parallel()
		f := filesAt(t, at("photos/file_7.jpg"), noFile)
		quotes := &http.Client{Transport: quotingFiles{f.Client().Transport}}
		_, err := New(Config{APIBase: f.URL, HTTP: quotes}).OpenMedia(t.Context(), account, photo)
		if got := sendError(t, err); got.Reason != models.Transient || !strings.Contains(err.Error(), "[secret]") {
			t.Errorf("got %+v, want the token hidden", got)
		}
	})
}

// quotingFiles is a transport that asks for no file, and says for which.
type quotingFiles struct{ http.RoundTripper }

func (q quotingFiles) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.Path, "/file/") {
		return quoting{}.RoundTrip(r)
	}
	return q.RoundTripper.RoundTrip(r)
}
