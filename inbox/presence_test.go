package inbox_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// presenceOf is what of a process concerns presence.
func presenceOf(t *testing.T, w *inboxtest.World, redisURL string) inbox.Presence {
	t.Helper()
	return inbox.Presence{Inbox: w.Inbox, Whispers: whispering(t, redisURL, w.Clock)}
}

// whispered is the next whisper that arrives.
func whispered(t *testing.T, heard <-chan inbox.Whisper) inbox.Whisper {
	t.Helper()
	select {
	case said := <-heard:
		return said
	case <-time.After(longest):
		t.Fatal("nothing was heard")
		return inbox.Whisper{}
	}
}

func TestPresence(t *testing.T) {
	t.Parallel()
	t.Run("is seen by other processes, until it is over", func(t *testing.T) {
		t.Parallel()
		w, r := inboxtest.New(t), newRedis(t)
		c := w.CustomerWrites("491701", "hello?")
		here, there := presenceOf(t, w, r.URL()), presenceOf(t, w, r.URL())

		w.Must(here.BeHere(w.Context(), w.Agent, true))
		w.Must(here.View(w.Context(), w.Agent, c.ID, true))
		w.Must(here.Type(w.Context(), w.Agent, c.ID))

		me := w.Agent.UserID
		inboxtest.Same(t, "now", there.Now(w.Context(), w.Org.ID),
			[]inbox.Deed{{Doing: inbox.BeingHere, UserID: me}, {Doing: inbox.Typing, UserID: me, ConversationID: c.ID}, {Doing: inbox.Viewing, UserID: me, ConversationID: c.ID}})
		w.Clock.Advance(inbox.TypingLasts)
		inboxtest.Same(t, "when the typing is over", len(there.Now(w.Context(), w.Org.ID)), 2)
		w.Must(here.View(w.Context(), w.Agent, c.ID, false))
		w.Clock.Advance(time.Second)
		inboxtest.Same(t, "after looking away", there.Now(w.Context(), w.Org.ID), []inbox.Deed{{Doing: inbox.BeingHere, UserID: me}})
		w.Clock.Advance(inbox.HereLasts)
		inboxtest.Same(t, "in the end", len(there.Now(w.Context(), w.Org.ID)), 0)
	})
	t.Run("leaves nothing behind but for moments, and nothing in the log", func(t *testing.T) {
		t.Parallel()
		w, r := inboxtest.New(t), newRedis(t)
		end := w.LogEnd()
		w.Must(presenceOf(t, w, r.URL()).BeHere(w.Context(), w.Agent, true))

		options, err := redis.ParseURL(r.URL())
		w.Must(err)
		client := redis.NewClient(options)
		defer client.Close()
		keys, err := client.Keys(w.Context(), "*").Result()
		w.Must(err)
		inboxtest.Same(t, "keys", len(keys), 1)
		left, err := client.PTTL(w.Context(), keys[0]).Result()
		w.Must(err)
		if left <= 0 || left > 2*inbox.HereLasts {
			t.Errorf("it stays for %s", left)
		}
		inboxtest.Same(t, "events", w.LogEnd(), end)
	})
	t.Run("is told when it changes, also of those who vanish", func(t *testing.T) {
		t.Parallel()
		w, r := inboxtest.New(t), newRedis(t)
		d := presenceOf(t, w, r.URL())
		heard, leave := d.Whispers.Listen(inbox.ToMembers(w.Org.ID))
		defer leave()
		say := func(v models.Viewer, here bool) {
			t.Helper()
			w.Must(d.BeHere(w.Context(), v, here))
		}

		say(w.Agent, true)
		inboxtest.Same(t, "who comes", whispered(t, heard).UserID, w.Agent.UserID)
		w.Clock.Advance(30 * time.Second)
		say(w.Agent, true)
		inboxtest.Same(t, "told of who stays", len(heard), 0)
		say(w.Colleague, true)
		inboxtest.Same(t, "who comes then", whispered(t, heard).UserID, w.Colleague.UserID)
		say(w.Colleague, false)
		inboxtest.Same(t, "who leaves", whispered(t, heard).Ended, true)
		w.Clock.Advance(inbox.HereLasts)
		say(w.Colleague, true)

		gone := whispered(t, heard)
		inboxtest.Same(t, "who vanished", []any{gone.UserID, gone.Ended}, []any{w.Agent.UserID, true})
		inboxtest.Same(t, "who came back", whispered(t, heard).UserID, w.Colleague.UserID)
	})
	t.Run("passes on no more of one member than is worth telling", func(t *testing.T) {
		t.Parallel()
		w, r := inboxtest.New(t), newRedis(t)
		d := presenceOf(t, w, r.URL())
		for i := range 30 {
			w.Must(d.View(w.Context(), w.Agent, w.CustomerWrites(fmt.Sprint(491700+i), "hello?").ID, true))
		}
		w.Must(d.BeHere(w.Context(), w.Colleague, true))

		byUser := map[string]int{}
		for _, deed := range d.Now(w.Context(), w.Org.ID) {
			byUser[deed.UserID]++
		}

		inboxtest.Same(t, "deeds", byUser, map[string]int{w.Agent.UserID: 20, w.Colleague.UserID: 1})
	})
	t.Run("is for members, in conversations of theirs", func(t *testing.T) {
		t.Parallel()
		w, r := inboxtest.New(t), newRedis(t)
		c, n := w.CustomerWrites("491701", "hello?"), w.Neighbour("999")
		d := presenceOf(t, w, r.URL())
		w.Must(d.View(w.Context(), w.Agent, c.ID, true)) // now the conversation is known

		for range 2 {
			inboxtest.Refused(t, d.View(w.Context(), n.Agent, c.ID, true), models.NotFound)
			inboxtest.Refused(t, d.Type(w.Context(), n.Agent, c.ID), models.NotFound)
		}
		inboxtest.Refused(t, d.Type(w.Context(), w.Onlooker, c.ID), models.Forbidden)
		_, err := w.Inbox.RemoveMember(w.Context(), w.Owner, w.Agent.UserID, "")
		w.Must(err)
		inboxtest.Refused(t, d.View(w.Context(), w.Agent, c.ID, true), models.Unauthenticated)
		inboxtest.Same(t, "the neighbours' room", len(d.Now(w.Context(), n.Org.ID)), 0)
	})
	t.Run("is unknown without Redis, and told in the same process", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		d := presenceOf(t, w, noRedis(t))
		heard, leave := d.Whispers.Listen(inbox.ToMembers(w.Org.ID))
		defer leave()

		w.Must(d.BeHere(w.Context(), w.Agent, true))

		inboxtest.Same(t, "told", whispered(t, heard).Doing, inbox.BeingHere)
		inboxtest.Same(t, "now", len(d.Now(w.Context(), w.Org.ID)), 0)
	})
}
