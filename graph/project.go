package graph

import (
	"context"
	"io"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"parley/graph/view"
	"parley/models"
)

// A projection writes the JSON of a list straight from its rows, where the executor would make a context, a closure and a
// value for each of some thousand fields. It is compiled from what a document selects, once, and says byte for byte what the
// executor would say. What it does not know how to write is left to the executor, as a whole.

// projecting answers the lists that projections are known for.
func (r *Resolver) projecting() graphql.RootFieldMiddleware {
	if r.Plain {
		return func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) }
	}
	known := newPlans()
	return func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		op := graphql.GetOperationContext(ctx)
		root := graphql.GetRootFieldContext(ctx)
		if op.Operation.Operation != ast.Query || root.Field.Name != "conversations" {
			return next(ctx)
		}
		p := known.plan(op, root.Field)
		if p == nil {
			return next(ctx)
		}
		// The executor reads the arguments and asks the resolver, which puts the JSON here and answers with an empty list.
		answer := &projected{plan: p, alone: len(graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Query"})) == 1}
		plain := next(context.WithValue(ctx, projectedKey{}, answer))
		if answer.json == nil {
			return plain
		}
		return answer
	}
}

// projected is a list as it is answered.
type projected struct {
	plan  *plan
	alone bool // nothing else is asked for
	json  []byte
}

// MarshalGQL writes the list, once.
func (p *projected) MarshalGQL(w io.Writer) {
	_, _ = w.Write(p.json)
	spaces.put(p.json)
	p.json = nil
}

type projectedKey struct{}

// project answers with a projection, if this field has one and it can.
func project(ctx context.Context, f models.ConversationFilter, sort models.ConversationSort, p models.Page) (done bool, err error) {
	answer, _ := ctx.Value(projectedKey{}).(*projected)
	if answer == nil {
		return false, nil
	}
	tx, err := view.From(ctx).Tx(ctx)
	if err != nil {
		return false, err
	}
	answer.json, err = answer.plan.conversations(tx, f, sort, p)
	return answer.json != nil, err
}

// conversations writes a page of conversations; nil if it cannot.
func (p *plan) conversations(tx *models.Tx, f models.ConversationFilter, sort models.ConversationSort, page models.Page) ([]byte, error) {
	list, err := tx.ListConversationColumns(p.columns, f, sort, page)
	if err != nil {
		return nil, err
	}
	s := &sight{tx: tx}
	if err := s.look(p, list.Nodes()); err != nil {
		return nil, err
	}
	return p.write(s, list), nil
}

// write writes a page that has been looked at; nil if it cannot.
func (p *plan) write(s *sight, list *models.ConversationConnection) []byte {
	if s.directory == nil && p.refers {
		return nil
	}
	json := p.list.write(s, spaces.take(), list)
	if s.lost {
		spaces.put(json)
		return nil
	}
	return json
}
