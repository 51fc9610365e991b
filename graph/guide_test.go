package graph_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"parley/graph"
)

// TestGuide holds the page for integrators to the schema.
func TestGuide(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: graph.SDL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("shows documents that are valid", func(t *testing.T) {
		t.Parallel()
		found := regexp.MustCompile("(?s)```graphql\n(.*?)```").FindAllStringSubmatch(string(page), -1)
		if len(found) < 5 {
			t.Errorf("only %d documents found", len(found))
		}
		for _, document := range found {
			if _, errs := gqlparser.LoadQueryWithRules(schema, document[1], rules.NewDefaultRules()); len(errs) > 0 {
				t.Errorf("%s\n%v", document[1], errs)
			}
		}
	})
	t.Run("explains every refusal", func(t *testing.T) {
		t.Parallel()
		for _, code := range schema.Types["UserErrorCode"].EnumValues {
			if !strings.Contains(string(page), "`"+code.Name+"`") {
				t.Errorf("%s is not explained", code.Name)
			}
		}
	})
}
