package messenger_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

func TestSay(t *testing.T) {
	t.Parallel()
	t.Run("begins a conversation in the inbox", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.visit(s.identity("customer-42"))
		b.must(http.MethodPost, "/messages", object{"clientMessageId": "01J9ZK7M6W", "text": "Hallo 👋", "pageUrl": "https://shop.example/produkt/1", "new": 1})

		c := s.conversations()[0]
		inboxtest.Same(t, "conversation", []any{c.Status, c.ThreadKey, c.Platform, c.UnreadCount}, []any{models.New, "customer-42", models.Messenger, 1})
		inboxtest.Same(t, "contact", s.Identity(c).Name, "Erika")
		m := s.Timeline(c)[0]
		inboxtest.Same(t, "message", []any{m.Text, m.Details.Referral.URL}, []any{"Hallo 👋", "https://shop.example/produkt/1"})
	})
	t.Run("is once for an id, however often it is said", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.visit()
		first := b.says("1", "hello?")
		s.Clock.Advance(time.Minute)
		inboxtest.Same(t, "again", b.says("1", "hello?"), first)
		s.Clock.Advance(25 * time.Hour) // the key is forgotten, the message is not
		s.work(models.DueLogs)
		inboxtest.Same(t, "a day later", b.says("1", "hello?"), first)
		b.refused(http.MethodPost, "/messages", object{"clientMessageId": "1", "text": "something else"}, 409, "IDEMPOTENCY_CONFLICT")
		s.Clock.Advance(25 * time.Hour)
		s.work(models.DueLogs)
		b.refused(http.MethodPost, "/messages", object{"clientMessageId": "1", "text": "something else"}, 409, "IDEMPOTENCY_CONFLICT")
		inboxtest.Same(t, "said", b.texts(), []string{"hello?"})
	})
	t.Run("is once for an id said eight times at once", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.visit()
		var conflicts atomic.Int32
		inboxtest.Together(8, func(i int) {
			text := "hello?"
			if i == 7 {
				text = "goodbye"
			}
			res, _, _ := b.ask(http.MethodPost, "/messages", object{"clientMessageId": "1", "text": text})
			if res.StatusCode == http.StatusConflict {
				conflicts.Add(1)
			}
		})
		said := b.texts()
		if len(said) != 1 || said[0] == "hello?" && conflicts.Load() != 1 || said[0] == "goodbye" && conflicts.Load() != 7 {
			t.Errorf("said %q, with %d conflicts", said, conflicts.Load())
		}
	})
	t.Run("keeps two browsers apart that chose the same id", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		one, other := s.visit(), s.visit()
		one.says("1", "I am one")
		other.says("1", "I am another")
		inboxtest.Same(t, "said", [][]string{one.texts(), other.texts()}, [][]string{{"I am one"}, {"I am another"}})
	})
	t.Run("takes files along that were uploaded in this browser", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.visit()
		slot := b.must(http.MethodPost, "/uploads", object{"filename": "foto.jpg", "mime": "image/jpeg", "sizeBytes": 20480})
		said := object{"clientMessageId": "1", "attachments": []object{{"uploadId": slot["uploadId"]}}}
		s.visit().refused(http.MethodPost, "/messages", said, 404, "NOT_FOUND")
		b.must(http.MethodPost, "/messages", said)
		b.must(http.MethodPost, "/messages", said)

		shown := listOf(b.history()[0]["attachments"])[0]
		if shown["kind"] != "IMAGE" || shown["filename"] != "foto.jpg" || !strings.HasPrefix(shown["url"].(string), "https://files.example/signed/") {
			t.Errorf("shows %v", shown)
		}
		inboxtest.Same(t, "attached", len(s.Attachments(s.Timeline(s.conversations()[0])[0])), 1)
	})
}

