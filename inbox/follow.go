package inbox

import (
	"context"
	"iter"

	"parley/models"
)

// Follow yields every event of the viewer's organization after the cursor, in order, each once and without gaps, until
// ctx ends; without a cursor it begins now. A slow reader delays only itself. It ends with an error: CURSOR_EXPIRED when
// the log does not reach back to the cursor, ACCESS_REVOKED at the event that ends the viewer's access.
func (f *Feed) Follow(ctx context.Context, viewer models.Viewer, after *string) iter.Seq2[models.Event, error] {
	return func(yield func(models.Event, error) bool) {
		if err := f.follow(ctx, viewer, after, yield); err != nil && ctx.Err() == nil {
			yield(models.Event{}, err)
		}
	}
}

func (f *Feed) follow(ctx context.Context, viewer models.Viewer, after *string, yield func(models.Event, error) bool) error {
	seq, last, err := f.begin(ctx, viewer, after)
	if err != nil {
		return err
	}
	t, leave, err := f.join(viewer.OrganizationID, last)
	if err != nil {
		return err
	}
	defer leave()
	for {
		events, more, reaches := t.after(seq)
		if !reaches {
			if events, err = f.history(ctx, viewer, seq); err != nil {
				return revoked(err)
			}
		}
		for _, e := range events {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if concerns(e, viewer) {
				if err := f.recheck(ctx, viewer); err != nil {
					return err
				}
			}
			if !yield(e, nil) {
				return nil
			}
			seq = e.Seq
		}
		if len(events) > 0 || !reaches {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.done.Done():
			return context.Canceled
		case <-more:
		}
	}
}

// begin checks that the viewer may follow from the cursor and returns it as a number, with the end of the log.
func (f *Feed) begin(ctx context.Context, viewer models.Viewer, after *string) (seq, last int64, err error) {
	err = f.store.Read(ctx, viewer, models.ViewInbox, func(tx *models.Tx) error {
		var forgotten int64
		if forgotten, last, err = tx.LogBounds(); err != nil {
			return err
		}
		if seq = last; after == nil {
			return nil
		}
		if seq, err = models.ParseEventCursor(*after); err != nil {
			return err
		}
		if seq < forgotten || seq > last {
			return errCursorExpired
		}
		return nil
	})
	return seq, last, err
}

var errCursorExpired = models.Refuse(models.CursorExpired, "after",
	"The event log does not reach back to this cursor. Load the lists again and follow from their cursor.")

// historyPage is how many events a follower who is far behind reads at once.
const historyPage = 500

// history reads on from the database for a follower the tail does not reach back to.
func (f *Feed) history(ctx context.Context, viewer models.Viewer, seq int64) (events []models.Event, err error) {
	err = f.store.Read(ctx, viewer, models.ViewInbox, func(tx *models.Tx) error {
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

// concerns reports whether an event may change what the viewer is allowed to see.
func concerns(e models.Event, v models.Viewer) bool {
	switch e.Type {
	case models.MembershipChanged:
		return e.Data.UserID == v.UserID
	case models.TokenRevoked:
		return e.Data.TokenID == v.TokenID
	default:
		return false
	}
}

func (f *Feed) recheck(ctx context.Context, viewer models.Viewer) error {
	return revoked(f.store.Read(ctx, viewer, models.ViewInbox, func(*models.Tx) error { return nil }))
}

// revoked says in the words of a stream what the door says to someone it had let in before.
func revoked(err error) error {
	switch models.CodeOf(err) {
	case models.Unauthenticated, models.Forbidden:
		return models.Refuse(models.AccessRevoked, "", "Your access to this organization has ended.")
	default:
		return err
	}
}
