package transport

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// HTTP answers one GraphQL request with one response, by POST or, for queries, by GET.
//
// It follows the GraphQL over HTTP specification as its reference audits read it: an answer in
// application/json is 200 even when the document is wrong, one in application/graphql-response+json is 400.
// The zero value is ready to use and lets everyone in.
type HTTP struct {
	// Authenticate says who is asking. Nil: everyone is a stranger.
	Authenticate Authenticate
	// MaxBody is how many bytes a POST may have. Zero: 256 kB.
	MaxBody int64
	// MaxURL is how many bytes the parameters of a GET may have. Zero: 16 kB.
	MaxURL int
	// Timeout is how long an operation may take. Zero: 15 s.
	Timeout time.Duration
	// Address says where a request comes from. Nil: from the connection's other end.
	Address func(*http.Request) string
	// Limiter has those pay who come with a bad token. Nil: nobody does. See Meter for all others.
	Limiter Limiter
	// Log receives what the client must not see. Nil: slog.Default().
	Log *slog.Logger
}

var _ graphql.Transport = HTTP{}

// Supports takes every request that does not ask for a websocket: streaming transports come before this one.
func (h HTTP) Supports(r *http.Request) bool { return !websocket.IsWebSocketUpgrade(r) }

// Do answers r, always, and always in a GraphQL shape.
func (h HTTP) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	media := negotiate(r.Header.Values("Accept"))
	setHeaders(w, cmp.Or(media, mediaJSON))
	if r.Method == http.MethodOptions {
		w.Header().Set("Allow", allMethods)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	resp, paid, refused := h.answer(w, r, media, exec)
	paid.headers(w.Header())
	if refused != nil {
		refused.write(w)
		return
	}
	writeStatus(w, statusOf(resp, media), resp, paid)
}

func writeStatus(w http.ResponseWriter, status int, resp *graphql.Response, paid *Charge) {
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	writeResponse(w, status, resp, paid)
}

const allMethods = "GET, POST, OPTIONS"

// setHeaders comes first, so that whatever happens later is typed, and for no cache.
func setHeaders(w http.ResponseWriter, media string) {
	h := w.Header()
	h.Set("Content-Type", contentType(media))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept")
}

func contentType(media string) string { return media + "; charset=utf-8" }

func (h HTTP) answer(w http.ResponseWriter, r *http.Request, media string, exec graphql.GraphExecutor) (*graphql.Response, *Charge, *refusal) {
	ctx, _, params, refused := h.request(w, r, media)
	if refused != nil {
		return nil, nil, refused
	}
	return h.run(ctx, r.Method, params, exec)
}

// request finds out who asks, and for what.
func (h HTTP) request(w http.ResponseWriter, r *http.Request, media string) (context.Context, Session, *graphql.RawParams, *refusal) {
	if refused := h.admit(r, media); refused != nil {
		return nil, Session{}, nil, refused
	}
	ctx, session, refused := h.authenticate(r)
	if refused != nil {
		return nil, Session{}, nil, refused
	}
	start := graphql.Now()
	params, refused := h.params(w, r)
	if refused != nil {
		return nil, Session{}, nil, refused
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return ctx, session, params, nil
}

func (h HTTP) admit(r *http.Request, media string) *refusal {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		return &refusal{status: http.StatusMethodNotAllowed, code: CodeMethodNotAllowed, allow: allMethods, message: "Use GET or POST."}
	case media == "":
		return notAcceptable
	case r.Method == http.MethodPost && !isJSON(r.Header):
		return &refusal{status: http.StatusUnsupportedMediaType, code: CodeUnsupportedMedia, message: "The body must be " + mediaJSON + ", in UTF-8 and not compressed."}
	case r.Method == http.MethodPost && r.ContentLength > h.maxBody():
		return tooLarge
	case r.Method == http.MethodGet && len(r.URL.RawQuery) > cmp.Or(h.MaxURL, 16<<10):
		return &refusal{status: http.StatusRequestURITooLong, code: CodeTooLarge, message: "The URL is too long. Use POST."}
	}
	return nil
}

var (
	notAcceptable = &refusal{status: http.StatusNotAcceptable, code: CodeNotAcceptable, message: "Answers are " + mediaResponse + " or " + mediaJSON + "."}
	tooLarge      = &refusal{status: http.StatusRequestEntityTooLarge, code: CodeTooLarge, message: "The body is too large."}
	mutationByGET = &refusal{status: http.StatusMethodNotAllowed, code: CodeMethodNotAllowed, allow: http.MethodPost, message: "Mutations need POST."}
	needsStream   = &refusal{status: http.StatusNotAcceptable, code: CodeNotAcceptable, message: "A subscription needs a stream: accept " + mediaEvents + " or " + mediaParts + ";subscriptionSpec=" + subscriptionSpec + ", or use a websocket with the subprotocol " + subprotocol + "."}
)

