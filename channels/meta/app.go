// Package meta is what Meta's platforms share: Facebook Pages, Instagram and WhatsApp shake hands, sign, answer calls
// and refuse them in the same words. The dialect: https://developers.facebook.com/docs/graph-api
package meta

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"parley/channels"
)

// App is what the server's operator got from Meta.
type App struct {
	AppSecrets  []string // sign the deliveries; the first one signs our calls, the others are older or another login's
	VerifyToken string   // ours, typed into Meta's form: proves that the webhook address is ours
	APIBase     string   // https://graph.facebook.com unless set
	APIVersion  string   // v25.0 unless set
	HTTP        *http.Client
}

// WithDefaults fills in what is not set.
func (a App) WithDefaults() App {
	if a.APIBase == "" {
		a.APIBase = "https://graph.facebook.com"
	}
	if a.APIVersion == "" {
		a.APIVersion = "v25.0"
	}
	a.APIBase = strings.TrimRight(a.APIBase, "/")
	return a
}

// Handshake repeats Meta's challenge if it knows our verify token.
func (a App) Handshake(query url.Values) (string, error) {
	ours, theirs := []byte(a.VerifyToken), []byte(query.Get("hub.verify_token"))
	if query.Get("hub.mode") != "subscribe" || len(ours) == 0 || subtle.ConstantTimeCompare(ours, theirs) != 1 {
		return "", errors.New("handshake without our verify token")
	}
	return query.Get("hub.challenge"), nil
}

// SignatureHeader carries the signature of a delivery.
const SignatureHeader = "X-Hub-Signature-256"

const algorithm = "sha256="

// Verify accepts a body signed with one of the app secrets; without secrets it refuses every delivery. The old SHA-1
// signature counts for nothing.
func (a App) Verify(d channels.Delivery) error {
	header := d.Header.Get(SignatureHeader)
	if header == "" {
		return channels.ErrUnsigned
	}
	digest, isSHA256 := strings.CutPrefix(header, algorithm)
	signature, err := hex.DecodeString(digest)
	if !isSHA256 || err != nil {
		return channels.ErrNotSigned
	}
	signed := false
	for _, secret := range a.AppSecrets {
		if secret != "" && hmac.Equal(signature, sign(secret, d.Body)) {
			signed = true
		}
	}
	if !signed {
		return channels.ErrNotSigned
	}
	return nil
}

// Signature is what Meta writes into SignatureHeader for a body.
func Signature(secret string, body []byte) string {
	return algorithm + hex.EncodeToString(sign(secret, body))
}

func sign(secret string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return mac.Sum(nil)
}

// proof shows that a call comes from the app the token was given to; empty without a secret. Apps can be set up to
// refuse calls without it.
func (a App) proof(token string) string {
	if len(a.AppSecrets) == 0 || a.AppSecrets[0] == "" || token == "" {
		return ""
	}
	return hex.EncodeToString(sign(a.AppSecrets[0], []byte(token)))
}
