package signin_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/signin"
	"parley/signin/signintest"
)

func TestMain(m *testing.M) { inboxtest.Main(m) }

const after = "https://app.example.com/after?x=1"

var ben = signintest.Person{Subject: "ben-1", Email: "ben@example.com", Verified: true}

// world is one in which people sign in with a provider.
type world struct {
	*inboxtest.World
	provider *signintest.Provider
	server   *httptest.Server
	verifier string // of the app
	log      *slog.Logger
}

func newWorld(t *testing.T, people ...signintest.Person) *world {
	t.Helper()
	w := &world{
		World: inboxtest.New(t), provider: signintest.New(t, people...), verifier: rand.Text() + rand.Text(), log: inboxtest.Quiet,
	}
	w.Clock.Set(time.Now()) // the provider's clock is the machine's
	w.serve(w.Inbox)
	return w
}

// serve serves sign-ins for an inbox.
func (w *world) serve(b *inbox.Inbox) {
	w.T.Helper()
	w.server = httptest.NewUnstartedServer(nil)
	address := "http://" + w.server.Listener.Addr().String()
	w.server.Config.Handler = newHandler(w.T, w, b, address)
	w.server.Start()
	w.T.Cleanup(w.server.Close)
	w.provider.Register(address + "/signin/oidc/callback")
}

func newHandler(t testing.TB, w *world, b *inbox.Inbox, address string) *signin.Handler {
	t.Helper()
	cipher, err := w.Store.SignInCipher()
	w.Must(err)
	h, err := signin.New(signin.Config{
		Issuer: w.provider.Issuer, ClientID: signintest.ClientID, ClientSecret: signintest.ClientSecret,
		Scopes: []string{"openid", "email", "profile"}, PublicURL: address,
		Returns: signin.Returns{Origins: []string{"https://app.example.com"}, Schemes: []string{"com.example.inbox"}},
		Inbox:   b, Cipher: cipher, Now: w.Clock.Now, Log: w.log,
	})
	w.Must(err)
	return h
}

func (w *world) challenge() string {
	sum := sha256.Sum256([]byte(w.verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (w *world) start() string {
	return w.server.URL + "/signin/oidc?" + url.Values{"return": {after}, "challenge": {w.challenge()}}.Encode()
}

// signIn walks the whole way in a browser of its own.
func (w *world) signIn(subject string) signintest.Page {
	w.T.Helper()
	b := signintest.NewBrowser(w.T)
	return b.Login(b.Open(w.start()), subject)
}

func (w *world) complete(code string) (*inbox.NewToken, error) {
	token, _, _, err := w.Inbox.CompleteSignIn(w.Context(), inbox.Completion{Code: code, Verifier: w.verifier})
	return token, err
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	t.Run("leads to the provider, back to the app, and to a token that works", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, ben)

		end := w.signIn(ben.Subject)

		if where, _, _ := strings.Cut(end.Sent.String(), "#"); where != after {
			t.Errorf("the browser was sent to %s", where)
		}
		token, err := w.complete(end.Code())
		w.Must(err)
		who, _, err := w.Store.Authenticate(w.Context(), token.Secret)
		w.Must(err)
		inboxtest.Same(t, "user", who.UserID, w.Agent.UserID)

		w.provider.Change(signintest.Person{Subject: ben.Subject, Email: "benjamin@elsewhere.example"})
		token, err = w.complete(w.signIn(ben.Subject).Code())
		w.Must(err)
		inboxtest.Same(t, "user with another address", token.Token.UserID, w.Agent.UserID)
	})
	t.Run("takes the address from the token if it is there", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, ben)
		w.provider.ClaimsInToken = true
		_, err := w.complete(w.signIn(ben.Subject).Code())
		w.Must(err)
	})
	t.Run("says why somebody is not let in", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, ben,
			signintest.Person{Subject: "ben-2", Email: "ben@example.com", Verified: true},
			signintest.Person{Subject: "eve", Email: "ada@example.com"},
			signintest.Person{Subject: "nobody", Email: "nobody@example.com", Verified: true})
		_, err := w.complete(w.signIn(ben.Subject).Code())
		w.Must(err)
		for subject, want := range map[string]string{
			"ben-2": "error=unknown_user", "nobody": "error=unknown_user", "eve": "error=unverified_email",
		} {
			inboxtest.Same(t, subject, w.signIn(subject).Said(), want)
		}
		inboxtest.Same(t, "identities", w.Count(`SELECT count(*) FROM user_identities`), 1)
		inboxtest.Same(t, "users", w.Count(`SELECT count(*) FROM users WHERE email LIKE 'nobody%'`), 0)
	})
	t.Run("says that we are away", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, ben)
		store := w.OpenStore()
		w.serve(w.OpenInbox(store))
		w.Must(store.Close())
		inboxtest.Same(t, "the app is told", w.signIn(ben.Subject).Said(), "error=unavailable")
	})
}