func (h HTTP) maxBody() int64 { return cmp.Or(h.MaxBody, 256<<10) }

// isJSON refuses what a browser sends without asking first: forms, plain text and no type at all.
func isJSON(h http.Header) bool {
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	encoding := cmp.Or(h.Get("Content-Encoding"), "identity")
	return err == nil && media == mediaJSON && utf8Charset(params) && encoding == "identity"
}

func (h HTTP) authenticate(r *http.Request) (context.Context, Session, *refusal) {
	address := addressOf(r, h.Address)
	token, err := bearer(r.Header.Values("Authorization"))
	if err != nil {
		return nil, Session{}, h.badToken(r.Context(), address)
	}
	ctx, session, err := h.Authenticate.check(r.Context(), token)
	switch {
	case err == nil:
		return withCaller(ctx, session, address), session, nil
	case errors.Is(err, ErrUnauthenticated):
		return nil, Session{}, h.badToken(r.Context(), address)
	case r.Context().Err() == nil:
		logger(h.Log).ErrorContext(r.Context(), "authenticate graphql request", "error", err)
	}
	return nil, Session{}, unavailable
}

func (h HTTP) badToken(ctx context.Context, address string) *refusal {
	if left := payForBadToken(ctx, h.Limiter, address); left.isSpent() {
		return &refusal{status: http.StatusTooManyRequests, budget: left}
	}
	return unauthenticated
}

var (
	unauthenticated = &refusal{status: http.StatusUnauthorized, code: CodeUnauthenticated, message: "A valid bearer token is needed."}
	unavailable     = &refusal{status: http.StatusServiceUnavailable, code: CodeUnavailable, message: "Try again in a moment."}
)

func logger(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.Default()
	}
	return log
}

func (h HTTP) params(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	if r.Method == http.MethodGet {
		params, err := decodeQuery(r.URL.Query())
		return params, asRefusal(err)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.maxBody()))
	var exceeded *http.MaxBytesError
	switch {
	case errors.As(err, &exceeded):
		return nil, tooLarge
	case err != nil:
		return nil, badRequest("The body could not be read.")
	}
	params, err := decodeParams(body)
	return params, asRefusal(err)
}

func asRefusal(err error) *refusal {
	if err == nil {
		return nil
	}
	return badRequest(err.Error())
}

func (h HTTP) run(ctx context.Context, method string, params *graphql.RawParams, exec graphql.GraphExecutor) (*graphql.Response, *Charge, *refusal) {
	op, errs := exec.CreateOperationContext(ctx, params)
	paid := ChargeOf(op)
	if len(errs) > 0 {
		return requestError(ctx, exec, op, errs), paid, nil
	}
	resp, refused := h.execute(ctx, method, exec, op)
	return resp, paid, refused
}

func (h HTTP) execute(ctx context.Context, method string, exec graphql.GraphExecutor, op *graphql.OperationContext) (*graphql.Response, *refusal) {
	switch kind := op.Operation.Operation; {
	case kind == ast.Subscription:
		return nil, needsStream
	case kind == ast.Mutation && method == http.MethodGet:
		return nil, mutationByGET
	}
	if resp := h.dispatch(ctx, exec, op); resp != nil {
		return resp, nil
	}
	return nil, unavailable
}

func (h HTTP) dispatch(ctx context.Context, exec graphql.GraphExecutor, op *graphql.OperationContext) *graphql.Response {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(h.Timeout, defaultTimeout))
	defer cancel()
	responses, ctx := exec.DispatchOperation(ctx, op)
	return responses(ctx)
}

const defaultTimeout = 15 * time.Second

func isRateLimited(errs gqlerror.List) bool {
	return len(errs) > 0 && codeOf(errs[0]) == CodeRateLimited
}

// statusOf says 401 when a stranger asked for nothing but what needs a viewer, so that clients sign in again.
func statusOf(resp *graphql.Response, media string) int {
	empty := len(resp.Data) == 0
	switch {
	case (empty || string(resp.Data) == "null") && len(resp.Errors) > 0 && codeOf(resp.Errors[0]) == CodeUnauthenticated:
		return http.StatusUnauthorized
	case empty && isRateLimited(resp.Errors):
		return http.StatusTooManyRequests
	case empty && media == mediaResponse:
		return http.StatusBadRequest
	}
	return http.StatusOK
}
