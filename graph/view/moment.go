package view

import (
	"context"

	"parley/inbox"
	"parley/models"
)

// Moment is something somebody does right now: which Go types that can be, the schema says.
type Moment any

// The moments of members. They differ in what the schema shows of them.
type (
	MemberTyping   struct{ doing }
	MemberPresence struct{ doing }
	MemberViewing  struct{ doing }
)

// MomentOf gives a whisper its type.
func MomentOf(w inbox.Whisper) Moment {
	d := doing{w}
	switch w.Doing {
	case inbox.Typing:
		return &MemberTyping{d}
	case inbox.BeingHere:
		return &MemberPresence{d}
	case inbox.Viewing:
		return &MemberViewing{d}
	default:
		return &w
	}
}

// doing answers what any moment of a member can be asked.
type doing struct{ w inbox.Whisper }

// User is who does it.
func (d doing) User(ctx context.Context) (*models.User, error) {
	return optional(ctx, From(ctx).User, d.w.UserID)
}

// Conversation is where.
func (d doing) Conversation(ctx context.Context) (*models.Conversation, error) {
	return optional(ctx, From(ctx).Conversation, d.w.ConversationID)
}

// Seconds is for how long it holds.
func (d doing) Seconds() int { return int(d.w.Lasts.Seconds()) }

// Online reports whether a member is here.
func (d doing) Online() bool { return !d.w.Ended }

// Viewing reports whether a member looks at a conversation.
func (d doing) Viewing() bool { return !d.w.Ended }

// ConversationViewer is a member who has a conversation open.
type ConversationViewer struct {
	userID   string
	IsTyping bool
}

// User is who.
func (v ConversationViewer) User(ctx context.Context) (*models.User, error) {
	return optional(ctx, From(ctx).User, v.userID)
}

// viewersShown is how many viewers of a conversation are told.
const viewersShown = 50

// Viewers picks those who look at a conversation, or write in it, from all that members do.
func Viewers(deeds []inbox.Deed, conversationID string) []*ConversationViewer {
	viewers := []*ConversationViewer{}
	at := make(map[string]*ConversationViewer)
	for _, d := range deeds {
		if d.ConversationID != conversationID {
			continue
		}
		v := at[d.UserID]
		if v == nil {
			if len(viewers) == viewersShown {
				continue
			}
			v = &ConversationViewer{userID: d.UserID}
			at[d.UserID], viewers = v, append(viewers, v)
		}
		v.IsTyping = v.IsTyping || d.Doing == inbox.Typing
	}
	return viewers
}

// presenceShown is how many members who are here are told.
const presenceShown = 500

// Present picks the members who are here from all that they do.
func Present(deeds []inbox.Deed) []*MemberPresence {
	here := []*MemberPresence{}
	for _, d := range deeds {
		if d.Doing == inbox.BeingHere && len(here) < presenceShown {
			here = append(here, &MemberPresence{doing{inbox.Whisper{Doing: d.Doing, UserID: d.UserID}}})
		}
	}
	return here
}
