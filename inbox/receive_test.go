package inbox_test

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"testing"
	"time"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

var body = channels.Delivery{Body: []byte(`{"object":"whatsapp_business_account"}`)}

func TestReceive(t *testing.T) {
	t.Parallel()
	t.Run("opens a conversation with its contact at the first message", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := w.Says("491701", "hello?")
		in.Author.Handle, in.Author.Language = "erika", "de"
		in.At = w.Clock.Now().Add(-3 * time.Second)
		end := w.LogEnd()

		w.Receive(in)

		m := w.MessageSaid(in.ExternalID)
		c := w.Conversation(m.ConversationID)
		inboxtest.Same(t, "status", c.Status, models.New)
		inboxtest.Same(t, "thread", c.ThreadKey, "491701")
		inboxtest.Same(t, "unread", c.UnreadCount, 1)
		inboxtest.Same(t, "last messages", []string{*c.LastMessageID, *c.LastInboundID}, []string{m.ID, m.ID})
		inboxtest.At(t, "waiting since", c.WaitingSince, in.At)
		inboxtest.At(t, "window", c.WindowExpiresAt, in.At.Add(24*time.Hour))
		i := w.Identity(c)
		inboxtest.Same(t, "identity", []string{i.ExternalID, i.Name, i.Handle, i.Language}, []string{"491701", "Erika", "erika", "de"})
		inboxtest.Same(t, "contact", i.ContactID, c.ContactID)
		inboxtest.Same(t, "author", *m.AuthorIdentityID, i.ID)
		inboxtest.Same(t, "events", w.Events(end), []models.EventType{models.ConversationOpened, models.MessageAdded})
	})
	t.Run("keeps the platform's time beside ours", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := w.Says("491701", "hello?")
		in.At = w.Clock.Now().Add(-time.Hour)

		w.Receive(in)

		m := w.MessageSaid(in.ExternalID)
		inboxtest.At(t, "the platform's time", m.PlatformAt, in.At)
		inboxtest.At(t, "our time", &m.CreatedAt, w.Clock.Now())
	})
	t.Run("keeps attachments and details", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := w.Says("491701", "")
		in.Details = models.MessageDetails{Payload: "YES", Forwarded: true}
		in.Attachments = []models.Attachment{{Kind: models.Image, MediaID: "1"}, {Kind: models.ContactCard, Name: "Max", Phones: []string{"+49"}}}

		w.Receive(in)

		m := w.MessageSaid(in.ExternalID)
		inboxtest.Same(t, "details", m.Details, in.Details)
		kept := w.Attachments(m)
		if len(kept) != 2 || kept[0].MediaID != "1" || kept[1].Phones[0] != "+49" {
			t.Errorf("kept %+v", kept)
		}
	})
}

func TestReceiveAgain(t *testing.T) {
	t.Parallel()
	t.Run("changes nothing", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := w.Says("491701", "hello?")
		w.Receive(in)
		end := w.LogEnd()
		before := w.Conversation(w.MessageSaid(in.ExternalID).ConversationID)
		w.Clock.Advance(time.Second)

		w.Receive(in)
		in.Author.Name = "Somebody"
		w.Receive(in)

		inboxtest.Same(t, "conversation", w.Conversation(before.ID), before)
		inboxtest.Same(t, "events", w.Events(end), nil)
	})
	t.Run("changes nothing inside one batch", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in, other := w.Says("491701", "hello?"), w.Says("491701", "anyone?")

		w.Receive(in, in, other, in)

		c := w.Conversation(w.MessageSaid(in.ExternalID).ConversationID)
		inboxtest.Same(t, "messages", len(w.Timeline(c)), 2)
		inboxtest.Same(t, "unread", c.UnreadCount, 2)
	})
	t.Run("changes nothing three times at once", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		for round := range 10 {
			customer := fmt.Sprint("4917", round)
			in := w.Says(customer, "hello?")

			inboxtest.Together(3, func(int) { w.Receive(in) })

			c := w.Conversation(w.MessageSaid(in.ExternalID).ConversationID)
			inboxtest.Same(t, "unread", c.UnreadCount, 1)
		}
		inboxtest.Same(t, "messages", w.Count(`SELECT count(*) FROM messages`), 10)
		inboxtest.Same(t, "events", len(w.Log(1)), 20)
	})
}

