package inbox_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

func privately(w *inboxtest.World, m *models.Message, text string) (*models.Message, error) {
	return w.Inbox.ReplyPrivately(w.Context(), w.Agent, inbox.PrivateReplyRequest{MessageID: m.ID, Draft: models.Draft{Text: text}})
}

func TestReplyPrivately(t *testing.T) {
	t.Parallel()
	// asked is a world in which Erika commented.
	asked := func(t *testing.T) (*inboxtest.World, *inboxtest.Able, *models.Message) {
		t.Helper()
		w, able := inboxtest.NewOn(t, models.Facebook)
		m, _ := comment(w, w.Comments("erika", "root-1", "how much?"))
		return w, able, m
	}
	// as lets the platform call the recipient otherwise in private.
	as := func(able *inboxtest.Able, recipient string) {
		able.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) {
			return channels.Sent{ExternalID: "m_1", Recipient: recipient}, nil
		})
	}
	t.Run("begins a private conversation that is linked to the comment", func(t *testing.T) {
		t.Parallel()
		w, able, m := asked(t)

		reply, err := privately(w, m, "ten euros, for you")
		w.Must(err)
		w.Work(models.DueMessages)

		c := w.Conversation(reply.ConversationID)
		inboxtest.Same(t, "conversation", []any{c.Surface, c.Status, *c.OriginMessageID, c.ID != m.ConversationID},
			[]any{models.PrivateMessage, models.Pending, m.ID, true})
		inboxtest.Same(t, "reply", []any{reply.ReplyMode, *reply.PrivateReplyTo, reply.Visibility}, []any{models.PrivateReply, m.ID, models.Private})
		sent := able.Sent()[0]
		inboxtest.Same(t, "sent", []string{sent.PrivateReplyTo, sent.RecipientID, sent.Text}, []string{*m.ExternalID, "erika", "ten euros, for you"})
		inboxtest.Same(t, "status", *w.Message(reply.ID).Status, models.Sent)
		_, err = try(w, w.Agent, c.ID, models.Draft{Text: "and another thing"})
		inboxtest.Refused(t, err, models.ReplyWindowClosed)
		public := w.Conversation(m.ConversationID)
		inboxtest.Same(t, "public conversation", []any{public.Status, public.WaitingSince == nil}, []any{models.Pending, true})
	})
	t.Run("makes one person of the two the platform tells apart, who then write here", func(t *testing.T) {
		t.Parallel()
		w, able, m := asked(t)
		as(able, "psid-erika")
		reply, err := privately(w, m, "for you")
		w.Must(err)
		w.Work(models.DueMessages)

		answer := w.CustomerWrites("psid-erika", "thanks")
		again, public := comment(w, w.Comments("erika", "root-1", "got it"))

		inboxtest.Same(t, "conversation", answer.ID, reply.ConversationID)
		inboxtest.Same(t, "public conversation", public.ID, m.ConversationID)
		inboxtest.Same(t, "identities", w.Count(`SELECT count(*) FROM contact_identities`), 1)
		inboxtest.Same(t, "goes by", author(w, again), "psid-erika")
		w.Reply(answer, "welcome")
		w.Work(models.DueMessages)
		inboxtest.Same(t, "recipient", able.Sent()[1].RecipientID, "psid-erika")
	})
	t.Run("joins the private conversation there was under the other id", func(t *testing.T) {
		t.Parallel()
		w, able, m := asked(t)
		private := w.CustomerWrites("psid-erika", "hello?")
		as(able, "psid-erika")
		reply, err := privately(w, m, "for you")
		w.Must(err)
		w.Work(models.DueMessages)

		answer := w.CustomerWrites("psid-erika", "thanks")

		inboxtest.Same(t, "conversation", answer.ID, private.ID)
		inboxtest.Same(t, "status of the reply", *w.Message(reply.ID).Status, models.Sent)
		inboxtest.Same(t, "contacts of the three", []string{w.Conversation(reply.ConversationID).IdentityID, w.Conversation(m.ConversationID).IdentityID},
			[]string{answer.IdentityID, answer.IdentityID})
		inboxtest.Same(t, "identities", w.Count(`SELECT count(*) FROM contact_identities`), 1)
	})
	t.Run("is one message though its echo is faster and names the person otherwise", func(t *testing.T) {
		t.Parallel()
		w, able, m := asked(t)
		echo := w.Echo("psid-erika", "for you", "")
		able.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) {
			w.Receive(echo)
			return channels.Sent{ExternalID: echo.ExternalID, Recipient: "psid-erika"}, nil
		})
		reply, err := privately(w, m, "for you")
		w.Must(err)

		w.Work(models.DueMessages)
		w.Receive(echo)

		reply = w.Message(reply.ID)
		inboxtest.Same(t, "reply", []any{*reply.Status, *reply.ExternalID}, []any{models.Sent, echo.ExternalID})
		inboxtest.Same(t, "messages", w.Count(`SELECT count(*) FROM messages`), 2)
		inboxtest.Same(t, "conversations", w.Count(`SELECT count(*) FROM conversations`), 2)
		inboxtest.Same(t, "answer's conversation", w.CustomerWrites("psid-erika", "thanks").ID, reply.ConversationID)
	})
	t.Run("is given once", func(t *testing.T) {
		t.Parallel()
		w, _, m := asked(t)
		_, err := privately(w, m, "one")
		w.Must(err)
		end := w.LogEnd()

		_, second := privately(w, m, "two")

		inboxtest.Refused(t, second, models.AnsweredPrivately)
		inboxtest.Same(t, "events", w.Events(end), nil)
		w.Work(models.DueMessages)
		_, third := privately(w, m, "three")
		inboxtest.Refused(t, third, models.AnsweredPrivately)
	})
	t.Run("is given once, however many want to at once", func(t *testing.T) {
		t.Parallel()
		w, able, m := asked(t)
		errs := make([]error, 5)

		inboxtest.Together(len(errs), func(i int) { _, errs[i] = privately(w, m, "for you") })
		w.Work(models.DueMessages)

		refused := 0
		for _, err := range errs {
			if models.CodeOf(err) == models.AnsweredPrivately {
				refused++
			} else if err != nil {
				t.Error(err)
			}
		}
		inboxtest.Same(t, "refused", refused, len(errs)-1)
		inboxtest.Same(t, "sent", len(able.Sent()), 1)
		inboxtest.Same(t, "conversations", w.Count(`SELECT count(*) FROM conversations`), 2)
	})
	t.Run("is given again, or retried, after it failed, but not both", func(t *testing.T) {
		t.Parallel()
		w, able, m := asked(t)
		able.Answer(inboxtest.Refuse(failure(models.InvalidRequest)))
		first, err := privately(w, m, "one")
		w.Must(err)
		w.Work(models.DueMessages)

		second, err := privately(w, m, "two")
		w.Must(err)
		_, retried := w.Inbox.Retry(w.Context(), w.Agent, first.ID, "")
		inboxtest.Refused(t, retried, models.AnsweredPrivately)
		able.Answer(inboxtest.Refuse(failure(models.InvalidRequest)))
		w.Work(models.DueMessages)
		inboxtest.Same(t, "second", *w.Message(second.ID).Status, models.Failed)
		_, err = w.Inbox.Retry(w.Context(), w.Agent, first.ID, "")
		w.Must(err)
		w.Work(models.DueMessages)

		sent := able.Sent()
		inboxtest.Same(t, "first", *w.Message(first.ID).Status, models.Sent)
		inboxtest.Same(t, "sent", []string{sent[2].Text, sent[2].PrivateReplyTo}, []string{"one", *m.ExternalID})
	})
	t.Run("is taken until the last instant of the seventh day", func(t *testing.T) {
		t.Parallel()
		w, able, m := asked(t)
		w.Clock.Advance(7 * day)
		reply, err := privately(w, m, "just in time")
		w.Must(err)
		other, _ := comment(w, w.Comments("max", "root-2", "hello?"))
		w.Work(models.DueMessages)
		inboxtest.Same(t, "status", *w.Message(reply.ID).Status, models.Sent)

		late, err := privately(w, other, "queued in time")
		w.Must(err)
		w.Clock.Advance(7*day + time.Microsecond)
		w.Work(models.DueMessages)
		inboxtest.Same(t, "what is sent too late", []any{*w.Message(late.ID).Status, w.Message(late.ID).FailureReason}, []any{models.Failed, models.WindowClosed})
		_, err = privately(w, other, "too late")
		inboxtest.Refused(t, err, models.ReplyWindowClosed)
		inboxtest.Same(t, "sent", len(able.Sent()), 1)
	})
	t.Run("is refused where there is nothing to answer in private", func(t *testing.T) {
		t.Parallel()
		w, _, m := asked(t)
		private := w.MessageSaid(func() string { in := w.Says("psid", "hello?"); w.Receive(in); return in.ExternalID }())
		own := w.PublicEcho("root-1", "by us")
		w.Receive(own)
		gone := w.Comments("max", "root-1", "oops")
		w.Receive(gone)
		w.Receive(w.Deletion(gone))

		for name, message := range map[string]*models.Message{
			"private": private, "our own": w.MessageSaid(own.ExternalID), "deleted": w.MessageSaid(gone.ExternalID),
		} {
			_, err := privately(w, message, "hi")
			if models.CodeOf(err) != models.UnsupportedByChannel {
				t.Errorf("%s: got %v", name, err)
			}
		}
		_, err := privately(w, m, "")
		inboxtest.Refused(t, err, models.InvalidInput)
		_, err = w.Inbox.ReplyPrivately(w.Context(), w.Onlooker, inbox.PrivateReplyRequest{MessageID: m.ID, Draft: models.Draft{Text: "hi"}})
		inboxtest.Refused(t, err, models.Forbidden)
		n := w.Neighbour("99")
		_, err = n.Inbox.ReplyPrivately(n.Context(), n.Agent, inbox.PrivateReplyRequest{MessageID: m.ID, Draft: models.Draft{Text: "hi"}})
		inboxtest.Refused(t, err, models.NotFound)
		inboxtest.Same(t, "sent", w.Work(models.DueMessages), 0)
	})
	t.Run("that was lost is not repeated by itself, and takes no second one", func(t *testing.T) {
		t.Parallel()
		w, able, m := asked(t)
		able.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) {
			return channels.Sent{}, errors.New("lost")
		})
		reply, err := privately(w, m, "for you")
		w.Must(err)
		w.Work(models.DueMessages)
		w.Clock.Advance(time.Hour)
		w.Work(models.DueMessages)

		inboxtest.Same(t, "reason", w.Message(reply.ID).FailureReason, models.Unconfirmed)
		inboxtest.Same(t, "sent", len(able.Sent()), 1)
	})
}

