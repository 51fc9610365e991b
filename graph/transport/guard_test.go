package transport

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/99designs/gqlgen/graphql/introspection"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// each writes format n times, with the number where it asks for it.
func each(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(format, "#", fmt.Sprint(i)))
	}
	return b.String()
}

func nested(n int) string { return strings.Repeat("{ a ", n) + strings.Repeat("}", n) }

// chain defines F0 to Fn, of which each but the last has the next one's number in its selections.
func chain(n int, selections, last string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "fragment F%d on T %s ", i, strings.ReplaceAll(selections, "#", fmt.Sprint(i+1)))
	}
	fmt.Fprintf(&b, "fragment F%d on T %s", n, last)
	return b.String()
}

// doubling spreads a leaf 2^n times, in little more than a kilobyte.
func doubling(n int, leaf string) string {
	return chain(n, `{ ...F# ...F# }`, `{ `+leaf+` }`)
}

func judge(g *Guard, document string) *gqlerror.Error {
	return g.MutateOperationParameters(context.Background(), &graphql.RawParams{Query: document})
}

func TestGuardLetsThrough(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]string{
		"nothing, for another to refuse":       ``,
		"a query":                              `{ a }`,
		"the standard introspection":           introspection.Query,
		"15 levels":                            nested(15),
		"500 fields":                           `{` + each(20, `f# {`+each(24, `g# `)+`} `) + `}`,
		"30 aliases":                           `{ x {` + each(30, `a#: b `) + `} }`,
		"an alias that changes nothing":        `{ x {` + each(40, `a#: a# `) + `} }`,
		"20 of one key":                        `{ x {` + each(20, `a `) + `} }`,
		"one key in each of 30 types":          `{ x {` + each(30, `... on T# { id } `) + `} }`,
		"20 directives":                        `{` + each(20, `a# @include(if: true) `) + `}`,
		"20 root fields":                       `{` + each(20, `a# `) + `}`,
		"5 mutations":                          `mutation {` + each(5, `a# `) + `}`,
		"10 operations":                        each(10, `query Q# { a } `),
		"100 fragments":                        `{ a } ` + each(100, `fragment F# on T { a } `),
		"a fragment spread by many":            `{` + each(20, `a# { ...F } `) + `} fragment F on T { b c d }`,
		"a fragment nobody knows":              `{ ...Nope }`,
		"a field whose text has many brackets": `{ a(x: "` + strings.Repeat("[{(", 5000) + `") }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := judge(NewGuard(Limits{}), document); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestGuardRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ document, code, says string }{
		"a syntax error":                  {"{\n  a(", errcode.ParseFailed, ""},
		"2001 tokens":                     {`{` + strings.Repeat(`a `, 2001) + `}`, CodeTooComplex, "tokens"},
		"10000 __typename":                {`{` + strings.Repeat(`__typename `, 10000) + `}`, CodeTooComplex, "tokens"},
		"10000 comments":                  {`{ a } ` + strings.Repeat("#\n", 10000), CodeTooComplex, "tokens"},
		"a megabyte of [":                 {`{ a(x: ` + strings.Repeat(`[`, 1<<20), CodeTooComplex, "tokens"},
		"a megabyte of {a":                {strings.Repeat(`{a`, 1<<19), CodeTooComplex, "tokens"},
		"16 levels":                       {nested(16), CodeTooComplex, "levels"},
		"16 levels in fragments":          {`{ ...F0 } ` + chain(15, `{ a { ...F# } }`, `{ a }`), CodeTooComplex, "levels"},
		"16 levels in inline fragments":   {strings.Repeat(`{ a { ... on T `, 15) + `{ b }` + strings.Repeat(`} }`, 15), CodeTooComplex, "levels"},
		"501 fields":                      {`{` + each(20, `f# {`+each(24, `g# `)+`} `) + ` ... on Query { x } }`, CodeTooComplex, ""},
		"501 fields in fragments":         {`{` + each(20, `f# { ...F } `) + `x { ...F } } fragment F on T {` + each(24, `g# `) + `}`, CodeTooComplex, ""},
		"501 fields of a subscription":    {`subscription { a {` + each(25, `... on T# { ...F } `) + `} } fragment F on T {` + each(20, `g# `) + `}`, CodeTooComplex, "fields"},
		"31 aliases":                      {`{ x {` + each(31, `a#: b `) + `} }`, CodeTooComplex, "aliases"},
		"aliases multiplied by fragments": {`{` + each(15, `a#: a { ...F } `) + `} fragment F on T {` + each(2, `b#: b `) + `}`, CodeTooComplex, "aliases"},
		"21 of one key":                   {`{ x {` + each(21, `a `) + `} }`, CodeTooComplex, "same field"},
		"21 of one alias":                 {`{ x {` + each(21, `a: b# `) + `} }`, CodeTooComplex, "same field"},
		"21 of one key in inline braces":  {`{ x {` + each(21, `... @include(if: true) { a } `) + `} }`, CodeTooComplex, ""},
		"21 directives":                   {`{` + each(20, `a# @include(if: true) `) + `} fragment F on T @x { a }`, CodeTooComplex, "directives"},
		"6 directives in one place":       {`{ a @a @a @a @a @a @a }`, CodeTooComplex, "one place"},
		"6 directives on an operation":    {`query @a @a @a @a @a @a { a }`, CodeTooComplex, "one place"},
		"6 directives on a variable":      {`query($v: Int @a @a @a @a @a @a) { a }`, CodeTooComplex, "one place"},
		"6 directives on a spread":        {`{ ...F @a @a @a @a @a @a }`, CodeTooComplex, "one place"},
		"21 root fields":                  {`{` + each(21, `a# `) + `}`, CodeTooComplex, "root fields"},
		"21 root fields in fragments":     {`{ ...F ... on Query { ...F } } fragment F on Query {` + each(11, `a# `) + `}`, CodeTooComplex, "root fields"},
		"6 mutations":                     {`mutation {` + each(6, `a#: a `) + `}`, CodeTooComplex, "mutations"},
		"6 mutations in a fragment":       {`mutation { ...F } fragment F on Mutation {` + each(6, `a# `) + `}`, CodeTooComplex, "mutations"},
		"11 operations":                   {each(11, `query Q# { a } `), CodeTooComplex, "operations"},
		"too much in another operation":   {`query A { a } query B ` + nested(16), CodeTooComplex, "levels"},
		"too much in an unused fragment":  {`{ a } fragment F on T ` + nested(16), CodeTooComplex, "levels"},
		"101 fragments":                   {`{ a } ` + each(101, `fragment F# on T { a } `), CodeTooComplex, "fragments"},
		"a fragment bomb":                 {`{ ...F0 } ` + doubling(28, "a"), CodeTooComplex, ""},
		"a fragment bomb below a field":   {`{ a { ...F0 } } ` + doubling(90, "a"), CodeTooComplex, "fields"},
		"a fragment of itself":            {`{ ...F } fragment F on T { a ...F }`, errcode.ValidationFailed, "itself"},
		"a fragment of itself, in turns":  {`{ ...F0 } ` + chain(15, `{ ...F# }`, `{ ...F0 }`), errcode.ValidationFailed, "itself"},
		"two fragments of one name":       {`{ ...F } fragment F on T { a } fragment F on T { b }`, errcode.ValidationFailed, "one fragment"},
		"@defer":                          {`{ ... @defer { a } }`, errcode.ValidationFailed, "@defer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewGuard(Limits{})
			first, again := judge(g, c.document), judge(g, c.document)
			if first == nil || codeOf(first) != c.code || !strings.Contains(first.Message, c.says) {
				t.Fatalf("got %v, want %s about %q", first, c.code, c.says)
			}
			if g.verdicts.Len() != 1 {
				t.Error("forgot its verdict")
			}
			if again == nil || again == first || again.Message != first.Message {
				t.Errorf("the second time it was %v", again)
			}
		})
	}
	t.Run("and says where, the second time too", func(t *testing.T) {
		t.Parallel()
		g := NewGuard(Limits{})
		for range 2 {
			err := judge(g, "{\n  a(")
			if len(err.Locations) != 1 || err.Locations[0].Line != 2 {
				t.Errorf("at %v", err.Locations)
			}
			err.Locations[0].Line = 99
			err.Extensions["code"] = "CHANGED"
		}
	})
	t.Run("by the limits it is given", func(t *testing.T) {
		t.Parallel()
		if judge(NewGuard(Limits{Depth: 2}), nested(3)) == nil || judge(NewGuard(Limits{Depth: 20}), nested(20)) != nil {
			t.Error("they do not count")
		}
	})
}

func TestGuardReadsWhatIsWrittenAndNotWhatItStandsFor(t *testing.T) {
	t.Parallel()
	for _, n := range []int{28, 56} {
		doc, err := parser.ParseQuery(&ast.Source{Input: `{ a { ...F0 } } ` + doubling(n, "a")})
		if err != nil {
			t.Fatal(err)
		}
		w := newWalk(doc, Limits{}.withDefaults())
		w.document(doc)
		// The operation's field and spread, two spreads in each fragment, and the leaf.
		if want := 2 + 2*n + 1; w.steps != want {
			t.Errorf("took %d steps for %d fragments, want %d", w.steps, n, want)
		}
	}
}

// Allocations are counted first, since clocks of build machines lie. They are those of the whole process,
// hence nothing here is parallel.
func TestGuardStopsEarly(t *testing.T) {
	for name, document := range map[string]string{
		"nested lists":      `{ a(x: ` + strings.Repeat(`[`, 1<<20),
		"nested selections": strings.Repeat(`{a`, 1<<19),
		"many fields":       `{` + strings.Repeat(`__typename `, 100000) + `}`,
		"many arguments":    `{ a(` + strings.Repeat(`x:1 `, 1<<18),
		"many comments":     strings.Repeat("#\n", 1<<19),
		"many fragments":    strings.Repeat(`fragment F on T{a}`, 1<<16),
	} {
		t.Run("in a megabyte of "+name, func(t *testing.T) {
			g, start := NewGuard(Limits{}), time.Now()
			allocations := testing.AllocsPerRun(1, func() { g.judge(document) })
			if allocations > 50000 {
				t.Errorf("made %.0f allocations", allocations)
			}
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// expanded counts what measure counts, by spelling every fragment out.
func expanded(doc *ast.QueryDocument, set ast.SelectionSet, budget *int) extent {
	var sum extent
	for _, selection := range set {
		if *budget--; *budget < 0 {
			return sum
		}
		switch s := selection.(type) {
		case *ast.Field:
			e := expanded(doc, s.SelectionSet, budget)
			if s.Alias != s.Name {
				e.aliases++
			}
			sum = extent{sum.top + 1, sum.fields + e.fields + 1, sum.aliases + e.aliases, max(sum.depth, e.depth+1)}
		case *ast.InlineFragment:
			sum = sum.and(expanded(doc, s.SelectionSet, budget))
		case *ast.FragmentSpread:
			if f := doc.Fragments.ForName(s.Name); f != nil {
				sum = sum.and(expanded(doc, f.SelectionSet, budget))
			}
		}
	}
	return sum
}

func FuzzGuard(f *testing.F) {
	for _, document := range []string{
		``, `{ a }`, `{ a: b @include(if: true) { ...F } } fragment F on T { c ... on U { d } ... { e } }`,
		`{ ...F } fragment F on T { ...F }`, `{ ...F0 } ` + doubling(20, "a"), introspection.Query, nested(40),
		`mutation M($x: [Int!]! = [1]) { a(b: {c: $x}) }`, `subscription { a } # b`, `{ a(x: """b""") }`, "{ \xff }",
	} {
		f.Add(document)
	}
	f.Fuzz(func(t *testing.T, document string) {
		limits := Limits{}.withDefaults()
		g := NewGuard(Limits{})
		first, again := judge(g, document), judge(g, document)
		if (first == nil) != (again == nil) {
			t.Fatalf("judged %v, then %v", first, again)
		}
		doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: document}, limits.Tokens)
		if err != nil {
			if first == nil {
				t.Fatalf("let through what does not parse: %v", err)
			}
			return
		}
		w := newWalk(doc, limits)
		w.document(doc)
		if w.steps > len(document) {
			t.Fatalf("took %d steps for %d bytes", w.steps, len(document))
		}
		if w.found.code == errcode.ValidationFailed {
			return // fragments that have no extent
		}
		for _, op := range doc.Operations {
			budget := 10000
			want := expanded(doc, op.SelectionSet, &budget)
			if got := w.selections(op.SelectionSet); budget > 0 && got != want {
				t.Fatalf("reckoned %+v, want %+v", got, want)
			}
			if first == nil && (want.fields > limits.Fields || want.depth > limits.Depth || want.aliases > limits.Aliases) {
				t.Fatalf("let through %+v", want)
			}
		}
	})
}

func TestGuardHoldsOnEveryTransport(t *testing.T) {
	inTime(t, func(t *testing.T) {
		h := serve(t, WebSocketConfig{})
		h.exec.Use(NewGuard(Limits{Aliases: 1}))

		a := httptest.NewRecorder()
		HTTP{}.Do(a, traced(post(query(`{ a: hello b: hello }`))), h.exec)
		if !strings.Contains(a.Body.String(), CodeTooComplex) || strings.Contains(a.Body.String(), "data") {
			t.Errorf("got %s", a.Body)
		}

		p := h.greet(t, "ada")
		p.subscribe("1", `{ a: hello b: hello }`)
		if code := p.expectError("1"); code != CodeTooComplex {
			t.Errorf("code %q", code)
		}
		p.subscribe("1", `{ a: hello }`)
		p.expect(next("1", `{"a":"world"}`), complete("1"))
	})
}
