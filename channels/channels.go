// Package channels is how the outside world speaks: one adapter per platform turns its dialect into our words and back.
package channels

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	// one bad element never costs its neighbours. The account is the one Verify was given.
	Parse(d Delivery, account *Account) Parsed

	// Send hands one message to the platform and returns once the platform has answered. A refusal is a *SendError.
	Send(ctx context.Context, account Account, m Outbound) (Sent, error)
}

// Handshaker is an adapter whose platform asks for proof that the webhook address is ours.
type Handshaker interface {
	// Handshake answers the platform's GET with the text it expects, or with an error if the request is not the platform's.
	// The account is nil unless the address names one.
	Handshake(query url.Values, account *Account) (answer string, err error)
}

// Greeter is an adapter whose platform wants words in the answer to a delivery that was received. The others get none.
type Greeter interface {
	// Greeting is the answer's media type and text.
	Greeting() (contentType, text string)
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

// Actor is an adapter whose platform lets an account do more with a message than answer it.
type Actor interface {
	// Act does one thing. A refusal is a *SendError. Doing a thing twice is the same as doing it once.
	Act(ctx context.Context, account Account, a Action) error
}

// Completer is an adapter whose platform tells of things by their ids only.
type Completer interface {
	// Complete asks the platform for what an incomplete element lacks: the author, the words, the time. A refusal is a
	// *SendError.
	Complete(ctx context.Context, account Account, in models.Inbound) (models.Inbound, error)
}

// PostReader is an adapter that can look a post up.
type PostReader interface {
	// ReadPost asks the platform for a post of which only the id is known. A refusal is a *SendError.
	ReadPost(ctx context.Context, account Account, externalID string) (models.PostFacts, error)
}

// Poller is an adapter whose platform's webhooks are not enough: what they may have missed is asked for.
type Poller interface {
	// Poll returns what happened since the mark the last poll left; the first mark is empty and reaches back a day at most.
	// What was delivered before may be in it again. A refusal is a *SendError.
	Poll(ctx context.Context, account Account, mark string, now time.Time) (Polled, error)
}

// Refresher is an adapter whose access tokens end.
type Refresher interface {
	// Refresh gets a new access token, and says in ExpiresAt when that ends. A refusal is a *SendError.
	Refresh(ctx context.Context, account Account, now time.Time) (models.Credentials, error)
}

// MediaReader is an adapter whose platform serves attachments to our account alone, or by their ids.
type MediaReader interface {
	// OpenMedia asks the platform for an attachment, with the account's credentials where the platform wants them. Its
	// answer is the file, whatever the status, and the caller closes it. Redirects are the caller's to follow, without
	// credentials. A refusal on the way to the file is a *SendError; ErrPublic says that anyone can have it at its address.
	OpenMedia(ctx context.Context, account Account, a models.Attachment) (*http.Response, error)
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

// SelfHosted is an adapter of a platform that is our own: an account of it needs no token.
type SelfHosted interface {
	HostedHere()
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

// Polled is what one poll brought.
type Polled struct {
	Parsed
	Mark string        // for the next poll
	Wait time.Duration // until the next poll; 0: as long as usual
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
	Attachments       []models.Attachment // with URL, for platforms that fetch
	Template          *models.Template
	ReplyToExternalID string // in public always set: the comment or post that is answered
	PrivateReplyTo    string // the comment or post a private message answers; RecipientID is then its author
	HumanAgent        bool   // written by a person after the window closed: the platform wants to be told

	// OpenFile opens an attachment of the message, for platforms that want its bytes.
	OpenFile func(ctx context.Context, a models.Attachment) (io.ReadCloser, error)
}

// Action is something an account does with a message, or in a thread.
type Action struct {
	Kind             models.ActionKind
	Surface          models.Surface
	ThreadKey        string
	RecipientID      string
	TargetExternalID string // the message; of TYPING and MARK_READ the contact's newest
	Ours             bool   // we wrote the message
	Emoji            string // of REACT
	Text             string // of EDIT
}

// Sent is a platform's acceptance.
type Sent struct {
	ExternalID string // the platform's id of the message
	Recipient  string // the contact's id, where the platform answers with another one than it was asked for
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

// ErrPublic is what OpenMedia returns for a file that wants no credentials: the caller fetches it as it would any stranger's.
var ErrPublic = errors.New("anyone can fetch it")

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
