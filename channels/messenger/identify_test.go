package messenger_test

import (
	"net/http"
	"slices"
	"testing"

	"parley/inbox/inboxtest"
	"parley/models"
)

func (b *browser) identify(customer string) object {
	b.T.Helper()
	return b.must(http.MethodPost, "/sessions/identify", object{"identity": b.site.identity(customer)})
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	t.Run("takes the anonymous conversation along", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.visit()
		b.says("1", "hello?")
		before := s.conversations()[0]

		inboxtest.Same(t, "identified", b.identify("customer-42")["identified"], any(true))
		b.says("2", "it is me")
		b.says("1", "hello?")

		all := s.conversations()
		inboxtest.Same(t, "conversations", []any{len(all), all[0].ID, all[0].ThreadKey}, []any{1, before.ID, "customer-42"})
		identity := s.Identity(all[0])
		inboxtest.Same(t, "identity", []string{identity.ExternalID, *identity.AltExternalID, identity.Name}, []string{"customer-42", b.visitor, "Erika"})
		inboxtest.Same(t, "said", b.texts(), []string{"it is me", "hello?"})
	})
	t.Run("makes one history of what a customer says in two browsers", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		phone := s.visit(s.identity("customer-42"))
		phone.says("1", "from the phone")
		laptop := s.visit()
		laptop.says("1", "from the laptop")

		laptop.identify("customer-42")

		laptop.says("2", "again from the laptop")
		phone.says("2", "again from the phone")
		want := []string{"again from the laptop", "again from the phone", "from the laptop", "from the phone"}
		for name, b := range map[string]*browser{"phone": phone, "laptop": laptop, "new": s.visit(s.identity("customer-42"))} {
			got := b.texts()
			slices.Sort(got)
			inboxtest.Same(t, name, got, want)
		}
		inboxtest.Same(t, "identities", s.Count(`SELECT count(*) FROM contact_identities`), 1)
		c := s.conversationOf("from the laptop")
		s.reply(c.ID, "to both")
		inboxtest.Same(t, "an answer", []any{phone.history()[0]["text"], laptop.history()[0]["text"]}, []any{"to both", "to both"})
	})
	t.Run("is once, however often it is asked at once", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.visit()
		b.says("1", "hello?")
		end := s.LogEnd()
		inboxtest.Together(6, func(int) {
			res, answer, _ := b.ask(http.MethodPost, "/sessions/identify", object{"identity": s.identity("customer-42")})
			if res.StatusCode != http.StatusOK || answer["identified"] != true {
				t.Errorf("got %d %v", res.StatusCode, answer)
			}
		})
		inboxtest.Same(t, "events", s.Events(end), []models.EventType{models.ContactChanged})
		inboxtest.Same(t, "identities", s.Count(`SELECT count(*) FROM contact_identities`), 1)
	})
	t.Run("loses nothing that is said at the same moment", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		for round := range 10 {
			customer := string(rune('a' + round))
			s.visit(s.identity(customer)).says("1", "before")
			b := s.visit()
			inboxtest.Together(2, func(i int) {
				if i == 0 {
					b.ask(http.MethodPost, "/messages", object{"clientMessageId": "1", "text": "now"})
				} else {
					b.ask(http.MethodPost, "/sessions/identify", object{"identity": s.identity(customer)})
				}
			})
			got := b.texts()
			slices.Sort(got)
			inboxtest.Same(t, "said", got, []string{"before", "now"})
			inboxtest.Same(t, "identities", s.Count(`SELECT count(*) FROM contact_identities`), round+1)
		}
	})
	t.Run("joins two tabs that are identified at once, each with words of its own", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		tabs := []*browser{s.visit(), s.visit()}
		for _, b := range tabs {
			b.says("1", "hello from "+b.visitor)
		}
		inboxtest.Together(2, func(i int) {
			tabs[i].ask(http.MethodPost, "/sessions/identify", object{"identity": s.identity("customer-42")})
		})
		inboxtest.Same(t, "identities", s.Count(`SELECT count(*) FROM contact_identities`), 1)
		inboxtest.Same(t, "said", []int{len(tabs[0].texts()), len(tabs[1].texts())}, []int{2, 2})
	})
	t.Run("believes nobody without a true hash", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.visit(s.identity("customer-42")).says("1", "a customer's secret")
		b := s.visit()
		b.says("1", "hello?")
		forged := object{"id": "customer-42", "hash": models.IdentityHash("guess", "customer-42")}
		inboxtest.Same(t, "identified", b.must(http.MethodPost, "/sessions/identify", object{"identity": forged})["identified"], any(false))
		inboxtest.Same(t, "said", b.texts(), []string{"hello?"})
		inboxtest.Same(t, "identities", s.Count(`SELECT count(*) FROM contact_identities`), 2)
	})
	t.Run("does not make one customer another", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.visit(s.identity("customer-42"))
		b.refused(http.MethodPost, "/sessions/identify", object{"identity": s.identity("customer-43")}, 409, "VERSION_CONFLICT")
		inboxtest.Same(t, "identified", b.identify("customer-42")["identified"], any(true))
	})
}
