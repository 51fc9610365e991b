package graph_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// schema is what introspection tells.
type schema struct {
	QueryType, MutationType, SubscriptionType struct{ Name string }

	Types []schemaType
	types map[string]*schemaType
}

type schemaType struct {
	Kind, Name, Description string
	IsOneOf                 bool
	Fields                  []schemaField
	InputFields             []schemaInput
	EnumValues              []schemaField
	PossibleTypes           []struct{ Name string }
}

type schemaField struct {
	Name, Description string
	Args              []schemaInput
	Type              typeRef
	DeprecationReason *string
}

type schemaInput struct {
	Name, Description string
	Type              typeRef
	DefaultValue      *string
	DeprecationReason *string
}

// isRequired reports whether nothing may be said without it.
func (i schemaInput) isRequired() bool { return i.Type.Kind == "NON_NULL" && i.DefaultValue == nil }

// typeRef is a type with its wrappings.
type typeRef struct {
	Kind, Name string
	OfType     *typeRef
}

func (r typeRef) String() string {
	switch r.Kind {
	case "NON_NULL":
		return r.OfType.String() + "!"
	case "LIST":
		return "[" + r.OfType.String() + "]"
	default:
		return r.Name
	}
}

// bare is the type without its wrappings.
func (r typeRef) bare() string { return strings.Trim(r.String(), "[]!") }

const introspection = `query Introspect { __schema { queryType { name } mutationType { name } subscriptionType { name }
	types { kind name description isOneOf possibleTypes { name }
		fields(includeDeprecated: true) { name description deprecationReason type { ...t } args(includeDeprecated: true) { ...v } }
		inputFields(includeDeprecated: true) { ...v }
		enumValues(includeDeprecated: true) { name description deprecationReason } } } }
	fragment v on __InputValue { name description defaultValue deprecationReason type { ...t } }
	fragment t on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`

// introspected is the schema as a member learns it from the API.
func introspected(t *testing.T, ask func(query string, variables object) []byte) *schema {
	t.Helper()
	var told struct {
		Data struct {
			Schema *schema `json:"__schema"`
		}
		Errors []any
	}
	if err := json.Unmarshal(ask(introspection, nil), &told); err != nil || told.Data.Schema == nil {
		t.Fatalf("introspection answers %v, %v", told.Errors, err)
	}
	s := told.Data.Schema
	s.index()
	return s
}

func (s *schema) index() {
	s.types = make(map[string]*schemaType)
	for i := range s.Types {
		s.types[s.Types[i].Name] = &s.Types[i]
	}
}

// route is a field with the fields that lead to it: a root field first.
type route []schemaField

func (r route) field() schemaField { return r[len(r)-1] }

func (r route) String() string {
	names := make([]string, len(r))
	for i, f := range r {
		names[i] = f.Name
	}
	return strings.Join(names, ".")
}

// routes are all root fields of an operation, and the fields below them that take ids.
func (s *schema) routes(root string) (all []route) {
	for _, r := range s.everyRoute(root) {
		if len(r) == 1 || len(s.places(r.field())) > 0 {
			all = append(all, r)
		}
	}
	return all
}

// everyRoute leads to all fields of an operation, to each once, by the shortest way.
func (s *schema) everyRoute(root string) (all []route) {
	for _, f := range s.types[root].Fields {
		all = append(all, route{f})
	}
	reached := map[string]bool{root: true}
	for open := slices.Clone(all); len(open) > 0; open = open[1:] {
		way := open[0]
		below := s.types[way.field().Type.bare()]
		if reached[below.Name] || slices.ContainsFunc(way.field().Args, schemaInput.isRequired) {
			continue // a way further down needs nothing that could be wrong
		}
		reached[below.Name] = true
		for _, f := range below.Fields {
			further := append(slices.Clip(way), f)
			open = append(open, further)
			all = append(all, further)
		}
	}
	return all
}

// place is where a field takes an id: an argument, or a field of an input in an argument.
type place struct {
	path  []string
	owner string // the type of input it belongs to; the field, for an argument
}

