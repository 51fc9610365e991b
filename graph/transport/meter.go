package transport

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// greatestCost is what an operation may cost where nothing else is said.
const greatestCost = 10_000

// Meter is a gqlgen extension that has everyone pay for asking, reckons what an operation costs before it runs, refuses those
// that cost too much, and has the others paid for: on every transport alike.
//
// Use it before the extensions that read documents, so that documents nobody can read are paid for too.
type Meter struct {
	// Cost is what an operation costs: it has been validated and has its variables.
	Cost func(*graphql.OperationContext) int
	// Greatest is what one operation may cost. Zero: 10,000.
	Greatest int
	// Limiter is paid. Nil: nobody pays.
	Limiter Limiter
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
	graphql.OperationContextMutator
} = Meter{}

// Charge is what an operation cost, and what was left to its payer.
type Charge struct {
	Cost     int
	Greatest int // that one operation may cost
	Budget   Budget
}

const chargeKey = "parley.charge"

// ChargeOf is what an operation cost; nil where no Meter has seen it.
func ChargeOf(op *graphql.OperationContext) *Charge {
	paid, _ := op.Stats.GetExtension(chargeKey).(*Charge)
	return paid
}

// ExtensionName is how gqlgen calls the meter.
func (m Meter) ExtensionName() string { return "Meter" }

// Validate finds every schema fit to be metered.
func (m Meter) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters has the request paid for, whatever becomes of it.
func (m Meter) MutateOperationParameters(ctx context.Context, _ *graphql.RawParams) *gqlerror.Error {
	paid := &Charge{Greatest: m.greatest()}
	graphql.GetOperationContext(ctx).Stats.SetExtension(chargeKey, paid)
	return m.take(ctx, paid, operationPoints)
}

// MutateOperationContext has the operation paid for, or gives the reason why it does not run.
func (m Meter) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	paid := ChargeOf(op)
	paid.Cost = m.Cost(op)
	if paid.Cost > paid.Greatest {
		return tooCostly(paid.Cost, paid.Greatest)
	}
	return m.take(ctx, paid, paid.Cost)
}

func (m Meter) greatest() int { return cmp.Or(m.Greatest, greatestCost) }

func (m Meter) take(ctx context.Context, paid *Charge, points int) *gqlerror.Error {
	if m.Limiter == nil || points == 0 {
		return nil
	}
	if paid.Budget = m.Limiter.Take(ctx, callerOf(ctx).payer, points); paid.Budget.isSpent() {
		return paid.Budget.error()
	}
	return nil
}

func tooCostly(cost, limit int) *gqlerror.Error {
	err := coded(CodeTooComplex, fmt.Sprintf("The operation costs %d: at most %d is allowed. Ask for smaller pages, or for less of each entry.", cost, limit))
	err.Extensions["cost"], err.Extensions["limit"] = cost, limit
	return err
}

// headers tells of what is left to the payer.
func (c *Charge) headers(h http.Header) {
	if c != nil {
		c.Budget.headers(h)
	}
}

// append writes the charge as extensions.cost of an answer. What is left is in headers: the same question gets the same body.
func (c *Charge) append(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"requested":`...), int64(c.Cost), 10)
	b = strconv.AppendInt(append(b, `,"limit":`...), int64(c.Greatest), 10)
	return append(b, '}')
}
