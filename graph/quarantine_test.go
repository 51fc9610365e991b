package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"parley/channels"
	"parley/inbox/inboxtest"
	"parley/models"
)

const quarantine = `{ quarantinedDeliveries(filter: {settled: true}) { edges { node {
	id reason explanation elementCount maskedBody settlement nextAttemptAt channel { id }
	elements { kind surface externalId platformAt maskedText } } } } }`

func TestQuarantine(t *testing.T) {
	t.Parallel()
	t.Run("shows what was kept without its words, and what came of it", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		a.Receive(a.Says("491701", "my secret \x00 is 42"))
		body := []byte(`{"text":"secret 42"}`)
		a.Must(a.Inbox.Receive(a.Context(), models.WhatsApp, channels.Delivery{AccountID: a.Channel.AccountID, Body: body},
			channels.Parsed{Unreadable: []error{fmt.Errorf("what is that?")}}))

		got := a.data(a.Admin, quarantine, nil)

		edge := func(i int) any { return at(got, "quarantinedDeliveries", "edges", i, "node") }
		inboxtest.Same(t, "element", at(edge(0), "elements", 0, "maskedText"), any("xx xxxxxx ? xx 00"))
		inboxtest.Same(t, "kind", at(edge(0), "elements", 0, "kind"), any("MESSAGE"))
		inboxtest.Same(t, "body", at(edge(1), "maskedBody"), any(`{"xxxx":"xxxxxx 00"}`))
		inboxtest.Same(t, "reasons", []any{at(edge(0), "reason"), at(edge(1), "reason")}, []any{"REFUSED", "UNREADABLE"})
		if strings.Contains(fmt.Sprint(got), "secret") {
			t.Errorf("it tells %v", got)
		}

		id := at(edge(0), "id")
		replayed := a.data(a.Admin, `mutation ($id: ID!) { replayQuarantinedDelivery(input: {id: $id}) {
			quarantinedDelivery { id nextAttemptAt } userErrors { code } } }`, object{"id": id})
		inboxtest.Same(t, "due", at(replayed, "replayQuarantinedDelivery", "quarantinedDelivery", "nextAttemptAt") != nil, true)
		a.Work(models.DueQuarantined)
		got = a.data(a.Owner, quarantine, nil)
		inboxtest.Same(t, "explanation", at(edge(0), "explanation"), any("The database refuses it."))

		discard := `mutation ($id: ID!) { discardQuarantinedDelivery(input: {id: $id}) { quarantinedDelivery { settlement elements { kind } } userErrors { code } } }`
		done := a.data(a.Owner, discard, object{"id": id})
		inboxtest.Same(t, "settled", at(done, "discardQuarantinedDelivery", "quarantinedDelivery"), any(object{"settlement": "DISCARDED", "elements": []any{}}))
		again := a.data(a.Owner, discard, object{"id": id})
		inboxtest.Same(t, "again", at(again, "discardQuarantinedDelivery", "userErrors", 0, "code"), any("SETTLED"))
		inboxtest.Same(t, "node", at(a.data(a.Admin, `query ($id: ID!) { node(id: $id) { id } }`, object{"id": id}), "node", "id"), id)
	})
	t.Run("is for owners and admins", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		a.Receive(a.Says("491701", "a\x00b"))
		id := at(a.data(a.Owner, quarantine, nil), "quarantinedDeliveries", "edges", 0, "node", "id")
		before := a.LogEnd()
		for _, viewer := range []models.Viewer{a.Agent, a.Onlooker} {
			for _, ask := range []string{
				`query ($id: ID!) { quarantinedDeliveries { edges { node { id } } } node(id: $id) { id } }`,
				`mutation ($id: ID!) { replayQuarantinedDelivery(input: {id: $id}) { quarantinedDelivery { id } } }`,
				`mutation ($id: ID!) { discardQuarantinedDelivery(input: {id: $id}) { quarantinedDelivery { id } } }`,
			} {
				if got := a.ask(viewer, ask, object{"id": id}); got.code() != "FORBIDDEN" {
					t.Errorf("%s answers %+v", ask, got)
				}
			}
			got := a.data(viewer, `query ($id: ID!) { node(id: $id) { id } }`, object{"id": id})
			inboxtest.Same(t, "node", at(got, "node"), nil)
		}
		inboxtest.Same(t, "events", a.LogEnd(), before)
	})
}
