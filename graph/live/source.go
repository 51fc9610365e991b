package live

import (
	"context"

	"parley/graph/view"
	"parley/inbox"
	"parley/models"
)

// source is where the resolver of a subscription gets what happens: one thing at a time, when the execution it belongs to
// says so.
type source struct {
	only    string // the one conversation it is about; empty: any
	admit   func(context.Context) error
	writer  Writer                                              // nil: there is none
	event   func(context.Context, models.Event) (offer, error)  // nil: it is not about events
	whisper func(context.Context, inbox.Whisper) (offer, error) // nil: it is not about whispers
}

// offer is what a resolver makes of something that happened: nothing, what the execution is to say, or what a response says.
type offer struct {
	wanted bool
	data   []byte // nil: the execution says it
}

// Writer writes the data of responses to events, as the execution would.
type Writer interface {
	// Needs is what Write will ask the scope for. It may be called beside anything else.
	Needs(e models.Event) view.Needs
	// Write writes the data; nil if it cannot.
	Write(ctx context.Context, e models.Event) (data []byte)
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
// admit lets in. An error of either is the stream's last word. What write can write, nobody executes; nil writes nothing.
func Events[T any](ctx context.Context, admit func(context.Context) error, pick func(context.Context, models.Event) (T, bool, error), write Writer) <-chan T {
	s := sourceOf(ctx)
	stream := make(chan T, 1)
	s.admit, s.writer = admit, write
	s.event = func(ctx context.Context, e models.Event) (offer, error) {
		picked, ok, err := pick(ctx, e)
		if !ok || err != nil {
			return offer{}, err
		}
		if write != nil {
			if data := write.Write(ctx, e); data != nil {
				return offer{wanted: true, data: data}, nil
			}
		}
		put(stream, picked)
		return offer{wanted: true}, nil
	}
	return stream
}

// EventsOf is Events for those of one conversation.
func EventsOf[T any](ctx context.Context, conversationID string, admit func(context.Context) error, pick func(context.Context, models.Event) (T, bool, error), write Writer) <-chan T {
	sourceOf(ctx).only = conversationID
	return Events(ctx, admit, func(ctx context.Context, e models.Event) (picked T, ok bool, err error) {
		if e.ConversationID != conversationID {
			return picked, false, nil
		}
		return pick(ctx, e)
	}, write)
}

// Whispers is Events for what is of this moment only.
func Whispers[T any](ctx context.Context, admit func(context.Context) error, pick func(context.Context, inbox.Whisper) (T, bool, error)) <-chan T {
	s := sourceOf(ctx)
	stream := make(chan T, 1)
	s.admit = admit
	s.whisper = func(ctx context.Context, w inbox.Whisper) (offer, error) {
		picked, ok, err := pick(ctx, w)
		if !ok || err != nil {
			return offer{}, err
		}
		put(stream, picked)
		return offer{wanted: true}, nil
	}
	return stream
}

// put offers something to an execution, which takes what it was offered before it is offered more.
func put[T any](stream chan T, v T) {
	select {
	case <-stream: // a panic kept it from being taken
	default:
	}
	stream <- v
}
