package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"parley/models"
)

// TestIsolation asks for the things of one organization with a token of another: the answer must be the one for things
// that do not exist, and nothing may change.
func TestIsolation(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	c := a.CustomerWrites("491701", "secret")
	m := a.Timeline(c)[0]
	a.Receive(a.Says("491702", "unkeepable \x00 secret"))
	held := a.data(a.Owner, `{ quarantinedDeliveries { edges { node { id } } } }`, nil)
	b := &api{World: a.Neighbour("999"), server: a.server, feed: a.feed, tokens: map[models.Viewer]string{}}
	foreigner := b.Owner

	ids := map[string]string{
		"conversation": c.ID, "message": m.ID, "channel": a.Channel.ID, "user": a.Agent.UserID, "contact": c.ContactID, "organization": a.Org.ID,
		"quarantined": at(held, "quarantinedDeliveries", "edges", 0, "node", "id").(string),
	}
	absent := func(id string) string { return id[:4] + strings.Repeat("0", 32) }
	for name, ask := range map[string]struct{ document, of string }{
		"node":               {`query ($id: ID!) { node(id: $id) { id } }`, "conversation"},
		"node of a message":  {`query ($id: ID!) { node(id: $id) { id } }`, "message"},
		"node of a channel":  {`query ($id: ID!) { node(id: $id) { id } }`, "channel"},
		"node of a contact":  {`query ($id: ID!) { node(id: $id) { id } }`, "contact"},
		"node of quarantine": {`query ($id: ID!) { node(id: $id) { id } }`, "quarantined"},
		"replay":             {`mutation ($id: ID!) { replayQuarantinedDelivery(input: {id: $id}) { quarantinedDelivery { id } userErrors { code } } }`, "quarantined"},
		"discard":            {`mutation ($id: ID!) { discardQuarantinedDelivery(input: {id: $id}) { quarantinedDelivery { id } userErrors { code } } }`, "quarantined"},
		"quarantine":         {`query ($id: ID!) { quarantinedDeliveries(filter: {channelId: $id}) { edges { node { id } } } }`, "channel"},
		"reply privately":    {`mutation ($id: ID!) { replyPrivately(input: {messageId: $id, text: "x"}) { message { id } userErrors { code } } }`, "message"},
		"hide":               {`mutation ($id: ID!) { hideMessage(input: {messageId: $id}) { message { id } userErrors { code } } }`, "message"},
		"unhide":             {`mutation ($id: ID!) { unhideMessage(input: {messageId: $id}) { message { id } userErrors { code } } }`, "message"},
		"like":               {`mutation ($id: ID!) { likeMessage(input: {messageId: $id}) { message { id } userErrors { code } } }`, "message"},
		"unlike":             {`mutation ($id: ID!) { unlikeMessage(input: {messageId: $id}) { message { id } userErrors { code } } }`, "message"},
		"delete":             {`mutation ($id: ID!) { deleteMessage(input: {messageId: $id}) { message { id } userErrors { code } } }`, "message"},
		"edit":               {`mutation ($id: ID!) { editMessage(input: {messageId: $id, text: "x"}) { message { id } userErrors { code } } }`, "message"},
		"react":              {`mutation ($id: ID!) { reactToMessage(input: {messageId: $id, emoji: "x"}) { message { id } userErrors { code } } }`, "message"},
		"typing":             {`mutation ($id: ID!) { showTyping(input: {conversationId: $id}) { conversation { id } userErrors { code } } }`, "conversation"},
		"nodes":              {`query ($id: ID!) { nodes(ids: [$id]) { id } }`, "conversation"},
		"organization":       {`query ($id: ID!) { organization(id: $id) { id } }`, "organization"},
		"conversation":       {`query ($id: ID!) { conversation(id: $id) { id } }`, "conversation"},
		"filter by channel":  {`query ($id: ID!) { conversations(filter: {channelIds: [$id]}) { edges { cursor } } }`, "channel"},
		"filter by assignee": {`query ($id: ID!) { conversations(filter: {assigneeUserId: $id}) { edges { cursor } } }`, "user"},
		"reply":              {`mutation ($id: ID!) { replyToConversation(input: {conversationId: $id, text: "x"}) { message { id } userErrors { code } } }`, "conversation"},
		"retry":              {`mutation ($id: ID!) { retryMessage(input: {messageId: $id}) { message { id } userErrors { code } } }`, "message"},
		"assign":             {`mutation ($id: ID!) { assignConversation(input: {conversationId: $id, userId: "` + foreigner.UserID + `"}) { userErrors { code } } }`, "conversation"},
		"unassign":           {`mutation ($id: ID!) { unassignConversation(input: {conversationId: $id}) { userErrors { code } } }`, "conversation"},
		"status":             {`mutation ($id: ID!) { changeConversationStatus(input: {conversationId: $id, status: RESOLVED}) { userErrors { code } } }`, "conversation"},
		"read":               {`mutation ($id: ID!) { markConversationRead(input: {conversationId: $id}) { userErrors { code } } }`, "conversation"},
		"update":             {`mutation ($id: ID!) { updateChannel(input: {channelId: $id, version: 1, name: "x"}) { userErrors { code } } }`, "channel"},
		"update token":       {`mutation ($id: ID!) { updateChannel(input: {channelId: $id, version: 1, accessToken: "x"}) { userErrors { code } } }`, "channel"},
		"disconnect":         {`mutation ($id: ID!) { disconnectChannel(input: {channelId: $id}) { userErrors { code } } }`, "channel"},
		"stream":             {`mutation ($id: ID!) { assignFromStream(input: {channelId: $id, surface: POST, post: {externalId: "1", text: "x", authorExternalId: "2"}}) { userErrors { code } } }`, "channel"},
	} {
		t.Run(name, func(t *testing.T) {
			before := a.LogEnd()
			id := ids[ask.of]
			foreign := fmt.Sprintf("%+v", b.ask(foreigner, ask.document, object{"id": id}))
			nothing := fmt.Sprintf("%+v", b.ask(foreigner, ask.document, object{"id": absent(id)}))
			if strings.ReplaceAll(foreign, id, "") != strings.ReplaceAll(nothing, absent(id), "") {
				t.Errorf("what is another's answers\n%s\nwhat does not exist\n%s", foreign, nothing)
			}
			if strings.Contains(foreign, "secret") || a.LogEnd() != before {
				t.Errorf("something was read or changed")
			}
		})
	}
	for name, ask := range map[string]string{
		"inboxEvents":  `subscription ($id: ID!) { inboxEvents(organizationId: $id) { __typename } }`,
		"messageAdded": `subscription ($id: ID!) { messageAdded(conversationId: $id) { cursor } }`,
	} {
		t.Run("subscription "+name, func(t *testing.T) {
			id := map[string]string{"inboxEvents": a.Org.ID, "messageAdded": c.ID}[name]
			for _, guessed := range []string{id, absent(id)} {
				if code := b.subscribe(t, foreigner, ask, object{"id": guessed}).failure(); code != "NOT_FOUND" {
					t.Errorf("following %s ends with %v", guessed, code)
				}
			}
		})
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	t.Run("without the right nothing changes", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		c := a.CustomerWrites("491701", "hello?")
		before := a.LogEnd()
		for _, attempt := range []struct {
			viewer   models.Viewer
			mutation string
		}{
			{a.Onlooker, `replyToConversation(input: {conversationId: "` + c.ID + `", text: "x"}) { message { id } }`},
			{a.Onlooker, `markConversationRead(input: {conversationId: "` + c.ID + `"}) { conversation { id } }`},
			{a.Agent, `disconnectChannel(input: {channelId: "` + a.Channel.ID + `"}) { channel { id } }`},
			{a.Agent, `removeMember(input: {userId: "` + a.Colleague.UserID + `"}) { membership { role } }`},
			{a.Agent, `activateInbox(input: {quarantined: IMPORT}) { organization { id } }`},
		} {
			if got := a.ask(attempt.viewer, "mutation {"+attempt.mutation+"}", nil); got.code() != "FORBIDDEN" {
				t.Errorf("%s answers %+v", attempt.mutation, got)
			}
		}
		if a.LogEnd() != before {
			t.Errorf("something was changed")
		}
	})
}
