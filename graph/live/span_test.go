package live_test

import (
	"fmt"
	"testing"

	"parley/models"
)

const untilNow = `subscription ($o: ID!, $a: String) { inboxEvents(organizationId: $o, after: $a, follow: false) {
	... on Event { cursor } } }`

func TestEnding(t *testing.T) {
	t.Parallel()
	t.Run("comes after all that has happened, and nothing else, whoever listens on", func(t *testing.T) {
		t.Parallel()
		h := newHall(t)
		for i := range 120 { // more than is told at once
			h.CustomerWrites("491701", fmt.Sprint(i))
		}
		const still = `subscription ($o: ID!, $a: String) { inboxEvents(organizationId: $o, after: $a) { ... on Event { cursor } } }`
		staying := h.listen(h.Agent, still, object{"o": h.Org.ID, "a": models.EventCursor(0)})
		all := h.LogEnd()

		leaving := h.listen(h.Colleague, untilNow, object{"o": h.Org.ID, "a": models.EventCursor(0)})

		if code := leaving.code(); code != nil {
			t.Fatalf("ended with %v", code)
		}
		if heard := leaving.hears(all); len(heard) != all || seqOf(t, last(heard)) != int64(all) {
			t.Errorf("heard %d of %d, last %s", len(heard), all, last(heard))
		}
		h.CustomerWrites("491701", "later")
		staying.hears(all + 1)
	})
	t.Run("comes at once where there is nothing to tell", func(t *testing.T) {
		t.Parallel()
		h := newHall(t)
		h.CustomerWrites("491701", "hello?")
		for name, after := range map[string]any{"from now on": nil, "from the end": h.cursorNow()} {
			if l := h.listen(h.Agent, untilNow, object{"o": h.Org.ID, "a": after}); l.code() != nil || len(l.hears(0)) > 0 {
				t.Errorf("%s: heard %s, ended with %v", name, l.heard, l.code())
			}
		}
	})
	t.Run("holds for the other views of the log", func(t *testing.T) {
		t.Parallel()
		h := newHall(t)
		c := h.CustomerWrites("491701", "hello?")
		from := models.EventCursor(0)
		messages := h.listen(h.Agent, `subscription ($c: ID!, $a: String) { messageAdded(conversationId: $c, after: $a, follow: false) { cursor } }`,
			object{"c": c.ID, "a": from})
		changes := h.listen(h.Agent, `subscription ($a: String) { conversationChanged(after: $a, follow: false) { cursor } }`, object{"a": from})
		if n, code := len(messages.hears(1)), messages.code(); n != 1 || code != nil {
			t.Errorf("%d messages, ended with %v", n, code)
		}
		if n, code := len(changes.hears(2)), changes.code(); n != 2 || code != nil {
			t.Errorf("%d changes, ended with %v", n, code)
		}
	})
}
