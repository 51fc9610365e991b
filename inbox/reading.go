package inbox

import (
	"context"

	"parley/models"
)

// Reading is an open look at the log of one organization.
type Reading struct {
	feed           *Feed
	tail           *tail
	organizationID string
	leave          func()
}

// Open begins to read the log of an organization, which reached to last a moment ago. It must be closed.
func (f *Feed) Open(organizationID string, last int64) (*Reading, error) {
	t, leave, err := f.join(organizationID, last)
	if err != nil {
		return nil, err
	}
	return &Reading{feed: f, tail: t, organizationID: organizationID, leave: leave}, nil
}

// After returns what comes behind seq, in order and without gaps: from memory, or else from the database, and then not all
// of it. If there is nothing yet, more closes when there is. It fails with CURSOR_EXPIRED when the log does not reach back.
func (r *Reading) After(ctx context.Context, seq int64) (events []models.Event, more <-chan struct{}, err error) {
	events, more, reaches := r.tail.after(seq)
	if reaches {
		return events, more, nil
	}
	events, err = r.feed.history(ctx, r.organizationID, seq)
	if len(events) == 0 {
		more = soon // the tail was ahead, so the next look finds what it knew
	}
	return events, more, err
}

// Last is the newest event this process knows of.
func (r *Reading) Last() int64 { return r.tail.last() }

// Done closes when the feed stops.
func (r *Reading) Done() <-chan struct{} { return r.tail.done.Done() }

// Close ends the reading.
func (r *Reading) Close() { r.leave() }

var soon = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()
