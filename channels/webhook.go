package channels

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"parley/models"
	"parley/telemetry/span"
)

// ErrUnsigned is what Verify returns for a delivery that carries no signature at all. It is an ErrNotSigned too.
var ErrUnsigned = fmt.Errorf("no signature: %w", ErrNotSigned)

// ErrUnknownAccount is what Inbox.Account returns for an account nobody connected.
var ErrUnknownAccount = errors.New("account is not connected")

// Inbox is what receives deliveries. Its methods return only after their commit.
type Inbox interface {
	// Account returns a connected account with its credentials, or ErrUnknownAccount.
	Account(ctx context.Context, p models.Platform, accountID string) (*Account, error)

	// Receive takes what a verified delivery said. The delivery comes along so that what cannot be received now
	// can be kept.
	Receive(ctx context.Context, p models.Platform, d Delivery, parsed Parsed) error
}

// WebhookOptions are the limits of the webhook addresses. Zero values mean the defaults.
type WebhookOptions struct {
	BodyLimit          int64         // bytes of a delivery; 4 MiB, since WhatsApp sends up to 3 MB
	ReadTimeout        time.Duration // for a whole body; 10 s
	RetryAfter         time.Duration // what a platform is told while we cannot receive; 10 s
	Acknowledging      int           // deliveries acknowledged at the same time; 32, further ones go unacknowledged
	AcknowledgeTimeout time.Duration // for all elements of one delivery; 10 s
	PublicURL          *url.URL      // our address as platforms know it, for signatures that cover it
	Now                func() time.Time

	// Answered is called with what became of every delivery. Nil: nobody counts.
	Answered func(models.Platform, Outcome)
}

// Outcome is what became of a delivery.
type Outcome string

// The outcomes. What is unreadable, as a whole or in part, is kept; what was not received comes again.
const (
	Received    Outcome = "received"
	Unreadable  Outcome = "unreadable"
	Refused     Outcome = "refused"
	NotReceived Outcome = "not_received"
)

func (o WebhookOptions) withDefaults() WebhookOptions {
	if o.BodyLimit == 0 {
		o.BodyLimit = 4 << 20
	}
	if o.ReadTimeout == 0 {
		o.ReadTimeout = 10 * time.Second
	}
	if o.RetryAfter == 0 {
		o.RetryAfter = 10 * time.Second
	}
	if o.Acknowledging == 0 {
		o.Acknowledging = 32
	}
	if o.AcknowledgeTimeout == 0 {
		o.AcknowledgeTimeout = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Answered == nil {
		o.Answered = func(models.Platform, Outcome) {}
	}
	return o
}

// Webhooks answers the platforms at /webhooks/{platform} and /webhooks/{platform}/{account}.
// A delivery is answered 200 only after the inbox has received it; what cannot be read counts as received once it
// is kept, because a platform that sees failures stops delivering.
type Webhooks struct {
	registry *Registry
	inbox    Inbox
	logger   *slog.Logger
	opts     WebhookOptions
	mux      *http.ServeMux

	background context.Context // of acknowledgements, which outlive their request
	stop       context.CancelFunc
	slots      chan struct{}
	mu         sync.Mutex // guards closed, and Add against Wait
	closed     bool
	running    sync.WaitGroup
}

// NewWebhooks returns the handler. Close waits for what it does in the background.
func NewWebhooks(registry *Registry, inbox Inbox, logger *slog.Logger, opts WebhookOptions) *Webhooks {
	w := &Webhooks{registry: registry, inbox: inbox, logger: logger, opts: opts.withDefaults(), mux: http.NewServeMux()}
	w.slots = make(chan struct{}, w.opts.Acknowledging)
	w.background, w.stop = context.WithCancel(context.Background())
	w.mux.HandleFunc("/webhooks/{platform}", w.serve)
	w.mux.HandleFunc("/webhooks/{platform}/{account}", w.serve)
	return w
}

// ServeHTTP answers one request of a platform.
func (w *Webhooks) ServeHTTP(rw http.ResponseWriter, r *http.Request) { w.mux.ServeHTTP(rw, r) }

// Close starts no more acknowledgements and waits for those under way; when ctx ends it cuts them short.
func (w *Webhooks) Close(ctx context.Context) error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()

	done := make(chan struct{})
	go func() {
		w.running.Wait()
		close(done)
	}()
	defer w.stop()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		w.stop()
		<-done
		return fmt.Errorf("wait for acknowledgements: %w", ctx.Err())
	}
}

func (w *Webhooks) serve(rw http.ResponseWriter, r *http.Request) {
	adapter, ok := w.adapter(r.PathValue("platform"), r.PathValue("account"))
	if !ok {
		http.NotFound(rw, r)
		return
	}
	handshaker, shakesHands := adapter.(Handshaker)
	switch {
	case r.Method == http.MethodPost:
		w.follow(rw, r, adapter)
	case r.Method == http.MethodGet && shakesHands:
		w.shakeHands(rw, r, adapter, handshaker)
	default:
		rw.Header().Set("Allow", allowed(shakesHands))
		http.Error(rw, "method not allowed", http.StatusMethodNotAllowed)
	}
}

