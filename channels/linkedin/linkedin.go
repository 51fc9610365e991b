// Package linkedin speaks LinkedIn's Community Management API for Pages.
// The dialect: https://learn.microsoft.com/linkedin/marketing/community-management
package linkedin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"parley/channels"
	"parley/models"
)

// Config is what the server's operator got from LinkedIn.
type Config struct {
	ClientSecrets          []string // of the app; all sign deliveries, the first answers challenges and refreshes tokens
	ClientID               string
	DeveloperApplicationID string // the app in subscriptions: its number, or its URN
	APIBase                string // https://api.linkedin.com unless set
	TokenURL               string // https://www.linkedin.com/oauth/v2/accessToken unless set
	Version                string // of the API, which lives for a year: 202607 unless set
	HTTP                   *http.Client

	// AcceptUnprefixedSignature also takes signatures over the bare body, shown as "hmacsha256=<hex>". They were seen in
	// another product's code; LinkedIn does not document them.
	AcceptUnprefixedSignature bool
}

// Adapter speaks for every LinkedIn Page of the server.
type Adapter struct {
	config Config
}

// New returns the adapter of an app at LinkedIn. Without client secrets it refuses every delivery.
func New(config Config) *Adapter {
	if config.APIBase == "" {
		config.APIBase = "https://api.linkedin.com"
	}
	if config.TokenURL == "" {
		config.TokenURL = "https://www.linkedin.com/oauth/v2/accessToken"
	}
	if config.Version == "" {
		config.Version = "202607"
	}
	config.APIBase = strings.TrimRight(config.APIBase, "/")
	return &Adapter{config: config}
}

// Platform is LinkedIn.
func (*Adapter) Platform() models.Platform { return models.LinkedIn }

var _ channels.Handshaker = (*Adapter)(nil)

// Handshake answers LinkedIn's challenge, which it repeats every two hours.
func (a *Adapter) Handshake(query url.Values, _ *channels.Account) (string, error) {
	code, secret := query.Get("challengeCode"), a.secret()
	if code == "" || secret == "" {
		return "", errors.New("no challenge, or no secret to answer it with")
	}
	answer, err := json.Marshal(map[string]string{"challengeCode": code, "challengeResponse": digest(secret, code)})
	if err != nil {
		return "", fmt.Errorf("answer the challenge: %w", err)
	}
	return string(answer), nil
}

func (a *Adapter) secret() string {
	if len(a.config.ClientSecrets) == 0 {
		return ""
	}
	return a.config.ClientSecrets[0]
}

const (
	signatureHeader = "X-LI-Signature"
	bodyPrefix      = "hmacsha256=" // in front of the body that is signed
)

// Verify accepts a body signed with one of the client secrets.
func (a *Adapter) Verify(d channels.Delivery, _ *channels.Account) error {
	shown := d.Header.Get(signatureHeader)
	if shown == "" {
		return channels.ErrUnsigned
	}
	signed := false
	for _, secret := range a.config.ClientSecrets {
		if secret == "" {
			continue
		}
		if hmac.Equal([]byte(shown), []byte(digest(secret, bodyPrefix+string(d.Body)))) {
			signed = true
		}
		if a.config.AcceptUnprefixedSignature && hmac.Equal([]byte(shown), []byte(bodyPrefix+digest(secret, string(d.Body)))) {
			signed = true
		}
	}
	if !signed {
		return channels.ErrNotSigned
	}
	return nil
}

func digest(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
