package graph

import (
	"maps"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"parley/graph/generated"
	"parley/graph/live"
	"parley/models"
)

// IsProjected reports whether the first field of an operation is written by a projection.
func IsProjected(op *graphql.OperationContext) bool {
	return compile(op, graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Query"})[0]) != nil
}

// WrittenKinds counts the types of events a subscription can tell of, and those of them that projections write.
func WrittenKinds(op *graphql.OperationContext) (written, kinds int) {
	field := graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Subscription"})[0]
	possible := []eventKind{happening(models.Event{Type: models.MessageAdded})}
	switch field.Name {
	case "conversationChanged":
		possible = []eventKind{conversationChange}
	case "inboxEvents":
		possible = slices.Collect(maps.Values(happenings))
	}
	for _, k := range possible {
		if compileEvent(op, field.Alias, field.Selections, k) != nil {
			written++
		}
	}
	return written, len(possible)
}

// NewWriter writes the events of a subscription.
func NewWriter(op *graphql.OperationContext) live.Writer {
	field := graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Subscription"})[0]
	return &eventPlans{op: op, field: field, kind: happening, typed: make(map[string]*eventPlan)}
}

// Quoted is how projections write a string.
func Quoted(s string) string { return string(quoted(nil, s)) }

// CostOf is what an operation costs.
func CostOf(op *graphql.OperationContext) int { return costOf(op) }

// Cost is what the first operation of a document costs that no guard has seen, and how many selections were looked at.
func Cost(document string) (cost, steps int) {
	doc, err := parser.ParseQuery(&ast.Source{Input: document})
	if err != nil {
		panic(err)
	}
	// Without rules nothing is found wrong, but every definition is.
	if errs := validator.ValidateWithRules(generated.NewExecutableSchema(generated.Config{}).Schema(), doc, rules.NewRules()); len(errs) > 0 {
		panic(errs)
	}
	b := bill{}
	return int(b.selections(doc.Operations[0].SelectionSet).once), b.steps
}