func allowed(shakesHands bool) string {
	if shakesHands {
		return "GET, POST"
	}
	return "POST"
}

// adapter finds who speaks for an address. Addresses are lower case and name an account only where they must.
func (w *Webhooks) adapter(platform, account string) (Adapter, bool) {
	if platform != strings.ToLower(platform) {
		return nil, false
	}
	adapter, ok := w.registry.For(models.Platform(strings.ToUpper(platform)))
	if !ok {
		return nil, false
	}
	_, namesAccount := adapter.(PerAccountWebhook)
	return adapter, namesAccount == (account != "")
}

func (w *Webhooks) shakeHands(rw http.ResponseWriter, r *http.Request, adapter Adapter, h Handshaker) {
	p := adapter.Platform()
	account, err := w.account(r.Context(), adapter, r.PathValue("account"))
	if err != nil {
		w.later(rw, r, p, fmt.Errorf("find account of a handshake: %w", err))
		return
	}
	answer, err := h.Handshake(r.URL.Query(), account)
	if err != nil {
		w.logger.WarnContext(r.Context(), "webhook handshake refused", "platform", p)
		http.Error(rw, "forbidden", http.StatusForbidden)
		return
	}
	kind := "text/plain; charset=utf-8"
	if strings.HasPrefix(answer, "{") {
		kind = "application/json"
	}
	rw.Header().Set("Content-Type", kind)
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(rw, answer) // whoever went away asks again
}

// follow receives a delivery and tells what became of it.
func (w *Webhooks) follow(rw http.ResponseWriter, r *http.Request, adapter Adapter) {
	ctx, step := span.Start(r.Context(), "webhook")
	if ctx != r.Context() {
		r = r.WithContext(ctx)
	}
	outcome := w.receive(rw, r, adapter)
	step.Set("parley.platform", string(adapter.Platform()))
	step.Set("parley.outcome", string(outcome))
	step.End(nil)
	w.opts.Answered(adapter.Platform(), outcome)
}

func (w *Webhooks) receive(rw http.ResponseWriter, r *http.Request, adapter Adapter) Outcome {
	d := Delivery{
		AccountID: r.PathValue("account"), Header: r.Header, URL: w.publicURL(r), ReceivedAt: w.opts.Now(),
	}
	var status int
	if d.Body, status = w.readBody(rw, r); status != 0 {
		http.Error(rw, http.StatusText(status), status)
		return Refused
	}
	account, err := w.account(r.Context(), adapter, d.AccountID)
	if err != nil {
		w.later(rw, r, adapter.Platform(), fmt.Errorf("find account of a delivery: %w", err))
		return NotReceived
	}
	if status := refused(adapter, d, account); status != 0 {
		w.logger.WarnContext(r.Context(), "delivery refused", "platform", adapter.Platform(), "status", status)
		http.Error(rw, http.StatusText(status), status)
		return Refused
	}
	parsed := w.parse(r.Context(), adapter, d, account)
	if err := w.inbox.Receive(r.Context(), adapter.Platform(), d, parsed); err != nil {
		w.later(rw, r, adapter.Platform(), fmt.Errorf("receive delivery: %w", err))
		return NotReceived
	}
	w.logReceived(r.Context(), adapter.Platform(), d, parsed)
	greet(rw, adapter)
	w.acknowledge(adapter, account, parsed.Inbound)
	if len(parsed.Unreadable) > 0 {
		return Unreadable
	}
	return Received
}

// greet ends the answer to a delivery. Without a greeting the body stays empty: Telegram would take text for a call.
func greet(rw http.ResponseWriter, adapter Adapter) {
	greeter, ok := adapter.(Greeter)
	if !ok {
		rw.WriteHeader(http.StatusOK)
		return
	}
	contentType, text := greeter.Greeting()
	rw.Header().Set("Content-Type", contentType)
	_, _ = io.WriteString(rw, text) // it was received, whether they hear it or not
}

// publicURL is the address the platform called: what we see of it may have been changed by a proxy.
func (w *Webhooks) publicURL(r *http.Request) *url.URL {
	called := *r.URL
	called.Scheme, called.Host = "https", r.Host
	if public := w.opts.PublicURL; public != nil {
		called.Scheme, called.Host = public.Scheme, public.Host
		called.Path = strings.TrimRight(public.Path, "/") + r.URL.Path
	}
	return &called
}

// readBody returns the raw body, or the status to refuse it with. The deadline covers the body only: it is lifted
// afterwards, because the server would take it for the end of the connection while we still work.
func (w *Webhooks) readBody(rw http.ResponseWriter, r *http.Request) ([]byte, int) {
	if r.ContentLength > w.opts.BodyLimit {
		return nil, http.StatusRequestEntityTooLarge
	}
	connection := http.NewResponseController(rw)
	// Deadlines are the wall clock's. A writer without them leaves the body to the server's own timeouts.
	_ = connection.SetReadDeadline(time.Now().Add(w.opts.ReadTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, w.opts.BodyLimit))
	var tooLong *http.MaxBytesError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &tooLong):
		return nil, http.StatusRequestEntityTooLarge
	case errors.As(err, &timeout) && timeout.Timeout():
		return nil, http.StatusRequestTimeout
	case err != nil:
		return nil, http.StatusBadRequest
	}
	_ = connection.SetReadDeadline(time.Time{})
	return body, 0
}

