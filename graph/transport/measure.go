package transport

import (
	"fmt"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// extent is what a selection set amounts to with its fragments spelled out.
type extent struct {
	// top is how many fields it has at its first level.
	top     int
	fields  int
	aliases int
	depth   int
}

// uncountable is where counting stops: far above every limit, and two of them still fit an int.
const uncountable = 1 << 24

// and is the extent of both.
func (e extent) and(other extent) extent {
	return extent{
		top:     min(uncountable, e.top+other.top),
		fields:  min(uncountable, e.fields+other.fields),
		aliases: min(uncountable, e.aliases+other.aliases),
		depth:   max(e.depth, other.depth),
	}
}

// under is the extent of a field whose selections are e.
func (e extent) under(field *ast.Field) extent {
	e.top = 1
	e.fields = min(uncountable, e.fields+1)
	e.depth++
	if field.Alias != field.Name {
		e.aliases = min(uncountable, e.aliases+1)
	}
	return e
}

// walk visits every selection that is written in a document once, however often it is spread.
type walk struct {
	limits    Limits
	fragments map[string]*ast.FragmentDefinition
	// known has the extents of fragments walked to their end, open those that are being walked.
	known map[string]extent
	open  map[string]bool

	directives int
	// steps counts the selections visited.
	steps int
	// found is the first thing to be refused.
	found verdict
}

// measure judges the shape of a document, in time linear in its length.
func measure(doc *ast.QueryDocument, limits Limits) verdict {
	return newWalk(doc, limits).document(doc)
}

func newWalk(doc *ast.QueryDocument, limits Limits) *walk {
	w := &walk{
		limits:    limits,
		fragments: make(map[string]*ast.FragmentDefinition, len(doc.Fragments)),
		known:     make(map[string]extent, len(doc.Fragments)),
		open:      make(map[string]bool),
	}
	for _, f := range doc.Fragments {
		if w.fragments[f.Name] != nil {
			w.refuse(invalid(f.Position, "There can be only one fragment of each name."))
		}
		w.fragments[f.Name] = f
	}
	return w
}

func (w *walk) document(doc *ast.QueryDocument) verdict {
	w.bound("operations", len(doc.Operations), w.limits.Operations)
	w.bound("fragments", len(doc.Fragments), w.limits.Fragments)
	for _, op := range doc.Operations {
		w.operation(op)
	}
	// Fragments that nobody spreads are validated all the same.
	for _, f := range doc.Fragments {
		w.extent(w.fragment(f))
	}
	w.bound("directives", w.directives, w.limits.Directives)
	return w.found
}

func (w *walk) operation(op *ast.OperationDefinition) {
	w.directivesAt(op.Directives)
	for _, v := range op.VariableDefinitions {
		w.directivesAt(v.Directives)
	}
	e := w.selections(op.SelectionSet)
	w.extent(e)
	if op.Operation == ast.Mutation {
		w.bound("mutations", e.top, w.limits.Mutations)
	}
	w.bound("root fields", e.top, w.limits.RootFields)
}

func (w *walk) extent(e extent) {
	w.bound("levels", e.depth, w.limits.Depth)
	w.bound("aliases", e.aliases, w.limits.Aliases)
	w.bound("fields", e.fields, w.limits.Fields)
}

func (w *walk) selections(set ast.SelectionSet) extent {
	return w.into(make(map[string]int, len(set)), set)
}

// into walks a selection set whose response keys are counted in keys.
func (w *walk) into(keys map[string]int, set ast.SelectionSet) extent {
	var sum extent
	for _, selection := range set {
		w.steps++
		switch s := selection.(type) {
		case *ast.Field:
			keys[s.Alias]++
			w.bound("selections of the same field", keys[s.Alias], w.limits.SameKey)
			w.directivesAt(s.Directives)
			sum = sum.and(w.selections(s.SelectionSet).under(s))
		case *ast.InlineFragment:
			w.directivesAt(s.Directives)
			sum = sum.and(w.inline(keys, s))
		case *ast.FragmentSpread:
			w.directivesAt(s.Directives)
			sum = sum.and(w.spread(s))
		}
	}
	return sum
}

// inline counts the keys of different types apart: a client asks every member of a union for its id.
func (w *walk) inline(keys map[string]int, f *ast.InlineFragment) extent {
	if f.TypeCondition != "" {
		return w.selections(f.SelectionSet)
	}
	return w.into(keys, f.SelectionSet)
}

func (w *walk) spread(s *ast.FragmentSpread) extent {
	f := w.fragments[s.Name]
	if f == nil {
		return extent{} // for validation to tell
	}
	if w.open[s.Name] {
		w.refuse(invalid(s.Position, "A fragment must not spread itself, nor by way of others."))
		return extent{}
	}
	return w.fragment(f)
}

func (w *walk) fragment(f *ast.FragmentDefinition) extent {
	if e, ok := w.known[f.Name]; ok {
		return e
	}
	w.open[f.Name] = true
	w.directivesAt(f.Directives)
	e := w.selections(f.SelectionSet)
	w.known[f.Name] = e
	delete(w.open, f.Name)
	return e
}

func (w *walk) directivesAt(list ast.DirectiveList) {
	w.directives += len(list)
	w.bound("directives in one place", len(list), w.limits.DirectivesHere)
	for _, d := range list {
		// gqlgen's prelude knows it, but our transports answer a query once.
		if d.Name == "defer" {
			w.refuse(invalid(d.Position, "The directive @defer is not supported."))
		}
	}
}

func (w *walk) bound(what string, n, limit int) {
	if n > limit {
		w.refuse(tooMany(what, limit))
	}
}

func (w *walk) refuse(v verdict) {
	if w.found.code == "" {
		w.found = v
	}
}

func tooMany(what string, limit int) verdict {
	return verdict{code: CodeTooComplex, message: fmt.Sprintf("The document has too many %s: at most %d are allowed.", what, limit)}
}

func invalid(at *ast.Position, message string) verdict {
	v := verdict{code: errcode.ValidationFailed, message: message}
	if at != nil {
		v.at = []gqlerror.Location{{Line: at.Line, Column: at.Column}}
	}
	return v
}
