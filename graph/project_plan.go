package graph

import (
	"slices"

	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"parley/models"
)

// plan is a compiled selection of a list of conversations.
type plan struct {
	list    *fields[models.ConversationConnection]
	columns models.ConversationColumns
	needs
}

// needs is what has to be read beside the rows themselves.
type needs struct {
	refers     bool // to what is in the directory
	shows      bool // words of the last message
	messages   bool // more of the last message than its row has
	identities bool // more of the identity …
	contacts   bool // … and of the contact

	// Of an event:
	conversation, message  bool // what it is about
	attachments, reactions bool // of its message
}

// rememberedPlans bounds the plans kept, and longestRemembered the documents they are kept for.
const (
	rememberedPlans   = 1000
	longestRemembered = 20_000
)

// plans remember what was compiled, also that something could not be.
type plans struct {
	known *lru.Cache[planKey, *plan]
	asked *lru.Cache[string, []string] // the variables in directives of a document
}

// planKey is what a plan depends on: a field of a document, and the variables that include or skip a part of it.
type planKey struct {
	document, operation, field, included string
}

func newPlans() *plans {
	known, err := lru.New[planKey, *plan](rememberedPlans)
	if err != nil {
		panic(err) // only a size below one
	}
	asked, err := lru.New[string, []string](rememberedPlans)
	if err != nil {
		panic(err)
	}
	return &plans{known: known, asked: asked}
}

// plan is the projection of a field, or nil if it has none.
func (p *plans) plan(op *graphql.OperationContext, field graphql.CollectedField) *plan {
	if len(op.RawQuery) > longestRemembered {
		return compile(op, field)
	}
	key := planKey{op.RawQuery, op.OperationName, field.Alias, p.included(op)}
	found, ok := p.known.Get(key)
	if !ok {
		found = compile(op, field)
		p.known.Add(key, found)
	}
	return found
}

// included says what the variables that directives ask for are.
func (p *plans) included(op *graphql.OperationContext) string {
	asked, ok := p.asked.Get(op.RawQuery)
	if !ok {
		asked = conditions(op.Doc)
		p.asked.Add(op.RawQuery, asked)
	}
	if len(asked) == 0 {
		return ""
	}
	said := make([]byte, len(asked))
	for i, name := range asked {
		switch op.Variables[name] {
		case true:
			said[i] = '1'
		case false:
			said[i] = '0'
		default:
			said[i] = '-'
		}
	}
	return string(said)
}

// conditions are the variables in directives of a document.
func conditions(doc *ast.QueryDocument) []string {
	names := make(map[string]bool)
	var walk func(ast.SelectionSet)
	see := func(directives ast.DirectiveList, inside ast.SelectionSet) {
		for _, d := range directives {
			for _, a := range d.Arguments {
				if a.Value != nil && a.Value.Kind == ast.Variable {
					names[a.Value.Raw] = true
				}
			}
		}
		walk(inside)
	}
	walk = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				see(s.Directives, s.SelectionSet)
			case *ast.InlineFragment:
				see(s.Directives, s.SelectionSet)
			case *ast.FragmentSpread:
				see(s.Directives, nil) // what it spreads is walked by itself
			}
		}
	}
	for _, o := range doc.Operations {
		walk(o.SelectionSet)
	}
	for _, f := range doc.Fragments {
		walk(f.SelectionSet)
	}
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	return sorted
}

// compile makes a plan, or nil if something is selected that projections do not write.
func compile(op *graphql.OperationContext, field graphql.CollectedField) *plan {
	c := &compiler{op: op}
	list := selected(c, "ConversationConnection", field.Selections, connectionFields)
	if c.unknown {
		return nil
	}
	return &plan{list: list, columns: models.PickConversationColumns(c.columns...), needs: c.needs}
}

// compiler is a plan in the making.
type compiler struct {
	op      *graphql.OperationContext
	columns []string
	width   int
	needs
	unknown bool // something is selected that is not written here
}

