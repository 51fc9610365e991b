// Package whatsapp speaks WhatsApp's Cloud API.
// The dialect: https://developers.facebook.com/documentation/business-messaging/whatsapp
package whatsapp

import (
	"net/http"
	"net/url"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

// Config is what the server's operator got from Meta.
type Config struct {
	AppSecrets  []string // sign the deliveries; the first one signs our calls, the others are being replaced
	VerifyToken string   // ours, typed into Meta's form: proves that the webhook address is ours
	APIBase     string   // https://graph.facebook.com unless set
	APIVersion  string   // v25.0 unless set
	HTTP        *http.Client
}

// Adapter speaks for every WhatsApp number of the server.
type Adapter struct {
	app meta.App
}

// New returns the adapter of an app at Meta. Without secrets it refuses every delivery.
func New(config Config) *Adapter { return &Adapter{app: meta.App(config).WithDefaults()} }

// Platform is WhatsApp.
func (*Adapter) Platform() models.Platform { return models.WhatsApp }

// Handshake repeats Meta's challenge if it knows our verify token.
func (a *Adapter) Handshake(query url.Values, _ *channels.Account) (string, error) {
	return a.app.Handshake(query)
}

// Verify accepts a body signed with one of the app secrets.
func (a *Adapter) Verify(d channels.Delivery, _ *channels.Account) error { return a.app.Verify(d) }
