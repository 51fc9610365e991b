// Package whatsapp speaks WhatsApp's Cloud API.
// The dialect: https://developers.facebook.com/documentation/business-messaging/whatsapp
package whatsapp

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
	"parley/models"
)

// Config is what the server's operator got from Meta.
type Config struct {
	AppSecrets  []string // sign the deliveries; more than one while a secret is being replaced
	VerifyToken string   // ours, typed into Meta's form: proves that the webhook address is ours
	APIBase     string   // https://graph.facebook.com unless set
	APIVersion  string   // v25.0 unless set
	HTTP        *http.Client
}

// Adapter speaks for every WhatsApp number of the server.
type Adapter struct {
	config Config
}

// New returns the adapter of an app at Meta. Without secrets it refuses every delivery.
func New(config Config) *Adapter {
	if config.APIBase == "" {
		config.APIBase = "https://graph.facebook.com"
	}
	if config.APIVersion == "" {
		config.APIVersion = "v25.0"
	}
	config.APIBase = strings.TrimRight(config.APIBase, "/")
	return &Adapter{config: config}
}

// Platform is WhatsApp.
func (*Adapter) Platform() models.Platform { return models.WhatsApp }

// Handshake repeats Meta's challenge if it knows our verify token.
func (a *Adapter) Handshake(query url.Values, _ *channels.Account) (string, error) {
	ours, theirs := []byte(a.config.VerifyToken), []byte(query.Get("hub.verify_token"))
	if query.Get("hub.mode") != "subscribe" || len(ours) == 0 || subtle.ConstantTimeCompare(ours, theirs) != 1 {
		return "", errors.New("handshake without our verify token")
	}
	return query.Get("hub.challenge"), nil
}

const signatureHeader = "X-Hub-Signature-256"

// Verify accepts a body signed with one of the app secrets. The old SHA-1 signature counts for nothing.
func (a *Adapter) Verify(d channels.Delivery, _ *channels.Account) error {
	header := d.Header.Get(signatureHeader)
	if header == "" {
		return channels.ErrUnsigned
	}
	digest, isSHA256 := strings.CutPrefix(header, "sha256=")
	signature, err := hex.DecodeString(digest)
	if !isSHA256 || err != nil {
		return channels.ErrNotSigned
	}
	signed := false
	for _, secret := range a.config.AppSecrets {
		if secret != "" && hmac.Equal(signature, sign(secret, d.Body)) {
			signed = true
		}
	}
	if !signed {
		return channels.ErrNotSigned
	}
	return nil
}

func sign(secret string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return mac.Sum(nil)
}
