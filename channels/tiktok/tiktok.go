// Package tiktok speaks for business accounts on TikTok: the comments on their own videos. Private messages are read where
// TikTok hands them over, and answered in its app.
// The dialect: https://business-api.tiktok.com/portal/docs
package tiktok

import (
	"net/http"
	"strings"
	"time"

	"parley/channels"
	"parley/models"
)

// Config is what the server's operator got from TikTok.
type Config struct {
	AppID      string
	AppSecrets []string         // sign the deliveries; the first is ours in calls, others while one is being replaced
	APIBase    string           // https://business-api.tiktok.com unless set
	Now        func() time.Time // time.Now unless set
	HTTP       *http.Client
}

// Adapter speaks for every account that authorised the app.
type Adapter struct {
	config Config
}

// New returns the adapter of an app at TikTok. Without secrets it refuses every delivery.
func New(config Config) *Adapter {
	if config.APIBase == "" {
		config.APIBase = "https://business-api.tiktok.com"
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	config.APIBase = strings.TrimRight(config.APIBase, "/")
	return &Adapter{config: config}
}

// Platform is TikTok.
func (*Adapter) Platform() models.Platform { return models.TikTok }

var (
	_ channels.Connector  = (*Adapter)(nil)
	_ channels.Subscriber = (*Adapter)(nil)
	_ channels.Refresher  = (*Adapter)(nil)
	_ channels.Actor      = (*Adapter)(nil)
	_ channels.Completer  = (*Adapter)(nil)
	_ channels.PostReader = (*Adapter)(nil)
	_ channels.Poller     = (*Adapter)(nil)
)