func TestProvider(t *testing.T) {
	t.Parallel()
	t.Run("may be away, and is asked again", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, ben)
		b := signintest.NewBrowser(t)
		w.provider.Leave(true)
		inboxtest.Same(t, "at the start", b.Open(w.start()).Said(), "error=provider_unavailable")

		w.provider.Leave(false)
		form := b.Open(w.start())
		callback := w.callback(t, b)
		w.provider.Leave(true)
		inboxtest.Same(t, "at the end", b.Open(callback(url.Values{"code": {"x"}})).Said(), "error=provider_unavailable")

		w.provider.Leave(false)
		if end := b.Login(b.Open(w.start()), ben.Subject); end.Code() == "" {
			t.Errorf("from %s the browser was sent to %v", form.URL, end.Sent)
		}
	})
	t.Run("may not want to", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, ben)
		for said, want := range map[string]string{
			"access_denied": "error=denied", "consent_required": "error=denied", "server_error": "error=provider_unavailable",
			"a word of its own": "error=provider_unavailable",
		} {
			b := signintest.NewBrowser(t)
			b.Open(w.start())
			inboxtest.Same(t, said, b.Open(w.callback(t, b)(url.Values{"error": {said}})).Said(), want)
		}
	})
	for name, test := range map[string]struct {
		spoil  func(*world)
		reason string // in the log
	}{
		"made for another sign-in": {func(w *world) { w.provider.Nonce = "another" }, "another sign-in"},
		"made for another app":     {func(w *world) { w.provider.For, w.provider.Audience = "another", "another" }, "expected audience"},
		"made for another app, but for our ears as well": {func(w *world) {
			w.provider.For, w.provider.Audience = "another", signintest.ClientID
		}, "another app"},
		"signed with another key": {func(w *world) { w.provider.Forge = true }, "verify signature"},
		"that has expired":        {func(w *world) { w.Clock.Advance(2 * time.Hour) }, "token is expired"},
	} {
		t.Run("is not believed a token "+name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ben)
			var log bytes.Buffer
			w.log = slog.New(slog.NewTextHandler(&log, nil))
			w.serve(w.Inbox)
			test.spoil(w)
			inboxtest.Same(t, "the app is told", w.signIn(ben.Subject).Said(), "error=provider_unavailable")
			inboxtest.Same(t, "codes", w.Count(`SELECT count(*) FROM sign_in_codes`), 0)
			if !strings.Contains(log.String(), test.reason) {
				t.Errorf("the reason is %s", &log)
			}
		})
	}
}

// callback is the address at which b is expected back, with what the provider says.
func (w *world) callback(t *testing.T, b *signintest.Browser) func(url.Values) string {
	t.Helper()
	state := b.Asked.Get("state")
	return func(said url.Values) string {
		said.Set("state", state)
		return w.server.URL + "/signin/oidc/callback?" + said.Encode()
	}
}

