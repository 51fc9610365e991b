package graph

import (
	"context"
	"errors"
	"log/slog"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"parley/graph/generated"
	"parley/graph/transport"
	"parley/graph/view"
	"parley/models"
)

// NewExecutor executes documents of the schema for the viewer in their context: see Authenticate.
func NewExecutor(r *Resolver, log *slog.Logger) *executor.Executor {
	exec := executor.New(executable(generated.Config{Resolvers: r}))
	exec.SetErrorPresenter(presenter(log))
	exec.SetRecoverFunc(recoverer(log))
	exec.Use(transport.NewGuard(transport.Limits{}))
	exec.Use(introspection{})
	exec.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		return next(withEnding(ctx))
	})
	exec.AroundResponses(r.respond)
	exec.AroundRootFields(r.changeField)
	return exec
}

// respond makes each response from a scope of its own. A stream that ended has a last word.
func (r *Resolver) respond(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	scope := view.NewScope(r.Inbox.Store(), view.ViewerFrom(ctx))
	defer scope.Close()
	response := next(view.With(ctx, scope))
	if response == nil {
		return lastWord(ctx)
	}
	return response
}

// changeField gives each field of a mutation a scope of its own: what it answers with is read after what it changed.
func (r *Resolver) changeField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	if graphql.GetOperationContext(ctx).Operation.Operation != ast.Mutation {
		return next(ctx)
	}
	scope := view.NewScope(r.Inbox.Store(), view.ViewerFrom(ctx))
	defer scope.Close()
	return next(view.With(ctx, scope))
}

// introspection shows the schema to those who have come in.
type introspection struct{}

// ExtensionName names the extension.
func (introspection) ExtensionName() string { return "IntrospectionForMembers" }

// Validate accepts any schema.
func (introspection) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext allows introspection to the viewer of the context.
func (introspection) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	op.DisableIntrospection = view.ViewerFrom(ctx).UserID == ""
	return nil
}

// Authenticate finds the viewer a token stands for. Without a token nobody comes in, but may sign in.
func Authenticate(store *models.Store) transport.Authenticate {
	return func(ctx context.Context, token string) (context.Context, transport.Session, error) {
		if token == "" {
			return ctx, transport.Session{}, nil
		}
		viewer, expires, err := store.Authenticate(ctx, token)
		switch {
		case models.CodeOf(err) == models.Unauthenticated:
			return ctx, transport.Session{}, errors.Join(transport.ErrUnauthenticated, err)
		case err != nil:
			return ctx, transport.Session{}, err
		}
		return view.WithViewer(ctx, viewer), transport.Session{ExpiresAt: expires, Subject: viewer.TokenID}, nil
	}
}
