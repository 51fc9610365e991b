// Package signin lets people sign in with a provider of OpenID Connect. A browser is sent there and comes back with a code,
// which the app that sent it exchanges for a session.
package signin

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley/inbox"
	"parley/models"
)

// Path is where the browser of someone who signs in is sent.
const Path = "/signin/oidc"

const callbackPath = Path + "/callback"

// Config says with whom people sign in, and where they may go from here.
type Config struct {
	Issuer       string // of the provider; what it can do is found below it
	ClientID     string
	ClientSecret string
	Scopes       []string
	PublicURL    string // how browsers reach us, without a slash at the end
	Returns      Returns
	Inbox        *inbox.Inbox
	Cipher       *models.Cipher // for what a browser carries
	Now          func() time.Time
	Log          *slog.Logger
}

// Handler is the way to the provider and back. It keeps nothing of who is on it: the browser does, sealed.
type Handler struct {
	config   Config
	provider *provider
	cookie   http.Cookie // but for its value
	mux      *http.ServeMux
}

// New makes a handler. The provider is asked for when the first person signs in, and need not be there before.
func New(c Config) (*Handler, error) {
	public, err := url.Parse(c.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("read how browsers reach us: %w", err)
	}
	c.Returns.Origins = append([]string{strings.ToLower(public.Scheme + "://" + public.Host)}, c.Returns.Origins...)
	h := &Handler{config: c, provider: newProvider(c), mux: http.NewServeMux(), cookie: http.Cookie{
		Name: "parley_signin", Path: public.Path + Path, HttpOnly: true, Secure: public.Scheme == "https",
		SameSite: http.SameSiteLaxMode, // the provider sends the browser back here
	}}
	h.mux.HandleFunc("GET "+Path, h.begin)
	h.mux.HandleFunc("GET "+callbackPath, h.callback)
	return h, nil
}

// ServeHTTP answers what is below Path.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer") // addresses here carry codes
	w.Header().Set("X-Content-Type-Options", "nosniff")
	h.mux.ServeHTTP(w, r)
}

// sendTo sends the browser on, without a page that repeats the address.
func sendTo(w http.ResponseWriter, address string) {
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusSeeOther)
}

// refuse is for a browser nobody vouches for: nobody knows where it wants to go.
func refuse(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(w, text+"\n")
}
