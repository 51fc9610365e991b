package live_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"parley/graph"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

const everything = `subscription ($o: ID!, $a: String) { inboxEvents(organizationId: $o, after: $a) {
	__typename ... on Event { cursor } ... on MessageAdded { message { text } conversation { viewerCanReply viewerCannotReplyReasons } } } }`

// shared reports whether two clients were handed the very same bytes.
func shared(a, b []byte) bool { return len(a) > 0 && &a[0] == &b[0] }

func TestSharing(t *testing.T) {
	t.Parallel()
	t.Run("is for those who ask the same, from wherever", func(t *testing.T) {
		t.Parallel()
		h := newHall(t)
		h.CustomerWrites("491701", "before")
		from := models.EventCursor(0)
		early := h.listen(h.Agent, everything, object{"o": h.Org.ID, "a": from})
		missed := len(early.hears(h.LogEnd()))
		late := h.listen(h.Colleague, everything, object{"o": h.Org.ID})
		spelled := h.listen(h.Agent, "# a remark\n"+everything, object{"o": h.Org.ID, "a": h.cursorNow()})

		h.CustomerWrites("491701", "after")

		a, b, c := early.hears(missed + 1)[missed], late.hears(1)[0], spelled.hears(1)[0]
		if !shared(a, b) || !shared(a, c) {
			t.Errorf("%s and %s and %s were made one by one", a, b, c)
		}
	})
	t.Run("is not for those who ask something else", func(t *testing.T) {
		t.Parallel()
		h := newHall(t)
		const some = `subscription ($o: ID!, $f: InboxEventFilter) { inboxEvents(organizationId: $o, filter: $f) { ... on Event { cursor } } }`
		all := h.listen(h.Agent, some, object{"o": h.Org.ID})
		added := h.listen(h.Agent, some, object{"o": h.Org.ID, "f": object{"types": []any{"MESSAGE_ADDED"}}})

		h.CustomerWrites("491701", "hello?")

		if n := len(all.hears(2)); n != 2 {
			t.Errorf("heard %d of everything", n)
		}
		if heard := added.hears(1); seqOf(t, heard[0]) != int64(h.LogEnd()) {
			t.Errorf("heard %s", heard)
		}
	})
	t.Run("of one conversation tells nothing of others, also of what happened at once", func(t *testing.T) {
		t.Parallel()
		h := newHall(t)
		mine, other := h.CustomerWrites("491701", "hello?"), h.CustomerWrites("491702", "hello?")
		const chat = `subscription ($c: ID!) { messageAdded(conversationId: $c) { cursor message { text } conversation { id } } }`
		l := h.listen(h.Agent, chat, object{"c": mine.ID})
		both := []models.Inbound{h.Says("491702", "not for you"), h.Says("491701", "for you"), h.Says("491702", "nor this")}
		h.Receive(both...)
		h.CustomerWrites("491701", "the end")
		for i, want := range []string{"for you", "the end"} {
			heard := event(t, l.hears(i + 1)[i])
			if heard["message"].(object)["text"] != want || heard["conversation"].(object)["id"] == other.ID {
				t.Errorf("heard %v, want %s", heard, want)
			}
		}
	})
	t.Run("never crosses sights: every pair of roles", func(t *testing.T) {
		t.Parallel()
		h := newHall(t)
		roles := []models.Role{models.Owner, models.Admin, models.Supervisor, models.Agent, models.ViewerRole}
		viewers, listeners := make(map[models.Role]models.Viewer), make(map[models.Role][]*listener)
		for _, role := range roles {
			viewers[role] = h.member(role)
		}
		for _, role := range roles {
			for range 2 {
				listeners[role] = append(listeners[role], h.listen(viewers[role], everything, object{"o": h.Org.ID}))
			}
		}
		h.CustomerWrites("491701", "hello?")
		for _, a := range roles {
			for _, b := range roles {
				one, other := listeners[a][0].hears(2)[1], listeners[b][1].hears(2)[1]
				if shared(one, other) != (a == b) {
					t.Errorf("%s and %s: shared is %v", a, b, a != b)
				}
			}
			can, _ := event(t, listeners[a][0].hears(2)[1])["conversation"].(object)["viewerCanReply"].(bool)
			if can != a.May(models.Reply) {
				t.Errorf("%s is told that it can reply: %v", a, can)
			}
		}
	})
	t.Run("never crosses organizations", func(t *testing.T) {
		t.Parallel()
		h := newHall(t)
		neighbour := h.Neighbour("other")
		const mine = `subscription { conversationChanged { cursor conversation { id } } }` // names no organization
		here := h.listen(h.Agent, mine, nil)
		there := h.listen(neighbour.Agent, mine, nil)
		c := h.CustomerWrites("491701", "here")
		d := neighbour.CustomerWrites("491702", "there")
		for l, want := range map[*listener]string{here: c.ID, there: d.ID} {
			if got := event(t, l.hears(2)[1])["conversation"].(object)["id"]; got != want {
				t.Errorf("heard of %v, want %s", got, want)
			}
		}
	})
}

