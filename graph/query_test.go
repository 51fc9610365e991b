package graph_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/models"
)

func TestQuery(t *testing.T) {
	t.Parallel()
	t.Run("shows a conversation with all that hangs on it", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		c := a.CustomerWrites("491701", "Do you have roses?")
		a.data(a.Agent, `mutation ($c: ID!, $u: ID!) { assignConversation(input: {conversationId: $c, userId: $u, reason: "knows roses"}) { userErrors { code } } }`,
			object{"c": c.ID, "u": a.Colleague.UserID})
		a.Reply(c, "Red ones.")
		a.Work(models.DueMessages)

		got := a.data(a.Agent, `query ($id: ID!) { conversation(id: $id) {
			status statusReason platform surface unreadCount waitingSince
			contact { name identities { externalId handle channel { name } } } channel { name platform }
			assignment { user { name } team { name } assignedBy { name } reason } lastMessage { text }
			replyWindow { state expiresAt allowedModes } viewerCanReply viewerCannotReplyReasons
			messages { edges { node { direction text authorUser { name } authorContact { name } platformAt externalId
				delivery { status attempts { number httpStatus platformRequestId failureReason } } } } pageInfo { hasNextPage } eventCursor }
		} }`, object{"id": c.ID})["conversation"]

		for _, check := range []struct {
			path []any
			want any
		}{
			{[]any{"status"}, "PENDING"},
			{[]any{"waitingSince"}, nil},
			{[]any{"unreadCount"}, 1.0},
			{[]any{"contact", "name"}, "Erika"},
			{[]any{"contact", "identities", 0, "externalId"}, "491701"},
			{[]any{"contact", "identities", 0, "handle"}, nil},
			{[]any{"assignment", "user", "name"}, "carl"},
			{[]any{"assignment", "team"}, nil},
			{[]any{"assignment", "assignedBy", "name"}, "ben"},
			{[]any{"assignment", "reason"}, "knows roses"},
			{[]any{"lastMessage", "text"}, "Red ones."},
			{[]any{"replyWindow", "state"}, "OPEN"},
			{[]any{"replyWindow", "expiresAt"}, "2026-03-03T09:00:00Z"},
			{[]any{"viewerCanReply"}, true},
			{[]any{"messages", "edges", 0, "node", "authorContact", "name"}, "Erika"},
			{[]any{"messages", "edges", 0, "node", "delivery"}, nil},
			{[]any{"messages", "edges", 1, "node", "authorUser", "name"}, "ben"},
			{[]any{"messages", "edges", 1, "node", "delivery", "status"}, "SENT"},
			{[]any{"messages", "edges", 1, "node", "delivery", "attempts", 0, "platformRequestId"}, "request-1"},
			{[]any{"messages", "edges", 1, "node", "delivery", "attempts", 0, "failureReason"}, nil},
		} {
			if value := at(got, check.path...); value != check.want {
				t.Errorf("%v is %v, want %v", check.path, value, check.want)
			}
		}
	})
	t.Run("tells a viewer why they may not reply", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		c := a.CustomerWrites("491701", "hello?")
		a.Clock.Advance(25 * time.Hour)

		got := a.data(a.Onlooker, `query ($id: ID!) { conversation(id: $id) { viewerCanReply viewerCannotReplyReasons replyWindow { state allowedModes } } }`, object{"id": c.ID})

		if reasons := fmt.Sprint(at(got, "conversation", "viewerCannotReplyReasons")); reasons != "[ROLE_NOT_ALLOWED REPLY_WINDOW_CLOSED]" {
			t.Errorf("the reasons are %s", reasons)
		}
		if modes := fmt.Sprint(at(got, "conversation", "replyWindow", "allowedModes")); modes != "[TEMPLATE]" {
			t.Errorf("the modes are %s", modes)
		}
	})
	t.Run("finds anything by its id, in the order asked", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		c := a.CustomerWrites("491701", "hello?")
		m := a.Timeline(c)[0]
		ids := []string{m.ID, c.ID, a.Channel.ID, c.ContactID, a.Agent.UserID, a.Org.ID, "cnv_00000000000000000000000000000000", "nonsense"}

		got := a.data(a.Agent, `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }`, object{"ids": ids})["nodes"].([]any)

		for i, want := range []any{"Message", "Conversation", "Channel", "Contact", "User", "Organization", nil, nil} {
			if at(got[i], "__typename") != want || (want != nil && at(got[i], "id") != ids[i]) {
				t.Errorf("%s is %v", ids[i], got[i])
			}
		}
	})
	t.Run("refuses a page that is too long, with a code and its field", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		for _, first := range []int{0, -1, 101} {
			got := a.ask(a.Agent, `query ($n: Int) { conversations(first: $n) { edges { cursor } } }`, object{"n": first})
			if got.code() != "INVALID_INPUT" || fmt.Sprint(got.Errors[0].Extensions["field"]) != "[first]" {
				t.Errorf("first: %d answers %+v", first, got)
			}
		}
	})
	t.Run("follows a list with its cursor", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		a.CustomerWrites("491701", "before")
		cursor := at(a.data(a.Agent, `{ conversations { eventCursor } }`, nil), "conversations", "eventCursor")
		a.CustomerWrites("491702", "between")

		events := a.subscribe(t, a.Agent, `subscription ($o: ID!, $a: String) { inboxEvents(organizationId: $o, after: $a, filter: {types: [MESSAGE_ADDED]}) {
			... on MessageAdded { cursor message { text } } } }`, object{"o": a.Org.ID, "a": cursor})

		if text := at(events.event("inboxEvents"), "message", "text"); text != "between" {
			t.Errorf("the first event says %v", text)
		}
	})
}

