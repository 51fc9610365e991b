package inbox_test

import (
	"context"
	"testing"
	"time"

	"parley/channels"
	"parley/inbox/inboxtest"
	"parley/models"
)

// comment takes a comment in and returns it with its conversation.
func comment(w *inboxtest.World, in models.Inbound) (*models.Message, *models.Conversation) {
	w.T.Helper()
	w.Receive(in)
	m := w.MessageSaid(in.ExternalID)
	return m, w.Conversation(m.ConversationID)
}

func author(w *inboxtest.World, m *models.Message) string {
	w.T.Helper()
	var i models.ContactIdentity
	w.Look(func(tx *models.Tx) error { return tx.Find(&i, *m.AuthorIdentityID) })
	return i.ExternalID
}

func TestReceiveComment(t *testing.T) {
	t.Parallel()
	t.Run("keeps a thread in one conversation, each comment with its author", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.Facebook)

		first, c := comment(w, w.Comments("erika", "root-1", "how much?"))
		second, same := comment(w, w.Comments("max", "root-1", "yes, how much?"))
		_, other := comment(w, w.Comments("erika", "root-2", "and this one?"))

		inboxtest.Same(t, "conversation", same.ID, c.ID)
		inboxtest.Same(t, "authors", []string{author(w, first), author(w, second)}, []string{"erika", "max"})
		inboxtest.Same(t, "another thread's conversation is another", other.ID != c.ID, true)
		inboxtest.Same(t, "post", *other.PostID, *c.PostID)
		inboxtest.Same(t, "public", first.Visibility, models.Public)
	})
	t.Run("makes one conversation of two first comments at once", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.Facebook)
		for round := range 15 {
			root := string(rune('a' + round))
			both := []models.Inbound{w.Comments("erika", root, "one"), w.Comments("max", root, "two")}

			inboxtest.Together(2, func(i int) { w.Receive(both[i]) })

			first, second := w.MessageSaid(both[0].ExternalID), w.MessageSaid(both[1].ExternalID)
			inboxtest.Same(t, "conversations", second.ConversationID, first.ConversationID)
			inboxtest.Same(t, "unread", w.Conversation(first.ConversationID).UnreadCount, 2)
		}
		inboxtest.Same(t, "refused", w.Held(models.HeldRefused), 0)
		inboxtest.Same(t, "posts", w.Count(`SELECT count(*) FROM posts`), 1)
	})
	t.Run("has a stranger for each thread where the platform tells no author", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.Facebook)
		unknown := func(root string) models.Inbound {
			in := w.Comments("", root, "who am I?")
			in.Author = models.Author{}
			return in
		}

		_, c := comment(w, unknown("root-1"))
		_, same := comment(w, unknown("root-1"))
		_, other := comment(w, unknown("root-2"))

		inboxtest.Same(t, "conversation", same.ID, c.ID)
		inboxtest.Same(t, "strangers", w.Count(`SELECT count(*) FROM contacts`), 2)
		inboxtest.Same(t, "the other's contact is another", other.ContactID != c.ContactID, true)
		_, err := try(w, w.Agent, c.ID, models.Draft{Text: "hi"})
		w.Must(err)
	})
	t.Run("opens nothing for what we publish ourselves, and learns of the post", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.Facebook)
		own := w.PublicEcho("post-1", "our summer sale")
		own.Post.Text = "our summer sale"

		w.Receive(own)

		inboxtest.Same(t, "conversations", w.Count(`SELECT count(*) FROM conversations`), 0)
		inboxtest.Same(t, "messages", w.Count(`SELECT count(*) FROM messages`), 0)
		inboxtest.Same(t, "posts", w.Count(`SELECT count(*) FROM posts WHERE text = 'our summer sale'`), 1)
	})
	t.Run("answers the newest comment unless the draft says which", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Facebook)
		one, two := w.Comments("erika", "root-1", "one"), w.Comments("max", "root-1", "two")
		w.Receive(one, two)
		m := w.MessageSaid(one.ExternalID)

		_, err := try(w, w.Agent, m.ConversationID, models.Draft{Text: "to both"})
		w.Must(err)
		_, err = try(w, w.Agent, m.ConversationID, models.Draft{Text: "to you", ReplyToMessageID: &m.ID})
		w.Must(err)
		w.Work(models.DueMessages)

		sent := able.Sent()
		inboxtest.Same(t, "answered", []string{sent[0].ReplyToExternalID, sent[1].ReplyToExternalID}, []string{two.ExternalID, one.ExternalID})
		inboxtest.Same(t, "surface", sent[0].Surface, models.Comment)
	})
}

