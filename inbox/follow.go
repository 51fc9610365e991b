package inbox

import (
	"context"
	"iter"

	"parley/models"
)

// Follow yields every event of the viewer's organization that they may hear of after the cursor, in order, each once and
// without gaps, until ctx ends; without a cursor it begins now. A slow reader delays only itself. It ends with an error: CURSOR_EXPIRED when
// the log does not reach back to the cursor, ACCESS_REVOKED at the event that ends the viewer's access.
func (f *Feed) Follow(ctx context.Context, viewer models.Viewer, after *string) iter.Seq2[models.Event, error] {
	return func(yield func(models.Event, error) bool) {
		if err := f.follow(ctx, viewer, after, yield); err != nil && ctx.Err() == nil {
			yield(models.Event{}, err)
		}
	}
}

func (f *Feed) follow(ctx context.Context, viewer models.Viewer, after *string, yield func(models.Event, error) bool) error {
	place, err := f.Begin(ctx, viewer, after)
	if err != nil {
		return err
	}
	reading, err := f.Open(viewer.OrganizationID, place.Last)
	if err != nil {
		return err
	}
	defer reading.Close()
	access := place.Access
	for seq := place.After; ; {
		events, more, err := reading.After(ctx, seq)
		if err != nil {
			return err
		}
		for _, e := range events {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if Concerns(e, viewer) {
				if access, err = f.recheck(ctx, viewer); err != nil {
					return err
				}
			}
			if access.Sees(e) && !yield(e, nil) {
				return nil
			}
			seq = e.Seq
		}
		if len(events) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-reading.Done():
			return context.Canceled
		case <-more:
		}
	}
}

// Place is where someone begins to follow a log.
type Place struct {
	After  int64         // the events behind it are new to them
	Last   int64         // the newest event when they were let in: no earlier one changes what they may see
	Access models.Access // what they may do and see
}

// Begin lets the viewer follow the log of their organization after the cursor, or from now on.
func (f *Feed) Begin(ctx context.Context, viewer models.Viewer, after *string) (Place, error) {
	now, err := f.store.Stand(ctx, viewer, models.ViewInbox)
	if err != nil {
		return Place{}, err
	}
	place := Place{After: now.LogEnd, Last: now.LogEnd, Access: now.Access}
	if after == nil {
		return place, nil
	}
	if place.After, err = models.ParseEventCursor(*after); err != nil {
		return Place{}, err
	}
	if place.After < now.LogForgotten || place.After > now.LogEnd {
		return Place{}, errCursorExpired
	}
	return place, nil
}

var errCursorExpired = models.Refuse(models.CursorExpired, "after",
	"The event log does not reach back to this cursor. Load the lists again and follow from their cursor.")

// historyPage is how many events a follower who is far behind reads at once.
const historyPage = 500

// history reads on from the database for a follower the tail does not reach back to.
func (f *Feed) history(ctx context.Context, organizationID string, seq int64) (events []models.Event, err error) {
	err = f.store.Read(ctx, models.System(organizationID), models.ViewInbox, func(tx *models.Tx) error {
		forgotten, _, err := tx.LogBounds()
		if err != nil {
			return err
		}
		if seq < forgotten {
			return errCursorExpired
		}
		events, err = tx.EventsAfter(seq, historyPage)
		return err
	})
	return events, err
}

// Concerns reports whether an event may change what the viewer is allowed to see.
func Concerns(e models.Event, v models.Viewer) bool {
	switch e.Type {
	case models.MembershipChanged:
		return e.Data.UserID == v.UserID
	case models.TokenRevoked:
		return e.Data.TokenID == v.TokenID
	default:
		return false
	}
}

func (f *Feed) recheck(ctx context.Context, viewer models.Viewer) (models.Access, error) {
	now, err := f.store.Stand(ctx, viewer, models.ViewInbox)
	return now.Access, Revoked(err)
}

// Revoked says in the words of a stream what the door says to someone it had let in before.
func Revoked(err error) error {
	switch models.CodeOf(err) {
	case models.Unauthenticated, models.Forbidden:
		return models.Refuse(models.AccessRevoked, "", "Your access to this organization has ended.")
	default:
		return err
	}
}
