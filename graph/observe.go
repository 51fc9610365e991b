package graph

import (
	"context"
	"log/slog"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"parley/graph/transport"
	"parley/graph/view"
	"parley/telemetry/span"
)

// Outcome is how an operation ended.
type Outcome string

// The outcomes: a rejected operation never began, a failed one has errors, an abandoned one has no answer as nobody waits
// for it any more.
const (
	Succeeded Outcome = "ok"
	Failed    Outcome = "error"
	Rejected  Outcome = "rejected"
	Abandoned Outcome = "canceled"
)

// Operation is what became of a query, a mutation, or a document that is neither as it was rejected.
type Operation struct {
	Type    string // query, mutation, subscription or unknown
	Outcome Outcome
	Took    time.Duration
	Cost    int      // 0: nobody reckoned it
	Codes   []string // of its errors
}

// Observing is an extension of the executor that sees every operation: it follows, counts and logs it. Subscriptions that
// run are the Hub's: see live.Observer. It is to be used last, so that what others reject it sees as rejected.
type Observing struct {
	Tracer span.Tracer
	Tell   func(Operation) // called for every operation; must not wait. Nil: nobody counts
	Log    *slog.Logger
	Slow   time.Duration // what takes longer is logged. Zero: 1 s
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
	graphql.OperationInterceptor
	graphql.ResponseInterceptor
} = Observing{}

// ExtensionName names the extension.
func (Observing) ExtensionName() string { return "Observing" }

// Validate accepts any schema.
func (Observing) Validate(graphql.ExecutableSchema) error { return nil }

// acceptedStat is where it is noted that nobody rejected an operation.
const acceptedStat = "parley.accepted"

func reckonedCost(op *graphql.OperationContext) int {
	if charge := transport.ChargeOf(op); charge != nil {
		return charge.Cost
	}
	return 0
}

// MutateOperationContext notes that nobody rejected the operation.
func (Observing) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	op.Stats.SetExtension(acceptedStat, true)
	return nil
}

// InterceptOperation follows a query or a mutation to its answer.
func (o Observing) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	if op.Operation.Operation == ast.Subscription {
		return next(ctx)
	}
	began := time.Now()
	ctx, step := o.follow(ctx, op)
	responses := next(ctx)
	return func(ctx context.Context) *graphql.Response {
		response := responses(ctx)
		o.finish(ctx, op, response, time.Since(began))
		step.End(failureOf(response))
		return response
	}
}

// follow begins the span of an operation. A cause in its extensions counts where the transport brought none.
func (o Observing) follow(ctx context.Context, op *graphql.OperationContext) (context.Context, span.Span) {
	if !o.Tracer.IsOn() {
		return ctx, span.Span{}
	}
	if cause, _ := op.Extensions["traceparent"].(string); span.IsFollowed(ctx) {
		span.Link(ctx, cause)
	} else {
		ctx = span.Remote(ctx, cause, "")
	}
	kind := string(op.Operation.Operation)
	ctx, step := o.Tracer.Serve(ctx, kind)
	step.Set("graphql.operation.type", kind)
	if name := opName(op); name != "" {
		step.Set("graphql.operation.name", name)
	}
	return ctx, step
}

// failureOf is an error for a response that has any, else nil.
func failureOf(response *graphql.Response) error {
	if response == nil || len(response.Errors) == 0 {
		return nil
	}
	return response.Errors
}

func (o Observing) finish(ctx context.Context, op *graphql.OperationContext, response *graphql.Response, took time.Duration) {
	done := Operation{Type: string(op.Operation.Operation), Outcome: Succeeded, Took: took, Cost: reckonedCost(op)}
	switch {
	case response == nil:
		done.Outcome = Abandoned
	case len(response.Errors) > 0:
		done.Outcome, done.Codes = Failed, transport.CodesOf(response.Errors)
	}
	o.tell(ctx, op, done)
}

// InterceptResponse sees the answers to operations that were rejected.
func (o Observing) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	response := next(ctx)
	op := graphql.GetOperationContext(ctx)
	if response == nil || op.Stats.GetExtension(acceptedStat) != nil {
		return response
	}
	done := Operation{Type: "unknown", Outcome: Rejected, Cost: reckonedCost(op), Codes: transport.CodesOf(response.Errors)}
	if op.Operation != nil {
		done.Type = string(op.Operation.Operation)
	}
	if start := op.Stats.OperationStart; !start.IsZero() {
		done.Took = time.Since(start)
	}
	o.tell(ctx, op, done)
	return response
}

func (o Observing) tell(ctx context.Context, op *graphql.OperationContext, done Operation) {
	if o.Tell != nil {
		o.Tell(done)
	}
	o.log(ctx, op, done)
}

// Viewer tells who asks in ctx, by ids, for the log.
func Viewer(ctx context.Context) []slog.Attr {
	viewer := view.ViewerFrom(ctx)
	if viewer.OrganizationID == "" {
		return nil
	}
	return []slog.Attr{slog.String("tenant_id", viewer.OrganizationID), slog.String("actor_id", viewer.UserID)}
}