// member is somebody of a role.
func (h *hall) member(role models.Role) models.Viewer {
	h.T.Helper()
	switch role {
	case models.Owner:
		return h.Owner
	case models.Admin:
		return h.Admin
	case models.Agent:
		return h.Agent
	case models.ViewerRole:
		return h.Onlooker
	}
	_, err := h.Inbox.ChangeRole(h.Context(), h.Owner, h.Colleague.UserID, role, "")
	h.Must(err)
	return h.Colleague
}

func TestSightChanges(t *testing.T) {
	t.Parallel()
	t.Run("with the role, at exactly that event", func(t *testing.T) {
		t.Parallel()
		h := newHall(t)
		l := h.listen(h.Agent, everything, object{"o": h.Org.ID, "a": h.cursorNow()})
		peer := h.listen(h.Colleague, everything, object{"o": h.Org.ID, "a": h.cursorNow()})
		h.CustomerWrites("491701", "one")
		l.hears(2)
		_, err := h.Inbox.ChangeRole(h.Context(), h.Owner, h.Agent.UserID, models.ViewerRole, "")
		h.Must(err)
		h.CustomerWrites("491701", "two")

		heard, others := l.hears(4), peer.hears(4)

		for i, want := range []bool{true, true, false, false} { // shared with an agent until, not from the change on
			if shared(heard[i], others[i]) != want {
				t.Errorf("event %d: shared with an agent is %v", i, !want)
			}
			if seqOf(t, heard[i]) != seqOf(t, others[i]) {
				t.Errorf("event %d: one hears %s, the other %s", i, heard[i], others[i])
			}
		}
		if can := event(t, heard[3])["conversation"].(object)["viewerCanReply"]; can != false {
			t.Errorf("a viewer is told %s", heard[3])
		}
	})
	t.Run("and ends with the membership, before anything else is told", func(t *testing.T) {
		t.Parallel()
		h := newHall(t)
		l := h.listen(h.Agent, everything, object{"o": h.Org.ID, "a": h.cursorNow()})
		typing := h.listen(h.Agent, `subscription ($o: ID!) { contactTyping(organizationId: $o) { seconds } }`, object{"o": h.Org.ID})
		h.CustomerWrites("491701", "one")
		l.hears(2)
		_, err := h.Inbox.RemoveMember(h.Context(), h.Owner, h.Agent.UserID, "")
		h.Must(err)
		h.CustomerWrites("491701", "two")

		for _, l := range []*listener{l, typing} {
			if code := l.code(); code != models.AccessRevoked {
				t.Errorf("ended with %v", code)
			}
		}
		if n := len(l.heard); n != 2 {
			t.Errorf("heard %d events", n)
		}
	})
	t.Run("also while the client catches up", func(t *testing.T) {
		t.Parallel()
		h := newHall(t)
		start := h.cursorNow()
		h.CustomerWrites("491701", "one")
		_, err := h.Inbox.ChangeRole(h.Context(), h.Owner, h.Agent.UserID, models.ViewerRole, "")
		h.Must(err)
		h.CustomerWrites("491701", "two")

		heard := h.listen(h.Agent, everything, object{"o": h.Org.ID, "a": start}).hears(4)

		for i := range heard {
			if got, want := seqOf(t, heard[i]), int64(h.LogEnd()-len(heard)+1+i); got != want {
				t.Errorf("heard event %d, want %d", got, want)
			}
		}
	})
}

