package graph

import (
	"context"

	"parley/graph/view"
	"parley/inbox"
	"parley/models"
)

// whispers streams who is writing at this moment. Access is looked at with every whisper: when it is lost the stream ends.
func (r *Resolver) whispers(ctx context.Context, organizationID string) <-chan *inbox.Whisper {
	stream := make(chan *inbox.Whisper)
	end := ctx.Value(endingKey{}).(*ending)
	go func() {
		defer close(stream)
		viewer := view.ViewerFrom(ctx)
		mayListen := func() error {
			if err := inOrganization(organizationID)(ctx); err != nil {
				return err
			}
			return r.Inbox.Store().Read(ctx, viewer, models.ViewInbox, func(*models.Tx) error { return nil })
		}
		if end.with(mayListen()) {
			return
		}
		heard, leave := r.Whispers.Listen(inbox.ToMembers(organizationID))
		defer leave()
		for {
			select {
			case <-ctx.Done():
				return
			case whisper, ok := <-heard:
				if !ok {
					return
				}
				if end.with(mayListen()) {
					return
				}
				select {
				case stream <- &whisper:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return stream
}
