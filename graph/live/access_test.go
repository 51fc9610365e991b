package live_test

import (
	"testing"

	"parley/inbox"
)

func TestWhispersToTheLimited(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	secret := h.CustomerWrites("491701", "hello?")
	second := *h.World
	second.Channel = h.Connect(h.Channel.Platform, "2")
	theirs := second.CustomerWrites("491702", "hello?")
	_, err := h.Inbox.ChangeAccess(h.Context(), h.Owner, h.Agent.UserID, []string{second.Channel.ID}, "")
	h.Must(err)
	const typing = `subscription ($o: ID!) { contactTyping(organizationId: $o) { conversation { id } } }`
	limited, all := h.listen(h.Agent, typing, object{"o": h.Org.ID}), h.listen(h.Colleague, typing, object{"o": h.Org.ID})

	for _, c := range []string{secret.ID, theirs.ID} {
		h.whispers.Tell(inbox.Whisper{To: inbox.ToMembers(h.Org.ID), ConversationID: c, Lasts: inbox.TypingLasts})
	}

	all.hears(2)
	told := limited.hears(1)
	if got := event(t, told[0])["conversation"].(object)["id"]; len(told) != 1 || got != theirs.ID {
		t.Errorf("heard %s", told)
	}
}
