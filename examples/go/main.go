// Go with genqlient: reads the inbox, replies, follows what becomes of the reply, and survives a cut of the line.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/Khan/genqlient/graphql"
	"github.com/google/uuid"
)

//go:generate go tool genqlient

var endpoint = cmp.Or(os.Getenv("PARLEY_URL"), "http://127.0.0.1:8080") + "/graphql"

func main() {
	log.SetFlags(0)
	log.SetPrefix("go: ")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	token, err := session(ctx)
	if err != nil {
		return err
	}
	client := connect(token)
	place, err := look(ctx, client)
	if err != nil {
		return err
	}
	followed := follow(ctx, token, place)
	sent, err := talk(ctx, client, place.conversation, followed)
	if err != nil {
		return err
	}
	replayed := follow(ctx, token, place)
	if err := replayed.until(ctx, sent); err != nil {
		return err
	}
	if !slices.Equal(followed.seen, replayed.seen) {
		return fmt.Errorf("followed %q, but what happened is %q", followed.seen, replayed.seen)
	}
	log.Printf("%d events, none missed, none twice", len(followed.seen))
	return nil
}

// talk replies twice, the second time while the line is cut, and returns the second message.
func talk(ctx context.Context, client graphql.Client, conversation string, events *follower) (string, error) {
	first, err := send(ctx, client, conversation, "Hello from Go")
	if err != nil {
		return "", err
	}
	if err := events.until(ctx, first); err != nil {
		return "", err
	}
	mend := events.line.cut()
	second, err := send(ctx, client, conversation, "Sent while the line was cut")
	mend()
	if err != nil {
		return "", err
	}
	return second, events.until(ctx, second)
}

type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if b != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+string(b))
	}
	return http.DefaultTransport.RoundTrip(r)
}

func connect(token string) graphql.Client {
	return graphql.NewClient(endpoint, &http.Client{Transport: bearer(token), Timeout: 20 * time.Second})
}

// session returns the token that is given, or begins a session with the password that is given.
func session(ctx context.Context) (string, error) {
	if token := os.Getenv("PARLEY_TOKEN"); token != "" {
		return token, nil
	}
	answer, err := SignIn(ctx, connect(""), SignInInput{Email: os.Getenv("PARLEY_EMAIL"), Password: os.Getenv("PARLEY_PASSWORD")})
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	if answer.SignIn.Token == nil {
		return "", fmt.Errorf("sign in: %v", answer.SignIn.UserErrors)
	}
	return *answer.SignIn.Token, nil
}

type place struct{ organization, conversation, cursor string }

// look goes through the list, page by page, for a conversation that can be answered.
func look(ctx context.Context, client graphql.Client) (place, error) {
	var found place
	for after := (*string)(nil); ; {
		page, err := Inbox(ctx, client, after)
		if err != nil {
			return place{}, fmt.Errorf("read the inbox: %w", err)
		}
		if page.Viewer == nil {
			return place{}, errors.New("a token is needed")
		}
		found.organization = page.Viewer.Organization.Id
		found.cursor = cmp.Or(found.cursor, page.Conversations.EventCursor) // of the first page: what happens while we read on is told, too
		for _, edge := range page.Conversations.Edges {
			log.Printf("%s (%s)", edge.Node.Id, edge.Node.Status)
			if edge.Node.ViewerCanReply {
				found.conversation = edge.Node.Id
				return found, nil
			}
		}
		if !page.Conversations.PageInfo.HasNextPage {
			return place{}, errors.New("no conversation can be answered")
		}
		after = page.Conversations.PageInfo.EndCursor
	}
}

func send(ctx context.Context, client graphql.Client, conversation, text string) (string, error) {
	key := uuid.NewString() // makes it safe to send the same again when the answer is lost
	answer, err := Reply(ctx, client, ReplyToConversationInput{ConversationId: conversation, Text: &text, IdempotencyKey: &key})
	if err != nil {
		return "", fmt.Errorf("reply: %w", err)
	}
	if answer.ReplyToConversation.Message == nil {
		return "", fmt.Errorf("reply: %v", answer.ReplyToConversation.UserErrors)
	}
	return answer.ReplyToConversation.Message.Id, nil
}
