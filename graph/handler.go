package graph

import (
	"context"
	"log/slog"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"parley/graph/generated"
	"parley/graph/transport"
	"parley/graph/view"
)

// documents is how many the executor remembers, parsed and validated: clients have few, and each in many hands.
const documents = 2000

// NewExecutor executes documents of the schema for the viewer in their context: see Authenticate.
func NewExecutor(r *Resolver, log *slog.Logger) *executor.Executor {
	exec := executor.New(executable(generated.Config{Resolvers: r}))
	exec.SetErrorPresenter(presenter(log))
	exec.SetRecoverFunc(recoverer(log))
	exec.SetQueryCache(lru.New[*ast.QueryDocument](documents))
	exec.SetDisableSuggestion(true)
	exec.SetDefaultRulesFn(silentRules)
	exec.Use(transport.Meter{Cost: costOf, Greatest: r.Limits.Cost, Limiter: r.Limits.Limiter})
	exec.Use(transport.Documents{Trusted: r.Limits.Trusted, Shelf: r.Limits.Shelf})
	exec.Use(transport.NewGuard(transport.Limits{}))
	exec.Use(introspection{})
	exec.AroundResponses(r.respond)
	exec.AroundRootFields(r.changeField)
	exec.AroundRootFields(r.projecting())
	if faults != nil {
		exec.AroundFields(faults)
	}
	return exec
}

// faults is nil but in a build of its own: see faults.go.
var faults graphql.FieldMiddleware

// respond makes each response from a scope of its own, unless it shares one with others.
func (r *Resolver) respond(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if view.Has(ctx) {
		return next(ctx)
	}
	scope := view.NewScope(r.Inbox.Store(), view.ViewerFrom(ctx))
	defer scope.Close()
	return next(view.With(ctx, scope))
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
