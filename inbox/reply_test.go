package inbox_test

import (
	"strings"
	"testing"
	"time"

	"parley/channels"
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
	t.Run("is queued first, and says so", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Clock.Advance(time.Minute)
		end := w.LogEnd()

		m := w.Reply(c, "hi")

		inboxtest.Same(t, "message", []any{*m.Status, m.Direction, m.Visibility, *m.AuthorUserID, m.ExternalID},
			[]any{models.Queued, models.OutboundMessage, models.Private, w.Agent.UserID, (*string)(nil)})
		c = w.Conversation(c.ID)
		inboxtest.Same(t, "last message", *c.LastMessageID, m.ID)
		inboxtest.Same(t, "reason", c.StatusReason, "REPLIED")
		inboxtest.At(t, "activity", &c.LastActivityAt, w.Clock.Now())
		log := w.Log(end)
		inboxtest.Same(t, "events", w.Events(end), []models.EventType{models.MessageAdded, models.ConversationStatusChange})
		inboxtest.Same(t, "actor", []string{log[0].ActorID, log[1].ActorID}, []string{w.Agent.UserID, w.Agent.UserID})
		inboxtest.Same(t, "sent so far", len(w.Platform.Sent()), 0)
	})
	t.Run("is activity of a person", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Clock.Advance(time.Hour)

		w.Reply(c, "hi")

		inboxtest.At(t, "a person replied", w.Organization().HumanRepliedAt, w.Clock.Now())
	})
	t.Run("takes a resolved conversation up again", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		resolve(w, c)

		w.Reply(c, "one more thing")

		c = w.Conversation(c.ID)
		inboxtest.Same(t, "status", []string{string(c.Status), c.StatusReason, c.StatusComment}, []string{"PENDING", "REPLIED", ""})
	})
	t.Run("answers one message", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := w.Says("491701", "hello?")
		w.Receive(in)
		said := w.MessageSaid(in.ExternalID)

		_, err := try(w, w.Agent, said.ConversationID, models.Draft{Text: "hi", ReplyToMessageID: &said.ID})
		w.Must(err)
		w.Work(models.DueMessages)

		inboxtest.Same(t, "answered", w.Platform.Sent()[0].ReplyToExternalID, in.ExternalID)
	})
	t.Run("takes its attachment along", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		picture := models.Attachment{Kind: models.Image, URL: "https://files.example.com/1.png", MIMEType: "image/png"}

		_, err := try(w, w.Agent, c.ID, models.Draft{Text: "look", Attachments: []models.Attachment{picture}})
		w.Must(err)
		w.Work(models.DueMessages)

		sent := w.Platform.Sent()[0]
		if sent.Text != "look" || len(sent.Attachments) != 1 || sent.Attachments[0].URL != picture.URL || sent.Attachments[0].MIMEType != picture.MIMEType {
			t.Errorf("the platform got %+v", sent)
		}
	})
	t.Run("is a template once the window closed", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Clock.Advance(25 * time.Hour)
		template := models.Template{Name: "order_ready", Language: "de", Parameters: []string{"4711"}}

		m, err := try(w, w.Agent, c.ID, models.Draft{Template: &template})
		w.Must(err)
		w.Work(models.DueMessages)

		inboxtest.Same(t, "template", *w.Platform.Sent()[0].Template, template)
		inboxtest.Same(t, "status", *w.Message(m.ID).Status, models.Sent)
		inboxtest.Same(t, "window", w.Conversation(c.ID).WindowExpiresAt.Before(w.Clock.Now()), true)
	})
	t.Run("is accepted at the last instant of the window", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Clock.Advance(24 * time.Hour)

		m := w.Reply(c, "just in time")
		w.Work(models.DueMessages)

		inboxtest.Same(t, "status", *w.Message(m.ID).Status, models.Sent)
	})
}

