package transport

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Live runs subscriptions for many clients at once: those that ask the same question and may see the same can share one
// execution and one payload. Without it a subscription runs for its client alone, as gqlgen has it.
type Live interface {
	// Subscribe begins op for the viewer of ctx, whose streams it may outlive, and returns when it has begun, or ended
	// already. Nothing is sent to the stream after stop, which must be called once and may be called from anywhere.
	Subscribe(ctx context.Context, exec graphql.GraphExecutor, op *graphql.OperationContext, to Stream) (stop func())
}

// Stream is where one client hears of one subscription. Its methods never wait for the client, but for Room.
type Stream interface {
	// Next sends a response, as Encode writes it. It may be shared: nobody changes it.
	Next(payload []byte)
	// End sends why the subscription ends, or just that it does. It is the last word.
	End(why gqlerror.List)
	// Room waits until the client has taken much of what was sent, so that history does not overwhelm it. It returns an
	// error when the client is gone.
	Room(ctx context.Context) error
}

// Encode writes a response the way every transport sends it.
func Encode(resp *graphql.Response) []byte { return appendResponse(nil, resp) }
