package messenger_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

func TestStream(t *testing.T) {
	t.Parallel()
	t.Run("shows every tab what is said, and that it arrived", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.visit()
		one, other := b.follow(""), b.follow("")
		b.says("1", "hello?")
		m := s.reply(s.conversationOf("hello?").ID, "at your service")

		for _, f := range []*tab{one, other} {
			mine, ours := f.next(), f.next()
			inboxtest.Same(t, "mine", []any{mine.name, mine.json(t)["clientMessageId"], mine.json(t)["from"]}, []any{"message", "1", "visitor"})
			inboxtest.Same(t, "ours", []any{ours.name, ours.json(t)["text"], ours.json(t)["authorName"], ours.json(t)["id"]}, []any{"message", "at your service", "ben", m.ID})
		}
		one.place() // it has told the inbox by now
		inboxtest.Same(t, "status", *s.Message(m.ID).Status, models.Delivered)
	})
	t.Run("shows changes, and what members read", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.visit()
		said := b.says("1", "hello?")
		c := s.conversations()[0]
		f := b.follow("")
		f.place()
		_, err := s.inbox.MarkRead(s.Context(), s.Agent, c.ID, "")
		s.Must(err)
		read := f.next()
		inboxtest.Same(t, "read", []any{read.name, read.json(t)["upTo"]}, []any{"read", said["id"]})

		m := s.Timeline(c)[0]
		s.Must(s.inbox.Receive(s.Context(), models.Messenger, inboxDelivery, deletionOf(s.channel.AccountID, *m.ExternalID)))
		changed := f.next()
		inboxtest.Same(t, "changed", []any{changed.name, changed.json(t)["text"], changed.json(t)["deletedAt"] != nil}, []any{"messageChanged", "", true})
	})
	t.Run("resumes without a gap and without doubling", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b, stranger := s.visit(), s.visit()
		page := b.must(http.MethodGet, "/messages", nil)
		place := page["cursor"].(string)
		b.says("first", "first")
		stranger.says("first", "strange")
		c := s.conversationOf("first").ID
		var got []string
		for i := range 12 {
			f := b.follow(place)
			if i%3 == 0 {
				stranger.says(fmt.Sprint(i), "strange")
			}
			s.reply(c, fmt.Sprint("answer ", i))
			for range 1 + i%2 { // every other time less than all is taken before the line breaks
				if len(got) == i+2 {
					break
				}
				e := f.next()
				got, place = append(got, e.json(t)["text"].(string)), e.id
			}
			f.close()
		}
		f := b.follow(place)
		for len(got) < 13 {
			got = append(got, f.next().json(t)["text"].(string))
		}
		want := []string{"first"}
		for i := range 12 {
			want = append(want, fmt.Sprint("answer ", i))
		}
		inboxtest.Same(t, "seen", got, want)
		f.place() // and nothing after it
	})
	t.Run("shows nothing of others, nor what happens inside", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b, stranger := s.visit(), s.visit()
		b.says("1", "hello?")
		c := s.conversationOf("hello?")
		f := b.follow("")
		f.place()
		stranger.says("1", "a stranger's secret")
		s.reply(s.conversationOf("a stranger's secret").ID, "an answer to a stranger")
		_, err := s.inbox.Assign(s.Context(), s.Admin, inbox.AssignRequest{ConversationID: c.ID, UserID: &s.Agent.UserID})
		s.Must(err)
		_, err = s.inbox.ChangeStatus(s.Context(), s.Agent, inbox.StatusRequest{ConversationID: c.ID, Status: models.Resolved})
		s.Must(err)
		s.CustomerWrites("4917", "on another channel")
		s.whispers.TellVisitor(s.channel.AccountID, stranger.visitor)
		b.says("2", "the end")
		e := f.next()
		inboxtest.Same(t, "first comes", e.json(t)["text"], any("the end"))
		for _, secret := range []string{"usr_", "cnv_", "con_", "idn_", "org_"} {
			if strings.Contains(e.data+e.id, secret) {
				t.Errorf("%q is shown in %s", secret, e.data)
			}
		}
	})
	t.Run("follows a visitor who becomes a customer", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		phone := s.visit(s.identity("customer-42"))
		phone.says("1", "from the phone")
		laptop := s.visit()
		laptop.says("1", "from the laptop")
		f := laptop.follow("")
		f.place()
		laptop.identify("customer-42")
		inboxtest.Same(t, "there is more now", f.next().name, "reload")
		s.reply(s.conversationOf("from the phone").ID, "an answer to the phone")
		inboxtest.Same(t, "sees", f.next().json(t)["text"], any("an answer to the phone"))
		s.whispers.TellVisitor(s.channel.AccountID, "customer-42")
		inboxtest.Same(t, "hears", f.next().name, "typing")
	})
	t.Run("says that a place is out of reach", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b, other := s.visit(), s.visit()
		for _, place := range []string{"nowhere", other.follow("").place(), models.EventCursor(1)} {
			f := b.follow(place)
			e := f.next()
			if e.name != "reload" || e.id == "" || e.json(t)["cursor"] != e.id {
				t.Errorf("%s: got %v", place, e)
			}
			f.close()
		}
	})
	t.Run("is open in so many places only", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.visit()
		for range 8 {
			b.follow("").place()
		}
		b.refused(http.MethodGet, "/events", nil, 429, "RATE_LIMITED")
		s.visit().follow("").place()
	})
}

func TestStreamEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*browser){
		"when the session is ended": func(b *browser) { b.must(http.MethodDelete, "/sessions", nil) },
		"when the token expires":    func(b *browser) { b.Clock.Advance(models.VisitLength) },
		"when the secret changes": func(b *browser) {
			_, err := b.inbox.RotateIdentitySecret(b.Context(), b.Admin, b.channel.ID, "")
			b.Must(err)
		},
		"when the channel is disconnected": func(b *browser) {
			_, err := b.inbox.DisconnectChannel(b.Context(), b.Admin, b.channel.ID, "")
			b.Must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			b := s.visit(s.identity("customer-42"))
			b.says("1", "hello?")
			f := b.follow("")
			f.place()
			end(b)
			rest := f.rest()
			if len(rest) != 1 || rest[0].name != "end" || rest[0].json(t)["code"] != "UNAUTHENTICATED" {
				t.Errorf("ended with %v", rest)
			}
		})
	}
	t.Run("when the server stops, so that the browser comes back", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		f := s.visit().follow("")
		f.place()
		s.handler.EndStreams()
		if rest := f.rest(); len(rest) > 0 {
			t.Errorf("ended with %v", rest)
		}
	})
}

func TestTyping(t *testing.T) {
	t.Parallel()
	t.Run("of a member is seen by the visitor", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.visit()
		b.says("1", "hello?")
		f := b.follow("")
		f.place()
		_, err := s.inbox.ShowTyping(s.Context(), s.Agent, s.conversations()[0].ID)
		s.Must(err)
		e := f.next()
		inboxtest.Same(t, "typing", []any{e.name, e.id, e.json(t)["lastsMs"]}, []any{"typing", "", float64(8000)})
	})
	t.Run("of a visitor is heard by the members", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.visit()
		heard, leave := s.whispers.Listen(inbox.ToMembers(s.Org.ID))
		defer leave()
		b.must(http.MethodPost, "/typing", object{}) // there is nothing to look at yet
		b.says("1", "hello?")
		b.must(http.MethodPost, "/typing", object{})
		select {
		case whisper := <-heard:
			inboxtest.Same(t, "conversation", whisper.ConversationID, s.conversations()[0].ID)
		case <-time.After(longest):
			t.Fatal("nobody heard")
		}
		inboxtest.Same(t, "messages", s.Count(`SELECT count(*) FROM messages`), 1)
	})
}
