package signin_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"parley/inbox/inboxtest"
	"parley/models"
	"parley/signin"
)

// FuzzCallback comes back with anything: without a cookie of ours nobody is sent anywhere.
func FuzzCallback(f *testing.F) {
	cipher, err := models.NewCipher(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	h, err := signin.New(signin.Config{PublicURL: "https://inbox.example.com", Cipher: cipher, Now: time.Now, Log: inboxtest.Quiet})
	if err != nil {
		f.Fatal(err)
	}
	elsewhere, err := cipher.Seal(map[string]any{"State": "x", "ExpiresAt": time.Now().Add(time.Hour)}, "another place")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("state=x&code=y", base64.RawURLEncoding.EncodeToString(elsewhere))
	f.Add("state=&error=access_denied", "")
	f.Add("state=%zz;&code", "AAAA")
	f.Fuzz(func(t *testing.T, query, cookie string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/signin/oidc/callback", nil)
		r.URL.RawQuery = query
		r.Header.Set("Cookie", "parley_signin="+cookie)
		recorded := httptest.NewRecorder()
		h.ServeHTTP(recorded, r)
		if recorded.Code != http.StatusBadRequest || recorded.Header().Get("Location") != "" || signin.Unpack(h, r) {
			t.Errorf("it answered %d, %v", recorded.Code, recorded.Header())
		}
	})
}

func FuzzVerified(f *testing.F) {
	for _, seed := range []string{`true`, `"true"`, `false`, `"false"`, `1`, `null`, `{}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, err := signin.Verified(text); err != nil || got != (string(text) == `true` || string(text) == `"true"`) {
			t.Errorf("%q is read as %t, %v", text, got, err)
		}
	})
}
