package graph

import "github.com/99designs/gqlgen/graphql"

// IsProjected reports whether the first field of an operation is written by a projection.
func IsProjected(op *graphql.OperationContext) bool {
	return compile(op, graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Query"})[0]) != nil
}

// Quoted is how projections write a string.
func Quoted(s string) string { return string(quoted(nil, s)) }
