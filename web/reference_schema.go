package web

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// reference is a schema as a reader wants it: what can be asked first, then the types by what they are.
type reference struct {
	Description string
	Sections    []section
}

type section struct {
	Title   string
	Entries []entry
}

// entry is a type, a field, an argument or a value.
type entry struct {
	Anchor      string
	Name        string
	Description string
	Deprecated  string // why; empty if it is not
	Type        *typeName
	Default     string

	Arguments  []entry // of a field
	Entries    []entry // of a type
	Implements []string
	Members    []string // of a union, or those that implement an interface
	UsedBy     []string // types that mention it
}

// typeName is a name between what makes it a list or never null.
type typeName struct{ Before, Name, After string }

var kinds = []ast.DefinitionKind{ast.Object, ast.Interface, ast.Union, ast.InputObject, ast.Enum, ast.Scalar}

func newReference(schema *ast.Schema) reference {
	sections := []section{
		{Title: "Queries"}, {Title: "Mutations"}, {Title: "Subscriptions"}, {Title: "Objects"}, {Title: "Interfaces"},
		{Title: "Unions"}, {Title: "Inputs"}, {Title: "Enums"}, {Title: "Scalars"},
	}
	roots := []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription}
	used := uses(schema)
	for _, def := range schema.Types {
		if isIntrospection(def.Name) {
			continue
		}
		at := slices.Index(roots, def)
		if at < 0 {
			at = len(roots) + slices.Index(kinds, def.Kind)
		}
		e := newEntry(schema, def)
		e.UsedBy = used[def.Name]
		sections[at].Entries = append(sections[at].Entries, e)
	}
	for _, s := range sections {
		slices.SortFunc(s.Entries, func(a, b entry) int { return cmp.Compare(a.Name, b.Name) })
	}
	return reference{Description: schema.Description, Sections: sections}
}

func isIntrospection(name string) bool { return strings.HasPrefix(name, "__") }

func newEntry(schema *ast.Schema, def *ast.Definition) entry {
	e := entry{Anchor: def.Name, Name: def.Name, Description: def.Description, Implements: def.Interfaces}
	if def.IsAbstractType() {
		for _, member := range schema.GetPossibleTypes(def) {
			e.Members = append(e.Members, member.Name)
		}
		slices.Sort(e.Members)
	}
	for _, f := range def.Fields {
		if !isIntrospection(f.Name) {
			e.Entries = append(e.Entries, newField(def.Name, f))
		}
	}
	for _, v := range def.EnumValues {
		e.Entries = append(e.Entries, entry{
			Anchor: def.Name + "." + v.Name, Name: v.Name, Description: v.Description, Deprecated: deprecation(v.Directives),
		})
	}
	return e
}

func newField(of string, f *ast.FieldDefinition) entry {
	e := entry{
		Anchor: of + "." + f.Name, Name: f.Name, Description: f.Description, Deprecated: deprecation(f.Directives),
		Type: newTypeName(f.Type), Default: literal(f.DefaultValue),
	}
	for _, a := range f.Arguments {
		e.Arguments = append(e.Arguments, entry{
			Anchor: e.Anchor + "." + a.Name, Name: a.Name, Description: a.Description, Deprecated: deprecation(a.Directives),
			Type: newTypeName(a.Type), Default: literal(a.DefaultValue),
		})
	}
	return e
}

func newTypeName(t *ast.Type) *typeName {
	before, after, _ := strings.Cut(t.String(), t.Name())
	return &typeName{Before: before, Name: t.Name(), After: after}
}

// literal is a default as the schema writes it; "" if there is none.
func literal(v *ast.Value) string {
	if v == nil {
		return ""
	}
	return v.String()
}

// deprecation is why something is not to be used any more; "" if it may be.
func deprecation(directives ast.DirectiveList) string {
	d := directives.ForName("deprecated")
	if d == nil {
		return ""
	}
	if reason := d.Arguments.ForName("reason"); reason != nil {
		return reason.Value.Raw
	}
	return "No longer supported."
}

// uses lists, for every type, the types that mention it.
func uses(schema *ast.Schema) map[string][]string {
	used := map[string][]string{}
	for _, def := range schema.Types {
		if isIntrospection(def.Name) {
			continue
		}
		mentioned := map[string]bool{}
		for _, f := range def.Fields {
			mentioned[f.Type.Name()] = true
			for _, a := range f.Arguments {
				mentioned[a.Type.Name()] = true
			}
		}
		for name := range mentioned {
			used[name] = append(used[name], def.Name)
		}
	}
	for _, names := range used {
		slices.Sort(names)
	}
	return used
}