func TestReceiveAtOnce(t *testing.T) {
	t.Parallel()
	t.Run("makes one conversation of two first messages", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		for round := range 25 {
			customer := fmt.Sprint("4917", round)
			says := []models.Inbound{w.Says(customer, "hello?"), w.Says(customer, "anyone?")}

			inboxtest.Together(2, func(i int) { w.Receive(says[i]) })

			first, second := w.MessageSaid(says[0].ExternalID), w.MessageSaid(says[1].ExternalID)
			if first.ConversationID != second.ConversationID {
				t.Fatalf("round %d: two conversations", round)
			}
			inboxtest.Same(t, "unread", w.Conversation(first.ConversationID).UnreadCount, 2)
		}
		inboxtest.Same(t, "contacts", w.Count(`SELECT count(*) FROM contacts`), 25)
		inboxtest.Same(t, "identities", w.Count(`SELECT count(*) FROM contact_identities`), 25)
	})
	t.Run("takes in batches of the same people in any order", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		const people, batches = 6, 8
		var all [batches][]models.Inbound
		for b := range all {
			order := mathrand.Perm(people)
			for p := range people {
				all[b] = append(all[b], w.Says(fmt.Sprint("4917", order[p]), "hello?"))
			}
		}

		inboxtest.Together(batches, func(i int) { w.Receive(all[i]...) })

		inboxtest.Same(t, "messages", w.Count(`SELECT count(*) FROM messages`), people*batches)
		inboxtest.Same(t, "conversations", w.Count(`SELECT count(*) FROM conversations`), people)
		inboxtest.Same(t, "quarantined", w.Held(models.HeldRefused), 0)
	})
	t.Run("joins the conversation an agent reopened meanwhile", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		startNew(w)
		older := w.CustomerWrites("491701", "first")
		resolve(w, older)
		newer := w.CustomerWrites("491701", "second")
		resolve(w, newer)
		reopened, proceed := make(chan struct{}), make(chan struct{})
		in := w.Says("491701", "third")

		inboxtest.Together(3, func(i int) {
			switch i {
			case 0:
				w.Must(w.Store.Do(w.Context(), w.Agent, models.ChangeStatus, func(tx *models.Tx) error {
					var c models.Conversation
					if err := tx.Lock(&c, older.ID); err != nil {
						return err
					}
					c.Status = models.New
					err := tx.SaveConversation(&c, "status")
					close(reopened)
					<-proceed
					return err
				}))
			case 1:
				<-reopened
				w.Receive(in)
			case 2:
				<-reopened
				w.AwaitLock()
				close(proceed)
			}
		})

		inboxtest.Same(t, "conversation", w.MessageSaid(in.ExternalID).ConversationID, older.ID)
	})
}

