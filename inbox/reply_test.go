package inbox_test

import (
	"testing"
	"time"

	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

func TestReply(t *testing.T) {
	t.Parallel()
	t.Run("reaches the platform and makes the conversation wait for the contact", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")

		m := w.Reply(c, "hi")
		w.Work(models.DueMessages)

		sent := w.Platform.Sent()
		if len(sent) != 1 || sent[0].Text != "hi" || sent[0].RecipientID != "491701" || sent[0].Reference != m.ID {
			t.Fatalf("the platform got %+v", sent)
		}
		if m = w.Message(m.ID); *m.Status != models.Sent || *m.ExternalID != "wamid.OUT1" || m.DueAt != nil {
			t.Fatalf("the message is %s, known as %v", *m.Status, m.ExternalID)
		}
		if c = w.Conversation(c.ID); c.Status != models.Pending || c.WaitingSince != nil {
			t.Fatalf("the conversation is %s, waiting since %v", c.Status, c.WaitingSince)
		}
	})
	t.Run("is refused after the window closed", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Clock.Advance(25 * time.Hour)

		_, err := w.Inbox.Reply(w.Context(), w.Agent, inbox.ReplyRequest{ConversationID: c.ID, Draft: models.Draft{Text: "hi"}})

		inboxtest.Refused(t, err, models.ReplyWindowClosed)
	})
}
