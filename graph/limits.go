package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"parley/graph/generated"
	"parley/graph/transport"
)

// Limits bound what is asked; the zero value bounds what one operation costs, and nothing else.
type Limits struct {
	Cost    int               // of one operation; zero: 10,000
	Limiter transport.Limiter // is paid for operations; nil: nobody pays

	Trusted *transport.Trusted // documents that are known by their ids; nil: none
	Shelf   transport.Shelf    // keeps the documents that clients register; nil: none are kept
}

// ReadTrusted reads a manifest of trusted documents, each of which must be one that is let in, and valid for the schema.
func ReadTrusted(manifest []byte) (*transport.Trusted, error) {
	trusted, err := transport.ReadTrusted(manifest)
	if err != nil {
		return nil, err
	}
	guard, schema := transport.NewGuard(transport.Limits{}), executable(generated.Config{}).Schema()
	for id, text := range trusted.All() {
		if err := guard.MutateOperationParameters(context.Background(), &graphql.RawParams{Query: text}); err != nil {
			return nil, fmt.Errorf("document %s: %w", id, err)
		}
		doc, err := parser.ParseQuery(&ast.Source{Input: text})
		if err != nil {
			return nil, fmt.Errorf("document %s: %w", id, err)
		}
		if len(doc.Operations) == 0 {
			return nil, fmt.Errorf("document %s has no operation", id)
		}
		if errs := validator.ValidateWithRules(schema, doc, nil); len(errs) > 0 {
			return nil, fmt.Errorf("document %s: %w", id, errs)
		}
	}
	return trusted, nil
}

// silentRules are the rules of validation, whose errors do not tell what there is instead: who may not introspect the
// schema does not learn it by guessing. The executor replaces the two rules left out here itself.
func silentRules() *rules.Rules {
	all := rules.NewDefaultRules()
	all.ReplaceRule(rules.KnownArgumentNamesRule.Name, rules.KnownArgumentNamesRuleWithoutSuggestions.RuleFunc)
	all.ReplaceRule(rules.KnownTypeNamesRule.Name, rules.KnownTypeNamesRuleWithoutSuggestions.RuleFunc)
	all.ReplaceRule(rules.ValuesOfCorrectTypeRule.Name, rules.ValuesOfCorrectTypeRuleWithoutSuggestions.RuleFunc)
	return all
}
