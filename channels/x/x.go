// Package x speaks the API of X: the X Activity API, the older Account Activity API, and API v2.
// The dialect: https://docs.x.com/x-api
package x

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley/channels"
	"parley/models"
)

// Config is what the server's operator got from X.
type Config struct {
	ConsumerSecrets []string // of the app; all sign deliveries, the first answers challenges
	ClientID        string   // of the app's OAuth 2.0 client
	ClientSecret    string   // empty for a public client
	AppBearer       string   // the app's own token, which webhooks and subscriptions belong to
	APIBase         string   // https://api.x.com unless set
	HTTP            *http.Client
}

// Adapter speaks for every account on X of the server.
type Adapter struct {
	config Config
	pause  func(ctx context.Context, d time.Duration) error // while X works on a file
}

// New returns the adapter of an app at X. Without consumer secrets it refuses every delivery.
func New(config Config) *Adapter {
	if config.APIBase == "" {
		config.APIBase = "https://api.x.com"
	}
	config.APIBase = strings.TrimRight(config.APIBase, "/")
	return &Adapter{config: config, pause: pause}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Platform is X.
func (*Adapter) Platform() models.Platform { return models.X }

var _ channels.Handshaker = (*Adapter)(nil)

// Handshake answers X's challenge-response check, which proves that the webhook address belongs to the app.
func (a *Adapter) Handshake(query url.Values, _ *channels.Account) (string, error) {
	token := query.Get("crc_token")
	if token == "" || len(a.config.ConsumerSecrets) == 0 || a.config.ConsumerSecrets[0] == "" {
		return "", errors.New("no challenge, or no secret to answer it with")
	}
	answer, err := json.Marshal(map[string]string{
		"response_token": signature(a.config.ConsumerSecrets[0], []byte(token)),
	})
	if err != nil {
		return "", fmt.Errorf("answer the challenge: %w", err)
	}
	return string(answer), nil
}

const signatureHeader = "X-Twitter-Webhooks-Signature"

// Verify accepts a body signed with one of the consumer secrets.
func (a *Adapter) Verify(d channels.Delivery, _ *channels.Account) error {
	shown := d.Header.Get(signatureHeader)
	if shown == "" {
		return channels.ErrUnsigned
	}
	signed := false
	for _, secret := range a.config.ConsumerSecrets {
		if secret != "" && hmac.Equal([]byte(shown), []byte(signature(secret, d.Body))) {
			signed = true
		}
	}
	if !signed {
		return channels.ErrNotSigned
	}
	return nil
}

func signature(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