func TestReceiveBatch(t *testing.T) {
	t.Parallel()
	t.Run("serves accounts of several organizations", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("206540352242922")
		second := w.Connect(models.WhatsApp, "306540352242922")
		ours, theirs, alsoOurs := w.Says("491701", "flowers"), n.Says("491701", "books"), w.Says("491701", "more flowers")
		alsoOurs.AccountID = second.AccountID

		w.Receive(ours, theirs, alsoOurs, w.Says("491702", "trees"), n.Says("491701", "and maps"))

		inboxtest.Same(t, "our channel", w.MessageSaid(ours.ExternalID).ChannelID, w.Channel.ID)
		inboxtest.Same(t, "their channel", n.MessageSaid(theirs.ExternalID).ChannelID, n.Channel.ID)
		counts := map[string]int{}
		for _, channel := range []string{w.Channel.ID, second.ID, n.Channel.ID} {
			counts[channel] = w.Count(`SELECT count(*) FROM messages WHERE channel_id = $1`, channel)
		}
		inboxtest.Same(t, "messages", counts, map[string]int{w.Channel.ID: 2, second.ID: 1, n.Channel.ID: 2})
		inboxtest.Same(t, "contacts", w.Count(`SELECT count(*) FROM contacts`), 4)
	})
	t.Run("keeps what is for an unknown account, once", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		stranger, known := w.Says("491701", "hello?"), w.Says("491702", "hello?")
		stranger.AccountID = "999"

		w.Receive(stranger, known)
		w.Receive(stranger, known)

		w.MessageSaid(known.ExternalID)
		inboxtest.Same(t, "unrouted", w.Count(`SELECT count(*) FROM unrouted_deliveries WHERE account_id = '999' AND body = 'body'`), 1)
	})
	t.Run("goes on receiving for a channel whose token is dead", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Platform.Answer(inboxtest.Refuse(channels.SendError{Failure: models.Failure{Reason: models.AuthExpired}}))
		w.Reply(c, "hi")
		w.Work(models.DueMessages)

		again := w.CustomerWrites("491701", "still there?")

		inboxtest.Same(t, "conversation", again.ID, c.ID)
		inboxtest.Same(t, "status", again.Status, models.New)
	})
}

func TestReceiveUnreadable(t *testing.T) {
	t.Parallel()
	t.Run("is kept with its body while its neighbours land", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := w.Says("491701", "hello?")
		parsed := channels.Parsed{Inbound: []models.Inbound{in}, Unreadable: []error{errors.New("no id"), errors.New("no type")}}
		end := w.LogEnd()

		w.Must(w.Inbox.Receive(w.Context(), models.WhatsApp, body, parsed))
		w.Must(w.Inbox.Receive(w.Context(), models.WhatsApp, body, parsed))

		w.MessageSaid(in.ExternalID)
		inboxtest.Same(t, "kept", w.Held(models.HeldUnreadable), 2)
		inboxtest.Same(t, "bodies", w.Count(`SELECT count(*) FROM quarantine WHERE body = $1 AND channel_id = $2`, body.Body, w.Channel.ID), 1)
		log := w.Log(end)
		last := log[len(log)-1]
		inboxtest.Same(t, "events", len(log), 3)
		inboxtest.Same(t, "event", last.Type, models.InboundQuarantined)
		inboxtest.Same(t, "event's data", last.Data, models.EventData{Reason: "UNREADABLE", Count: 2})
	})
	t.Run("is kept for the account in the address", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		bot := w.Connect(models.Telegram, "4711")

		w.Must(w.Inbox.Receive(w.Context(), models.Telegram, channels.Delivery{AccountID: "4711", Body: []byte("?")},
			channels.Parsed{Unreadable: []error{errors.New("no chat")}}))

		inboxtest.Same(t, "bodies", w.Count(`SELECT count(*) FROM quarantine WHERE body = '?' AND channel_id = $1`, bot.ID), 1)
	})
	t.Run("is kept for operators if it may concern several accounts", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("206540352242922")

		w.Must(w.Inbox.Receive(w.Context(), models.WhatsApp, body, channels.Parsed{
			Inbound: []models.Inbound{w.Says("491701", "flowers"), n.Says("491701", "books")}, Unreadable: []error{errors.New("no id")},
		}))

		inboxtest.Same(t, "unrouted", w.Count(`SELECT count(*) FROM unrouted_deliveries WHERE body = $1`, body.Body), 1)
		inboxtest.Same(t, "quarantined", w.Count(`SELECT count(*) FROM quarantine`), 0)
		inboxtest.Same(t, "messages", w.Count(`SELECT count(*) FROM messages`), 2)
	})
}

