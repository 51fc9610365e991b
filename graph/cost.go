package graph

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"parley/models"
)

// What the parts of an operation cost beside the objects they answer with, of which each costs 1.
const (
	listCost          = 10 // objects in a list without pages
	mutationCost      = 10
	signInCost        = 100 // a password is slow to compare
	introspectionCost = 50
	priceless         = 1 << 30 // where reckoning stops: two of them multiplied still fit an int64
)

// price is what a selection set costs: once, and for every entry of the page it belongs to.
type price struct{ once, entry int64 }

func (p price) and(other price) price {
	return price{min(priceless, p.once+other.once), min(priceless, p.entry+other.entry)}
}

// bill reckons what an operation costs before it runs. Selections of the same field, and those for different types, add up:
// the executor may do less, never more. Every selection of the document is looked at once, however often it is spread.
type bill struct {
	vars  map[string]any
	known map[*ast.FragmentDefinition]price
	steps int
}

// costOf is the cost of an operation with its variables, after validation; of a subscription that of one event's answer.
func costOf(op *graphql.OperationContext) int {
	b := bill{vars: op.Variables}
	return int(b.selections(op.Operation.SelectionSet).once)
}

func (b *bill) selections(set ast.SelectionSet) (sum price) {
	for _, s := range set {
		b.steps++
		switch s := s.(type) {
		case *ast.Field:
			if b.includes(s.Directives) {
				sum = sum.and(b.field(s))
			}
		case *ast.InlineFragment:
			if b.includes(s.Directives) {
				sum = sum.and(b.selections(s.SelectionSet))
			}
		case *ast.FragmentSpread:
			if b.includes(s.Directives) {
				sum = sum.and(b.fragment(s.Definition))
			}
		}
	}
	return sum
}

func (b *bill) fragment(f *ast.FragmentDefinition) price {
	p, ok := b.known[f]
	if !ok {
		p = b.selections(f.SelectionSet)
		if b.known == nil {
			b.known = make(map[*ast.FragmentDefinition]price)
		}
		b.known[f] = p
	}
	return p
}

// field is what a field costs: scalars nothing, an entry of a page as often as there are entries.
func (b *bill) field(f *ast.Field) price {
	switch {
	case len(f.SelectionSet) == 0:
		return price{}
	case strings.HasPrefix(f.Name, "__"):
		return price{once: introspectionCost}
	}
	below := b.selections(f.SelectionSet)
	switch {
	case f.ObjectDefinition.Name == "Mutation":
		return price{once: times(1, 1+below.once, surcharge(f.Name))}
	case f.Definition.Arguments.ForName("first") != nil:
		return price{once: times(b.page(f), below.entry, 1+below.once)}
	case isConnection(f.ObjectDefinition) && (f.Name == "edges" || f.Name == "nodes"):
		return price{entry: min(priceless, 1+below.once)}
	case isEdge(f.ObjectDefinition) && f.Name == "node":
		return below // the edge has been counted
	case f.Definition.Type.Elem != nil:
		return price{once: times(b.length(f), 1+below.once, 0)}
	}
	return price{once: min(priceless, 1+below.once)}
}

// surcharge is what a mutation costs for changing something.
func surcharge(mutation string) int64 {
	if mutation == "signIn" {
		return signInCost
	}
	return mutationCost
}

func times(n, each, more int64) int64 { return min(priceless, n*each+more) }

func isConnection(d *ast.Definition) bool { return strings.HasSuffix(d.Name, "Connection") }

func isEdge(d *ast.Definition) bool { return strings.HasSuffix(d.Name, "Edge") }

// page is how many entries a page may have. A size that no page has is refused later, by the page.
func (b *bill) page(f *ast.Field) int64 {
	for _, name := range []string{"first", "last"} {
		if arg := f.Arguments.ForName(name); arg != nil {
			if n, ok := b.number(arg.Value); ok {
				return min(max(n, 1), models.MaxPage)
			}
		}
	}
	return models.DefaultPage
}

// length is how many objects a list without pages has: as many as were named, or a guess.
func (b *bill) length(f *ast.Field) int64 {
	arg := f.Arguments.ForName("ids")
	if arg == nil {
		return listCost
	}
	n := len(arg.Value.Children)
	switch arg.Value.Kind {
	case ast.ListValue:
	case ast.Variable:
		list, _ := b.vars[arg.Value.Raw].([]any)
		n = max(1, len(list))
	default:
		n = 1 // one is a list of one
	}
	return int64(min(n, models.MaxPage))
}

// number is the value of an integer that was given.
func (b *bill) number(v *ast.Value) (n int64, ok bool) {
	text := v.Raw
	switch v.Kind {
	case ast.IntValue:
	case ast.Variable:
		switch given := b.vars[v.Raw].(type) {
		case int64:
			return given, true
		case int:
			return int64(given), true
		case json.Number:
			text = given.String()
		default:
			return 0, false
		}
	default:
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return models.MaxPage, true // too great for an integer, and for a page
	}
	return n, true
}

// includes reports whether @skip and @include leave a selection in.
func (b *bill) includes(directives ast.DirectiveList) bool {
	for _, d := range directives {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		arg := d.Arguments.ForName("if")
		if arg == nil {
			continue
		}
		value, err := arg.Value.Value(b.vars)
		if truth, ok := value.(bool); err == nil && ok && truth == (d.Name == "skip") {
			return false
		}
	}
	return true
}
