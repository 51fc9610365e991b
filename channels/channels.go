// Package channels is how the outside world speaks: one adapter per platform turns its dialect into our words and back.
package channels

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"parley/models"
)

// Adapter speaks one platform. It keeps no state, so one adapter serves every account of its platform.
type Adapter interface {
	// Platform is the one the adapter speaks.
	Platform() models.Platform

	// Verify returns nil if the delivery was signed by the platform. It looks at the raw body and compares in
	// constant time. The account is nil unless the delivery's address names one.
	Verify(d Delivery, account *Account) error

	// Parse turns a verified delivery into our words. Elements it cannot read are reported beside those it can:
	// one bad element never costs its neighbours.
	Parse(d Delivery) Parsed

	// Send hands one message to the platform and returns once the platform has answered. A refusal is a *SendError.
	Send(ctx context.Context, account Account, m Outbound) (Sent, error)
}

// Handshaker is an adapter whose platform asks for proof that the webhook address is ours.
type Handshaker interface {
	// Handshake answers the platform's GET with the text it expects, or with an error if the request is not the platform's.
	Handshake(query url.Values) (answer string, err error)
}

// Connector is an adapter that checks an account when it is connected as a channel.
type Connector interface {
	// Check asks the platform whether the credentials work and returns the account as the platform knows it. It changes
	// nothing there. A refusal is a *SendError.
	Check(ctx context.Context, account Account) (Account, error)
}

// Subscriber is an adapter whose platform is told per account where to deliver.
type Subscriber interface {
	// Subscribe makes the platform deliver to webhook, signed with the account's WebhookSecret. A refusal is a *SendError.
	Subscribe(ctx context.Context, account Account, webhook string) error

	// Unsubscribe makes it stop.
	Unsubscribe(ctx context.Context, account Account) error
}

// Acknowledger is an adapter whose platform waits for a word about some of its deliveries, such as a tapped button.
// It is called after the commit, once per element; an error is logged and changes nothing.
type Acknowledger interface {
	Acknowledge(ctx context.Context, account Account, in models.Inbound) error
}

// IdempotentSender is an adapter whose platform recognises a repeated send by our reference. Only its messages are
// sent again when the answer of an attempt was lost.
type IdempotentSender interface {
	SendsOnce()
}

// PerAccountWebhook is an adapter whose platform gives no account in the delivery: its address carries it,
// as in /webhooks/telegram/<account>.
type PerAccountWebhook interface {
	WebhookNamesAccount()
}

// Delivery is one webhook request as it arrived.
type Delivery struct {
	AccountID  string // from the address, for platforms with PerAccountWebhook
	Header     http.Header
	URL        *url.URL
	Body       []byte
	ReceivedAt time.Time
}

// Parsed is what a delivery said. Both parts may be empty: then there was nothing for us in it.
type Parsed struct {
	Inbound    []models.Inbound // in the platform's order
	Unreadable []error          // one for each element that could not be read; the delivery is then kept as well
}

// Account is a connected account with what is needed to act for it.
type Account struct {
	ID          string // the platform's id: phone number id, bot id
	Name        string // as people know it
	Credentials models.Credentials
}

// Outbound is a message on its way to a platform.
type Outbound struct {
	Reference         string // our message id
	Surface           models.Surface
	ThreadKey         string
	RecipientID       string
	Text              string
	Attachments       []models.Attachment // with URL
	Template          *models.Template
	ReplyToExternalID string
}

// Sent is a platform's acceptance.
type Sent struct {
	ExternalID string // the platform's id of the message
	RequestID  string // the platform's id of the request, for its support
	HTTPStatus int
}

// SendError is a platform's refusal, or a fault on the way to it.
type SendError struct {
	models.Failure
	HTTPStatus int           // 0 when there was no answer
	RequestID  string        // the platform's id of the request
	RetryAfter time.Duration // what the platform asks for; 0 when it says nothing
	Ambiguous  bool          // the platform may have accepted the message: do not send it again unasked
	Err        error         // the cause, when it was not the platform's answer
}

func (e *SendError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", e.Reason, e.Err)
	}
	return fmt.Sprintf("%s: platform code %s", e.Reason, e.Code)
}

func (e *SendError) Unwrap() error { return e.Err }

// ErrNotSigned is what Verify returns for a delivery that the platform did not sign.
var ErrNotSigned = errors.New("signature does not match")

// Registry knows the adapters the server was built with.
type Registry struct {
	adapters map[models.Platform]Adapter
}

// NewRegistry holds the given adapters, one per platform; two of the same platform are a mistake in the wiring and panic.
func NewRegistry(adapters ...Adapter) *Registry {
	r := &Registry{adapters: make(map[models.Platform]Adapter)}
	for _, a := range adapters {
		if _, taken := r.adapters[a.Platform()]; taken {
			panic(fmt.Sprintf("two adapters for %s", a.Platform()))
		}
		r.adapters[a.Platform()] = a
	}
	return r
}

// For returns the adapter of a platform, and whether there is one.
func (r *Registry) For(p models.Platform) (Adapter, bool) {
	a, ok := r.adapters[p]
	return a, ok
}
