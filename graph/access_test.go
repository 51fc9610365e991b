package graph_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"parley/inbox/inboxtest"
	"parley/models"
)

// second is the world as seen from a second channel.
func (a *api) second() *inboxtest.World {
	a.T.Helper()
	w := *a.World
	w.Channel = a.Connect(models.WhatsApp, "2")
	return &w
}

// limit limits a member to channels.
func (a *api) limit(v models.Viewer, channels ...*models.Channel) {
	a.T.Helper()
	ids := []any{}
	for _, c := range channels {
		ids = append(ids, c.ID)
	}
	got := a.data(a.Owner, `mutation ($u: ID!, $c: [ID!]) { changeMemberAccess(input: {userId: $u, channelIds: $c}) { userErrors { code } } }`,
		object{"u": v.UserID, "c": ids})
	inboxtest.Same(a.T, "errors", at(got, "changeMemberAccess", "userErrors"), any([]any{}))
}

func TestAccess(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	shown := a.second()
	secret, theirs := a.CustomerWrites("491701", "tulips"), shown.CustomerWrites("491702", "tulips")
	message := a.Timeline(secret)[0]
	a.limit(a.Agent, shown.Channel)

	t.Run("leaves of lists what is theirs", func(t *testing.T) {
		for name, query := range map[string]string{
			"the inbox":       `{ list: conversations { edges { node { id channel { id } } } } }`,
			"the whole inbox": `{ list: conversations { edges { node { id messages { edges { node { text } } } } } } }`,
			"search":          `{ list: conversations(filter: {text: "tulips"}) { edges { node { id } } } }`,
			"oldest waiting":  `{ list: conversations(sort: OLDEST_WAITING) { edges { node { id } } } }`,
		} {
			for viewer, want := range map[models.Viewer]int{a.Agent: 1, a.Colleague: 2} {
				for range 2 { // also with what is remembered
					edges := at(a.data(viewer, query, nil), "list", "edges").([]any)
					if len(edges) != want || want == 1 && at(edges[0], "node", "id") != theirs.ID {
						t.Errorf("%s shows %v", name, edges)
					}
				}
			}
		}
		got := a.data(a.Agent, `{ channels { edges { node { id } } } }`, nil)
		inboxtest.Same(t, "channels", at(got, "channels", "edges"), any([]any{object{"node": object{"id": shown.Channel.ID}}}))
	})
	t.Run("leaves of other channels nothing but what there is of nothing", func(t *testing.T) {
		const payload = `{ userErrors { code message } } }`
		for name, ask := range map[string]struct{ document, id string }{
			"conversation":      {`query ($id: ID!) { conversation(id: $id) { id } }`, secret.ID},
			"node":              {`query ($id: ID!) { node(id: $id) { id } }`, secret.ID},
			"nodes":             {`query ($id: ID!) { nodes(ids: [$id]) { id } }`, message.ID},
			"contact":           {`query ($id: ID!) { node(id: $id) { id } }`, secret.ContactID},
			"channel":           {`query ($id: ID!) { node(id: $id) { id } }`, a.Channel.ID},
			"filter by channel": {`query ($id: ID!) { conversations(filter: {channelIds: [$id]}) { edges { node { id } } } }`, a.Channel.ID},
			"reply":             {`mutation ($id: ID!) { replyToConversation(input: {conversationId: $id, text: "x"}) ` + payload, secret.ID},
			"assign":            {`mutation ($id: ID!) { unassignConversation(input: {conversationId: $id}) ` + payload, secret.ID},
			"status":            {`mutation ($id: ID!) { changeConversationStatus(input: {conversationId: $id, status: RESOLVED}) ` + payload, secret.ID},
			"read":              {`mutation ($id: ID!) { markConversationRead(input: {conversationId: $id}) ` + payload, secret.ID},
			"typing":            {`mutation ($id: ID!) { showTyping(input: {conversationId: $id}) ` + payload, secret.ID},
			"viewing":           {`mutation ($id: ID!) { reportViewing(input: {conversationId: $id}) ` + payload, secret.ID},
			"retry":             {`mutation ($id: ID!) { retryMessage(input: {messageId: $id}) ` + payload, message.ID},
			"react":             {`mutation ($id: ID!) { reactToMessage(input: {messageId: $id, emoji: "x"}) ` + payload, message.ID},
		} {
			t.Run(name, func(t *testing.T) {
				before := a.LogEnd()
				hidden := a.ask(a.Agent, ask.document, object{"id": ask.id})
				absent := a.ask(a.Agent, ask.document, object{"id": ask.id[:4] + strings.Repeat("0", 32)})
				open := a.ask(a.Colleague, ask.document, object{"id": ask.id})
				if !reflect.DeepEqual(hidden, absent) {
					t.Errorf("got %+v, and of what is not there %+v", hidden, absent)
				}
				if reflect.DeepEqual(hidden, open) {
					t.Errorf("everyone gets %+v", open)
				}
				if strings.HasPrefix(ask.document, "query") && a.LogEnd() != before {
					t.Error("something was changed")
				}
			})
		}
	})
	t.Run("shows beside a membership, as far as the viewer sees", func(t *testing.T) {
		a.limit(a.Onlooker, a.Channel, shown.Channel)
		channels := func(v models.Viewer) map[any]int {
			counts := make(map[any]int)
			for _, m := range at(a.data(v, `{ memberships { user { id } seesEveryChannel channels { edges { node { id } } } } }`, nil), "memberships").([]any) {
				if at(m, "seesEveryChannel") == false {
					counts[at(m, "user", "id")] = len(at(m, "channels", "edges").([]any))
				}
			}
			return counts
		}
		inboxtest.Same(t, "for an owner", channels(a.Owner), map[any]int{a.Agent.UserID: 1, a.Onlooker.UserID: 2})
		inboxtest.Same(t, "for the limited", channels(a.Agent), map[any]int{a.Agent.UserID: 1, a.Onlooker.UserID: 1})
	})
	t.Run("is for those who manage members, and names channels there are", func(t *testing.T) {
		const change = `mutation ($u: ID!, $c: [ID!], $all: Boolean! = false) { changeMemberAccess(input: {userId: $u, channelIds: $c, everyChannel: $all}) {
			membership { seesEveryChannel } userErrors { code field } } }`
		if got := a.ask(a.Agent, change, object{"u": a.Agent.UserID, "all": true}); got.code() != "FORBIDDEN" {
			t.Errorf("an agent lifts their own limit: %+v", got)
		}
		for name, c := range map[string]struct {
			wanted object
			code   string
		}{
			"no such channel":               {object{"c": []any{"chn_none"}}, "NOT_FOUND"},
			"nothing":                       {object{}, "INVALID_INPUT"},
			"every channel, and one":        {object{"c": []any{a.Channel.ID}, "all": true}, "INVALID_INPUT"},
			"every channel, and none of it": {object{"c": []any{}, "all": true}, "INVALID_INPUT"},
		} {
			c.wanted["u"] = a.Agent.UserID
			got := a.data(a.Owner, change, c.wanted)
			inboxtest.Same(t, name, at(got, "changeMemberAccess", "userErrors"), any([]any{object{"code": c.code, "field": []any{"input", "channelIds"}}}))
		}
		got := a.data(a.Owner, change, object{"u": a.Agent.UserID, "all": true})
		inboxtest.Same(t, "lifted", at(got, "changeMemberAccess", "membership", "seesEveryChannel"), any(true))
	})
}

