package messenger_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/channels/messenger"
	"parley/inbox/inboxtest"
	"parley/models"
)

func TestSessions(t *testing.T) {
	t.Parallel()
	t.Run("are the customer's whom the site vouches for, or nobody's", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		forged := s.identity("customer-42")
		forged["id"] = "customer-43"
		for name, c := range map[string]struct {
			identity object
			want     bool
		}{
			"nobody claims anything": {nil, false}, "a true hash": {s.identity("customer-42"), true},
			"another's hash": {forged, false}, "no hash": {object{"id": "customer-42"}, false},
		} {
			answer := (&browser{site: s}).must(http.MethodPost, "/sessions", object{"identity": c.identity})
			expires, err := time.Parse(time.RFC3339, answer["expiresAt"].(string))
			if answer["identified"] != c.want || err != nil || !expires.Equal(s.Clock.Now().Add(models.VisitLength)) {
				t.Errorf("%s: %v", name, answer)
			}
		}
		inboxtest.Same(t, "contacts of people who said nothing", s.Count(`SELECT count(*) FROM contacts`), 0)
	})
	t.Run("cannot be somebody else's browser", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		victim := s.visit()
		(&browser{site: s}).refused(http.MethodPost, "/sessions", object{"identity": s.identity(victim.visitor)}, 400, "INVALID_INPUT")
		s.visit().refused(http.MethodPost, "/sessions/identify", object{"identity": s.identity(victim.visitor)}, 400, "INVALID_INPUT")
	})
	t.Run("keep no token, only its hash", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.visit()
		inboxtest.Same(t, "rows with the token", s.Count(`SELECT count(*) FROM visitors WHERE visitors::text LIKE '%' || $1 || '%'`, b.token), 0)
	})
	t.Run("end when asked to, unused for thirty days, or with another widget", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		ended, used, unused := s.visit(), s.visit(), s.visit()
		ended.must(http.MethodDelete, "/sessions", nil)
		s.Clock.Advance(29 * 24 * time.Hour)
		used.history()
		s.Clock.Advance(2 * 24 * time.Hour)

		used.history()
		unused.refused(http.MethodGet, "/messages", nil, 401, "UNAUTHENTICATED")
		ended.refused(http.MethodGet, "/messages", nil, 401, "UNAUTHENTICATED")
		for _, token := range []string{"", "plv_", used.token + "x", strings.ToUpper(used.token), strings.Repeat("x", 200)} {
			(&browser{site: s, token: token}).refused(http.MethodGet, "/messages", nil, 401, "UNAUTHENTICATED")
		}
		elsewhere := *s
		elsewhere.open()
		elsewhere.url = strings.Replace(s.url, s.channel.AccountID, elsewhere.channel.AccountID, 1)
		(&browser{site: &elsewhere, token: used.token}).refused(http.MethodGet, "/messages", nil, 401, "UNAUTHENTICATED")
	})
	t.Run("are forgotten once they have ended by themselves", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.visit()
		s.Clock.Advance(models.VisitLength + time.Second)
		s.visit()
		inboxtest.Same(t, "visitors", s.Count(`SELECT count(*) FROM visitors`), 1)
	})
	t.Run("that the site vouched for end when its secret changes", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		anonymous, known := s.visit(), s.visit(s.identity("customer-42"))
		old := s.identity("customer-42")

		_, err := s.inbox.RotateIdentitySecret(s.Context(), s.Admin, s.channel.ID, "")
		s.Must(err)

		anonymous.history()
		known.refused(http.MethodGet, "/messages", nil, 401, "UNAUTHENTICATED")
		inboxtest.Same(t, "an old hash counts", (&browser{site: s}).must(http.MethodPost, "/sessions", object{"identity": old})["identified"], any(false))
	})
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, c := range []struct {
		name, origin, method string
		status               int
		shown                bool
	}{
		{"lets pages of an allowed origin in", shop, http.MethodPost, 200, true},
		{"answers a preflight", shop, http.MethodOptions, 204, true},
		{"lets in what is no page", "", http.MethodPost, 200, false},
		{"refuses another origin", "https://evil.example", http.MethodPost, 403, false},
		{"refuses a preflight from another origin", "https://evil.example", http.MethodOptions, 403, false},
		{"refuses the origin of nothing", "null", http.MethodPost, 403, false},
		{"refuses a longer host", shop + ".evil.example", http.MethodPost, 403, false},
		{"refuses another port", shop + ":8443", http.MethodPost, 403, false},
		{"refuses another scheme", "http://shop.example", http.MethodPost, 403, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &browser{site: s}
			r := b.request(c.method, "/sessions", object{})
			r.Header.Del("Origin")
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			res, _, text := b.do(r)
			allowed := res.Header.Get("Access-Control-Allow-Origin")
			if res.StatusCode != c.status || (allowed != "") != c.shown || c.shown && allowed != c.origin || res.Header.Get("Vary") != "Origin" {
				t.Errorf("got %d %s, allows %q", res.StatusCode, text, allowed)
			}
			if res.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Error("asks for cookies")
			}
		})
	}
	t.Run("lets pages read why they were refused", func(t *testing.T) {
		res, _, _ := (&browser{site: s}).ask(http.MethodGet, "/messages", nil)
		inboxtest.Same(t, "allows", []string{res.Status, res.Header.Get("Access-Control-Allow-Origin")}, []string{"401 Unauthorized", shop})
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.visit()
	long := strings.Repeat("ä", 10_001)
	for _, c := range []struct {
		name, method, path string
		body               any
		status             int
		code               string
	}{
		{"an address it has not", "GET", "/secrets", nil, 404, "NOT_FOUND"},
		{"another method", "PUT", "/messages", object{}, 405, "METHOD_NOT_ALLOWED"},
		{"a message without an id", "POST", "/messages", object{"text": "a"}, 400, "INVALID_INPUT"},
		{"an id with a colon", "POST", "/messages", object{"clientMessageId": "a:b", "text": "a"}, 400, "INVALID_INPUT"},
		{"an id that is too long", "POST", "/messages", object{"clientMessageId": strings.Repeat("a", 65), "text": "a"}, 400, "INVALID_INPUT"},
		{"a message without words", "POST", "/messages", object{"clientMessageId": "a", "text": ""}, 400, "INVALID_INPUT"},
		{"a text over the limit", "POST", "/messages", object{"clientMessageId": "a", "text": long}, 400, "INVALID_INPUT"},
		{"a body over the limit", "POST", "/messages", object{"clientMessageId": "a", "text": strings.Repeat("a", 65<<10)}, 413, "BODY_TOO_LARGE"},
		{"what is no JSON", "POST", "/messages", "text=a", 400, "INVALID_INPUT"},
		{"what is no object", "POST", "/messages", "[]", 400, "INVALID_INPUT"},
		{"a file nobody uploaded", "POST", "/messages", object{"clientMessageId": "a", "attachments": []object{{"uploadId": "upl_9"}}}, 404, "NOT_FOUND"},
		{"a page that is too long", "GET", "/messages?limit=101", nil, 400, "INVALID_INPUT"},
		{"a page that begins nowhere", "GET", "/messages?before=x", nil, 400, "INVALID_CURSOR"},
		{"a receipt for nothing", "POST", "/read", object{}, 404, "NOT_FOUND"},
		{"a file of no known type", "POST", "/uploads", object{"filename": "a.exe", "mime": "application/x-msdownload", "sizeBytes": 1}, 422, "UNSUPPORTED_BY_CHANNEL"},
		{"a file that is too big", "POST", "/uploads", object{"filename": "a.png", "mime": "image/png", "sizeBytes": 11 << 20}, 400, "INVALID_INPUT"},
	} {
		t.Run("refuses "+c.name, func(t *testing.T) { b.refused(c.method, c.path, c.body, c.status, c.code) })
	}
	t.Run("refuses what does not say it is JSON", func(t *testing.T) {
		r := b.request(http.MethodPost, "/messages", object{"clientMessageId": "a", "text": "a"})
		r.Header.Set("Content-Type", "text/plain")
		if res, _, _ := b.do(r); res.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("got %d", res.StatusCode)
		}
	})
	t.Run("knows no widget that is not connected", func(t *testing.T) {
		for _, key := range []string{"wgt_none", "shop", "wgt_a%2Fb", "wgt_'"} {
			elsewhere := *s
			elsewhere.url = strings.Replace(s.url, s.channel.AccountID, key, 1)
			(&browser{site: &elsewhere}).refused(http.MethodPost, "/sessions", object{}, 404, "NOT_FOUND")
		}
	})
	inboxtest.Same(t, "messages", s.Count(`SELECT count(*) FROM messages`), 0)
}

func TestAskingTooOften(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *messenger.Options) {
		o.Sessions, o.Messages = messenger.Limit{Burst: 2, Rate: 1}, messenger.Limit{Burst: 1, Rate: 0.1}
	})
	b, other := s.visit(), s.visit()
	(&browser{site: s}).refused(http.MethodPost, "/sessions", object{}, 429, "RATE_LIMITED")
	b.says("1", "hello?")
	res, _, _ := b.ask(http.MethodPost, "/messages", object{"clientMessageId": "2", "text": "anyone?"})
	inboxtest.Same(t, "answer", []string{res.Status, res.Header.Get("Retry-After")}, []string{"429 Too Many Requests", "10"})
	other.says("1", "each visitor has their own limit")
	s.Clock.Advance(10 * time.Second)
	b.says("2", "anyone?")
}

func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.visit()
	s.Must(s.store.Close())
	res, answer, _ := b.ask(http.MethodPost, "/messages", object{"clientMessageId": "1", "text": "hello?"})
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("got %d %v", res.StatusCode, answer)
	}
}
