package live

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"parley/models"
)

// cursorArgument is where a client says from where on it wants to hear. It is the one argument that does not change the
// answers: the Hub sees to it.
const cursorArgument = "after"

// followArgument is where a client says whether to go on with what happens from now on. It is the Hub's affair, too.
const followArgument = "follow"

// span is what of the log an operation asks to hear.
type span struct {
	after *string // nil: from now on
	ends  bool    // with what has happened until now
}

func spanOf(op *graphql.OperationContext) (s span) {
	for _, selection := range op.Operation.SelectionSet {
		field, ok := selection.(*ast.Field)
		if !ok {
			continue
		}
		arguments := field.ArgumentMap(op.Variables)
		if text, ok := arguments[cursorArgument].(string); ok {
			s.after = &text
		}
		s.ends = arguments[followArgument] == false
	}
	return s
}

// key is the same for questions that are the same, asked by those who may see the same.
func key(op *graphql.OperationContext, access models.Access) (string, error) {
	variables, err := json.Marshal(withoutCursor(op)) // keys sorted, values coerced, defaults filled in
	if err != nil {
		return "", err
	}
	parts := []string{access.String(), op.Operation.Name, string(variables), normalized(op)}
	return strings.Join(parts, "\x00"), nil
}

// withoutCursor leaves out the variable that says nothing but from where on to hear.
func withoutCursor(op *graphql.OperationContext) map[string]any {
	name := ""
	for _, selection := range op.Operation.SelectionSet {
		field, ok := selection.(*ast.Field)
		if !ok {
			continue
		}
		if argument := field.Arguments.ForName(cursorArgument); argument != nil && argument.Value.Kind == ast.Variable {
			name = argument.Value.Raw
		}
	}
	if name == "" || strings.Count(op.RawQuery, "$"+name) != 2 { // it is declared, and used elsewhere too
		return op.Variables
	}
	rest := maps.Clone(op.Variables)
	delete(rest, name)
	return rest
}

// normalized is the document without what does not matter: blanks, commas and comments.
func normalized(op *graphql.OperationContext) string {
	var b strings.Builder
	formatter.NewFormatter(&b, formatter.WithIndent("")).FormatQueryDocument(op.Doc)
	return b.String()
}
