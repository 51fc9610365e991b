package transport

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The values of extensions.code in errors that come from a transport or the guard. Those of the GraphQL
// language itself, GRAPHQL_PARSE_FAILED and GRAPHQL_VALIDATION_FAILED, are the executor's and the guard's.
const (
	CodeBadRequest        = "BAD_REQUEST"
	CodeUnauthenticated   = "UNAUTHENTICATED"
	CodeForbidden         = "FORBIDDEN"
	CodeMethodNotAllowed  = "METHOD_NOT_ALLOWED"
	CodeNotAcceptable     = "NOT_ACCEPTABLE"
	CodeUnsupportedMedia  = "UNSUPPORTED_MEDIA_TYPE"
	CodeTooLarge          = "REQUEST_TOO_LARGE"
	CodeTooComplex        = "QUERY_TOO_COMPLEX"
	CodeRateLimited       = "RATE_LIMITED"
	CodeTimeout           = "TIMEOUT"
	CodePersistedNotFound = "PERSISTED_QUERY_NOT_FOUND"
	CodeDocumentNotFound  = "DOCUMENT_NOT_FOUND"
	CodeNotTrusted        = "DOCUMENT_NOT_TRUSTED"
	CodeTooManyOperations = "TOO_MANY_OPERATIONS"
	CodeUnavailable       = "SERVICE_UNAVAILABLE"
	CodeInternal          = "INTERNAL_SERVER_ERROR"
)

// maxErrors is how many errors an answer lists: a client reads the first, and a thousand typing errors must not become a
// thousand sentences.
const maxErrors = 20

// cutErrors keeps the first errors; the last that is kept says how many were left out.
func cutErrors(errs gqlerror.List) gqlerror.List {
	if len(errs) <= maxErrors {
		return errs
	}
	kept := slices.Clone(errs[:maxErrors])
	last := *kept[maxErrors-1]
	last.Extensions = maps.Clone(last.Extensions)
	if last.Extensions == nil {
		last.Extensions = make(map[string]any)
	}
	last.Extensions["omitted"] = len(errs) - maxErrors
	kept[maxErrors-1] = &last
	return kept
}

func coded(code, message string) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": code}}
}

func codeOf(err *gqlerror.Error) string {
	if code := err.Extensions["code"]; code != nil {
		return fmt.Sprint(code) // others have types of their own
	}
	return ""
}

// CodesOf are the codes of errors; one without any is "".
func CodesOf(errs gqlerror.List) (codes []string) {
	for _, err := range errs {
		codes = append(codes, codeOf(err))
	}
	return codes
}

// requestError is the answer to an operation that never began.
func requestError(ctx context.Context, exec graphql.GraphExecutor, op *graphql.OperationContext, errs gqlerror.List) *graphql.Response {
	return exec.DispatchError(graphql.WithOperationContext(ctx, op), cutErrors(errs))
}

// recovered turns a panic into the executor's own words for it, where it has any.
func recovered(ctx context.Context, exec graphql.GraphExecutor, log *slog.Logger, panicked any) *gqlerror.Error {
	presenter, ok := exec.(interface {
		PresentRecoveredError(ctx context.Context, err any) error
	})
	if ok {
		if err, ok := presenter.PresentRecoveredError(ctx, panicked).(*gqlerror.Error); ok && err != nil {
			return err
		}
	}
	log.ErrorContext(ctx, "graphql operation panicked", "panic", fmt.Sprintf("%T", panicked), "stack", string(debug.Stack()))
	return coded(CodeInternal, "Internal error.")
}

// sentence is an error the client may read.
type sentence string

func (s sentence) Error() string { return string(s) }

// refusal is a request turned away before anything ran.
type refusal struct {
	status  int
	code    string
	message string
	// allow lists the methods a 405 must name.
	allow string
	// budget is what there is of points, where a 429 is for want of them.
	budget Budget
}

func (r *refusal) Error() string { return r.message }

func badRequest(message string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: CodeBadRequest, message: message}
}

// write answers with the refusal as GraphQL errors, in the media type that w's headers already name.
func (r *refusal) write(w http.ResponseWriter) {
	h := w.Header()
	switch r.status {
	case http.StatusMethodNotAllowed:
		h.Set("Allow", r.allow)
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	}
	err := coded(r.code, r.message)
	if r.budget.isSpent() {
		err = r.budget.error()
		r.budget.headers(h)
	}
	writeResponse(w, r.status, &graphql.Response{Errors: gqlerror.List{err}}, nil)
}
