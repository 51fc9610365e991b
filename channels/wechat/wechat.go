// Package wechat speaks for official accounts on WeChat.
// The dialect: https://developers.weixin.qq.com/doc/offiaccount/
package wechat

import (
	"net/http"
	"strings"
	"time"

	"parley/channels"
	"parley/models"
)

// Config is where WeChat's API is.
type Config struct {
	APIBase string           // https://api.weixin.qq.com unless set
	Now     func() time.Time // time.Now unless set
	HTTP    *http.Client
}

// Adapter speaks for every official account of the server.
type Adapter struct {
	config Config
}

// New returns the adapter.
func New(config Config) *Adapter {
	if config.APIBase == "" {
		config.APIBase = "https://api.weixin.qq.com"
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	config.APIBase = strings.TrimRight(config.APIBase, "/")
	return &Adapter{config: config}
}

// Platform is WeChat.
func (*Adapter) Platform() models.Platform { return models.WeChat }

// WebhookNamesAccount says that the address tells which account a delivery is for: only so it is known whose token has
// to have signed it.
func (*Adapter) WebhookNamesAccount() {}

// Greeting is the word WeChat waits for. Without it, it would tell the contact that the account is out of service.
func (*Adapter) Greeting() (contentType, text string) { return "text/plain; charset=utf-8", "success" }

var (
	_ channels.Handshaker        = (*Adapter)(nil)
	_ channels.Greeter           = (*Adapter)(nil)
	_ channels.PerAccountWebhook = (*Adapter)(nil)
	_ channels.Connector         = (*Adapter)(nil)
	_ channels.Refresher         = (*Adapter)(nil)
	_ channels.Actor             = (*Adapter)(nil)
	_ channels.MediaReader       = (*Adapter)(nil)
)
