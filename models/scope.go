package models

import (
	"slices"
	"strings"
)

// TokenScope is a part of what members may do that a token can be made for.
type TokenScope string

// The scopes. Each action of members belongs to one: see the policy.
const (
	ScopeRead     TokenScope = "READ"
	ScopeReply    TokenScope = "REPLY"
	ScopeOrganize TokenScope = "ORGANIZE"
	ScopeManage   TokenScope = "MANAGE"
)

// TokenScopes are all there are, in their order.
var TokenScopes = []TokenScope{ScopeRead, ScopeReply, ScopeOrganize, ScopeManage}

// scopeSet has a bit for each of TokenScopes.
type scopeSet uint8

const allScopes = ^scopeSet(0)

// bit is the scope's in a set; what is no scope has none.
func (s TokenScope) bit() scopeSet {
	if i := slices.Index(TokenScopes, s); i >= 0 {
		return 1 << i
	}
	return 0
}

func setOf(scopes []TokenScope) (set scopeSet) {
	for _, scope := range scopes {
		set |= scope.bit()
	}
	return set
}

// scopesOf are those a role has a use for. Every door asks.
var scopesOf = func() map[Role]scopeSet {
	sets := make(map[Role]scopeSet)
	for _, rule := range policy {
		for _, role := range rule.roles {
			sets[role] |= rule.scope.bit()
		}
	}
	return sets
}()

func (s scopeSet) has(scope TokenScope) bool { return s&scope.bit() != 0 }

func (s scopeSet) list() (scopes []TokenScope) {
	for _, scope := range TokenScopes {
		if s.has(scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// scopesIn reads what the door finds of a token; without a list it has all.
func scopesIn(list *string) scopeSet {
	if list == nil {
		return allScopes
	}
	var scopes []TokenScope
	for word := range strings.SplitSeq(*list, ",") {
		scopes = append(scopes, TokenScope(word))
	}
	return setOf(scopes)
}

// PickScopes are these scopes, each once and in their order. None at all is refused, and so is what is no scope.
func PickScopes(wanted []TokenScope) ([]TokenScope, error) {
	picked := setOf(wanted).list()
	unknown := slices.ContainsFunc(wanted, func(s TokenScope) bool { return !slices.Contains(TokenScopes, s) })
	if len(picked) == 0 || unknown {
		return nil, Refuse(InvalidInput, "scopes", "Name at least one scope the token is to have, or leave them out for all.")
	}
	return picked, nil
}
