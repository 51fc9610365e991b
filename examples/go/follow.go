package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/Khan/genqlient/graphql"
)

type event = EventsInboxEventsInboxEvent

// follower sees every event after a cursor, in order and once each, whatever happens to the line.
type follower struct {
	line         *line
	token        string
	organization string
	after        string

	events chan event
	failed error    // why events is closed
	seen   []string // what until has read
}

func follow(ctx context.Context, token string, from place) *follower {
	f := &follower{line: &line{}, token: token, organization: from.organization, after: from.cursor, events: make(chan event)}
	go f.run(ctx)
	return f
}

func (f *follower) run(ctx context.Context) {
	defer close(f.events)
	for failures := 1; failures <= 8; failures++ {
		before := f.after
		err := f.listen(ctx)
		if f.after != before {
			failures = 1
		}
		f.failed = err
		if refused := new(refusal); ctx.Err() != nil || errors.As(err, refused) {
			return // CURSOR_EXPIRED asks to load the lists again, ACCESS_REVOKED to sign in again
		}
		log.Printf("%v: again after %s", err, f.after)
		select {
		case <-time.After(rand.N(100 * time.Millisecond << failures)):
		case <-ctx.Done():
			return
		}
	}
}

// refusal is what the server said when it ended the stream.
type refusal struct{ error }

// listen hands over events until the line is lost.
func (f *follower) listen(ctx context.Context) error {
	params := map[string]any{"Authorization": "Bearer " + f.token}
	client := graphql.NewClientUsingWebSocket(strings.Replace(endpoint, "http", "ws", 1), f.line, graphql.WithConnectionParams(params))
	lost, err := client.Start(ctx)
	if err != nil {
		return err
	}
	answers, _, err := Events(ctx, client, f.organization, &f.after)
	if err != nil {
		return err
	}
	// The client's own Close panics when an event is on its way: hang up below it, and take what it still holds.
	defer func() { f.line.hangUp(); go drain(answers, lost) }()
	for {
		select {
		case answer, open := <-answers:
			switch {
			case !open:
				return io.EOF
			case answer.Errors != nil:
				return refusal{answer.Errors}
			}
			select {
			case f.events <- answer.Data.InboxEvents:
			case <-ctx.Done():
				return ctx.Err()
			}
			f.after = cursorOf(answer.Data.InboxEvents) // only now: what was not handled is asked for again
		case err := <-lost:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func drain(answers chan EventsWsResponse, lost chan error) {
	for {
		select {
		case _, open := <-answers:
			if !open {
				return
			}
		case <-lost:
			return
		}
	}
}

// cursorOf reads what all types of events have.
func cursorOf(e event) string {
	if e, ok := e.(interface{ GetCursor() string }); ok {
		return e.GetCursor()
	}
	return ""
}

// until reads events up to the one that says that a message was delivered.
func (f *follower) until(ctx context.Context, message string) error {
	for e := range f.events {
		f.seen = append(f.seen, cursorOf(e)+" "+*e.GetTypename())
		if d, ok := e.(*EventsInboxEventsMessageDeliveryChanged); ok && d.Status == DeliveryStatusDelivered && d.Message != nil && d.Message.Id == message {
			log.Printf("DELIVERED %s", message)
			return nil
		}
	}
	return fmt.Errorf("the stream ended before %s was delivered: %w", message, errors.Join(f.failed, ctx.Err()))
}