func TestReplyIsRefused(t *testing.T) {
	t.Parallel()
	type world = *inboxtest.World
	picture := models.Attachment{Kind: models.Image, URL: "https://files.example.com/1.png", MIMEType: "image/png"}
	hi := models.Draft{Text: "hi"}
	for _, test := range []struct {
		name  string
		given func(world, *models.Conversation)
		draft models.Draft
		want  models.ErrorCode
	}{
		{"while the inbox is deactivated", func(w world, _ *models.Conversation) { deactivate(w) }, hi, models.InboxDeactivated},
		{"while the channel is disconnected", func(w world, _ *models.Conversation) {
			_, err := w.Inbox.DisconnectChannel(w.Context(), w.Admin, w.Channel.ID, "")
			w.Must(err)
		}, hi, models.ChannelNotConnected},
		{"while the channel needs attention", func(w world, c *models.Conversation) {
			w.Platform.Answer(inboxtest.Refuse(channels.SendError{Failure: models.Failure{Reason: models.AuthExpired}}))
			w.Reply(c, "hi")
			w.Work(models.DueMessages)
		}, hi, models.ChannelNotConnected},
		{"when the contact opted out", func(w world, _ *models.Conversation) {
			w.Receive(w.Opt("491701", models.InboundOptOut))
		}, hi, models.ContactOptedOut},
		{"after the window closed", func(w world, _ *models.Conversation) {
			w.Clock.Advance(24*time.Hour + time.Microsecond)
		}, hi, models.ReplyWindowClosed},
		{"where the contact never wrote", func(w world, c *models.Conversation) {
			w.Receive(w.Echo("491702", "our summer sale", ""))
			c.ID = w.Conversation(lastConversation(w)).ID
		}, hi, models.ReplyWindowClosed},
		{"without anything to say", nil, models.Draft{}, models.InvalidInput},
		{"over the platform's limit", nil, models.Draft{Text: strings.Repeat("ä", 4097)}, models.InvalidInput},
		{"over the limit of a text with a picture", nil,
			models.Draft{Text: strings.Repeat("ä", 1025), Attachments: []models.Attachment{picture}}, models.InvalidInput},
		{"with more attachments than the platform takes", nil,
			models.Draft{Attachments: []models.Attachment{picture, picture}}, models.UnsupportedByChannel},
		{"with an attachment of a kind the platform does not take", nil,
			models.Draft{Attachments: []models.Attachment{{Kind: models.Location, URL: "https://files.example.com"}}}, models.UnsupportedByChannel},
		{"with an attachment of a type the platform does not take", nil,
			models.Draft{Attachments: []models.Attachment{{Kind: models.Image, URL: picture.URL, MIMEType: "image/tiff"}}}, models.UnsupportedByChannel},
		{"with a text the kind of attachment does not take", nil,
			models.Draft{Text: "listen", Attachments: []models.Attachment{{Kind: models.Audio, URL: picture.URL}}}, models.UnsupportedByChannel},
		{"with an attachment that is not on https", nil,
			models.Draft{Attachments: []models.Attachment{{Kind: models.Image, URL: "http://files.example.com/1.png"}}}, models.InvalidInput},
		{"with a template and a text", nil,
			models.Draft{Text: "hi", Template: &models.Template{Name: "a", Language: "de"}}, models.InvalidInput},
		{"with a template without a language", nil, models.Draft{Template: &models.Template{Name: "a"}}, models.InvalidInput},
		{"to a message that does not exist", nil, models.Draft{Text: "hi", ReplyToMessageID: new("msg_1")}, models.NotFound},
		{"to a message without an id", nil, models.Draft{Text: "hi", ReplyToMessageID: new("")}, models.NotFound},
		{"with a NUL", nil, models.Draft{Text: "a\x00b"}, models.InvalidInput},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := inboxtest.New(t)
			c := w.CustomerWrites("491701", "hello?")
			if test.given != nil {
				test.given(w, c)
			}
			before, end, sent := w.Conversation(c.ID), w.LogEnd(), len(w.Platform.Sent())

			_, err := try(w, w.Agent, c.ID, test.draft)

			inboxtest.Refused(t, err, test.want)
			inboxtest.Same(t, "conversation", w.Conversation(c.ID), before)
			inboxtest.Same(t, "events", w.Events(end), nil)
			w.Work(models.DueMessages)
			inboxtest.Same(t, "sent", len(w.Platform.Sent()), sent)
		})
	}
	t.Run("to a message of another conversation", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c, other := w.CustomerWrites("491701", "hello?"), w.CustomerWrites("491702", "hello?")

		_, err := try(w, w.Agent, c.ID, models.Draft{Text: "hi", ReplyToMessageID: other.LastMessageID})

		inboxtest.Refused(t, err, models.NotFound)
	})
	t.Run("to a message that never reached the platform", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		queued := w.Reply(c, "hi")

		_, err := try(w, w.Agent, c.ID, models.Draft{Text: "hi", ReplyToMessageID: &queued.ID})

		inboxtest.Refused(t, err, models.InvalidInput)
	})
	t.Run("in another organization's conversation, as if it were not there", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("206540352242922")
		theirs := n.CustomerWrites("491701", "hello?")

		_, err := try(w, w.Agent, theirs.ID, hi)
		_, never := try(w, w.Agent, "cnv_1", hi)

		inboxtest.Refused(t, err, models.NotFound)
		inboxtest.Same(t, "words", err.Error(), never.Error())
	})
	t.Run("to those who only look on", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")

		_, err := try(w, w.Onlooker, c.ID, hi)

		inboxtest.Refused(t, err, models.Forbidden)
	})
	t.Run("on a resolved conversation once the contact has a newer one", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		startNew(w)
		c := w.CustomerWrites("491701", "hello?")
		resolve(w, c)
		w.CustomerWrites("491701", "something else")

		_, err := try(w, w.Agent, c.ID, hi)

		inboxtest.Refused(t, err, models.Superseded)
		inboxtest.Same(t, "due", w.Work(models.DueMessages), 0)
	})
	t.Run("over the limit as the platform counts", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		whatsapp, telegram := w.CustomerWrites("491701", "hello?"), onTelegram(w, "5551", "hello?")
		smiles := models.Draft{Text: strings.Repeat("😀", 2049)} // two UTF-16 units each

		_, counted := try(w, w.Agent, whatsapp.ID, smiles)
		_, units := try(w, w.Agent, telegram.ID, smiles)

		w.Must(counted)
		inboxtest.Refused(t, units, models.InvalidInput)
	})
	t.Run("as a template where there are none", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := onTelegram(w, "5551", "hello?")

		_, err := try(w, w.Agent, c.ID, models.Draft{Template: &models.Template{Name: "a", Language: "de"}})

		inboxtest.Refused(t, err, models.UnsupportedByChannel)
	})
}

