package simulator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Platform names a network the simulator plays.
type Platform string

// The platforms that are played.
const (
	Facebook  Platform = "FACEBOOK"
	Instagram Platform = "INSTAGRAM"
	X         Platform = "X"
	LinkedIn  Platform = "LINKEDIN"
	WhatsApp  Platform = "WHATSAPP"
	Messenger Platform = "MESSENGER"
	TikTok    Platform = "TIKTOK"
	WeChat    Platform = "WECHAT"
	Telegram  Platform = "TELEGRAM"
	SMS       Platform = "SMS"
)

// Account is one of our accounts on one platform: a phone number id, a bot id.
type Account struct {
	Platform Platform `json:"platform"`
	ID       string   `json:"account"`
}

func (a Account) String() string { return string(a.Platform) + ":" + a.ID }

// Config says where webhooks go and what time it is. Its zero value is a world on the machine's clock that
// holds WhatsApp's webhooks back until PointWebhooksAt.
type Config struct {
	// WebhookURL is the address of our server; each platform adds its own path to it, and so do visitors of a widget.
	WebhookURL string
	// WhatsAppAppSecret signs the webhooks of all WhatsApp numbers.
	WhatsAppAppSecret string
	// XConsumerSecret, LinkedInClientSecret and TikTokAppSecret sign the webhooks of their platforms, and answer
	// for our app where it proves itself.
	XConsumerSecret, LinkedInClientSecret, TikTokAppSecret string
	// XBearerToken is the app's own, for webhooks and subscriptions. When empty, any account's token will do.
	XBearerToken string
	// BaseURL is where the simulator is served: links to files begin with it. When empty it is taken from how the
	// simulator was last called.
	BaseURL string
	// MetaAppSecret signs the webhooks of all Facebook pages and Instagram accounts.
	MetaAppSecret string
	// Now and After are the clock; time.Now and time.After when nil.
	Now   func() time.Time
	After func(time.Duration) <-chan time.Time
	// Travel moves the clock forward, which its owner alone can do. Nil means that it cannot be moved.
	Travel func(time.Duration)
	// RetryFirst is the pause after a delivery's first failure (1 s when zero), RetryMost the longest (60 s).
	RetryFirst, RetryMost time.Duration
	// Client posts the webhooks and speaks for visitors. It must not follow redirects. Nil means one of the simulator's own.
	Client *http.Client
	// Logger hears ids and statuses, never texts or tokens. Nil means silence.
	Logger *slog.Logger
}

// Simulator is a world of platforms, accounts and customers. Its methods may be called concurrently.
type Simulator struct {
	config    Config
	handler   http.Handler
	whatsApp  *whatsApp
	telegram  *telegram
	graph     *graph
	weChat    *weChat
	sms       *sms
	x         *xNetwork
	linkedIn  *linkedIn
	tikTok    *tikTok
	messenger *messenger
	life      context.Context
	end       context.CancelCauseFunc

	mu         sync.Mutex // guards everything below and all that hangs from it
	changed    chan struct{}
	running    int // what Idle waits for
	staying    int // what Close waits for alone
	closed     bool
	webhookURL string
	host       string // how the simulator was last called
	accounts   map[Account]*account
	queues     map[string]chan struct{}
	deliveries []*Delivery
	posted     int
	media      mediaStore
}

var (
	errAbandoned = errors.New("the delivery was abandoned")
	errLost      = errors.New("the platform gave the delivery up")
	errClosed    = errors.New("the simulator is closed")
)

// New returns a world without accounts.
func New(config Config) *Simulator {
	s := &Simulator{
		config:     withDefaults(config),
		changed:    make(chan struct{}),
		webhookURL: config.WebhookURL,
		accounts:   map[Account]*account{},
		queues:     map[string]chan struct{}{},
		media:      mediaStore{items: map[string]storedMedia{}},
	}
	s.life, s.end = context.WithCancelCause(context.Background())
	s.whatsApp = &whatsApp{sim: s, numbers: map[string]*whatsAppNumber{}}
	s.telegram = &telegram{sim: s, bots: map[Account]*telegramBot{}}
	s.weChat = &weChat{sim: s, accounts: map[Account]*weChatAccount{}}
	s.sms = &sms{sim: s, numbers: map[Account]*smsNumber{}}
	s.graph = newGraph(s)
	s.x, s.linkedIn, s.tikTok = newX(s), newLinkedIn(s), newTikTok(s)
	s.messenger = &messenger{sim: s, widgets: map[Account]*messengerWidget{}}
	mux := http.NewServeMux()
	s.graph.serve(mux)
	for _, d := range []dialect{s.whatsApp, s.telegram, s.weChat, s.sms, s.x, s.linkedIn, s.tikTok, s.messenger} {
		d.serve(mux)
	}
	s.serveControls(mux)
	s.handler = s.hearHost(mux)
	return s
}

