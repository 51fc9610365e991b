package graph

import "parley/inbox"

// presence is what members tell each other of this moment.
func (r *Resolver) presence() inbox.Presence {
	return inbox.Presence{Inbox: r.Inbox, Whispers: r.Whispers}
}
