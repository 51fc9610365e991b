// Package messenger speaks our own web Messenger: a widget on a site's pages, whose visitors talk to the site's team.
// The protocol is in docs/messenger.md.
package messenger

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"parley/channels"
	"parley/models"
)

// Config is what the adapter reaches visitors through.
type Config struct {
	// Typing tells the streams of a visitor, in every process, that a member is typing. It must not wait. Nil: nobody is told.
	Typing func(widgetKey, contactID string)
}

// Adapter speaks for every widget of the server. What it is given to send is in the log already, from where visitors read it.
type Adapter struct {
	config Config
}

// New returns the adapter.
func New(config Config) *Adapter { return &Adapter{config: config} }

var (
	_ channels.Adapter          = (*Adapter)(nil)
	_ channels.Connector        = (*Adapter)(nil)
	_ channels.Actor            = (*Adapter)(nil)
	_ channels.IdempotentSender = (*Adapter)(nil)
	_ channels.SelfHosted       = (*Adapter)(nil)
)

// Platform is Messenger.
func (*Adapter) Platform() models.Platform { return models.Messenger }

// HostedHere says that the platform is ourselves.
func (*Adapter) HostedHere() {}

// SendsOnce says that a message sent twice is there once.
func (*Adapter) SendsOnce() {}

// Verify refuses everything: visitors come by another door, with a token.
func (*Adapter) Verify(channels.Delivery, *channels.Account) error { return channels.ErrNotSigned }

// widgetKey is what a site may choose to call its widget. It is public.
var widgetKey = regexp.MustCompile(`^wgt_[A-Za-z0-9]{1,60}$`)

const shortestSecret = 16

// Check gives a widget what it lacks: its key, and the secret its site vouches for visitors with.
func (*Adapter) Check(_ context.Context, account channels.Account) (channels.Account, error) {
	if account.ID == "" {
		account.ID = "wgt_" + strings.ToLower(rand.Text())
	}
	if !widgetKey.MatchString(account.ID) {
		return channels.Account{}, channels.Unsendable("a widget's key is wgt_ and at most 60 letters and digits")
	}
	secret := &account.Credentials.IdentitySecret
	switch {
	case *secret == "":
		*secret = rand.Text() + rand.Text()
	case len(*secret) < shortestSecret || len(*secret) > 2000:
		return channels.Account{}, channels.Unsendable("an identity secret has from 16 to 2,000 bytes")
	}
	if account.Name == "" {
		account.Name = "Messenger"
	}
	return account, nil
}

// Send accepts at once: once the message counts as sent, its visitor sees it.
func (*Adapter) Send(_ context.Context, _ channels.Account, m channels.Outbound) (channels.Sent, error) {
	switch {
	case m.Reference == "":
		return channels.Sent{}, channels.Unsendable("a message without our reference")
	case m.Template != nil:
		return channels.Sent{}, channels.Unsendable("a widget has no templates")
	default:
		return channels.Sent{ExternalID: m.Reference, HTTPStatus: http.StatusOK}, nil
	}
}

// Act shows the visitor that a member is typing. That something was read they learn from the log.
func (a *Adapter) Act(_ context.Context, account channels.Account, action channels.Action) error {
	switch action.Kind {
	case models.ShowTyping:
		if a.config.Typing != nil {
			a.config.Typing(account.ID, action.RecipientID)
		}
		return nil
	case models.MarkMessageRead:
		return nil
	default:
		return channels.Unsendable("a widget has no such action")
	}
}

// Parse reads a message as a widget's browser says it, wrapped in who says it: see letter. Whoever hands it over has checked
// the claim of who that is.
func (*Adapter) Parse(d channels.Delivery, _ *channels.Account) channels.Parsed {
	in, err := readLetter(d.Body)
	if err != nil {
		return channels.Parsed{Unreadable: []error{err}}
	}
	return channels.Parsed{Inbound: []models.Inbound{in}}
}

var errNotAMessage = errors.New("not a message of a widget")

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
