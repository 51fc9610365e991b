package graph

import (
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/formatter"

	"parley/graph/generated"
)

// SDL is the schema as it is served, with its descriptions.
var SDL = sync.OnceValue(func() string {
	var b strings.Builder
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	formatter.NewFormatter(&b, formatter.WithIndent("  ")).FormatSchema(schema)
	return b.String()
})
