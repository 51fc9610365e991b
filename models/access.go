package models

import "strings"

// Access is what a viewer may do and see in an organization. Two who have the same are to be shown the same.
type Access struct {
	Role   Role
	scopes scopeSet // what the token leaves of the role
}

// accessOf is what a role may do as far as the scopes go. Scopes the role has no use for make no difference.
func accessOf(role Role, scopes scopeSet) Access {
	return Access{Role: role, scopes: scopes & scopesOf(role)}
}

// May reports whether the viewer may do the action: as what they are here, and by the token they came in with.
func (a Access) May(action Action) bool { return a.check(action) == nil }

// check refuses what the viewer may not do, and says what is missing.
func (a Access) check(action Action) error {
	if !a.Role.May(action) {
		return Refuse(Forbidden, "", "Your role does not allow this.")
	}
	if scope := action.scope(); scope != "" && !a.scopes.has(scope) {
		return Refuse(Forbidden, "", "This token does not have the scope "+string(scope)+".")
	}
	return nil
}

// String is the same for the same access, and for no other.
func (a Access) String() string {
	words := []string{string(a.Role)}
	for _, scope := range a.scopes.list() {
		words = append(words, string(scope))
	}
	return strings.Join(words, " ")
}