func withDefaults(c Config) Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.After == nil {
		c.After = time.After
	}
	if c.RetryFirst <= 0 {
		c.RetryFirst = time.Second
	}
	if c.RetryMost <= 0 {
		c.RetryMost = time.Minute
	}
	if c.Client == nil {
		c.Client = &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: 16},
			Timeout:       15 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Handler serves every platform, and below /simulator/ the Go methods as JSON for partners and scripts:
//
//	GET  /simulator/accounts              accounts and the customers they know
//	GET  /simulator/sent?account=…        what the platform accepted from us
//	GET  /simulator/deliveries?account=…  webhooks with every attempt
//	POST /simulator/customers             {account, customer:{id,name}}: make somebody reachable
//	POST /simulator/posts                 {account, post:{id,text,permalink,author,dark}}: something to comment on
//	POST /simulator/messages              {account, customer:{id,name}, kind, surface, post, text, media, target,
//	                                      emoji, payload}
//	POST /simulator/faults                {account, latencyMs, tokenExpired, copies, together, batch, receiptsFirst,
//	                                      receiptsReversed, receiptDelayMs, dropReceipts,
//	                                      fail:[{class, times, retryAfterSeconds, asReceipt}]}
//	POST /simulator/reset                 {}
//	GET  /simulator/clock                 what time it is here
//	POST /simulator/clock                 {advance}: move it, where its owner lets us
//	GET  /simulator/scenarios             the scenarios that come with the simulator
//	GET  /simulator/scenarios/{name}      one of them
//	POST /simulator/scenarios             a scenario: play it; the answer is one line of JSON for each step
//	POST /simulator/scenarios/{name}      {}: play one that comes with the simulator
//
// A platform may stand beside the account and must where two platforms share the id. A refusal is
// {"error": "…"}; a misspelled field is one.
func (s *Simulator) Handler() http.Handler { return s.handler }

// PointWebhooksAt changes the address of our server, also for deliveries that are being repeated.
func (s *Simulator) PointWebhooksAt(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhookURL = url
	s.change()
}

// Reset forgets what happened: logs, deliveries, faults, open windows. Deliveries still under way are
// abandoned. Accounts, their webhooks and their customers stay.
func (s *Simulator) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.accounts {
		a.forget(s.life)
	}
	s.deliveries = nil
	s.change()
}

// Idle waits until no receipt and no delivery is under way.
func (s *Simulator) Idle(ctx context.Context) error {
	if err := s.until(ctx, func() bool { return s.running == 0 }); err != nil {
		return fmt.Errorf("wait for the simulator's deliveries: %w", err)
	}
	return nil
}

// Close abandons what is under way and returns when nothing of the simulator runs any more, or ctx ends.
// To let deliveries finish, call Idle first.
func (s *Simulator) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end(errClosed)
	if err := s.until(ctx, func() bool { return s.running == 0 && s.staying == 0 }); err != nil {
		return fmt.Errorf("close the simulator: %w", err)
	}
	s.config.Client.CloseIdleConnections()
	return nil
}

// start runs f beside its caller; Idle and Close wait for it. With mu held.
func (s *Simulator) start(f func()) { s.launch(&s.running, f) }

// stay is start for what ends with Reset or Close alone, so that Idle does not wait for it. With mu held.
func (s *Simulator) stay(f func()) { s.launch(&s.staying, f) }

func (s *Simulator) launch(count *int, f func()) {
	if s.closed {
		return
	}
	*count++
	go func() {
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			*count--
			s.change()
		}()
		f()
	}()
}

// change wakes everyone in until. With mu held.
func (s *Simulator) change() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// until returns when ok, asked with mu held after every change, says so.
func (s *Simulator) until(ctx context.Context, ok func() bool) error {
	for {
		s.mu.Lock()
		done, changed := ok(), s.changed
		s.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// pause waits d on the injected clock and reports whether ctx still holds.
func (s *Simulator) pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-s.config.After(d):
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