func TestReceiveRefusedByTheDatabase(t *testing.T) {
	t.Parallel()
	random := make([]byte, 5000)
	_, _ = rand.Read(random)
	for name, spoil := range map[string]func(*models.Inbound){
		"a NUL in the text":               func(in *models.Inbound) { in.Text = "a\x00b" },
		"a NUL in the name of its author": func(in *models.Inbound) { in.Author.Name = "a\x00b" },
		"a NUL in its details":            func(in *models.Inbound) { in.Details.Payload = "a\x00b" },
		"a NUL in an early edit":          func(in *models.Inbound) { in.Kind, in.Text = models.InboundEdit, "a\x00b" },
		"text that is no UTF-8":           func(in *models.Inbound) { in.Text = "a\xffb" },
		"an id too long for an index":     func(in *models.Inbound) { in.ExternalID = hex.EncodeToString(random) },
		"an author too long for an index": func(in *models.Inbound) { in.Author.ID = hex.EncodeToString(random) },
	} {
		t.Run("is quarantined alone: "+name, func(t *testing.T) {
			t.Parallel()
			w := inboxtest.New(t)
			before, bad, after := w.Says("491701", "hello?"), w.Says("491702", "oops"), w.Says("491701", "anyone?")
			spoil(&bad)

			w.Receive(before, bad, after)
			w.Receive(before, bad, after)

			inboxtest.Same(t, "kept", w.Held(models.HeldRefused), 1)
			inboxtest.Same(t, "neighbours", len(w.Timeline(w.Conversation(w.MessageSaid(before.ExternalID).ConversationID))), 2)
			inboxtest.Same(t, "contacts", w.Count(`SELECT count(*) FROM contacts`), 1)
			w.MessageSaid(after.ExternalID)
		})
	}
}

func TestReceiveNotice(t *testing.T) {
	t.Parallel()
	t.Run("becomes an event and nothing else", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		end := w.LogEnd()
		notice := models.Notice{Type: "account_error", Subject: "106540352242922", State: "130429", Explains: "too fast"}

		w.Receive(models.Inbound{Kind: models.InboundNotice, AccountID: w.Channel.AccountID, Notice: &notice})

		log := w.Log(end)
		if len(log) != 1 || log[0].Type != models.ChannelNotice || log[0].ChannelID != w.Channel.ID || *log[0].Data.Notice != notice {
			t.Errorf("the log says %+v", log)
		}
		inboxtest.Same(t, "conversations", w.Count(`SELECT count(*) FROM conversations`), 0)
	})
	t.Run("with a NUL costs its neighbours nothing", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		in := w.Says("491701", "hello?")
		notice := models.Notice{Type: "account_error", Explains: "a\x00b"}

		w.Receive(models.Inbound{Kind: models.InboundNotice, AccountID: w.Channel.AccountID, Notice: &notice}, in)

		w.MessageSaid(in.ExternalID)
	})
}

