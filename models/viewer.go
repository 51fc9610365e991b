package models

// ActorKind says who stands behind a change.
type ActorKind string

// People act themselves; platforms report; workers act by the clock.
const (
	ActorUser     ActorKind = "USER"
	ActorPlatform ActorKind = "PLATFORM"
	ActorSystem   ActorKind = "SYSTEM"
)

// Viewer is who asks, in which organization. The door decides what it may do.
type Viewer struct {
	Kind           ActorKind
	OrganizationID string
	UserID         string
	TokenID        string // how the user came in; checked again at every door
	TrustedOnly    bool   // the token was made for documents the server knows
	sight          Access // of Sight
}

// Sight is the viewer of what all who have the same access see alike. Who looks through it has to be let in by themselves, and
// is no longer to look when the log tells of a change to their membership or token.
func Sight(organizationID string, access Access) Viewer {
	return Viewer{Kind: ActorUser, OrganizationID: organizationID, sight: access}
}

// System is the viewer of workers in an organization.
func System(organizationID string) Viewer {
	return Viewer{Kind: ActorSystem, OrganizationID: organizationID}
}

// FromPlatform is the viewer of webhooks in an organization.
func FromPlatform(organizationID string) Viewer {
	return Viewer{Kind: ActorPlatform, OrganizationID: organizationID}
}
