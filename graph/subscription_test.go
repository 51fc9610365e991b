package graph_test

import (
	"testing"

	"parley/inbox"
	"parley/models"
)

const everything = `subscription ($o: ID!, $a: String) { inboxEvents(organizationId: $o, after: $a) {
	__typename ... on Event { cursor at actor { kind user { name } } } ... on MessageAdded { message { text } conversation { status } }
	... on ConversationStatusChanged { from to reason } ... on ConversationAssigned { user { name } }
	... on MessageDeliveryChanged { status } ... on MembershipChanged { role } } }`

func TestSubscription(t *testing.T) {
	t.Parallel()
	t.Run("tells everything in order, with who did it", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		events := a.subscribe(t, a.Agent, everything, object{"o": a.Org.ID, "a": models.EventCursor(int64(a.LogEnd()))})

		c := a.CustomerWrites("491701", "hello?")
		a.Reply(c, "hi")

		for _, want := range []struct{ typename, actor string }{
			{"ConversationOpened", "PLATFORM"}, {"MessageAdded", "PLATFORM"}, {"MessageAdded", "USER"}, {"ConversationStatusChanged", "USER"},
		} {
			event := events.event("inboxEvents")
			if event["__typename"] != want.typename || at(event, "actor", "kind") != want.actor {
				t.Errorf("want %v, got %v", want, event)
			}
		}
	})
	t.Run("goes on after the cursor of the last event handled", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		start := models.EventCursor(int64(a.LogEnd()))
		a.CustomerWrites("491701", "one")
		first := a.subscribe(t, a.Agent, everything, object{"o": a.Org.ID, "a": start})
		first.event("inboxEvents")
		cursor := first.event("inboxEvents")["cursor"]
		_ = first.Close()
		a.CustomerWrites("491701", "two")

		again := a.subscribe(t, a.Agent, everything, object{"o": a.Org.ID, "a": cursor})

		if text := at(again.event("inboxEvents"), "message", "text"); text != "two" {
			t.Errorf("it goes on with %v", text)
		}
	})
	t.Run("ends with a reason when the member is removed", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		events := a.subscribe(t, a.Agent, everything, object{"o": a.Org.ID, "a": models.EventCursor(int64(a.LogEnd() + 1))})
		if code := events.failure(); code != "CURSOR_EXPIRED" { // a cursor of the future
			t.Fatalf("ended with %v", code)
		}
		a.token(a.Agent)
		events = a.subscribe(t, a.Agent, everything, object{"o": a.Org.ID, "a": models.EventCursor(int64(a.LogEnd()))})
		a.CustomerWrites("491701", "hello?")
		events.event("inboxEvents")
		events.event("inboxEvents")

		_, err := a.Inbox.RemoveMember(a.Context(), a.Owner, a.Agent.UserID, "")
		a.Must(err)

		if code := events.failure(); code != "ACCESS_REVOKED" {
			t.Errorf("ended with %v", code)
		}
	})
	t.Run("of one conversation tells its messages only", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		c := a.CustomerWrites("491701", "hello?")
		added := a.subscribe(t, a.Agent, `subscription ($c: ID!, $a: String) { messageAdded(conversationId: $c, after: $a) { message { text } } }`,
			object{"c": c.ID, "a": models.EventCursor(int64(a.LogEnd()))})

		a.CustomerWrites("491702", "someone else")
		a.CustomerWrites("491701", "anyone there?")

		if text := at(added.event("messageAdded"), "message", "text"); text != "anyone there?" {
			t.Errorf("it tells %v", text)
		}
	})
	t.Run("of changed conversations tells those that match", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		mine, other := a.CustomerWrites("491701", "hello?"), a.CustomerWrites("491702", "hello?")
		changes := a.subscribe(t, a.Agent, `subscription ($u: ID, $a: String) { conversationChanged(filter: {assigneeUserId: $u}, after: $a) {
			cause conversation { id } } }`, object{"u": a.Agent.UserID, "a": models.EventCursor(int64(a.LogEnd()))})

		for _, c := range []*models.Conversation{other, mine} {
			to := &a.Colleague.UserID
			if c == mine {
				to = &a.Agent.UserID
			}
			_, err := a.Inbox.Assign(a.Context(), a.Owner, inbox.AssignRequest{ConversationID: c.ID, UserID: to})
			a.Must(err)
		}

		change := changes.event("conversationChanged")
		if change["cause"] != "CONVERSATION_ASSIGNED" || at(change, "conversation", "id") != mine.ID {
			t.Errorf("it tells %v", change)
		}
	})
	t.Run("ends with a reason when its filter cannot be asked", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		events := a.subscribe(t, a.Agent, `subscription { conversationChanged(filter: {text: "!"}) { cause } }`, nil)
		if code := events.failure(); code != "INVALID_INPUT" {
			t.Errorf("ended with %v", code)
		}
	})
}
