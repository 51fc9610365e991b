package transport

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// Limits are the greatest shape of a document that Guard lets through; every zero has a sensible meaning.
// What a document selects is counted with its fragments spelled out, so that fragments hide nothing.
type Limits struct {
	// Tokens of a document, comments included. Zero: 2000.
	Tokens int
	// Operations in a document. Zero: 10.
	Operations int
	// Fragments defined in a document. Zero: 100.
	Fragments int
	// Depth of fields in fields. Zero: 15.
	Depth int
	// Fields an operation selects. Zero: 500.
	Fields int
	// Aliases an operation uses. Zero: 30.
	Aliases int
	// SameKey is how often one selection set may write the same response key. Zero: 20.
	SameKey int
	// Directives written in a document. Zero: 20.
	Directives int
	// DirectivesHere is how many directives may be written in one place. Zero: 5.
	DirectivesHere int
	// RootFields of a query or subscription. Zero: 20.
	RootFields int
	// Mutations in one mutation operation. Zero: 5.
	Mutations int
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Tokens:         cmp.Or(l.Tokens, 2000),
		Operations:     cmp.Or(l.Operations, 10),
		Fragments:      cmp.Or(l.Fragments, 100),
		Depth:          cmp.Or(l.Depth, 15),
		Fields:         cmp.Or(l.Fields, 500),
		Aliases:        cmp.Or(l.Aliases, 30),
		SameKey:        cmp.Or(l.SameKey, 20),
		Directives:     cmp.Or(l.Directives, 20),
		DirectivesHere: cmp.Or(l.DirectivesHere, 5),
		RootFields:     cmp.Or(l.RootFields, 20),
		Mutations:      cmp.Or(l.Mutations, 5),
	}
}

// verdicts is how many documents Guard remembers.
const verdicts = 4096

// Guard is a gqlgen extension that refuses documents before the executor reads them, in time that grows with
// their length and no faster. Validation is quadratic and parsing recursive, so without it a single request
// can occupy a core for minutes or end the process.
//
// Use it after whatever may replace the document, such as persisted queries.
type Guard struct {
	limits   Limits
	verdicts *lru.Cache[[sha256.Size]byte, verdict]
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
} = (*Guard)(nil)

// NewGuard makes a guard of the given limits.
func NewGuard(limits Limits) *Guard {
	cache, err := lru.New[[sha256.Size]byte, verdict](verdicts)
	if err != nil {
		panic(err) // only a size below one
	}
	return &Guard{limits: limits.withDefaults(), verdicts: cache}
}

// ExtensionName is how gqlgen calls the guard.
func (g *Guard) ExtensionName() string { return "Guard" }

// Validate finds every schema fit to be guarded.
func (g *Guard) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters changes nothing: it lets the request through or gives the reason why not.
func (g *Guard) MutateOperationParameters(_ context.Context, params *graphql.RawParams) *gqlerror.Error {
	key := sha256.Sum256([]byte(params.Query))
	v, known := g.verdicts.Get(key)
	if !known {
		v = g.judge(params.Query)
		g.verdicts.Add(key, v)
	}
	return v.error()
}

// verdict is why a document is refused; the zero verdict lets it through.
type verdict struct {
	code    string
	message string
	at      []gqlerror.Location
}

// error makes a new error each time, since those who present errors also change them.
func (v verdict) error() *gqlerror.Error {
	if v.code == "" {
		return nil
	}
	err := coded(v.code, v.message)
	err.Locations = append(err.Locations, v.at...)
	return err
}

func (g *Guard) judge(query string) verdict {
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, g.limits.Tokens)
	var syntax *gqlerror.Error
	switch {
	case errors.As(err, &syntax) && strings.HasPrefix(syntax.Message, "exceeded token limit"):
		return tooMany("tokens", g.limits.Tokens)
	case errors.As(err, &syntax):
		return verdict{code: errcode.ParseFailed, message: syntax.Message, at: syntax.Locations}
	case err != nil:
		return verdict{code: errcode.ParseFailed, message: "The document could not be read."}
	}
	return measure(doc, g.limits)
}