// account finds the account an address names. An unknown one is nil, so that it is refused like a wrong signature.
func (w *Webhooks) account(ctx context.Context, adapter Adapter, id string) (*Account, error) {
	if id == "" || !isPlausible(id) {
		return nil, nil
	}
	account, err := w.inbox.Account(ctx, adapter.Platform(), id)
	if errors.Is(err, ErrUnknownAccount) {
		return nil, nil
	}
	return account, err
}

// isPlausible keeps out of the database what no platform uses as an id.
func isPlausible(id string) bool {
	return len(id) <= 256 && utf8.ValidString(id) && !strings.ContainsFunc(id, unicode.IsControl)
}

// refused returns the status for a delivery that is not the platform's, or 0.
func refused(adapter Adapter, d Delivery, account *Account) int {
	err := adapter.Verify(d, account)
	switch {
	case errors.Is(err, ErrUnsigned):
		return http.StatusUnauthorized
	case err != nil:
		return http.StatusForbidden
	case d.AccountID != "" && account == nil:
		return http.StatusForbidden
	default:
		return 0
	}
}

// parse survives a fault of the adapter: the delivery is then unreadable as a whole and kept.
func (w *Webhooks) parse(ctx context.Context, adapter Adapter, d Delivery, account *Account) (parsed Parsed) {
	defer func() {
		if fault := recover(); fault != nil {
			// The fault itself may quote what a customer wrote; the stack shows where it happened.
			w.logger.ErrorContext(ctx, "adapter panicked", "platform", adapter.Platform(), "bytes", len(d.Body),
				"fault", fmt.Sprintf("%T", fault), "stack", string(debug.Stack()))
			parsed = Parsed{Unreadable: []error{errors.New("the adapter panicked")}}
		}
	}()
	return adapter.Parse(d, account)
}

// logReceived says little about what went well: deliveries are many.
func (w *Webhooks) logReceived(ctx context.Context, p models.Platform, d Delivery, parsed Parsed) {
	level := slog.LevelDebug
	if len(parsed.Unreadable) > 0 {
		level = slog.LevelWarn // how many, not why: the reasons may quote the contact, and are kept with the delivery
	}
	w.logger.Log(ctx, level, "delivery received", "platform", p, "account", d.AccountID, "bytes", len(d.Body),
		"inbound", len(parsed.Inbound), "unreadable", len(parsed.Unreadable), "took", w.opts.Now().Sub(d.ReceivedAt))
}

// later asks the platform to deliver again.
func (w *Webhooks) later(rw http.ResponseWriter, r *http.Request, p models.Platform, err error) {
	w.logger.ErrorContext(r.Context(), "delivery not received", "platform", p, "error", err)
	rw.Header().Set("Retry-After", strconv.Itoa(int(w.opts.RetryAfter/time.Second)))
	http.Error(rw, "try again later", http.StatusServiceUnavailable)
}

// acknowledge tells the platform, in the background, what it waits to hear about the elements of a delivery.
func (w *Webhooks) acknowledge(adapter Adapter, account *Account, in []models.Inbound) {
	acknowledger, ok := adapter.(Acknowledger)
	if !ok || len(in) == 0 {
		return
	}
	if !w.begin() {
		w.logger.Warn("acknowledgements dropped", "platform", adapter.Platform(), "inbound", len(in))
		return
	}
	go func() {
		defer w.end()
		ctx, cancel := context.WithTimeout(w.background, w.opts.AcknowledgeTimeout)
		defer cancel()
		for _, i := range in {
			if err := w.acknowledgeOne(ctx, adapter.Platform(), acknowledger, account, i); err != nil {
				w.logger.WarnContext(ctx, "not acknowledged", "platform", adapter.Platform(), "account", i.AccountID,
					"kind", i.Kind, "external_id", i.ExternalID, "error", err)
			}
		}
	}()
}

func (w *Webhooks) acknowledgeOne(
	ctx context.Context, p models.Platform, acknowledger Acknowledger, account *Account, in models.Inbound,
) error {
	if account == nil || account.ID != in.AccountID {
		found, err := w.inbox.Account(ctx, p, in.AccountID)
		if err != nil {
			return fmt.Errorf("find account to acknowledge for: %w", err)
		}
		account = found
	}
	return acknowledger.Acknowledge(ctx, *account, in)
}

// begin takes a slot if there is one and Close was not called.
func (w *Webhooks) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	select {
	case w.slots <- struct{}{}:
		w.running.Add(1)
		return true
	default:
		return false
	}
}

func (w *Webhooks) end() {
	<-w.slots
	w.running.Done()
}