func TestHumanAgent(t *testing.T) {
	t.Parallel()
	written := func(t *testing.T) (*inboxtest.World, *inboxtest.Able, *models.Conversation) {
		t.Helper()
		w, able := inboxtest.NewOn(t, models.Facebook)
		return w, able, w.CustomerWrites("erika", "hello?")
	}
	t.Run("is how a person answers after a day, and for a week", func(t *testing.T) {
		t.Parallel()
		w, able, c := written(t)
		w.Reply(c, "at once")
		w.Clock.Advance(day + time.Microsecond)
		m := w.Reply(c, "a day later")
		w.Work(models.DueMessages)
		w.Clock.Set(inboxtest.Start.Add(7 * day))
		w.Reply(c, "a week later")
		w.Work(models.DueMessages)
		w.Clock.Advance(time.Microsecond)

		_, err := try(w, w.Agent, c.ID, models.Draft{Text: "too late"})

		inboxtest.Refused(t, err, models.ReplyWindowClosed)
		inboxtest.Same(t, "mode", m.ReplyMode, models.HumanAgent)
		var modes []bool
		for _, sent := range able.Sent() {
			modes = append(modes, sent.HumanAgent)
		}
		inboxtest.Same(t, "as human agent", modes, []bool{true, true, true}) // the first waited for the second's day
	})
	t.Run("is what a queued answer becomes when the window closes meanwhile, and stops being when it opens", func(t *testing.T) {
		t.Parallel()
		w, able, c := written(t)
		m := w.Reply(c, "one")
		able.Answer(inboxtest.Refuse(failure(models.Transient)))
		w.Work(models.DueMessages)
		w.Clock.Advance(25 * time.Hour)
		w.Work(models.DueMessages)
		inboxtest.Same(t, "mode", w.Message(m.ID).ReplyMode, models.HumanAgent)

		second := w.Reply(c, "two")
		w.CustomerWrites("erika", "still there?")
		w.Work(models.DueMessages)

		inboxtest.Same(t, "mode of the second", w.Message(second.ID).ReplyMode, models.FreeForm)
		var modes []bool
		for _, sent := range able.Sent() {
			modes = append(modes, sent.HumanAgent)
		}
		inboxtest.Same(t, "as human agent", modes, []bool{false, true, false})
	})
	t.Run("is nothing for what no person wrote", func(t *testing.T) {
		t.Parallel()
		w, able, c := written(t)
		m := w.Reply(c, "by a rule")
		w.Break(`UPDATE messages SET author_user_id = NULL WHERE direction = 'OUTBOUND'`)
		w.Clock.Advance(25 * time.Hour)

		w.Work(models.DueMessages)

		inboxtest.Same(t, "message", w.Message(m.ID).FailureReason, models.WindowClosed)
		inboxtest.Same(t, "sent", len(able.Sent()), 0)
	})
	t.Run("counts from a reaction, too, even if that does not move the window", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.Facebook)
		in := w.Says("erika", "from your ad")
		in.Details.Referral = &models.Referral{Source: "ad"}
		w.Receive(in)
		c := conversationOf(w, in)
		inboxtest.At(t, "window after an ad", c.WindowExpiresAt, in.At.Add(7*day))
		w.Clock.Advance(5 * day)

		w.Receive(w.Reaction("erika", in.ExternalID, "👍"))

		inboxtest.At(t, "window", w.Conversation(c.ID).WindowExpiresAt, in.At.Add(7*day))
		w.Clock.Advance(6 * day)
		w.Reply(c, "within a week of the reaction")
	})
	t.Run("opens with a reaction that comes after the window closed", func(t *testing.T) {
		t.Parallel()
		w, able, c := written(t)
		w.Clock.Advance(3 * day)

		w.Receive(w.Reaction("erika", *w.Message(*c.LastInboundID).ExternalID, "👍"))

		w.Reply(c, "hi")
		w.Work(models.DueMessages)
		inboxtest.Same(t, "as human agent", able.Sent()[0].HumanAgent, false)
	})
}