// Clients that come and go at any time, with any cursor, while many write, hear everything after their cursor, in order
// and each once.
func TestHandOver(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	const writers, each, clients = 4, 40, 40
	start := h.LogEnd()
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				h.CustomerWrites(fmt.Sprint("49170", w), fmt.Sprint(i))
			}
		})
	}
	var listening sync.WaitGroup
	for c := range clients {
		listening.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(c)))
			after := int64(start)
			for range 4 { // each time it goes on where it stopped
				l := h.listen(h.Agent, everything, object{"o": h.Org.ID, "a": models.EventCursor(after)})
				heard := l.hears(1 + random.IntN(30))
				l.stop()
				for _, payload := range heard {
					seq := seqOf(t, payload)
					if seq != after+1 {
						t.Errorf("heard %d after %d", seq, after)
					}
					after = seq
				}
			}
		})
	}
	writing.Wait()
	listening.Wait()
	end := h.LogEnd()
	l := h.listen(h.Agent, everything, object{"o": h.Org.ID, "a": models.EventCursor(int64(start))})
	if got := seqOf(t, last(l.hears(end-start))); got != int64(end) {
		t.Errorf("heard up to %d, want %d", got, end)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, passes := range map[string]bool{"that pass cost time, and no event": true, "that stay are told, and hold nobody up": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHall(t)
			h.exec = graph.NewExecutor(&graph.Resolver{Inbox: h.Inbox, Plain: true}, inboxtest.Quiet) // which has fields that can fail
			var faults atomic.Int32
			h.exec.AroundFields(func(ctx context.Context, next graphql.Resolver) (any, error) {
				field := graphql.GetFieldContext(ctx)
				if field.Object == "MessageAdded" && field.Field.Name == "message" && (faults.Add(1) < 3 || !passes) {
					return nil, errors.New("no connection")
				}
				return next(ctx)
			})
			l := h.listen(h.Agent, everything, object{"o": h.Org.ID, "a": h.cursorNow()})
			beside := h.listen(h.Agent, `subscription ($o: ID!) { inboxEvents(organizationId: $o) { ... on Event { cursor } } }`, object{"o": h.Org.ID})
			h.CustomerWrites("491701", "one")
			h.CustomerWrites("491701", "two")

			heard := l.hears(3)
			if at := seqOf(t, beside.hears(3)[2]); at != int64(h.LogEnd()) {
				t.Errorf("who asks for something else heard up to %d", at)
			}

			for i, want := range map[int]string{1: "one", 2: "two"} {
				message, ok := event(t, heard[i])["message"].(object)
				if ok != passes || ok && message["text"] != want {
					t.Errorf("heard %s, want %s", heard[i], want)
				}
			}
		})
	}
	t.Run("of the client are told: a cursor of the future", func(t *testing.T) {
		t.Parallel()
		h := newHall(t)
		l := h.listen(h.Agent, everything, object{"o": h.Org.ID, "a": models.EventCursor(int64(h.LogEnd() + 1))})
		if code := l.code(); code != models.CursorExpired {
			t.Errorf("ended with %v", code)
		}
	})
}

func TestWhispers(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	c := h.CustomerWrites("491701", "hello?")
	const typing = `subscription ($o: ID!) { contactTyping(organizationId: $o) { seconds conversation { id } } }`
	a, b := h.listen(h.Agent, typing, object{"o": h.Org.ID}), h.listen(h.Colleague, typing, object{"o": h.Org.ID})
	stranger := h.listen(h.Neighbour("other").Agent, typing, object{"o": h.Org.ID})
	if code := stranger.code(); code != models.NotFound {
		t.Errorf("a stranger hears %v", code)
	}

	h.whispers.Tell(inbox.Whisper{To: inbox.ToMembers(h.Org.ID), ConversationID: c.ID, Lasts: inbox.TypingLasts})

	one, other := a.hears(1)[0], b.hears(1)[0]
	if got := event(t, one)["conversation"].(object)["id"]; got != c.ID || !shared(one, other) {
		t.Errorf("heard %s and %s", one, other)
	}
}
