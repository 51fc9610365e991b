// Package telegram speaks Telegram's Bot API.
// The dialect: https://core.telegram.org/bots/api
package telegram

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"parley/channels"
	"parley/models"
)

// Config is where the Bot API is.
type Config struct {
	APIBase string // https://api.telegram.org unless set
	HTTP    *http.Client
}

// Adapter speaks for every bot of the server.
type Adapter struct {
	config Config
}

// New returns the adapter.
func New(config Config) *Adapter {
	if config.APIBase == "" {
		config.APIBase = "https://api.telegram.org"
	}
	config.APIBase = strings.TrimRight(config.APIBase, "/")
	return &Adapter{config: config}
}

// Platform is Telegram.
func (*Adapter) Platform() models.Platform { return models.Telegram }

// WebhookNamesAccount says that an update does not name its bot: the address does.
func (*Adapter) WebhookNamesAccount() {}

const secretHeader = "X-Telegram-Bot-Api-Secret-Token"

// Verify accepts a delivery that shows the secret we gave Telegram with the bot's webhook.
func (*Adapter) Verify(d channels.Delivery, account *channels.Account) error {
	shown := d.Header.Get(secretHeader)
	if shown == "" { // which also keeps an account without a secret from being spoken for
		return channels.ErrUnsigned
	}
	var secret string
	if account != nil {
		secret = account.Credentials.WebhookSecret
	}
	// Digests have one length, so that the time taken does not tell the secret's.
	ours, theirs := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(shown))
	if subtle.ConstantTimeCompare(ours[:], theirs[:]) != 1 {
		return channels.ErrNotSigned
	}
	return nil
}
