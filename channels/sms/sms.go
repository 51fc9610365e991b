// Package sms speaks SMS and MMS through Twilio.
// The dialect: https://www.twilio.com/docs/messaging
package sms

import (
	"net/http"
	"net/url"
	"strings"

	"parley/channels"
	"parley/models"
)

// Config is where Twilio is, and where Twilio finds us.
type Config struct {
	APIBase       string // https://api.twilio.com unless set
	MessagingBase string // https://messaging.twilio.com unless set: the services that messages are sent through
	WebhookBase   string // our own address, as in https://inbox.example.com; empty: no statuses are asked for
	HTTP          *http.Client
}

// Adapter speaks for every number and messaging service of the server.
type Adapter struct {
	config Config
}

// New returns the adapter.
func New(config Config) *Adapter {
	if config.APIBase == "" {
		config.APIBase = "https://api.twilio.com"
	}
	if config.MessagingBase == "" {
		config.MessagingBase = "https://messaging.twilio.com"
	}
	config.APIBase = strings.TrimRight(config.APIBase, "/")
	config.MessagingBase = strings.TrimRight(config.MessagingBase, "/")
	config.WebhookBase = strings.TrimRight(config.WebhookBase, "/")
	return &Adapter{config: config}
}

// Platform is SMS.
func (*Adapter) Platform() models.Platform { return models.SMS }

// WebhookNamesAccount says that the address tells which account a delivery is for. The body could tell it too, but only
// the address says whose token has to have signed it.
func (*Adapter) WebhookNamesAccount() {}

// Greeting is an empty answer in Twilio's language: it would send any other text to the contact.
func (*Adapter) Greeting() (contentType, text string) {
	return "text/xml; charset=utf-8", `<?xml version="1.0" encoding="UTF-8"?><Response/>`
}

// webhook is where an account's deliveries arrive. The plus of a number is escaped: in an address it is a space to some.
func (a *Adapter) webhook(account channels.Account) string {
	if a.config.WebhookBase == "" {
		return ""
	}
	return a.config.WebhookBase + "/webhooks/sms/" + escaped(account.ID)
}

func escaped(part string) string { return strings.ReplaceAll(url.PathEscape(part), "+", "%2B") }

// isService reports whether an account is a pool of numbers instead of one.
func isService(account channels.Account) bool { return strings.HasPrefix(account.ID, "MG") }
