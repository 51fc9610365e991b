package models

import "strings"

// Access is what a viewer may do and see in an organization. Two who have the same are to be shown the same.
type Access struct {
	Role     Role
	scopes   scopeSet // what the token leaves of the role
	limited  bool     // to channels
	channels string   // their ids, sorted, with commas between them
}

// accessOf is what a role may do as far as the scopes go. Scopes the role has no use for make no difference.
func accessOf(role Role, scopes scopeSet) Access {
	return Access{Role: role, scopes: scopes & scopesOf[role]}
}

// within is the access limited to channels; nil limits nothing.
func (a Access) within(channels *string) Access {
	if channels != nil {
		a.limited, a.channels = true, *channels
	}
	return a
}

// limit is the reverse of within.
func (a Access) limit() *string {
	if !a.limited {
		return nil
	}
	return &a.channels
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

// IsLimited reports whether there may be channels the viewer does not see.
func (a Access) IsLimited() bool { return a.limited }

// SeesChannel reports whether what is on a channel is there for the viewer.
func (a Access) SeesChannel(id string) bool {
	return !a.limited || strings.Contains(","+a.channels+",", ","+id+",")
}

// Sees reports whether the viewer may hear of an event: one on a channel they see, or about the organization as a whole.
func (a Access) Sees(e Event) bool {
	if e.ChannelID == "" {
		return !a.limited || e.ConversationID == "" && e.MessageID == ""
	}
	return a.SeesChannel(e.ChannelID)
}

// String is the same for the same access, and for no other.
func (a Access) String() string {
	words := []string{string(a.Role)}
	for _, scope := range a.scopes.list() {
		words = append(words, string(scope))
	}
	if a.limited {
		words = append(words, "in", a.channels)
	}
	return strings.Join(words, " ")
}