func TestCallback(t *testing.T) {
	t.Parallel()
	t.Run("is for the browser that began, once, and in time", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, ben)
		refused := func(name string, p signintest.Page) {
			t.Helper()
			if p.Status != http.StatusBadRequest || p.Sent != nil {
				t.Errorf("%s: it answered %d and sent the browser to %v", name, p.Status, p.Sent)
			}
		}
		denial := func() url.Values { return url.Values{"error": {"access_denied"}} }
		b := signintest.NewBrowser(t)
		b.Open(w.start())
		callback := w.callback(t, b)

		refused("another browser", signintest.NewBrowser(t).Open(callback(denial())))
		refused("no state", b.Open(w.server.URL+"/signin/oidc/callback?error=access_denied"))
		refused("another state", b.Open(w.server.URL+"/signin/oidc/callback?error=access_denied&state=another"))
		other := signintest.NewBrowser(t)
		other.Open(w.start())
		refused("another browser's state", b.Open(w.callback(t, other)(denial())))

		inboxtest.Same(t, "in time", b.Open(callback(denial())).Said(), "error=denied")
		refused("twice", b.Open(callback(denial())))
		w.Clock.Advance(signin.Patience)
		refused("too late", other.Open(w.callback(t, other)(denial())))
	})
}

func TestBegin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ben)
	open := func(values url.Values) signintest.Page {
		t.Helper()
		return signintest.NewBrowser(t).Open(w.server.URL + "/signin/oidc?" + values.Encode())
	}
	t.Run("refuses what is no challenge, and a return nobody listed", func(t *testing.T) {
		t.Parallel()
		for _, values := range []url.Values{
			{"return": {after}}, {"return": {after}, "challenge": {"x"}}, {"challenge": {w.challenge()}},
			{"return": {"https://evil.example/"}, "challenge": {w.challenge()}},
		} {
			if p := open(values); p.Status != http.StatusBadRequest || p.Sent != nil {
				t.Errorf("%v: it answered %d and sent the browser to %v", values, p.Status, p.Sent)
			}
		}
	})
	t.Run("keeps its cookie from pages, and from plain http if there is https", func(t *testing.T) {
		t.Parallel()
		for public, secure := range map[string]bool{"https://inbox.example.com/parley": true, "http://inbox.example.com/parley": false} {
			recorded := httptest.NewRecorder()
			start := "/signin/oidc?" + url.Values{"return": {public}, "challenge": {w.challenge()}}.Encode()
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, start, nil)
			newHandler(t, w, w.Inbox, public).ServeHTTP(recorded, request)
			cookies := recorded.Result().Cookies()
			if len(cookies) != 1 {
				t.Fatalf("%d: %d cookies", recorded.Code, len(cookies))
			}
			c := cookies[0]
			if !c.HttpOnly || c.Secure != secure || c.SameSite != http.SameSiteLaxMode ||
				c.Path != "/parley/signin/oidc" || c.MaxAge != 600 {
				t.Errorf("the cookie is %v", c)
			}
			location, err := recorded.Result().Location()
			w.Must(err)
			if location.Query().Get("redirect_uri") != public+"/signin/oidc/callback" {
				t.Errorf("the browser was sent to %s", location)
			}
		}
	})
	t.Run("asks with a new state, nonce and PKCE challenge each time", func(t *testing.T) {
		t.Parallel()
		seen := map[string]bool{}
		for range 3 {
			b := signintest.NewBrowser(t)
			b.Open(w.start())
			for _, name := range []string{"state", "nonce", "code_challenge"} {
				value := b.Asked.Get(name)
				if len(value) < 43 || seen[value] {
					t.Errorf("%s is %q", name, value)
				}
				seen[value] = true
			}
			inboxtest.Same(t, "method", b.Asked.Get("code_challenge_method"), "S256")
			inboxtest.Same(t, "scope", b.Asked.Get("scope"), "openid email profile")
		}
	})
}
