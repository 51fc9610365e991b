package graph

import (
	"fmt"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/formatter"

	"parley/graph/generated"
)

var mending sync.Once

// executable is the schema without @defer, which gqlgen adds and no transport of ours speaks.
func executable(config generated.Config) graphql.ExecutableSchema {
	schema := generated.NewExecutableSchema(config)
	mending.Do(func() { delete(schema.Schema().Directives, "defer") }) // all share one
	return schema
}

// SDL is the schema as it is served, with its descriptions.
var SDL = sync.OnceValue(func() string {
	var b strings.Builder
	schema := executable(generated.Config{}).Schema()
	// The formatter leaves out a schema definition with the usual names, and its description with it.
	fmt.Fprintf(&b, "\"\"\"\n%s\n\"\"\"\nschema {\n  query: Query\n  mutation: Mutation\n  subscription: Subscription\n}\n", schema.Description)
	formatter.NewFormatter(&b, formatter.WithIndent("  ")).FormatSchema(schema)
	return b.String()
})
