package signin

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"golang.org/x/oauth2"
)

// patience is how long a person may take at the provider.
const patience = 10 * time.Minute

// journey is one sign-in on its way. The browser carries it, sealed.
type journey struct {
	State     string // comes back in the address: the answer is to this browser's question
	Nonce     string // comes back in the token: it was made for this sign-in
	Verifier  string // of the code the provider gives us
	Return    string // where the browser goes in the end
	Challenge []byte // of the app that sent it
	ExpiresAt time.Time
}

func newJourney(returnTo string, challenge []byte, now time.Time) journey {
	return journey{
		State: random(), Nonce: random(), Verifier: oauth2.GenerateVerifier(),
		Return: returnTo, Challenge: challenge, ExpiresAt: now.Add(patience),
	}
}

func random() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// place is what a cookie is sealed for.
const place = "sign-in cookie"

func (h *Handler) pack(j journey) (*http.Cookie, error) {
	sealed, err := h.config.Cipher.Seal(j, place)
	if err != nil {
		return nil, err
	}
	cookie := h.cookie
	cookie.Value, cookie.MaxAge = base64.RawURLEncoding.EncodeToString(sealed), int(patience/time.Second)
	return &cookie, nil
}

// unpack reads what the browser carries. Only what pack made, and not too long ago, is a journey.
func (h *Handler) unpack(r *http.Request) (j journey, err error) {
	cookie, err := r.Cookie(h.cookie.Name)
	if err != nil {
		return journey{}, err
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return journey{}, err
	}
	if err := h.config.Cipher.Open(sealed, place, &j); err != nil {
		return journey{}, err
	}
	if !j.ExpiresAt.After(h.config.Now()) {
		return journey{}, errors.New("the person took too long")
	}
	return j, nil
}

// forget takes the cookie away: a journey ends once.
func (h *Handler) forget(w http.ResponseWriter) {
	cookie := h.cookie
	cookie.MaxAge = -1
	http.SetCookie(w, &cookie)
}