func TestReceiveAdComment(t *testing.T) {
	t.Parallel()
	dark := func(w *inboxtest.World, author, root string) models.Inbound {
		in := w.Comments(author, root, "nice")
		in.Surface, in.Post.Promotion = models.AdComment, models.Dark
		return in
	}
	t.Run("is any comment on a post known to be dark", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.Facebook)
		w.Receive(dark(w, "erika", "root-1"))

		_, c := comment(w, w.Comments("max", "root-2", "who says so?"))

		inboxtest.Same(t, "surface", c.Surface, models.AdComment)
	})
	t.Run("is what earlier comments become when another one tells that the post is dark", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.Facebook)
		_, before := comment(w, w.Comments("erika", "root-1", "nice"))
		_, elsewhere := comment(w, w.Comments("max", "root-2", "nice"))
		w.Work(models.DuePosts)
		end := w.LogEnd()

		_, c := comment(w, dark(w, "max", "root-1"))

		inboxtest.Same(t, "conversation", c.ID, before.ID)
		inboxtest.Same(t, "surfaces", []models.Surface{c.Surface, w.Conversation(elsewhere.ID).Surface}, []models.Surface{models.AdComment, models.AdComment})
		told := 0
		for _, e := range w.Log(end) {
			if e.Type == models.ConversationPostChanged {
				told++
			}
		}
		inboxtest.Same(t, "told", told, 2)
		_, err := try(w, w.Agent, c.ID, models.Draft{Text: "thanks"})
		w.Must(err)
	})
}

func TestPublicEcho(t *testing.T) {
	t.Parallel()
	for _, place := range []struct {
		name  string
		given func(*inboxtest.World) *models.Conversation
		echo  func(w *inboxtest.World, text string) models.Inbound
	}{
		{"in public", func(w *inboxtest.World) *models.Conversation {
			_, c := comment(w, w.Comments("erika", "root-1", "how much?"))
			return c
		}, func(w *inboxtest.World, text string) models.Inbound { return w.PublicEcho("root-1", text) }},
		{"in private", func(w *inboxtest.World) *models.Conversation { return w.CustomerWrites("erika", "how much?") },
			func(w *inboxtest.World, text string) models.Inbound { return w.Echo("erika", text, "") }},
	} {
		sent := func(t *testing.T, w *inboxtest.World, c *models.Conversation, m *models.Message, id string) {
			t.Helper()
			m = w.Message(m.ID)
			inboxtest.Same(t, "message", []any{*m.Status, *m.ExternalID, m.DueAt}, []any{models.Sent, id, (*time.Time)(nil)})
			inboxtest.Same(t, "messages", len(w.Timeline(c)), 2)
			inboxtest.Same(t, "last message", *w.Conversation(c.ID).LastMessageID, m.ID)
		}
		t.Run("of our words before the answer is our message, "+place.name, func(t *testing.T) {
			t.Parallel()
			w, able := inboxtest.NewOn(t, models.Facebook)
			c := place.given(w)
			m := w.Reply(c, "ten euros")
			echo := place.echo(w, "ten euros ")
			able.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) {
				w.Receive(echo)
				return channels.Sent{ExternalID: echo.ExternalID}, nil
			})
			end := w.LogEnd()

			w.Work(models.DueMessages)
			w.Receive(echo)

			sent(t, w, c, m, echo.ExternalID)
			inboxtest.Same(t, "told", told(w, end), []models.DeliveryStatus{models.Sending, models.Sent})
		})
		t.Run("in other words before the answer becomes our message, "+place.name, func(t *testing.T) {
			t.Parallel()
			w, able := inboxtest.NewOn(t, models.Facebook)
			c := place.given(w)
			m := w.Reply(c, "see https://shop.example/a-long-address")
			echo := place.echo(w, "see https://t.example/1")
			able.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) {
				w.Receive(echo)
				w.Receive(w.Receipt(echo.ExternalID, models.Delivered), w.Reaction("erika", echo.ExternalID, "👍"))
				return channels.Sent{ExternalID: echo.ExternalID}, nil
			})

			w.Work(models.DueMessages)
			w.Receive(echo)

			m = w.Message(m.ID)
			inboxtest.Same(t, "message", []any{*m.Status, *m.ExternalID, m.Text}, []any{models.Delivered, echo.ExternalID, "see https://shop.example/a-long-address"})
			inboxtest.Same(t, "messages", len(w.Timeline(c)), 2)
			inboxtest.Same(t, "last message", *w.Conversation(c.ID).LastMessageID, m.ID)
			inboxtest.Same(t, "reactions", w.Reactions(m), []string{"👍"})
		})
		t.Run("after the answer says nothing new, "+place.name, func(t *testing.T) {
			t.Parallel()
			w, able := inboxtest.NewOn(t, models.Facebook)
			c := place.given(w)
			m := w.Reply(c, "ten euros")
			echo := place.echo(w, "ten euros")
			able.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) {
				return channels.Sent{ExternalID: echo.ExternalID}, nil
			})
			w.Work(models.DueMessages)
			end := w.LogEnd()

			w.Receive(echo)

			sent(t, w, c, m, echo.ExternalID)
			inboxtest.Same(t, "events", w.Events(end), nil)
		})
		t.Run("meets the answer when both come at once, "+place.name, func(t *testing.T) {
			t.Parallel()
			w, able := inboxtest.NewOn(t, models.Facebook)
			c := place.given(w)
			const rounds = 15
			for range rounds {
				m, arrived := w.Reply(c, "ten euros"), make(chan struct{})
				echo := place.echo(w, "ten euros")
				able.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) {
					close(arrived)
					return channels.Sent{ExternalID: echo.ExternalID}, nil
				})

				inboxtest.Together(2, func(i int) {
					if i == 0 {
						w.Work(models.DueMessages)
						return
					}
					<-arrived
					w.Receive(echo)
				})

				inboxtest.Same(t, "status", *w.Message(m.ID).Status, models.Sent)
			}
			inboxtest.Same(t, "messages", len(w.Timeline(c)), 1+rounds)
		})
		t.Run("confirms what nobody had confirmed, "+place.name, func(t *testing.T) {
			t.Parallel()
			w, able := inboxtest.NewOn(t, models.Facebook)
			c := place.given(w)
			able.Answer(inboxtest.Refuse(channels.SendError{Ambiguous: true}))
			m := w.Reply(c, "ten euros")
			w.Work(models.DueMessages)
			inboxtest.Same(t, "before", w.Message(m.ID).FailureReason, models.Unconfirmed)
			w.Clock.Advance(time.Minute)
			echo := place.echo(w, "ten euros")

			w.Receive(echo)

			sent(t, w, c, m, echo.ExternalID)
		})
		t.Run("a day later is somebody else's answer, "+place.name, func(t *testing.T) {
			t.Parallel()
			w, able := inboxtest.NewOn(t, models.Facebook)
			c := place.given(w)
			able.Answer(inboxtest.Refuse(channels.SendError{Ambiguous: true}))
			m := w.Reply(c, "ten euros")
			w.Work(models.DueMessages)
			w.Clock.Advance(24 * time.Hour)

			w.Receive(place.echo(w, "ten euros"))

			inboxtest.Same(t, "status", *w.Message(m.ID).Status, models.Failed)
			inboxtest.Same(t, "messages", len(w.Timeline(c)), 3)
		})
	}
	t.Run("by another app answers the thread", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.Facebook)
		_, c := comment(w, w.Comments("erika", "root-1", "how much?"))

		w.Receive(w.PublicEcho("root-1", "ten"))

		c = w.Conversation(c.ID)
		inboxtest.Same(t, "conversation", []any{c.Status, c.StatusReason, c.WaitingSince}, []any{models.Pending, "ANSWERED_ELSEWHERE", (*time.Time)(nil)})
	})
}

