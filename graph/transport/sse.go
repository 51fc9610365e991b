package transport

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// SSEConfig is what an SSE can be told; every zero has a sensible meaning.
type SSEConfig struct {
	// HTTP says who may ask and how much, as for answers that are no streams.
	HTTP HTTP
	// Live runs the subscriptions. Nil: none are served.
	Live Live
	// KeepAlive is how often a silent stream is sent a comment. Zero: 10 s.
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

// SSE serves operations as server-sent events, one stream for each: the "distinct connections mode" of
// https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md. A stream that is cut, at shutdown, when the token
// expires or because the client is too slow, ends without the event complete: the client asks again, from its last cursor.
type SSE struct {
	config SSEConfig

	mu       sync.Mutex
	subjects map[string]int
	base     context.Context
	stop     context.CancelFunc
}

var _ graphql.Transport = (*SSE)(nil)

// NewSSE makes a transport that serves until EndStreams.
func NewSSE(config SSEConfig) *SSE {
	config.KeepAlive = cmp.Or(config.KeepAlive, 10*time.Second)
	config.WriteTimeout = cmp.Or(config.WriteTimeout, 10*time.Second)
	config.MaxQueue = cmp.Or(config.MaxQueue, 1<<20)
	config.MaxStreams = cmp.Or(config.MaxStreams, 100)
	if config.Now == nil {
		config.Now = time.Now
	}
	s := &SSE{config: config, subjects: make(map[string]int)}
	s.base, s.stop = context.WithCancel(context.Background())
	return s
}

// EndStreams cuts all streams, and those to come.
func (s *SSE) EndStreams() { s.stop() }

// Supports takes requests that would rather have a stream than JSON.
func (s *SSE) Supports(r *http.Request) bool {
	return !websocket.IsWebSocketUpgrade(r) && r.Method != http.MethodOptions && prefersStream(r.Header.Values("Accept"))
}

// Do serves one stream to its end.
func (s *SSE) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	setHeaders(w, mediaJSON)
	ctx, session, params, refused := s.config.HTTP.request(w, r, mediaStream)
	if refused == nil && !s.seat(session.Subject) {
		refused = &refusal{status: http.StatusTooManyRequests, code: CodeTooManyOperations, message: "Too many streams."}
	}
	if refused != nil {
		refused.write(w)
		return
	}
	defer s.leave(session.Subject)
	op, errs := exec.CreateOperationContext(ctx, params)
	if len(errs) == 0 && op.Operation.Operation == ast.Mutation && r.Method == http.MethodGet {
		(&refusal{status: http.StatusMethodNotAllowed, code: CodeMethodNotAllowed, allow: http.MethodPost, message: "Mutations need POST."}).write(w)
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.base, cancel)()
	if !session.ExpiresAt.IsZero() {
		expiry := time.AfterFunc(session.ExpiresAt.Sub(s.config.Now()), cancel)
		defer expiry.Stop()
	}
	stream := newEventStream(w, s.config)
	stream.open()
	switch {
	case len(errs) > 0:
		stream.refuse(requestError(ctx, exec, op, errs).Errors)
	case op.Operation.Operation != ast.Subscription:
		stream.answer(s.once(ctx, exec, op))
	case s.config.Live == nil:
		stream.refuse(gqlerror.List{coded(CodeUnavailable, "Subscriptions are not served here.")})
	default:
		defer s.config.Live.Subscribe(ctx, exec, op, stream)()
	}
	stream.write(ctx)
}

func (s *SSE) once(ctx context.Context, exec graphql.GraphExecutor, op *graphql.OperationContext) *graphql.Response {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.config.HTTP.Timeout, defaultTimeout))
	defer cancel()
	responses, ctx := exec.DispatchOperation(ctx, op)
	return responses(ctx)
}

// seat counts a stream of subject and reports whether there was a place left.
func (s *SSE) seat(subject string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if subject != "" && s.subjects[subject] >= s.config.MaxStreams {
		return false
	}
	s.subjects[subject]++
	return true
}

func (s *SSE) leave(subject string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subjects[subject]--; s.subjects[subject] == 0 {
		delete(s.subjects, subject)
	}
}