func try(w *inboxtest.World, viewer models.Viewer, conversationID string, d models.Draft) (*models.Message, error) {
	return w.Inbox.Reply(w.Context(), viewer, inbox.ReplyRequest{ConversationID: conversationID, Draft: d})
}

// onTelegram lets a customer write to a channel that has no window.
func onTelegram(w *inboxtest.World, customer, text string) *models.Conversation {
	w.T.Helper()
	bot := w.Connect(models.Telegram, "4711")
	in := w.Says(customer, text)
	in.AccountID = bot.AccountID
	w.Must(w.Inbox.Receive(w.Context(), models.Telegram, body, channels.Parsed{Inbound: []models.Inbound{in}}))
	return w.Conversation(lastConversation(w))
}

func lastConversation(w *inboxtest.World) string {
	w.T.Helper()
	size := 1
	var page *models.Connection[models.Conversation]
	w.Look(func(tx *models.Tx) (err error) {
		page, err = tx.ListConversations(models.ConversationFilter{}, models.NewestActivity, models.Page{First: &size})
		return err
	})
	return page.Nodes()[0].ID
}

// deactivate lets so much time pass that the inbox is deactivated.
func deactivate(w *inboxtest.World) {
	w.T.Helper()
	w.Clock.Advance(60*24*time.Hour + time.Second)
	w.Work(models.DueInboxes)
	if w.Organization().IsActive() {
		w.T.Fatal("the inbox is still active")
	}
}
