package graph

import (
	"fmt"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/formatter"

	"parley/graph/generated"
)

// SDL is the schema as it is served, with its descriptions.
var SDL = sync.OnceValue(func() string {
	var b strings.Builder
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	// The formatter leaves out a schema definition with the usual names, and its description with it.
	fmt.Fprintf(&b, "\"\"\"\n%s\n\"\"\"\nschema {\n  query: Query\n  mutation: Mutation\n  subscription: Subscription\n}\n", schema.Description)
	formatter.NewFormatter(&b, formatter.WithIndent("  ")).FormatSchema(schema)
	return b.String()
})