// read has columns of the conversation read.
func (c *compiler) read(columns ...string) { c.columns = append(c.columns, columns...) }

// writer appends what a row says to JSON.
type writer[T any] func(s *sight, json []byte, row *T) []byte

// catalog is what can be written of a type: by the name of a field, how to compile it.
type catalog[T any] map[string]func(c *compiler, f graphql.CollectedField) writer[T]

// fields write an object.
type fields[T any] struct {
	keys    []string // `{"first":`, `,"second":` …
	writers []writer[T]
}

func (f *fields[T]) write(s *sight, json []byte, row *T) []byte {
	if len(f.keys) == 0 {
		return append(json, "{}"...)
	}
	for i, write := range f.writers {
		json = append(json, f.keys[i]...)
		json = write(s, json, row)
	}
	return append(json, '}')
}

// selected compiles what is selected of an object. Which fields that is, is the executor's own word.
func selected[T any](c *compiler, object string, set ast.SelectionSet, known catalog[T]) *fields[T] {
	satisfies := []string{object}
	if nodes[object] {
		satisfies = append(satisfies, "Node")
	}
	return selectedAs(c, satisfies, set, known)
}

// selectedAs is selected for an object of these types, its own first.
func selectedAs[T any](c *compiler, satisfies []string, set ast.SelectionSet, known catalog[T]) *fields[T] {
	f := &fields[T]{}
	var written []string
	for _, field := range graphql.CollectFields(c.op, set, satisfies) {
		if slices.Contains(written, field.Alias) {
			continue
		}
		written = append(written, field.Alias)
		begin := ","
		if len(f.keys) == 0 {
			begin = "{"
		}
		write := literal[T](satisfies[0])
		if field.Name != "__typename" {
			make, ok := known[field.Name]
			if !ok || len(field.Deferrables) > 0 {
				c.unknown = true
				return f
			}
			write = make(c, field)
		}
		f.keys = append(f.keys, begin+string(quoted(nil, field.Alias))+":")
		f.writers = append(f.writers, write)
		c.width += len(field.Alias) + 30
	}
	return f
}

// nodes are the types written here that implement Node.
var nodes = map[string]bool{"Conversation": true, "Contact": true, "Channel": true, "User": true, "Team": true, "Message": true}

func literal[T any](text string) writer[T] {
	said := string(quoted(nil, text))
	return func(_ *sight, json []byte, _ *T) []byte { return append(json, said...) }
}

// is compiles a field that says the same however it is selected, from these columns.
func is[T any](write writer[T], columns ...string) func(*compiler, graphql.CollectedField) writer[T] {
	return func(c *compiler, _ graphql.CollectedField) writer[T] {
		c.read(columns...)
		return write
	}
}

// to compiles a field that is an object: at finds it; what is not there is null.
func to[T, V any](object string, known catalog[V], at func(*sight, *T) *V, columns ...string) func(*compiler, graphql.CollectedField) writer[T] {
	return func(c *compiler, f graphql.CollectedField) writer[T] {
		c.read(columns...)
		inside := selected(c, object, f.Selections, known)
		return func(s *sight, json []byte, row *T) []byte {
			found := at(s, row)
			if found == nil {
				return append(json, "null"...)
			}
			return inside.write(s, json, found)
		}
	}
}

// needing compiles a field for which there is something more to read.
func needing[T any](note func(*needs), field func(*compiler, graphql.CollectedField) writer[T]) func(*compiler, graphql.CollectedField) writer[T] {
	return func(c *compiler, f graphql.CollectedField) writer[T] {
		note(&c.needs)
		return field(c, f)
	}
}

func refers(n *needs)     { n.refers = true }
func shows(n *needs)      { n.shows = true }
func messages(n *needs)   { n.messages = true }
func identities(n *needs) { n.identities = true }
func contacts(n *needs)   { n.contacts = true }