func TestHiding(t *testing.T) {
	t.Parallel()
	w, _ := inboxtest.NewOn(t, models.Facebook)
	in := w.Comments("erika", "root-1", "spam")
	news := func(kind models.InboundKind) models.Inbound {
		return models.Inbound{Kind: kind, AccountID: in.AccountID, ExternalID: in.ExternalID, Surface: in.Surface, At: w.Clock.Now()}
	}
	w.Receive(news(models.InboundHidden)) // before the comment itself
	m, c := comment(w, in)
	inboxtest.At(t, "hidden", m.HiddenAt, w.Clock.Now())
	end := w.LogEnd()

	w.Receive(news(models.InboundHidden), news(models.InboundShown), news(models.InboundShown))
	typing := news(models.InboundTyping)
	typing.Author = models.Author{ID: "nobody"}
	w.Receive(typing)

	inboxtest.Same(t, "shown", w.Message(m.ID).HiddenAt, nil)
	inboxtest.Same(t, "events", w.Events(end), []models.EventType{models.MessageChanged})
	inboxtest.Same(t, "unread", w.Conversation(c.ID).UnreadCount, 1)
	inboxtest.Same(t, "who only types is nobody", w.Count(`SELECT count(*) FROM contacts`), 1)
}

func TestReadReceipts(t *testing.T) {
	t.Parallel()
	// said lets the agent say things, a minute apart, each recorded a second after it was begun.
	said := func(w *inboxtest.World, c *models.Conversation, texts ...string) (messages []*models.Message) {
		for i, text := range texts {
			messages = append(messages, w.Reply(c, text))
			w.Platform.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) {
				w.Clock.Advance(time.Second)
				return channels.Sent{ExternalID: text}, nil
			})
			w.Work(models.DueMessages)
			if i < len(texts)-1 {
				w.Clock.Advance(time.Minute)
			}
		}
		return messages
	}
	statuses := func(w *inboxtest.World, messages []*models.Message) (got []models.DeliveryStatus) {
		for _, m := range messages {
			got = append(got, *w.Message(m.ID).Status)
		}
		return got
	}
	watermark := func(w *inboxtest.World, customer string, upTo time.Time) models.Inbound {
		return models.Inbound{
			Kind: models.InboundReceipt, AccountID: w.Channel.AccountID, ThreadKey: customer, Surface: models.PrivateMessage,
			Author: models.Author{ID: customer}, Status: models.Read, UpTo: upTo, At: w.Clock.Now(),
		}
	}
	t.Run("up to an instant hold for what was said before, though we recorded it later", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.Facebook)
		c := w.CustomerWrites("erika", "hello?")
		messages := said(w, c, "one", "two", "three")
		stranger := said(w, w.CustomerWrites("max", "hello?"), "four")
		recorded := *w.Message(messages[1].ID).SentAt

		w.Receive(watermark(w, "erika", recorded.Add(-500*time.Millisecond)))

		inboxtest.Same(t, "statuses", statuses(w, messages), []models.DeliveryStatus{models.Read, models.Read, models.Sent})
		inboxtest.Same(t, "another contact's", statuses(w, stranger), []models.DeliveryStatus{models.Sent})
		end := w.LogEnd()
		w.Receive(watermark(w, "erika", recorded))
		inboxtest.Same(t, "told again", w.Events(end), nil)
	})
	t.Run("up to an instant do not hold for what is still being sent", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Facebook)
		m := w.Reply(w.CustomerWrites("erika", "hello?"), "one")
		able.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) {
			w.Receive(watermark(w, "erika", w.Clock.Now().Add(time.Second)))
			refusal := failure(models.InvalidRequest)
			return channels.Sent{}, &refusal
		})

		w.Work(models.DueMessages)

		inboxtest.Same(t, "a refused message is read by nobody", *w.Message(m.ID).Status, models.Failed)
	})
	t.Run("of one message hold for the earlier ones, where the platform means it so", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.X)
		messages := said(w, w.CustomerWrites("erika", "hello?"), "one", "two", "three")
		read := w.Receipt("two", models.Read)
		read.AndEarlier = true

		w.Receive(read)

		inboxtest.Same(t, "statuses", statuses(w, messages), []models.DeliveryStatus{models.Read, models.Read, models.Sent})
	})
}

