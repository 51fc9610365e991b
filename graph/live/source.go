package live

import (
	"context"

	"parley/inbox"
	"parley/models"
)

// source is where the resolver of a subscription gets what happens: one thing at a time, when the execution it belongs to
// says so.
type source struct {
	only    string // the one conversation it is about; empty: any
	admit   func(context.Context) error
	event   func(context.Context, models.Event) (bool, error)  // nil: it is not about events
	whisper func(context.Context, inbox.Whisper) (bool, error) // nil: it is not about whispers
}

type sourceKey struct{}

func sourceOf(ctx context.Context) *source {
	s, ok := ctx.Value(sourceKey{}).(*source)
	if !ok {
		panic("a subscription is executed by a Hub only")
	}
	return s
}

// Events is what a resolver returns to stream what pick makes of the events of the viewer's organization, to those whom
// admit lets in. An error of either is the stream's last word.
func Events[T any](ctx context.Context, admit func(context.Context) error, pick func(context.Context, models.Event) (T, bool, error)) <-chan T {
	s := sourceOf(ctx)
	stream, offer := from(s, admit, pick)
	s.event = offer
	return stream
}

// EventsOf is Events for those of one conversation.
func EventsOf[T any](ctx context.Context, conversationID string, admit func(context.Context) error, pick func(context.Context, models.Event) (T, bool, error)) <-chan T {
	sourceOf(ctx).only = conversationID
	return Events(ctx, admit, func(ctx context.Context, e models.Event) (picked T, ok bool, err error) {
		if e.ConversationID != conversationID {
			return picked, false, nil
		}
		return pick(ctx, e)
	})
}

// Whispers is Events for what is of this moment only.
func Whispers[T any](ctx context.Context, admit func(context.Context) error, pick func(context.Context, inbox.Whisper) (T, bool, error)) <-chan T {
	s := sourceOf(ctx)
	stream, offer := from(s, admit, pick)
	s.whisper = offer
	return stream
}

// from has room for one, as the execution takes what it was offered before it is offered more.
func from[A, T any](s *source, admit func(context.Context) error, pick func(context.Context, A) (T, bool, error)) (chan T, func(context.Context, A) (bool, error)) {
	stream := make(chan T, 1)
	s.admit = admit
	return stream, func(ctx context.Context, a A) (bool, error) {
		picked, ok, err := pick(ctx, a)
		if ok && err == nil {
			select {
			case <-stream: // a panic kept it from being taken
			default:
			}
			stream <- picked
		}
		return ok && err == nil, err
	}
}