func TestNUL(t *testing.T) {
	t.Parallel()
	t.Run("in an id or a search is refused, not a fault", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		got := a.ask(a.Agent, `query ($f: ConversationFilter) { conversations(filter: $f) { edges { cursor } } }`,
			object{"f": object{"channelIds": []string{"chn_\x00"}}})
		if got.code() != "INVALID_INPUT" {
			t.Errorf("it answers %+v", got)
		}
	})
}

func TestStranger(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	nobody := models.Viewer{}
	t.Run("is nobody", func(t *testing.T) {
		if got := a.data(nobody, `{ viewer { user { name } } }`, nil); got["viewer"] != nil {
			t.Errorf("the viewer is %v", got)
		}
	})
	t.Run("sees nothing", func(t *testing.T) {
		for _, query := range []string{
			`{ conversations { edges { cursor } } }`, `{ channels { edges { cursor } } }`, `{ memberships { role } }`,
			`mutation { openInbox(input: {}) { organization { id } userErrors { code } } }`,
		} {
			if got := a.ask(nobody, query, nil); got.code() != "UNAUTHENTICATED" {
				t.Errorf("%s answers %+v", query, got)
			}
		}
	})
	t.Run("does not learn the schema", func(t *testing.T) {
		got := a.ask(nobody, `{ __schema { types { name } } }`, nil)
		if at(got.Data, "__schema") != nil || len(got.Errors) == 0 {
			t.Errorf("introspection answers %v", got)
		}
		directives := fmt.Sprint(a.data(a.Agent, `{ __schema { directives { name } } }`, nil))
		if strings.Contains(directives, "defer") {
			t.Errorf("the schema promises %s", directives)
		}
		if got := a.data(a.Agent, `{ __schema { queryType { name } } }`, nil); at(got, "__schema", "queryType", "name") != "Query" {
			t.Errorf("a member learns %v", got)
		}
	})
}

func TestFaults(t *testing.T) {
	t.Parallel()
	t.Run("are hidden behind an id", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		a.token(a.Agent)
		a.Break("ALTER TABLE conversations RENAME COLUMN status TO broken")

		got := a.ask(a.Agent, `{ conversations(filter: {statuses: [NEW]}) { edges { cursor } } }`, nil)

		if got.code() != "INTERNAL_SERVER_ERROR" || got.Errors[0].Message != "Internal error." || got.Errors[0].Extensions["errorId"] == "" {
			t.Errorf("a fault shows as %+v", got.Errors)
		}
	})
}
