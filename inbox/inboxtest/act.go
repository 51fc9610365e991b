package inboxtest

import (
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/channels"
	"parley/inbox"
	"parley/models"
)

var said atomic.Int64

// Says is what a customer of the channel writes now.
func (w *World) Says(customer, text string) models.Inbound {
	return models.Inbound{
		Kind: models.InboundUtterance, AccountID: w.Channel.AccountID, ExternalID: fmt.Sprintf("wamid.IN%d", said.Add(1)),
		ThreadKey: customer, Surface: models.PrivateMessage, Direction: models.InboundMessage,
		Author: models.Author{ID: customer, Name: "Erika"}, At: w.Clock.Now(), Text: text,
	}
}

// Receive hands elements to the inbox as one delivery.
func (w *World) Receive(in ...models.Inbound) {
	w.T.Helper()
	w.Must(w.Inbox.Receive(w.Context(), w.Channel.Platform, channels.Delivery{Body: []byte("body")}, channels.Parsed{Inbound: in}))
}

// CustomerWrites lets a customer write and returns the conversation it is in.
func (w *World) CustomerWrites(customer, text string) *models.Conversation {
	w.T.Helper()
	in := w.Says(customer, text)
	w.Receive(in)
	return w.Conversation(w.MessageSaid(in.ExternalID).ConversationID)
}

// Reply lets the agent reply with text.
func (w *World) Reply(c *models.Conversation, text string) *models.Message {
	w.T.Helper()
	m, err := w.Inbox.Reply(w.Context(), w.Agent, inbox.ReplyRequest{ConversationID: c.ID, Draft: models.Draft{Text: text}})
	w.Must(err)
	return m
}

// Work does everything that is due now, of the given kinds, and tells how much that was.
func (w *World) Work(kinds ...models.JobKind) (done int) {
	w.T.Helper()
	for _, kind := range kinds {
		n, err := w.Crew.RunOnce(w.Context(), kind)
		w.Must(err)
		done += n
	}
	return done
}

// Look reads with the owner's eyes.
func (w *World) Look(fn func(*models.Tx) error) {
	w.T.Helper()
	w.Must(w.Store.Read(w.Context(), w.Owner, models.ViewInbox, fn))
}

// Conversation is the conversation as it is now.
func (w *World) Conversation(id string) *models.Conversation {
	w.T.Helper()
	var c models.Conversation
	w.Look(func(tx *models.Tx) error { return tx.Find(&c, id) })
	return &c
}

// Message is the message as it is now.
func (w *World) Message(id string) *models.Message {
	w.T.Helper()
	var m models.Message
	w.Look(func(tx *models.Tx) error { return tx.Find(&m, id) })
	return &m
}

// MessageSaid is the message with the platform's id; the test fails if there is none.
func (w *World) MessageSaid(externalID string) *models.Message {
	w.T.Helper()
	var found []models.Message
	w.Look(func(tx *models.Tx) (err error) {
		found, err = tx.MessagesByExternalIDs(w.Channel.ID, []string{externalID})
		return err
	})
	if len(found) != 1 {
		w.T.Fatalf("%d messages are known as %s", len(found), externalID)
	}
	return &found[0]
}

// Timeline is everything said in a conversation.
func (w *World) Timeline(c *models.Conversation) []*models.Message {
	w.T.Helper()
	var page *models.Connection[models.Message]
	size := models.MaxPage
	w.Look(func(tx *models.Tx) (err error) {
		page, err = tx.ListMessages(c.ID, models.Page{First: &size})
		return err
	})
	return page.Nodes()
}

// Events are the types of the events after the first n, in order.
func (w *World) Events(after int) []models.EventType {
	w.T.Helper()
	var types []models.EventType
	for _, e := range w.Log(after) {
		types = append(types, e.Type)
	}
	return types
}

// Log is the log of events after the first n.
func (w *World) Log(after int) (events []models.Event) {
	w.T.Helper()
	w.Look(func(tx *models.Tx) (err error) {
		events, err = tx.EventsAfter(int64(after), 10000)
		return err
	})
	return events
}

// LogEnd is how many events there were so far.
func (w *World) LogEnd() int { return len(w.Log(0)) }

// Refused fails the test unless err is a refusal with this code.
func Refused(t testing.TB, err error, code models.ErrorCode) {
	t.Helper()
	if models.CodeOf(err) != code {
		t.Fatalf("want %s, got %v", code, err)
	}
}

// Same fails the test unless got is what was wanted.
func Same[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// At fails the test unless got is this instant.
func At(t testing.TB, what string, got *time.Time, want time.Time) {
	t.Helper()
	if got == nil || !got.Equal(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// Together runs fn n times at once and waits for all of them.
func Together(n int, fn func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	all.Wait()
}
