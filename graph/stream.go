package graph

import (
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"

	"parley/graph/generated"
	"parley/graph/view"
	"parley/inbox"
	"parley/models"
)

// ending is where a stream leaves the error it ended with. One operation has one. A client may go away, and be given a last
// word, while the stream is still at work.
type ending struct {
	mu  sync.Mutex
	err error
}

// with reports whether the stream ends, and why.
func (e *ending) with(err error) bool {
	if err == nil {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
	return true
}

// take returns the error once.
func (e *ending) take() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	err := e.err
	e.err = nil
	return err
}

type endingKey struct{}

func withEnding(ctx context.Context) context.Context {
	return context.WithValue(ctx, endingKey{}, &ending{})
}

// lastWord is the response that tells a client why its stream has ended; nil if it just ended.
func lastWord(ctx context.Context) *graphql.Response {
	end, ok := ctx.Value(endingKey{}).(*ending)
	if !ok {
		return nil
	}
	err := end.take()
	if err == nil {
		return nil
	}
	graphql.AddError(ctx, err)
	return &graphql.Response{Errors: graphql.GetErrors(ctx)}
}

// follow streams what pick makes of the events of the viewer's organization, if admit lets the viewer in. An error ends
// the stream and is its last word.
func follow[T any](ctx context.Context, feed *inbox.Feed, after *string, admit func(context.Context) error,
	pick func(context.Context, models.Event) (T, bool, error)) <-chan T {
	stream := make(chan T)
	end := ctx.Value(endingKey{}).(*ending)
	go func() {
		defer close(stream)
		if end.with(admit(ctx)) {
			return
		}
		for event, err := range feed.Follow(ctx, view.ViewerFrom(ctx), after) {
			var picked T
			var ok bool
			if err == nil {
				picked, ok, err = pick(ctx, event)
			}
			if end.with(err) {
				return
			}
			if !ok {
				continue
			}
			select {
			case stream <- picked:
			case <-ctx.Done():
				return
			}
		}
	}()
	return stream
}

// inOrganization lets the viewer follow the organization of their token and no other.
func inOrganization(organizationID string) func(context.Context) error {
	return func(ctx context.Context) error {
		if organizationID != view.ViewerFrom(ctx).OrganizationID {
			return models.Refuse(models.NotFound, "organizationId", "There is no such organization here.")
		}
		return nil
	}
}

// toConversation lets the viewer follow a conversation of their organization.
func (r *Resolver) toConversation(conversationID string) func(context.Context) error {
	return func(ctx context.Context) error {
		return r.Inbox.Store().Read(ctx, view.ViewerFrom(ctx), models.ViewInbox, func(tx *models.Tx) error {
			return tx.Find(&models.Conversation{}, conversationID)
		})
	}
}

// withFilter lets the viewer follow with a filter that can be asked.
func (r *Resolver) withFilter(f *models.ConversationFilter) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := r.matches(ctx, "", f)
		return err
	}
}

func (r *Resolver) matches(ctx context.Context, conversationID string, f *models.ConversationFilter) (matches bool, err error) {
	err = r.Inbox.Store().Read(ctx, view.ViewerFrom(ctx), models.ViewInbox, func(tx *models.Tx) error {
		matches, err = tx.Matches(conversationID, value(f))
		return err
	})
	return matches, err
}

func wanted(e models.Event, f *generated.InboxEventFilter) bool {
	return f == nil || among(f.Types, e.Type) && among(f.ConversationIds, e.ConversationID) && among(f.ChannelIds, e.ChannelID)
}

// among reports whether v is one of those wanted; none wanted is all wanted.
func among[T comparable](wanted []T, v T) bool {
	for _, w := range wanted {
		if w == v {
			return true
		}
	}
	return len(wanted) == 0
}
