package transport

import (
	"cmp"
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// StreamsConfig is what Streams can be told; every zero has a sensible meaning.
type StreamsConfig struct {
	// HTTP says who may ask and how much, as for answers that are no streams.
	HTTP HTTP
	// Live runs the subscriptions. Nil: none are served.
	Live Live
	// KeepAlive is how often a silent stream shows that it lives. Zero: 10 s.
	KeepAlive time.Duration
	// WriteTimeout is how long a client may take to accept what it is sent. Zero: 10 s.
	WriteTimeout time.Duration
	// MaxQueue is how many bytes may wait for a slow client until its stream is cut. Zero: 1 MB.
	MaxQueue int
	// MaxStreams is how many streams a Session.Subject may have on this server. Zero: 100.
	MaxStreams int
	// Now is the clock that Session.ExpiresAt is compared with. Nil: time.Now.
	Now func() time.Time
}

// Streams serves operations over HTTP whose answers go on, one stream for each: as server-sent events, or subscriptions in
// parts of a multipart answer, as Apollo's clients have it. A stream that is cut, at shutdown, when the token expires or is
// revoked, or because the client is too slow, ends without a last word: the client asks again, from its last cursor.
type Streams struct {
	config StreamsConfig
	guests *guests[*stay]
	base   context.Context
	stop   context.CancelFunc
}

var _ graphql.Transport = (*Streams)(nil)

// NewStreams makes a transport that serves until EndStreams.
func NewStreams(config StreamsConfig) *Streams {
	config.KeepAlive = cmp.Or(config.KeepAlive, 10*time.Second)
	config.WriteTimeout = cmp.Or(config.WriteTimeout, 10*time.Second)
	config.MaxQueue = cmp.Or(config.MaxQueue, 1<<20)
	config.MaxStreams = cmp.Or(config.MaxStreams, 100)
	if config.Now == nil {
		config.Now = time.Now
	}
	s := &Streams{config: config, guests: newGuests[*stay](config.MaxStreams)}
	s.base, s.stop = context.WithCancel(context.Background())
	return s
}

// EndStreams cuts all streams, and those to come.
func (s *Streams) EndStreams() { s.stop() }

// Revoke cuts, within a second, the streams of owner that came in by subject, or by any if it is empty.
func (s *Streams) Revoke(owner, subject string) { s.guests.revoke(owner, subject) }

// Subjects yields the owner and the subject of every stream, each pair once.
func (s *Streams) Subjects() iter.Seq2[string, string] { return s.guests.open() }

// stay is how a stream is cut.
type stay struct{ cut context.CancelFunc }

func (s *stay) revoke() { time.AfterFunc(lastWord, s.cut) }

var tooManyStreams = &refusal{status: http.StatusTooManyRequests, code: CodeTooManyOperations, message: "Too many streams."}

// Supports takes requests that would rather have a stream than an answer.
func (s *Streams) Supports(r *http.Request) bool {
	return !websocket.IsWebSocketUpgrade(r) && r.Method != http.MethodOptions && framingOf(r.Header.Values("Accept")) != nil
}

// Do serves one stream to its end.
func (s *Streams) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	setHeaders(w, mediaJSON)
	framing := framingOf(r.Header.Values("Accept"))
	ctx, session, params, refused := s.config.HTTP.request(w, r, framing.contentType())
	if refused != nil {
		refused.write(w)
		return
	}
	op, errs := exec.CreateOperationContext(ctx, params)
	ChargeOf(op).headers(w.Header())
	if isRateLimited(errs) || framing.onlySubscriptions() && (len(errs) > 0 || op.Operation.Operation != ast.Subscription) {
		s.answerInstead(ctx, w, r, exec, op, errs)
		return
	}
	if len(errs) == 0 && op.Operation.Operation == ast.Mutation && r.Method == http.MethodGet {
		mutationByGET.write(w)
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	here := &stay{cancel}
	if refused := s.enter(here, session); refused != nil {
		refused.write(w)
		return
	}
	defer s.guests.leave(here, session)
	defer context.AfterFunc(s.base, cancel)()
	if !session.ExpiresAt.IsZero() {
		expiry := time.AfterFunc(session.ExpiresAt.Sub(s.config.Now()), cancel)
		defer expiry.Stop()
	}
	s.stream(ctx, newOutlet(w, framing, s.config), exec, op, errs)
}

func (s *Streams) enter(here *stay, session Session) *refusal {
	switch s.guests.enter(here, session) {
	case errRevoked:
		return unauthenticated
	case errNoPlace:
		return tooManyStreams
	}
	return nil
}

// answerInstead answers who would have taken a stream, for what is none. What is no operation is always a 400: a client
// that waits for a stream takes 200 for the beginning of it.
func (s *Streams) answerInstead(ctx context.Context, w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor,
	op *graphql.OperationContext, errs gqlerror.List) {
	media := negotiate(r.Header.Values("Accept"))
	w.Header().Set("Content-Type", contentType(cmp.Or(media, mediaJSON)))
	switch {
	case len(errs) > 0:
		resp := requestError(ctx, exec, op, errs)
		writeStatus(w, statusOf(resp, mediaResponse), resp, ChargeOf(op))
		return
	case media == "":
		notAcceptable.write(w)
		return
	}
	resp, refused := s.config.HTTP.execute(ctx, r.Method, exec, op)
	if refused != nil {
		refused.write(w)
		return
	}
	writeStatus(w, statusOf(resp, media), resp, ChargeOf(op))
}

// stream runs an operation, or tells why there is none, until ctx ends or all is said.
func (s *Streams) stream(ctx context.Context, to *outlet, exec graphql.GraphExecutor, op *graphql.OperationContext, errs gqlerror.List) {
	to.open()
	switch {
	case len(errs) > 0:
		to.End(requestError(ctx, exec, op, errs).Errors)
	case op.Operation.Operation != ast.Subscription:
		to.answer(s.config.HTTP.dispatch(ctx, exec, op))
	case s.config.Live == nil:
		to.End(gqlerror.List{coded(CodeUnavailable, "Subscriptions are not served here.")})
	default:
		defer s.config.Live.Subscribe(ctx, exec, op, to)()
	}
	to.write(ctx)
}