func TestOptOutInWords(t *testing.T) {
	t.Parallel()
	stop := func(w *inboxtest.World, kind models.InboundKind, text string) models.Inbound {
		in := w.Says("+4917", text)
		in.Kind = kind
		return in
	}
	t.Run("opts out, and is shown", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.SMS)
		c := w.CustomerWrites("+4917", "hello?")
		in := stop(w, models.InboundOptOut, "STOP")

		w.Receive(in)
		w.Receive(in)

		inboxtest.Same(t, "words", w.MessageSaid(in.ExternalID).Text, "STOP")
		_, err := try(w, w.Agent, c.ID, models.Draft{Text: "hi"})
		inboxtest.Refused(t, err, models.ContactOptedOut)

		w.Clock.Advance(time.Second)
		w.Receive(stop(w, models.InboundOptIn, "START"))
		w.Reply(c, "welcome back")
		inboxtest.Same(t, "messages", len(w.Timeline(c)), 4)
	})
	t.Run("opts out though the words were known before", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.SMS)
		in := stop(w, models.InboundUtterance, "STOP")
		w.Receive(in)
		in.Kind = models.InboundOptOut

		w.Receive(in)

		c := w.Conversation(w.MessageSaid(in.ExternalID).ConversationID)
		inboxtest.Same(t, "opted out", w.Identity(c).OptedOutAt != nil, true)
	})
	t.Run("opts out while the inbox is deactivated, even if the words are discarded", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.SMS)
		c := w.CustomerWrites("+4917", "hello?")
		deactivate(w)
		in := stop(w, models.InboundOptOut, "STOP")

		w.Receive(in)
		inboxtest.Same(t, "shown", len(w.Timeline(c)), 1)
		inboxtest.Same(t, "kept", w.Held(models.HeldInactive), 1)
		activate(w, true)

		_, err := try(w, w.Agent, c.ID, models.Draft{Text: "hi"})
		inboxtest.Refused(t, err, models.ContactOptedOut)
	})
}
