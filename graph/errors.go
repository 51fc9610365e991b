package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"parley/graph/generated"
	"parley/graph/transport"
	"parley/models"
)

// refusals turns an error meant for people into the userErrors of a payload. Missing rights and faults stay errors.
func refusals(err error) ([]*generated.UserError, error) {
	switch models.CodeOf(err) {
	case "", models.Unauthenticated, models.Forbidden:
		return []*generated.UserError{}, err
	default:
		return signInRefusals(err)
	}
}

// signInRefusals is refusals for those who have no rights yet: a wrong password is expected.
func signInRefusals(err error) ([]*generated.UserError, error) {
	var refusal *models.Error
	if !errors.As(err, &refusal) {
		return []*generated.UserError{}, err
	}
	userError := &generated.UserError{Code: refusal.Code, Message: refusal.Message}
	if refusal.Field != "" {
		userError.Field = append([]string{"input"}, strings.Split(refusal.Field, ".")...)
	}
	return []*generated.UserError{userError}, nil
}

// present shows an error to a client: what is meant for people as it is, anything else behind an id that finds it in
// the log.
func presenter(log *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		shown := graphql.DefaultErrorPresenter(ctx, err)
		var refusal *models.Error
		var parsed *gqlerror.Error
		switch {
		case errors.As(err, &refusal):
			shown.Message = refusal.Message
			shown.Extensions = map[string]any{"code": refusal.Code}
			if refusal.Field != "" {
				shown.Extensions["field"] = strings.Split(refusal.Field, ".")
			}
		case models.IsUnkeepableText(err):
			shown.Message = "Text cannot contain NUL characters."
			shown.Extensions = map[string]any{"code": models.InvalidInput}
		case errors.As(err, &parsed) && parsed.Unwrap() == nil: // the executor's own: about the document
		case errors.Is(ctx.Err(), context.DeadlineExceeded):
			shown.Message = "The operation took too long. Ask for less at once."
			shown.Extensions = map[string]any{"code": transport.CodeTimeout}
		default:
			mask(ctx, log, shown, err)
		}
		return shown
	}
}

func mask(ctx context.Context, log *slog.Logger, shown *gqlerror.Error, err error) {
	id := uuid.NewString()
	if ctx.Err() == nil {
		log.ErrorContext(ctx, "resolve", "error_id", id, "path", shown.Path.String(), "error", err)
	}
	shown.Message = "Internal error."
	shown.Extensions = map[string]any{"code": "INTERNAL_SERVER_ERROR", "errorId": id}
}

func recoverer(log *slog.Logger) graphql.RecoverFunc {
	return func(ctx context.Context, panicked any) error {
		log.ErrorContext(ctx, "resolver panicked", "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
		return errors.New("a resolver panicked")
	}
}
