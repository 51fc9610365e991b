package messenger

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"parley/models"
)

// Options are what a Handler needs. Zero values mean the defaults.
type Options struct {
	Desk    Desk
	Log     *slog.Logger
	Now     func() time.Time
	Address func(*http.Request) string // where a request comes from; the other end of the connection unless set

	Requests Limit // of one address; 120, then 30 a second
	Sessions Limit // of one address; 30, then one a second
	Messages Limit // of one visitor; 20, then one a second
	Typing   Limit // of one visitor; 2, then one in two seconds
	Uploads  Limit // of one visitor; 10, then one in ten seconds
	Streams  int   // of one visitor at the same time; 8
}

func (o Options) withDefaults() Options {
	for limit, otherwise := range map[*Limit]Limit{
		&o.Requests: {120, 30}, &o.Sessions: {30, 1}, &o.Messages: {20, 1}, &o.Typing: {2, 0.5}, &o.Uploads: {10, 0.1},
	} {
		if *limit == (Limit{}) {
			*limit = otherwise
		}
	}
	if o.Streams == 0 {
		o.Streams = 8
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Address == nil {
		o.Address = addressOf
	}
	return o
}

// Handler answers visitors' browsers at /messenger/{widget key}/….
type Handler struct {
	desk Desk
	log  *slog.Logger
	opts Options

	requests  *limiter
	endpoints map[string]map[string]endpoint // by path, by method

	open context.Context // of streams
	shut context.CancelFunc

	mu      sync.Mutex
	streams map[string]int // by visitor
}

// endpoint is one thing a browser can ask for.
type endpoint struct {
	answer func(*call) error
	public bool     // needs no token
	limit  *limiter // nil: that of all requests is enough
}

// call is one request on its way.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	widget  models.Widget
	visitor models.Visitor // unless the endpoint is public
}

// NewHandler makes a Handler.
func NewHandler(o Options) *Handler {
	o = o.withDefaults()
	h := &Handler{desk: o.Desk, log: o.Log, opts: o, requests: newLimiter(o.Requests), streams: make(map[string]int)}
	h.open, h.shut = context.WithCancel(context.Background())
	h.endpoints = map[string]map[string]endpoint{
		"sessions": {
			http.MethodPost:   {answer: h.begin, public: true, limit: newLimiter(o.Sessions)},
			http.MethodDelete: {answer: h.end},
		},
		"sessions/identify": {http.MethodPost: {answer: h.identify, limit: newLimiter(o.Messages)}},
		"messages": {
			http.MethodPost: {answer: h.say, limit: newLimiter(o.Messages)},
			http.MethodGet:  {answer: h.history},
		},
		"events":  {http.MethodGet: {answer: h.stream}},
		"read":    {http.MethodPost: {answer: h.read}},
		"typing":  {http.MethodPost: {answer: h.typing, limit: newLimiter(o.Typing)}},
		"uploads": {http.MethodPost: {answer: h.upload, limit: newLimiter(o.Uploads)}},
	}
	return h
}

// EndStreams ends all streams, now and from now on: browsers come back and follow elsewhere.
func (h *Handler) EndStreams() { h.shut() }

// ServeHTTP answers one request of a browser.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Origin")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if err := h.serve(&call{w: w, r: r}); err != nil {
		h.refuse(w, r, err)
	}
}

func (h *Handler) serve(c *call) error {
	address := h.opts.Address(c.r)
	if err := h.hold(h.requests, address); err != nil {
		return err
	}
	key, path, _ := strings.Cut(strings.TrimPrefix(c.r.URL.Path, "/messenger/"), "/")
	methods, known := h.endpoints[path]
	if !known || !widgetKey.MatchString(key) {
		return errUnknown
	}
	widget, err := h.desk.Widget(c.r.Context(), key)
	switch {
	case err != nil:
		return err
	case widget == nil:
		return errUnknown
	}
	c.widget = *widget
	if err := c.checkOrigin(); err != nil {
		return err
	}
	if c.r.Method == http.MethodOptions {
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	e, known := methods[c.r.Method]
	if !known {
		return errMethod
	}
	return h.admit(c, e, address)
}

// admit lets a request in that does not come too often, with a token where one is needed.
func (h *Handler) admit(c *call, e endpoint, who string) (err error) {
	if !e.public {
		token, isBearer := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
		if !isBearer || token == "" {
			return errNoToken
		}
		if c.visitor, err = h.desk.Visitor(c.r.Context(), c.widget, token); err != nil {
			return err
		}
		who = c.visitor.ID
	}
	if e.limit != nil {
		if err := h.hold(e.limit, who); err != nil {
			return err
		}
	}
	return e.answer(c)
}

func (h *Handler) hold(l *limiter, who string) error {
	if wait := l.take(who, h.opts.Now()); wait > 0 {
		return tooOften{wait}
	}
	return nil
}

// checkOrigin lets the pages of allowed origins read the answer, and no others ask. What is no page sends no origin.
func (c *call) checkOrigin() error {
	origin := c.r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	if len(c.r.Header.Values("Origin")) > 1 || !c.widget.Allows(origin) {
		return errOrigin
	}
	header := c.w.Header()
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Expose-Headers", "Retry-After")
	if c.r.Method == http.MethodOptions {
		header.Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
		header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID")
		header.Set("Access-Control-Max-Age", "600")
	}
	return nil
}
