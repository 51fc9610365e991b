package graph_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"parley/graph"
	"parley/models"
)

// namedByOthers are called ids by those who give them, and are credentials to us.
var namedByOthers = []string{"WeChatAccountInput.appId"}

var (
	idName  = regexp.MustCompile(`(^id|^ids|Id|Ids)$`)
	dated   = regexp.MustCompile(`\b20\d\d-\d\d-\d\d\b`)
	paging  = map[string]string{"first": "Int", "after": "String", "last": "Int", "before": "String"}
	bounded = regexp.MustCompile(`From 1 to 100\b`)
)

// conventions are what is wrong with a schema, by what we promise of ours.
func conventions(s *ast.Schema) (wrong []string) {
	for name, d := range s.Types {
		if d.BuiltIn || strings.HasPrefix(name, "__") {
			continue
		}
		c := &conventional{Definition: d}
		c.described(name, d.Description)
		for _, f := range d.Fields {
			c.field(s, f)
		}
		for _, v := range d.EnumValues {
			c.described(name+"."+v.Name, v.Description)
			c.retired(name+"."+v.Name, v.Directives)
		}
		wrong = append(wrong, c.wrong...)
	}
	slices.Sort(wrong)
	return wrong
}

type conventional struct {
	*ast.Definition
	wrong []string
}

func (c *conventional) say(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

func (c *conventional) described(what, description string) {
	if strings.TrimSpace(description) == "" {
		c.say("%s is not described", what)
	}
}

func (c *conventional) retired(what string, directives ast.DirectiveList) {
	d := directives.ForName("deprecated")
	if d == nil {
		return
	}
	if reason := d.Arguments.ForName("reason"); reason == nil || !dated.MatchString(reason.Value.Raw) {
		c.say("%s is deprecated without a reason and a date", what)
	}
}

func (c *conventional) isID(what, name string, t *ast.Type) {
	if idName.MatchString(name) && t.Name() != "ID" && !slices.Contains(namedByOthers, what) {
		c.say("%s is a %s", what, t)
	}
}

func (c *conventional) field(s *ast.Schema, f *ast.FieldDefinition) {
	if strings.HasPrefix(f.Name, "__") {
		return
	}
	what := c.Name + "." + f.Name
	c.described(what, f.Description)
	c.retired(what, f.Directives)
	c.isID(what, f.Name, f.Type)
	for _, a := range f.Arguments {
		c.described(what+"."+a.Name, a.Description)
		c.retired(what+"."+a.Name, a.Directives)
		c.isID(what+"."+a.Name, a.Name, a.Type)
	}
	if strings.HasSuffix(f.Type.Name(), "Connection") {
		c.connection(what, f)
	}
	if c.Definition == s.Mutation {
		c.mutation(s, f)
	}
}

func (c *conventional) connection(what string, f *ast.FieldDefinition) {
	for name, kind := range paging {
		a := f.Arguments.ForName(name)
		if a == nil || a.Type.String() != kind {
			c.say("%s has no %s: %s", what, name, kind)
		} else if kind == "Int" && !bounded.MatchString(a.Description) {
			c.say("%s.%s does not say its bounds", what, name)
		}
	}
}

func (c *conventional) mutation(s *ast.Schema, f *ast.FieldDefinition) {
	name := strings.ToUpper(f.Name[:1]) + f.Name[1:]
	if len(f.Arguments) != 1 || f.Arguments[0].Name != "input" || f.Arguments[0].Type.String() != name+"Input!" {
		c.say("%s takes something else than one input: %sInput!", f.Name, name)
	} else if key := s.Types[name+"Input"].Fields.ForName("idempotencyKey"); key == nil || key.Type.String() != "String" {
		c.say("%s takes no idempotencyKey: String", f.Name)
	}
	if f.Type.String() != name+"Payload!" {
		c.say("%s answers with something else than %sPayload!", f.Name, name)
	} else if errs := s.Types[name+"Payload"].Fields.ForName("userErrors"); errs == nil || errs.Type.String() != "[UserError!]!" {
		c.say("%s answers without userErrors: [UserError!]!", f.Name)
	}
}

func TestConventions(t *testing.T) {
	t.Parallel()
	check := func(sdl string) []string {
		s, err := gqlparser.LoadSchema(&ast.Source{Input: sdl})
		if err != nil {
			t.Fatal(err)
		}
		return conventions(s)
	}
	t.Run("are kept by our schema", func(t *testing.T) {
		t.Parallel()
		for _, wrong := range check(graph.SDL()) {
			t.Error(wrong)
		}
	})
	t.Run("are missed where they are not kept", func(t *testing.T) {
		t.Parallel()
		got := check(`
			"d" type Query {
				"d" things("From 1 to 1000." first: Int "d" after: Int): ThingConnection!
				"d" old(userId: String): Int @deprecated(reason: "Soon.")
			}
			"d" type ThingConnection { "d" id: String! }
			"d" enum Colour { RED }
			"d" input DyeInput { "d" x: Int }
			"d" type DyePayload { "d" x: Int }
			type Mutation { "d" dye("d" input: DyeInput!): DyePayload! "d" wash("d" id: ID!): Boolean }`)
		want := []string{
			"Colour.RED is not described", "Mutation is not described", "Query.old is deprecated without a reason and a date",
			"Query.old.userId is a String", "Query.old.userId is not described", "Query.things has no after: String",
			"Query.things has no before: String", "Query.things has no last: Int", "Query.things.first does not say its bounds",
			"ThingConnection.id is a String!", "dye answers without userErrors: [UserError!]!", "dye takes no idempotencyKey: String",
			"wash answers with something else than WashPayload!", "wash takes something else than one input: WashInput!",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s", strings.Join(got, "\n"))
		}
	})
}

// TestPages asks every list there is for pages of sizes it may and may not have.
func TestPages(t *testing.T) {
	t.Parallel()
	w, _ := newWalk(t)
	lists := 0
	for _, r := range w.everyRoute(w.QueryType.Name) {
		if !strings.HasSuffix(r.field().Type.bare(), "Connection") {
			continue
		}
		lists++
		t.Run(r.String(), func(t *testing.T) {
			t.Parallel()
			document := w.document("query", r)
			for _, end := range []string{"first", "last"} {
				for size, refused := range map[int]bool{-1: true, 0: true, 1: false, models.MaxPage: false, models.MaxPage + 1: true} {
					got := w.own.try(t, w.own.Owner, document, object{end: size})
					if bytes.Contains(got, []byte(`"code":"INVALID_INPUT"`)) != refused || bytes.Contains(got, []byte(`"errors"`)) != refused {
						t.Errorf("%s: %d answers %s", end, size, got)
					}
				}
			}
		})
	}
	if lists < 6 {
		t.Errorf("only %d lists were found", lists)
	}
}
