package graph

import (
	"github.com/vektah/gqlparser/v2/validator/rules"

	"parley/graph/transport"
)

// Limits bound what is asked; the zero value bounds what one operation costs, and nothing else.
type Limits struct {
	Cost    int               // of one operation; zero: 10,000
	Limiter transport.Limiter // is paid for operations; nil: nobody pays
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