const heard = `subscription ($o: ID!, $a: String) { inboxEvents(organizationId: $o, after: $a) {
	__typename ... on Event { cursor } ... on MessageAdded { message { text } conversation { id } } ... on ConversationOpened { conversation { id } } } }`

func TestAccessToStreams(t *testing.T) {
	t.Parallel()
	t.Run("tells of what is theirs, then and now", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		shown := a.second()
		a.limit(a.Agent, shown.Channel)
		variables := object{"o": a.Org.ID, "a": models.EventCursor(int64(a.LogEnd()))}
		everything := a.subscribe(t, a.Colleague, heard, variables)
		a.CustomerWrites("491701", "secret one")
		shown.CustomerWrites("491702", "one")
		streams := []socket{a.subscribe(t, a.Agent, heard, variables), a.subscribe(t, a.Agent, heard, variables)}
		told := func(s socket) any {
			for {
				if event := s.event("inboxEvents"); event["__typename"] == "MessageAdded" {
					return at(event, "message", "text")
				} else if event["__typename"] == "ConversationOpened" && at(event, "conversation", "id") == nil {
					t.Error("heard of a conversation that is not theirs")
				}
			}
		}
		for _, s := range streams {
			inboxtest.Same(t, "what was missed", told(s), any("one"))
		}
		a.CustomerWrites("491701", "secret two")
		shown.CustomerWrites("491702", "two")
		for _, s := range streams {
			inboxtest.Same(t, "what happens", told(s), any("two"))
		}
		for _, want := range []string{"secret one", "one", "secret two", "two"} {
			inboxtest.Same(t, "what others hear", told(everything), any(want))
		}
	})
	t.Run("is narrowed while they listen", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		shown := a.second()
		c := a.CustomerWrites("491701", "hello?")
		shown.CustomerWrites("491702", "hello?")
		after := models.EventCursor(int64(a.LogEnd()))
		events := a.subscribe(t, a.Agent, heard, object{"o": a.Org.ID, "a": after})
		one := a.subscribe(t, a.Agent, `subscription ($c: ID!, $a: String) { messageAdded(conversationId: $c, after: $a) { message { text } } }`,
			object{"c": c.ID, "a": after})
		a.CustomerWrites("491701", "before")
		inboxtest.Same(t, "heard", at(events.event("inboxEvents"), "message", "text"), any("before"))
		inboxtest.Same(t, "heard", at(one.event("messageAdded"), "message", "text"), any("before"))

		a.limit(a.Agent, shown.Channel)
		a.CustomerWrites("491701", "secret")
		shown.CustomerWrites("491702", "after")

		inboxtest.Same(t, "heard", events.event("inboxEvents")["__typename"], any("MembershipChanged"))
		inboxtest.Same(t, "heard", at(events.event("inboxEvents"), "message", "text"), any("after"))
		inboxtest.Same(t, "the end", one.failure(), any("NOT_FOUND"))
	})
	t.Run("is not begun to what is not theirs", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		c := a.CustomerWrites("491701", "hello?")
		a.limit(a.Agent)
		for _, id := range []string{c.ID, c.ID[:4] + strings.Repeat("0", 32)} {
			s := a.subscribe(t, a.Agent, fmt.Sprintf(`subscription { messageAdded(conversationId: "%s") { cursor } }`, id), nil)
			inboxtest.Same(t, "the end", s.failure(), any("NOT_FOUND"))
		}
	})
}

func TestAccessToMoments(t *testing.T) {
	t.Parallel()
	t.Run("is refused where others have been", func(t *testing.T) {
		t.Parallel()
		a := newMoments(t)
		c := a.CustomerWrites("491701", "hello?")
		a.limit(a.Agent)
		const viewing = `mutation ($c: ID!) { reportViewing(input: {conversationId: $c}) { userErrors { code } } reportTyping(input: {conversationId: $c}) { userErrors { code } } }`
		a.data(a.Colleague, viewing, object{"c": c.ID})
		got := a.data(a.Agent, viewing, object{"c": c.ID})
		for _, field := range []string{"reportViewing", "reportTyping"} {
			inboxtest.Same(t, field, at(got, field, "userErrors", 0, "code"), any("NOT_FOUND"))
		}
	})
}
