// Package inbox is what the product does: one file per verb, called by mutations, webhooks and workers alike.
package inbox

import (
	"log/slog"

	"parley/channels"
	"parley/models"
)

// Inbox does the product's verbs on the organizations of a store. Each verb is one transaction behind the store's door;
// no verb calls another, and none talks to the network inside its transaction.
type Inbox struct {
	store    *models.Store
	adapters *channels.Registry
	log      *slog.Logger
	webhooks string
	wake     func(models.JobKind)
	sent     func(models.Platform, models.FailureReason)
	media    mediaDesk
	signIns  *Allowances

	routes    *routes
	gathering *gathering
}

// Config is what an Inbox needs.
type Config struct {
	Store    *models.Store
	Adapters *channels.Registry
	Log      *slog.Logger
	Webhooks string                                               // our public address for platforms, without a trailing slash: https://inbox.example.com
	Wake     func(models.JobKind)                                 // called after a commit that made work due; nil: workers find it when they look
	Sent     func(p models.Platform, failed models.FailureReason) // called after every attempt to send; "": it was taken. nil: nobody counts
	Media    MediaConfig                                          // where files are kept; the zero value keeps none
	SignIns  *Allowances                                          // of passwords tried for an email address; nil: there is no limit
}

// New makes an Inbox.
func New(c Config) *Inbox {
	if c.Wake == nil {
		c.Wake = func(models.JobKind) {}
	}
	if c.Sent == nil {
		c.Sent = func(models.Platform, models.FailureReason) {}
	}
	b := &Inbox{
		store: c.Store, adapters: c.Adapters, log: c.Log, webhooks: c.Webhooks, wake: c.Wake, sent: c.Sent,
		media:  openMediaDesk(c.Media, c.Store.MediaSecret(), c.Webhooks),
		routes: newRoutes(), signIns: c.SignIns,
	}
	b.gathering = newGathering(b.receiveGroup)
	return b
}

// Store is the door the inbox works through.
func (b *Inbox) Store() *models.Store { return b.store }