func TestQuotaOfReplies(t *testing.T) {
	t.Parallel()
	left := func(w *inboxtest.World, c *models.Conversation) any {
		if n := w.Conversation(c.ID).WindowMessagesLeft; n != nil {
			return *n
		}
		return nil
	}
	tap := func(w *inboxtest.World, customer string) models.Inbound {
		in := w.Says(customer, "menu")
		in.Kind = models.InboundPostback
		return in
	}
	t.Run("is five for a message, then the window is closed", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.WeChat)
		c := w.CustomerWrites("erika", "hello?")
		for range 5 {
			w.Reply(c, "hi")
		}

		_, err := try(w, w.Agent, c.ID, models.Draft{Text: "one too many"})

		inboxtest.Refused(t, err, models.ReplyWindowClosed)
		w.Work(models.DueMessages)
		inboxtest.Same(t, "sent", len(able.Sent()), 5)
		w.Clock.Advance(time.Second)
		w.CustomerWrites("erika", "more?")
		inboxtest.Same(t, "left after the next message", left(w, c), 5)
	})
	t.Run("gets back what failed, and never more than it was", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.WeChat)
		c := w.CustomerWrites("erika", "hello?")
		able.Answer(inboxtest.Refuse(failure(models.InvalidRequest)))
		m := w.Reply(c, "hi")
		inboxtest.Same(t, "while it is queued", left(w, c), 4)
		w.Work(models.DueMessages)
		inboxtest.Same(t, "after it failed", left(w, c), 5)

		_, err := w.Inbox.Retry(w.Context(), w.Agent, m.ID, "")
		w.Must(err)
		inboxtest.Same(t, "while it is retried", left(w, c), 4)
		able.Answer(inboxtest.Refuse(channels.SendError{Ambiguous: true}))
		w.Work(models.DueMessages)
		inboxtest.Same(t, "if it may have arrived", left(w, c), 4)

		w.Clock.Advance(time.Minute)
		late := w.Says("erika", "said before the next answer")
		w.Clock.Advance(time.Second)
		able.Answer(inboxtest.Refuse(failure(models.InvalidRequest)))
		w.Reply(c, "hi")
		w.Receive(late)
		w.Work(models.DueMessages)
		inboxtest.Same(t, "after a failure under an older window", left(w, c), 5)
	})
	t.Run("is three within a minute of a tap, which shortens nothing", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.WeChat)
		in := tap(w, "erika")
		w.Receive(in)
		c := conversationOf(w, in)
		inboxtest.Same(t, "left", left(w, c), 3)
		inboxtest.At(t, "expires", c.WindowExpiresAt, in.At.Add(time.Minute))

		w.CustomerWrites("erika", "hello?")
		w.Reply(c, "hi")
		w.Clock.Advance(time.Hour)
		w.Receive(tap(w, "erika"))

		inboxtest.Same(t, "left after a tap within the window", left(w, c), 4)
		inboxtest.At(t, "expires", w.Conversation(c.ID).WindowExpiresAt, in.At.Add(48*time.Hour))
		for range 4 {
			w.Reply(c, "hi")
		}
		w.Clock.Advance(time.Minute)
		w.Receive(tap(w, "erika"))
		inboxtest.Same(t, "left after a tap when all was used up", left(w, c), 3)
		w.Clock.Advance(time.Minute + time.Microsecond)
		_, err := try(w, w.Agent, c.ID, models.Draft{Text: "hi"})
		inboxtest.Refused(t, err, models.ReplyWindowClosed)
	})
	t.Run("is not used by what others answer", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.WeChat)
		c := w.CustomerWrites("erika", "hello?")

		w.Receive(w.Echo("erika", "from the console", ""))

		inboxtest.Same(t, "left", left(w, c), 5)
	})
	t.Run("used up is no window about to close", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.WeChat)
		open, used := w.CustomerWrites("erika", "hello?"), w.CustomerWrites("max", "hello?")
		for range 5 {
			w.Reply(used, "hi")
		}

		var found []*models.Conversation
		w.Look(func(tx *models.Tx) error {
			page, err := tx.ListConversations(models.ConversationFilter{}, models.WindowExpiresIn, models.Page{})
			found = page.Nodes()
			return err
		})

		if len(found) != 1 || found[0].ID != open.ID {
			t.Errorf("found %v", found)
		}
	})
}