func TestReceiveTurn(t *testing.T) {
	t.Parallel()
	t.Run("makes a waiting conversation new again", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Reply(c, "hi")
		w.Clock.Advance(time.Minute)
		end := w.LogEnd()

		again := w.CustomerWrites("491701", "thanks")

		inboxtest.Same(t, "conversation", again.ID, c.ID)
		inboxtest.Same(t, "status", []string{string(again.Status), again.StatusReason}, []string{"NEW", "CONTACT_WROTE"})
		inboxtest.At(t, "waiting since", again.WaitingSince, w.Clock.Now())
		inboxtest.At(t, "changed", &again.StatusChangedAt, w.Clock.Now())
		inboxtest.Same(t, "events", w.Events(end), []models.EventType{models.MessageAdded, models.ConversationStatusChange})
	})
	t.Run("reopens a resolved conversation", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		resolve(w, c)

		again := w.CustomerWrites("491701", "one more thing")

		inboxtest.Same(t, "conversation", again.ID, c.ID)
		inboxtest.Same(t, "status", []string{string(again.Status), again.StatusReason, again.StatusComment}, []string{"NEW", "CONTACT_WROTE", ""})
	})
	t.Run("starts a new conversation instead, if the channel says so", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		startNew(w)
		c := w.CustomerWrites("491701", "hello?")
		resolve(w, c)

		again := w.CustomerWrites("491701", "something else")
		third := w.CustomerWrites("491701", "and more")

		if again.ID == c.ID {
			t.Error("it is the old conversation")
		}
		inboxtest.Same(t, "the next", third.ID, again.ID)
		inboxtest.Same(t, "contact", again.ContactID, c.ContactID)
		inboxtest.Same(t, "the old one", w.Conversation(c.ID).Status, models.Resolved)
	})
	t.Run("waits since the oldest message nobody answered", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		first := w.Clock.Now()
		w.CustomerWrites("491701", "hello?")
		w.Clock.Advance(time.Hour)

		c := w.CustomerWrites("491701", "anyone?")
		inboxtest.At(t, "after the second", c.WaitingSince, first)

		late := w.Says("491701", "sent before")
		late.At = first.Add(-time.Minute)
		w.Receive(late)
		c = w.Conversation(c.ID)
		inboxtest.At(t, "after a late one", c.WaitingSince, late.At)
		inboxtest.Same(t, "unread", c.UnreadCount, 3)
	})
	t.Run("never waits since the future", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		early := w.Says("491701", "hello?")
		early.At = w.Clock.Now().Add(time.Hour)

		w.Receive(early)

		c := w.Conversation(w.MessageSaid(early.ExternalID).ConversationID)
		inboxtest.At(t, "waiting since", c.WaitingSince, w.Clock.Now())
		inboxtest.At(t, "window", c.WindowExpiresAt, w.Clock.Now().Add(24*time.Hour))
	})
	t.Run("moves the window by inbound messages alone, and never back", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		first := w.Says("491701", "hello?")
		w.Receive(first)
		c := w.Conversation(w.MessageSaid(first.ExternalID).ConversationID)
		expires := w.Clock.Now().Add(24 * time.Hour)
		w.Clock.Advance(time.Hour)
		late := w.Says("491701", "sent before")
		late.At = first.At.Add(-time.Hour)

		w.Reply(c, "hi")
		w.Work(models.DueMessages)
		w.Receive(w.Receipt("wamid.OUT1", models.Read), w.Echo("491701", "from the phone", ""),
			w.Reaction("491701", first.ExternalID, "👍"), w.Edit(first, "hello!"), late)

		inboxtest.At(t, "window", w.Conversation(c.ID).WindowExpiresAt, expires)
		again := w.CustomerWrites("491701", "thanks")
		inboxtest.At(t, "window after the next message", again.WindowExpiresAt, w.Clock.Now().Add(24*time.Hour))
	})
	t.Run("opens no window on a platform that has none", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		bot := w.Connect(models.Telegram, "4711")
		in := w.Says("5551", "hello?")
		in.AccountID = bot.AccountID

		w.Must(w.Inbox.Receive(w.Context(), models.Telegram, body, channels.Parsed{Inbound: []models.Inbound{in}}))

		inboxtest.Same(t, "windows", w.Count(`SELECT count(*) FROM conversations WHERE window_expires_at IS NOT NULL OR window_due_at IS NOT NULL`), 0)
		inboxtest.Same(t, "conversations", w.Count(`SELECT count(*) FROM conversations WHERE status = 'NEW'`), 1)
	})
}

func resolve(w *inboxtest.World, c *models.Conversation) {
	w.T.Helper()
	_, err := w.Inbox.ChangeStatus(w.Context(), w.Agent, inbox.StatusRequest{
		ConversationID: c.ID, Status: models.Resolved, Reason: "DONE", Comment: "all well",
	})
	w.Must(err)
}

func startNew(w *inboxtest.World) {
	w.T.Helper()
	setting := models.StartNew
	_, err := w.Inbox.UpdateChannel(w.Context(), w.Admin, inbox.UpdateRequest{
		ChannelID: w.Channel.ID, Version: w.Channel.Version, WhenResolved: &setting,
	})
	w.Must(err)
}