func TestHistory(t *testing.T) {
	t.Parallel()
	t.Run("shows a visitor what was said with them, page by page", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.visit()
		for i := range 5 {
			b.says(fmt.Sprint(i), fmt.Sprint("message ", i))
			s.Clock.Advance(time.Second)
		}
		s.reply(s.conversations()[0].ID, "at your service")
		var all []string
		for path := "/messages?limit=4"; path != ""; {
			page := b.must(http.MethodGet, path, nil)
			for _, m := range listOf(page["messages"]) {
				all = append(all, fmt.Sprint(m["from"], " ", m["authorName"], " ", m["text"]))
			}
			path = ""
			if before, more := page["before"].(string); more {
				path = "/messages?limit=4&before=" + before
			}
		}
		inboxtest.Same(t, "history", all, []string{"team ben at your service", "visitor <nil> message 4", "visitor <nil> message 3",
			"visitor <nil> message 2", "visitor <nil> message 1", "visitor <nil> message 0"})
	})
	t.Run("shows no answer before it is sent, and none that failed", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.visit()
		b.says("1", "hello?")
		_, err := s.inbox.Reply(s.Context(), s.Agent, inbox.ReplyRequest{ConversationID: s.conversations()[0].ID, Draft: models.Draft{Text: "queued"}})
		s.Must(err)
		inboxtest.Same(t, "said", b.texts(), []string{"hello?"})
		s.work(models.DueMessages)
		inboxtest.Same(t, "said", b.texts(), []string{"queued", "hello?"})
	})
	t.Run("shows nothing of the organization, and of others", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b, stranger := s.visit(), s.visit(s.identity("customer-43"))
		b.says("1", "hello?")
		stranger.says("1", "a stranger's secret")
		c := s.Conversation(s.conversationOf("hello?").ID)
		_, err := s.inbox.Assign(s.Context(), s.Admin, inbox.AssignRequest{ConversationID: c.ID, UserID: &s.Agent.UserID, Reason: "internal reason"})
		s.Must(err)
		mine := s.reply(c.ID, "at your service")

		_, _, text := b.ask(http.MethodGet, "/messages", nil)
		for _, secret := range []string{"stranger", "usr_", "cnv_", "con_", "idn_", "chn_", "org_", "@example", "internal", s.Agent.UserID} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is shown in %s", secret, text)
			}
		}
		stranger.refused(http.MethodPost, "/read", object{"upTo": mine.ID}, 404, "NOT_FOUND")
		inboxtest.Same(t, "status", *s.Message(mine.ID).Status, models.Delivered)
	})
	t.Run("says what members have read", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := s.visit()
		b.says("1", "hello?")
		_, err := s.inbox.MarkRead(s.Context(), s.Agent, s.conversations()[0].ID, "")
		s.Must(err)
		s.Clock.Advance(time.Second)
		b.says("2", "anyone?")
		history := b.history()
		inboxtest.Same(t, "statuses", []any{history[0]["status"], history[1]["status"]}, []any{"SENT", "READ"})
	})
}

// conversationOf is the one in which somebody said a text.
func (s *site) conversationOf(text string) *models.Conversation {
	s.T.Helper()
	for _, c := range s.conversations() {
		for _, m := range s.Timeline(c) {
			if m.Text == text {
				return c
			}
		}
	}
	s.T.Fatalf("nobody said %q", text)
	return nil
}

func TestReceipts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.visit()
	b.says("1", "hello?")
	c := s.conversations()[0].ID
	first, second, third := s.reply(c, "one"), s.reply(c, "two"), s.reply(c, "three")
	status := func(m *models.Message) models.DeliveryStatus { return *s.Message(m.ID).Status }
	inboxtest.Same(t, "unseen", []models.DeliveryStatus{status(first), status(third)}, []models.DeliveryStatus{models.Sent, models.Sent})

	b.history()
	inboxtest.Same(t, "fetched", []models.DeliveryStatus{status(first), status(third)}, []models.DeliveryStatus{models.Delivered, models.Delivered})

	b.must(http.MethodPost, "/read", object{"upTo": second.ID})
	b.must(http.MethodPost, "/read", object{"upTo": first.ID})
	inboxtest.Same(t, "read", []models.DeliveryStatus{status(first), status(second), status(third)},
		[]models.DeliveryStatus{models.Read, models.Read, models.Delivered})
	b.refused(http.MethodPost, "/read", object{"upTo": b.history()[3]["id"]}, 404, "NOT_FOUND")
}

func TestDeactivated(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Clock.Advance(61 * 24 * time.Hour)
	s.work(models.DueInboxes)
	inboxtest.Same(t, "inbox", s.Organization().InboxStatus, models.InboxIsDeactivated)
	b := s.visit()

	first := b.says("1", "hello?")
	s.Clock.Advance(time.Minute)
	inboxtest.Same(t, "the same answer again", b.says("1", "hello?"), first)
	b.refused(http.MethodPost, "/messages", object{"clientMessageId": "1", "text": "something else"}, 409, "IDEMPOTENCY_CONFLICT")
	inboxtest.Same(t, "kept", s.Held(models.HeldInactive), 1)

	_, err := s.inbox.ActivateInbox(s.Context(), s.Admin, false, "")
	s.Must(err)
	s.work(models.DueQuarantined)
	history := b.history()
	inboxtest.Same(t, "shown then", []any{len(history), history[0]["id"], history[0]["createdAt"]}, []any{1, first["id"], first["createdAt"]})
}
