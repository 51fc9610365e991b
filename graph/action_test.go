package graph_test

import (
	"testing"

	"parley/inbox/inboxtest"
	"parley/models"
)

func TestActions(t *testing.T) {
	t.Parallel()
	w, _ := inboxtest.NewOn(t, models.Facebook)
	a := newAPIOf(t, w)
	in := a.Comments("erika", "root-1", "how much?")
	a.Receive(in)
	theirs := a.MessageSaid(in.ExternalID)
	ours := a.Reply(a.Conversation(theirs.ConversationID), "ten")
	a.Work(models.DueMessages)
	private := a.MessageSaid(*a.Message(*a.CustomerWrites("psid", "hello?").LastInboundID).ExternalID)
	do := func(mutation, arguments string) any {
		t.Helper()
		got := a.data(a.Agent, `mutation { done: `+mutation+`(input: {`+arguments+`}) { message { id hiddenAt likedAt deletedAt ownReaction text openActions { kind status } } userErrors { code field } } }`, nil)
		return at(got, "done")
	}
	of := func(m *models.Message) string { return `messageId: "` + m.ID + `"` }

	t.Run("change what a message looks like once they are done", func(t *testing.T) {
		for _, step := range []struct{ mutation, arguments, field string }{
			{"hideMessage", of(theirs), "hiddenAt"}, {"likeMessage", of(theirs), "likedAt"},
			{"reactToMessage", of(private) + `, emoji: "👍"`, "ownReaction"}, {"deleteMessage", of(ours), "deletedAt"},
		} {
			asked := do(step.mutation, step.arguments)
			inboxtest.Same(t, step.mutation+" is queued", at(asked, "message", "openActions", 0, "status"), any("QUEUED"))
			a.Work(models.DueActions)
			seen := a.data(a.Agent, `query ($id: ID!) { node(id: $id) { ... on Message { hiddenAt likedAt deletedAt ownReaction openActions { kind } } } }`,
				object{"id": at(asked, "message", "id")})
			inboxtest.Same(t, step.field+" is set", at(seen, "node", step.field) != nil, true)
			inboxtest.Same(t, step.mutation+" is done", len(at(seen, "node", "openActions").([]any)), 0)
		}
		do("unhideMessage", of(theirs))
		do("unlikeMessage", of(theirs))
		do("reactToMessage", of(private)+`, emoji: null`)
		a.Work(models.DueActions)
		m := a.Message(theirs.ID)
		inboxtest.Same(t, "undone", []any{m.HiddenAt == nil, m.LikedAt == nil, a.Message(private.ID).OwnReaction}, []any{true, true, ""})
	})
	t.Run("say why they are refused", func(t *testing.T) {
		for _, refused := range []struct{ mutation, arguments, code string }{
			{"editMessage", of(theirs) + `, text: "x"`, "UNSUPPORTED_BY_CHANNEL"},
			{"reactToMessage", of(private) + `, emoji: ""`, "INVALID_INPUT"},
			{"deleteMessage", of(ours), "UNSUPPORTED_BY_CHANNEL"}, // it is gone
		} {
			inboxtest.Same(t, refused.mutation, at(do(refused.mutation, refused.arguments), "userErrors", 0, "code"), any(refused.code))
		}
	})
	t.Run("answer a comment in private, once", func(t *testing.T) {
		can := func() any {
			return at(a.data(a.Agent, `query ($id: ID!) { node(id: $id) { ... on Message { viewerCanReplyPrivately } } }`, object{"id": theirs.ID}), "node", "viewerCanReplyPrivately")
		}
		reply := `mutation ($id: ID!) { replyPrivately(input: {messageId: $id, text: "for you"}) {
			message { visibility privateReplyTo { id } conversation { surface } } userErrors { code } } }`
		inboxtest.Same(t, "can", can(), any(true))
		first, second := a.data(a.Agent, reply, object{"id": theirs.ID}), a.data(a.Agent, reply, object{"id": theirs.ID})
		inboxtest.Same(t, "linked to", at(first, "replyPrivately", "message", "privateReplyTo", "id"), any(theirs.ID))
		inboxtest.Same(t, "place", at(first, "replyPrivately", "message", "conversation", "surface"), any("PRIVATE_MESSAGE"))
		inboxtest.Same(t, "again", at(second, "replyPrivately", "userErrors", 0, "code"), any("ANSWERED_PRIVATELY"))
	})
	t.Run("are not for those who only look on", func(t *testing.T) {
		before := a.LogEnd()
		for _, mutation := range []string{
			`hideMessage(input: {` + of(theirs) + `}) { message { id } }`,
			`editMessage(input: {` + of(ours) + `, text: "x"}) { message { id } }`,
			`replyPrivately(input: {` + of(theirs) + `, text: "x"}) { message { id } }`,
			`showTyping(input: {conversationId: "` + private.ConversationID + `"}) { conversation { id } }`,
		} {
			if got := a.ask(a.Onlooker, "mutation {"+mutation+"}", nil); got.code() != "FORBIDDEN" {
				t.Errorf("%s answers %+v", mutation, got)
			}
		}
		inboxtest.Same(t, "events", a.LogEnd(), before)
	})
	t.Run("are told as events, like what is learnt of a post", func(t *testing.T) {
		stream := a.subscribe(t, a.Agent, `subscription ($id: ID!, $after: String) { inboxEvents(organizationId: $id, after: $after) {
			__typename ... on MessageActionChanged { kind outcome message { id } } ... on ConversationPostChanged { conversation { surface } } } }`,
			object{"id": a.Org.ID, "after": models.EventCursor(int64(a.LogEnd()))})
		do("likeMessage", of(theirs))
		inboxtest.Same(t, "action", stream.event("inboxEvents"),
			object{"__typename": "MessageActionChanged", "kind": "LIKE", "outcome": "QUEUED", "message": object{"id": theirs.ID}})
		again := a.Comments("max", "root-1", "nice")
		again.Surface, again.Post.Promotion = models.AdComment, models.Dark
		a.Receive(again)
		inboxtest.Same(t, "post", stream.event("inboxEvents"),
			object{"__typename": "ConversationPostChanged", "conversation": object{"surface": "AD_COMMENT"}})
	})
}