func (p place) name() string { return p.path[len(p.path)-1] }

func (p place) String() string { return strings.Join(p.path, ".") }

// places are where a field takes ids.
func (s *schema) places(f schemaField) (all []place) {
	for _, arg := range f.Args {
		all = append(all, s.placesIn(arg, place{owner: f.Name}, nil)...)
	}
	return all
}

func (s *schema) placesIn(in schemaInput, above place, within []string) (all []place) {
	here := place{append(slices.Clip(above.path), in.Name), above.owner}
	name := in.Type.bare()
	if name == "ID" {
		return []place{here}
	}
	t := s.types[name]
	if t.Kind != "INPUT_OBJECT" || slices.Contains(within, name) {
		return nil
	}
	here.owner = name
	for _, f := range t.InputFields {
		all = append(all, s.placesIn(f, here, append(slices.Clip(within), name))...)
	}
	return all
}

// isAbstract reports whether a type stands for others.
func (t *schemaType) isAbstract() bool { return t.Kind == "INTERFACE" || t.Kind == "UNION" }

// isLeaf reports whether a type has no fields.
func (t *schemaType) isLeaf() bool { return t.Kind == "SCALAR" || t.Kind == "ENUM" }

// selection selects as much of a type as one document may.
func (s *schema) selection(name string) string {
	for depth := 6; ; depth-- {
		w := &selecting{schema: s}
		if text := w.write(s.types[name], depth); w.fields <= 400 && w.aliases <= 25 || depth == 1 {
			return text
		}
	}
}

type selecting struct {
	*schema
	fields, aliases int
}

func (w *selecting) write(t *schemaType, depth int) string {
	if t.isLeaf() {
		return ""
	}
	var b strings.Builder
	b.WriteString(" { __typename")
	w.fields++
	if !t.isAbstract() {
		w.writeFields(&b, t, depth, map[string]string{})
	}
	shapes := make(map[string]string)
	for _, p := range t.PossibleTypes {
		if !t.isAbstract() {
			break
		}
		b.WriteString(" ... on " + p.Name + " {")
		w.writeFields(&b, w.types[p.Name], depth, shapes)
		b.WriteString(" __typename }")
	}
	b.WriteString(" }")
	return b.String()
}

// writeFields writes the fields of an object. What another member of the same union calls the same and is another type is
// called otherwise.
func (w *selecting) writeFields(b *strings.Builder, t *schemaType, depth int, shapes map[string]string) {
	for _, f := range t.Fields {
		below := w.types[f.Type.bare()]
		if slices.ContainsFunc(f.Args, schemaInput.isRequired) || depth == 1 && !below.isLeaf() {
			continue
		}
		w.fields++
		b.WriteString(" ")
		if shape, known := shapes[f.Name]; known && shape != f.Type.String() {
			w.aliases++
			b.WriteString(t.Name + "_" + f.Name + ": ")
		} else {
			shapes[f.Name] = f.Type.String()
		}
		b.WriteString(f.Name + w.write(below, depth-1))
	}
}

// document asks for a field by its route, its arguments as variables.
func (s *schema) document(operation string, r route) string {
	f := r.field()
	var declared, given []string
	for _, arg := range f.Args {
		variable := "$" + arg.Name + ": " + arg.Type.String()
		if arg.DefaultValue != nil {
			variable += " = " + *arg.DefaultValue
		}
		declared = append(declared, variable)
		given = append(given, arg.Name+": $"+arg.Name)
	}
	asked, head := f.Name, operation
	if len(f.Args) > 0 {
		asked += "(" + strings.Join(given, ", ") + ")"
		head += " Try(" + strings.Join(declared, ", ") + ")"
	}
	asked += s.selection(f.Type.bare())
	for _, above := range slices.Backward(r[:len(r)-1]) {
		asked = above.Name + " { " + asked + " }"
	}
	return head + " { " + asked + " }"
}
