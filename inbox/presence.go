package inbox

import (
	"context"
	"time"

	"parley/models"
)

// HereLasts is for how long a member who said to be here, or to look at a conversation, counts as doing so.
const HereLasts = 45 * time.Second

// Limits of what members report. What comes faster is not passed on, which nobody notices: it holds still.
const (
	herePause   = 10 * time.Second // between two reports of the same
	typingPause = 2 * time.Second
	deedsAtOnce = 20                     // different ones, by one member in one process
	deedsEvery  = 500 * time.Millisecond // afterwards
)

// Presence is what the members of an organization tell each other of this moment. Nothing of it is recorded.
type Presence struct {
	Inbox    *Inbox
	Whispers *Whispers // nil: nobody hears of anybody
}

// BeHere tells the colleagues that the viewer is here, or is leaving.
func (p Presence) BeHere(ctx context.Context, viewer models.Viewer, here bool) error {
	return p.report(ctx, viewer, models.ViewInbox, Deed{Doing: BeingHere, UserID: viewer.UserID}, !here)
}

// View tells the colleagues that the viewer looks at a conversation, or does no more.
func (p Presence) View(ctx context.Context, viewer models.Viewer, conversationID string, viewing bool) error {
	return p.report(ctx, viewer, models.ViewInbox, Deed{Viewing, viewer.UserID, conversationID}, !viewing)
}

// Type tells the colleagues that the viewer is writing in a conversation. See ShowTyping for telling the contact.
func (p Presence) Type(ctx context.Context, viewer models.Viewer, conversationID string) error {
	return p.report(ctx, viewer, models.Reply, Deed{Typing, viewer.UserID, conversationID}, false)
}

// Now is what the members of an organization do. Without Redis nobody seems to do anything.
func (p Presence) Now(ctx context.Context, organizationID string) []Deed {
	if p.Whispers == nil {
		return nil
	}
	return p.Whispers.rooms.deeds(ctx, organizationID)
}

func (p Presence) report(ctx context.Context, viewer models.Viewer, action models.Action, d Deed, ended bool) error {
	if err := p.admit(ctx, viewer, action, d.ConversationID); err != nil {
		return err
	}
	w, organizationID := p.Whispers, viewer.OrganizationID
	if w == nil || !w.limits.allow(organizationID, d, ended, w.now()) {
		return nil
	}
	if ended {
		if w.rooms.end(ctx, organizationID, d) {
			w.pass(whisperOf(organizationID, d, true))
		}
		return nil
	}
	news, vanished := w.rooms.begin(ctx, organizationID, d, d.lasts())
	for _, v := range vanished {
		if v.Doing != Typing { // ends by itself for those who were told
			w.pass(whisperOf(organizationID, v, true))
		}
	}
	if news || d.Doing == Typing {
		w.pass(whisperOf(organizationID, d, false))
	}
	return nil
}

// admit asks the door. That a conversation exists is asked once, as it does not change; whether someone limited sees it may.
func (p Presence) admit(ctx context.Context, viewer models.Viewer, action models.Action, conversationID string) error {
	place := viewer.OrganizationID + " " + conversationID
	return p.Inbox.store.Read(ctx, viewer, action, func(tx *models.Tx) error {
		if conversationID == "" || !tx.IsLimited() && p.Whispers != nil && p.Whispers.known.Contains(place) {
			return nil
		}
		if err := tx.Find(&models.Conversation{}, conversationID); err != nil {
			return err
		}
		if p.Whispers != nil {
			p.Whispers.known.Add(place, struct{}{})
		}
		return nil
	})
}

func (d Deed) lasts() time.Duration {
	if d.Doing == Typing {
		return TypingLasts
	}
	return HereLasts
}

func (d Deed) pause() time.Duration {
	if d.Doing == Typing {
		return typingPause
	}
	return herePause
}

func whisperOf(organizationID string, d Deed, ended bool) Whisper {
	return Whisper{
		To: ToMembers(organizationID), Doing: d.Doing, UserID: d.UserID, ConversationID: d.ConversationID, Lasts: d.lasts(), Ended: ended,
	}
}
