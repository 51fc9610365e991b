package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
	"parley/workers"
)

func failure(reason models.FailureReason) channels.SendError {
	return channels.SendError{Failure: models.Failure{Reason: reason, Code: "4711", Message: "no"}, HTTPStatus: 400, RequestID: "request-of-refusal"}
}

func TestDeliver(t *testing.T) {
	t.Parallel()
	t.Run("records the platform's acceptance", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		w.Clock.Advance(time.Second)
		end := w.LogEnd()

		w.Work(models.DueMessages)

		m = w.Message(m.ID)
		inboxtest.Same(t, "status", *m.Status, models.Sent)
		inboxtest.At(t, "sent", m.SentAt, w.Clock.Now())
		attempts := w.Attempts(m)
		if len(attempts) != 1 || attempts[0].ExternalID != "wamid.OUT1" || attempts[0].PlatformRequestID != "request-1" ||
			attempts[0].HTTPStatus != 200 || attempts[0].FinishedAt == nil {
			t.Errorf("attempts: %+v", attempts)
		}
		inboxtest.Same(t, "told", told(w, end), []models.DeliveryStatus{models.Sending, models.Sent})
		inboxtest.Same(t, "due", w.Work(models.DueMessages), 0)
	})
	t.Run("keeps the order of two replies, also while the first is retried", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Platform.Answer(inboxtest.Refuse(failure(models.Transient)))
		w.Reply(c, "one")
		w.Reply(c, "two")
		other := w.CustomerWrites("491702", "hello?")
		w.Reply(other, "meanwhile")

		w.Work(models.DueMessages)
		inboxtest.Same(t, "at first", texts(w), []string{"one", "meanwhile"})
		w.Clock.Advance(time.Minute)
		w.Work(models.DueMessages)

		inboxtest.Same(t, "at last", texts(w), []string{"one", "meanwhile", "one", "two"})
	})
	t.Run("goes on with the second reply when the first failed for good", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Platform.Answer(inboxtest.Refuse(failure(models.InvalidRequest)))
		w.Reply(c, "one")
		m := w.Reply(c, "two")

		w.Work(models.DueMessages)

		inboxtest.Same(t, "status", *w.Message(m.ID).Status, models.Sent)
	})
}

func TestDeliverOnceOnly(t *testing.T) {
	t.Parallel()
	t.Run("by two processes with many workers", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		const conversations, replies = 10, 4
		for i := range conversations {
			c := w.CustomerWrites(fmt.Sprint("4917", i), "hello?")
			for j := range replies {
				w.Reply(c, fmt.Sprint(j))
			}
		}
		crews := []crew{w.Crew, w.AnotherProcess()}

		inboxtest.Together(8, func(i int) {
			_, err := crews[i%2].RunOnce(w.Context(), models.DueMessages)
			if err != nil {
				t.Error(err)
			}
		})

		inboxtest.Same(t, "sent", len(w.Platform.Sent()), conversations*replies)
		next := map[string]int{}
		for _, m := range w.Platform.Sent() {
			if m.Text != fmt.Sprint(next[m.RecipientID]) {
				t.Errorf("%s got %q after %d replies", m.RecipientID, m.Text, next[m.RecipientID])
			}
			next[m.RecipientID]++
		}
		inboxtest.Same(t, "recorded", w.Count(`SELECT count(*) FROM messages WHERE status = 'SENT'`), conversations*replies)
		inboxtest.Same(t, "attempts", w.Count(`SELECT count(*) FROM delivery_attempts`), conversations*replies)
	})
	t.Run("by two processes that run by themselves", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		const conversations = 20
		for i := range conversations {
			w.Reply(w.CustomerWrites(fmt.Sprint("4917", i), "hello?"), "hi")
		}
		first, second := w.Crew, w.AnotherProcess()

		first.Start()
		second.Start()
		_, err := w.Platform.Await(soon(t), conversations)
		w.Must(err)
		w.Must(first.Stop(soon(t)))
		w.Must(second.Stop(soon(t)))

		inboxtest.Same(t, "sent", len(w.Platform.Sent()), conversations)
		inboxtest.Same(t, "recorded", w.Count(`SELECT count(*) FROM messages WHERE status = 'SENT' AND due_at IS NULL`), conversations)
	})
}

type crew interface {
	RunOnce(context.Context, models.JobKind) (int, error)
}

func TestDeliverAndReceipts(t *testing.T) {
	t.Parallel()
	all := []models.DeliveryStatus{models.Sent, models.Delivered, models.Read}
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}, {0, 2}, {2}} {
		t.Run(fmt.Sprint("move a message forward only, in the order ", order), func(t *testing.T) {
			t.Parallel()
			w := inboxtest.New(t)
			m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
			w.Work(models.DueMessages)
			sent := w.Clock.Now()
			var furthest models.DeliveryStatus
			var first time.Time // when it was known that the message is there

			for _, i := range order {
				w.Clock.Advance(time.Minute)
				w.Receive(w.Receipt("wamid.OUT1", all[i]))
				w.Receive(w.Receipt("wamid.OUT1", all[i]))
				if i > 0 && first.IsZero() {
					first = w.Clock.Now()
				}
				furthest = all[max(i, index(all, furthest))]
				inboxtest.Same(t, "status", *w.Message(m.ID).Status, furthest)
			}

			m = w.Message(m.ID)
			inboxtest.At(t, "sent", m.SentAt, sent)
			inboxtest.At(t, "delivered", m.DeliveredAt, first)
			inboxtest.Same(t, "read", m.ReadAt != nil, true)
		})
	}
	t.Run("wait for the platform's answer if they are faster", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		w.Platform.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) {
			w.Receive(w.Receipt("wamid.OUT1", models.Read), w.Receipt("wamid.OUT1", models.Delivered))
			return inboxtest.Accepted(1), nil
		})
		end := w.LogEnd()

		w.Work(models.DueMessages)

		m = w.Message(m.ID)
		inboxtest.Same(t, "status", *m.Status, models.Read)
		inboxtest.Same(t, "told", told(w, end), []models.DeliveryStatus{models.Sending, models.Sent, models.Read})
		inboxtest.Same(t, "waiting news", w.Count(`SELECT count(*) FROM early_news`), 0)
	})
	t.Run("are recognized by our reference before the platform's answer", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		w.Platform.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) {
			unreferenced, referenced := w.Receipt("wamid.OUT1", models.Read), w.Receipt("wamid.OUT1", models.Delivered)
			referenced.Reference = m.ID
			w.Receive(unreferenced)
			w.Receive(referenced)
			inboxtest.Same(t, "status before the answer", *w.Message(m.ID).Status, models.Read)
			return inboxtest.Accepted(1), nil
		})

		w.Work(models.DueMessages)

		m = w.Message(m.ID)
		inboxtest.Same(t, "message", []any{*m.Status, *m.ExternalID, m.DueAt}, []any{models.Read, "wamid.OUT1", (*time.Time)(nil)})
	})
	t.Run("meet the platform's answer when both come at once", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		const rounds = 20
		for i := range rounds {
			m := w.Reply(c, "hi")
			arrived := make(chan struct{})
			w.Platform.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) {
				close(arrived)
				return inboxtest.Accepted(i + 1), nil
			})
			receipt := w.Receipt(inboxtest.Accepted(i+1).ExternalID, models.Delivered)
			if i%2 == 0 {
				receipt.Reference = m.ID
			}

			inboxtest.Together(2, func(i int) {
				if i == 0 {
					w.Work(models.DueMessages)
					return
				}
				<-arrived
				w.Receive(receipt)
			})

			inboxtest.Same(t, "status", *w.Message(m.ID).Status, models.Delivered)
		}
	})
	t.Run("of an echo are recognized by our reference before the platform's answer", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		m := w.Reply(c, "hi")
		w.Platform.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) {
			echo := w.Echo("491701", "hi", m.ID)
			echo.ExternalID = "wamid.OUT1"
			w.Receive(echo)
			return inboxtest.Accepted(1), nil
		})
		end := w.LogEnd()

		w.Work(models.DueMessages)

		m = w.Message(m.ID)
		inboxtest.Same(t, "message", []any{*m.Status, *m.ExternalID, m.DueAt}, []any{models.Sent, "wamid.OUT1", (*time.Time)(nil)})
		inboxtest.Same(t, "messages", len(w.Timeline(c)), 2)
		inboxtest.Same(t, "told", told(w, end), []models.DeliveryStatus{models.Sending, models.Sent})
	})
	t.Run("of a failure end the delivery", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		w.Work(models.DueMessages)
		failed := w.Receipt("wamid.OUT1", models.Failed)
		failed.Failure = &models.Failure{Reason: models.RecipientUnreachable, Code: "131026", Message: "undeliverable"}

		w.Receive(failed)
		w.Receive(w.Receipt("wamid.OUT1", models.Delivered))

		m = w.Message(m.ID)
		inboxtest.Same(t, "failure", []any{*m.Status, m.FailureReason, m.FailureCode, m.FailureMessage},
			[]any{models.Failed, models.RecipientUnreachable, "131026", "undeliverable"})
		inboxtest.At(t, "failed", m.FailedAt, w.Clock.Now())
	})
	t.Run("of a failure come too late for what was delivered", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		w.Work(models.DueMessages)

		w.Receive(w.Receipt("wamid.OUT1", models.Delivered))
		w.Receive(w.Receipt("wamid.OUT1", models.Failed))

		inboxtest.Same(t, "status", *w.Message(m.ID).Status, models.Delivered)
	})
}

func TestDeliverAfterRefusal(t *testing.T) {
	t.Parallel()
	t.Run("tries again later and later", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		w.Platform.Answer(inboxtest.Refuse(failure(models.Transient)), inboxtest.Refuse(failure(models.RateLimited)))
		end := w.LogEnd()

		w.Work(models.DueMessages)
		first := w.Message(m.ID)
		inboxtest.Same(t, "status", *first.Status, models.Queued)
		inboxtest.At(t, "next try", first.DueAt, w.Clock.Now().Add(2*time.Second))
		inboxtest.Same(t, "due too early", w.Work(models.DueMessages), 0)

		w.Clock.Advance(2 * time.Second)
		w.Work(models.DueMessages)
		inboxtest.At(t, "next but one", w.Message(m.ID).DueAt, w.Clock.Now().Add(4*time.Second))

		w.Clock.Advance(4 * time.Second)
		w.Work(models.DueMessages)
		inboxtest.Same(t, "status", *w.Message(m.ID).Status, models.Sent)

		attempts := w.Attempts(m)
		inboxtest.Same(t, "attempts", len(attempts), 3)
		a := attempts[0]
		inboxtest.Same(t, "the first", []any{a.FailureReason, a.FailureCode, a.FailureMessage, a.HTTPStatus, a.PlatformRequestID},
			[]any{models.Transient, "4711", "no", 400, "request-of-refusal"})
		inboxtest.At(t, "its next try", a.RetryAt, inboxtest.Start.Add(2*time.Second))
		inboxtest.Same(t, "told", told(w, end), []models.DeliveryStatus{
			models.Sending, models.Queued, models.Sending, models.Queued, models.Sending, models.Sent})
	})
	t.Run("waits as long as the platform asks for", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		slow := failure(models.RateLimited)
		slow.RetryAfter = 17 * time.Minute
		w.Platform.Answer(inboxtest.Refuse(slow))

		w.Work(models.DueMessages)

		inboxtest.At(t, "next try", w.Message(m.ID).DueAt, w.Clock.Now().Add(17*time.Minute))
	})
	t.Run("gives up when the attempts are used up", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		tries := models.DefaultRules().MaxAttempts
		for range tries {
			w.Platform.Answer(inboxtest.Refuse(failure(models.Transient)))
		}

		for range tries {
			w.Work(models.DueMessages)
			w.Clock.Advance(10 * time.Minute)
		}

		m = w.Message(m.ID)
		inboxtest.Same(t, "message", []any{*m.Status, m.FailureReason, m.DueAt}, []any{models.Failed, models.Transient, (*time.Time)(nil)})
		attempts := w.Attempts(m)
		inboxtest.Same(t, "attempts", len(attempts), tries)
		inboxtest.Same(t, "a next try", attempts[tries-1].RetryAt, nil)
	})
	t.Run("gives up at once when trying again cannot help", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		w.Platform.Answer(inboxtest.Refuse(failure(models.RecipientUnreachable)))

		w.Work(models.DueMessages)

		m = w.Message(m.ID)
		inboxtest.Same(t, "failure", []any{*m.Status, m.FailureReason, m.FailureCode, m.FailureMessage},
			[]any{models.Failed, models.RecipientUnreachable, "4711", "no"})
		inboxtest.Same(t, "channel", channel(w).Status, models.Connected)
	})
	for _, reason := range []models.FailureReason{models.AuthExpired, models.PermissionMissing, models.ChannelRestricted} {
		t.Run("marks the channel: "+string(reason), func(t *testing.T) {
			t.Parallel()
			w := inboxtest.New(t)
			first := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
			w.Clock.Advance(time.Second) // of what is due at one instant, any may go first
			second := w.Reply(w.CustomerWrites("491702", "hello?"), "hi")
			w.Platform.Answer(inboxtest.Refuse(failure(reason)))
			end := w.LogEnd()

			w.Work(models.DueMessages)

			c := channel(w)
			inboxtest.Same(t, "channel", []any{c.Status, c.StatusReason, c.Version}, []any{models.NeedsAttention, reason, w.Channel.Version + 1})
			inboxtest.Same(t, "first", w.Message(first.ID).FailureReason, reason)
			inboxtest.Same(t, "second", w.Message(second.ID).FailureReason, models.ChannelUnavailable)
			inboxtest.Same(t, "sent", len(w.Platform.Sent()), 1)
			var changes []models.Event
			for _, e := range w.Log(end) {
				if e.Type == models.ChannelChanged {
					changes = append(changes, e)
				}
			}
			if len(changes) != 1 || changes[0].Data.To != "NEEDS_ATTENTION" || changes[0].Data.Reason != string(reason) {
				t.Errorf("told of the channel: %+v", changes)
			}
		})
	}
}

func TestDeliverUnconfirmed(t *testing.T) {
	t.Parallel()
	lost := channels.SendError{Failure: models.Failure{Reason: models.Transient}, Ambiguous: true, Err: errors.New("connection reset")}
	t.Run("is not sent again by itself when the answer was lost", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		w.Platform.Answer(inboxtest.Refuse(lost))

		w.Work(models.DueMessages)
		w.Clock.Advance(time.Hour)
		w.Work(models.DueMessages)

		m = w.Message(m.ID)
		inboxtest.Same(t, "message", []any{*m.Status, m.FailureReason}, []any{models.Failed, models.Unconfirmed})
		inboxtest.Same(t, "attempt", w.Attempts(m)[0].FailureReason, models.Unconfirmed)
		inboxtest.Same(t, "sent", len(w.Platform.Sent()), 1)
	})
	t.Run("is assumed when the adapter does not say what happened", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		w.Platform.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) {
			return channels.Sent{}, errors.New("unexpected EOF")
		})

		w.Work(models.DueMessages)

		inboxtest.Same(t, "reason", w.Message(m.ID).FailureReason, models.Unconfirmed)
	})
	t.Run("is cleared up by a later receipt", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		w.Platform.Answer(inboxtest.Refuse(lost))
		w.Work(models.DueMessages)
		w.Clock.Advance(time.Minute)
		receipt := w.Receipt("wamid.LOST", models.Delivered)
		receipt.Reference = m.ID

		w.Receive(receipt)

		m = w.Message(m.ID)
		inboxtest.Same(t, "message", []any{*m.Status, m.FailureReason, m.FailedAt, *m.ExternalID},
			[]any{models.Delivered, models.FailureReason(""), (*time.Time)(nil), "wamid.LOST"})
		inboxtest.At(t, "sent", m.SentAt, w.Clock.Now())
	})
	t.Run("becomes what a worker began and never ended", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		die(w, w.Inbox)
		inboxtest.Same(t, "while the lease lasts", w.Work(models.DueMessages), 0)
		w.Clock.Advance(inbox.DeliveryLease)

		w.Work(models.DueMessages)

		m = w.Message(m.ID)
		inboxtest.Same(t, "message", []any{*m.Status, m.FailureReason, m.DueAt}, []any{models.Failed, models.Unconfirmed, (*time.Time)(nil)})
		inboxtest.Same(t, "sent", len(w.Platform.Sent()), 1)
		attempts := w.Attempts(m)
		inboxtest.Same(t, "attempts", len(attempts), 1)
		inboxtest.At(t, "ended", attempts[0].FinishedAt, w.Clock.Now())
	})
	t.Run("is nothing where the platform recognizes a repeated send", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		b := w.OpenInbox(w.Store, sendsOnce{w.Platform})
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		die(w, b)
		w.Clock.Advance(inbox.DeliveryLease)

		_, err := w.Hire(b).RunOnce(w.Context(), models.DueMessages)
		w.Must(err)

		sent := w.Platform.Sent()
		inboxtest.Same(t, "references", []string{sent[0].Reference, sent[1].Reference}, []string{m.ID, m.ID})
		inboxtest.Same(t, "status", *w.Message(m.ID).Status, models.Sent)
		inboxtest.Same(t, "attempts", len(w.Attempts(m)), 2)
	})
	t.Run("is what stays of a send that nobody may repeat any more", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		b := w.OpenInbox(w.Store, sendsOnce{w.Platform})
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		die(w, b)
		w.Clock.Advance(25 * time.Hour) // the window closed meanwhile, but the message may have arrived before

		_, err := w.Hire(b).RunOnce(w.Context(), models.DueMessages)
		w.Must(err)

		inboxtest.Same(t, "reason", w.Message(m.ID).FailureReason, models.Unconfirmed)
		inboxtest.Same(t, "sent", len(w.Platform.Sent()), 1)
	})
	t.Run("ends a send that always kills its worker", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		b := w.OpenInbox(w.Store, sendsOnce{w.Platform})
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		tries := models.DefaultRules().MaxAttempts
		for range tries {
			die(w, b)
			w.Clock.Advance(inbox.DeliveryLease)
		}

		_, err := w.Hire(b).RunOnce(w.Context(), models.DueMessages)
		w.Must(err)

		inboxtest.Same(t, "reason", w.Message(m.ID).FailureReason, models.Unconfirmed)
		inboxtest.Same(t, "sent", len(w.Platform.Sent()), tries)
	})
	t.Run("is not said of what a receipt proved before the lease was over", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		die(w, w.Inbox)
		receipt := w.Receipt("wamid.LOST", models.Sent)
		receipt.Reference = m.ID
		w.Receive(receipt)
		w.Clock.Advance(inbox.DeliveryLease)

		w.Work(models.DueMessages)

		m = w.Message(m.ID)
		inboxtest.Same(t, "message", []any{*m.Status, m.DueAt}, []any{models.Sent, (*time.Time)(nil)})
		inboxtest.Same(t, "sent", len(w.Platform.Sent()), 1)
	})
}

func TestDeliverLooksOnceMore(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		given func(*inboxtest.World)
		want  models.FailureReason
	}{
		{"after the window closed", func(w *inboxtest.World) { w.Clock.Advance(25 * time.Hour) }, models.WindowClosed},
		{"after the contact opted out", func(w *inboxtest.World) { w.Receive(w.Opt("491701", models.InboundOptOut)) }, models.RecipientBlocked},
		{"after the channel was disconnected", func(w *inboxtest.World) {
			_, err := w.Inbox.DisconnectChannel(w.Context(), w.Admin, w.Channel.ID, "")
			w.Must(err)
		}, models.ChannelUnavailable},
		{"after the inbox was deactivated", deactivate, models.InboxUnavailable},
	} {
		t.Run("and sends nothing "+test.name, func(t *testing.T) {
			t.Parallel()
			w := inboxtest.New(t)
			m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
			test.given(w)

			w.Work(models.DueMessages)

			m = w.Message(m.ID)
			inboxtest.Same(t, "message", []any{*m.Status, m.FailureReason, m.DueAt}, []any{models.Failed, test.want, (*time.Time)(nil)})
			inboxtest.Same(t, "sent", len(w.Platform.Sent()), 0)
			inboxtest.Same(t, "attempts", len(w.Attempts(m)), 0)
		})
	}
	t.Run("and does not retry after the window closed", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		w.Platform.Answer(inboxtest.Refuse(failure(models.Transient)))
		w.Work(models.DueMessages)
		w.Clock.Advance(25 * time.Hour)

		w.Work(models.DueMessages)

		inboxtest.Same(t, "reason", w.Message(m.ID).FailureReason, models.WindowClosed)
		inboxtest.Same(t, "sent", len(w.Platform.Sent()), 1)
	})
}

func TestRetry(t *testing.T) {
	t.Parallel()
	failed := func(w *inboxtest.World) *models.Message {
		w.T.Helper()
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		w.Platform.Answer(inboxtest.Refuse(failure(models.InvalidRequest)))
		w.Work(models.DueMessages)
		return w.Message(m.ID)
	}
	retry := func(w *inboxtest.World, viewer models.Viewer, m *models.Message) error {
		_, err := w.Inbox.Retry(w.Context(), viewer, m.ID, "")
		return err
	}
	t.Run("really sends", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := failed(w)
		end := w.LogEnd()

		w.Must(retry(w, w.Colleague, m))
		w.Work(models.DueMessages)

		inboxtest.Same(t, "sent", texts(w), []string{"hi", "hi"})
		m = w.Message(m.ID)
		inboxtest.Same(t, "message", []any{*m.Status, m.FailureReason, m.FailedAt}, []any{models.Sent, models.FailureReason(""), (*time.Time)(nil)})
		inboxtest.Same(t, "attempts", len(w.Attempts(m)), 2)
		inboxtest.Same(t, "told", told(w, end), []models.DeliveryStatus{models.Queued, models.Sending, models.Sent})
	})
	t.Run("begins a new round of attempts", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := failed(w)
		w.Platform.Answer(inboxtest.Refuse(failure(models.Transient)))

		w.Must(retry(w, w.Agent, m))
		w.Work(models.DueMessages)

		m = w.Message(m.ID)
		inboxtest.Same(t, "counts", []int{m.AttemptCount, m.RetryCount}, []int{2, 1})
		inboxtest.At(t, "next try", m.DueAt, w.Clock.Now().Add(2*time.Second))
	})
	t.Run("is not undone by what the platform repeats of the former round", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		w.Work(models.DueMessages)
		old := w.Receipt("wamid.OUT1", models.Failed)
		old.Reference = m.ID
		w.Receive(old)
		w.Clock.Advance(time.Minute)

		w.Must(retry(w, w.Agent, m))
		w.Receive(old)
		w.Platform.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) {
			w.Receive(old)
			return inboxtest.Accepted(2), nil
		})
		w.Work(models.DueMessages)
		w.Receive(old)

		m = w.Message(m.ID)
		inboxtest.Same(t, "message", []any{*m.Status, *m.ExternalID}, []any{models.Sent, "wamid.OUT2"})
		inboxtest.At(t, "sent", m.SentAt, w.Clock.Now())
		inboxtest.Same(t, "the former id", w.Attempts(m)[0].ExternalID, "wamid.OUT1")
	})
	t.Run("does not send what turns out to have arrived", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		w.Platform.Answer(inboxtest.Refuse(channels.SendError{Ambiguous: true}))
		w.Work(models.DueMessages)
		w.Must(retry(w, w.Agent, m))
		receipt := w.Receipt("wamid.LOST", models.Delivered)
		receipt.Reference = m.ID

		w.Receive(receipt)
		w.Work(models.DueMessages)

		inboxtest.Same(t, "status", *w.Message(m.ID).Status, models.Delivered)
		inboxtest.Same(t, "sent", len(w.Platform.Sent()), 1)
	})
	t.Run("is refused for what did not fail", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		m := w.Reply(c, "hi")

		inboxtest.Refused(t, retry(w, w.Agent, m), models.NotRetryable)
		w.Work(models.DueMessages)
		inboxtest.Refused(t, retry(w, w.Agent, m), models.NotRetryable)
		inboxtest.Refused(t, retry(w, w.Agent, w.Message(*c.LastMessageID)), models.NotRetryable)
	})
	t.Run("is refused after the window closed", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := failed(w)
		w.Clock.Advance(25 * time.Hour)

		inboxtest.Refused(t, retry(w, w.Agent, m), models.ReplyWindowClosed)
	})
	t.Run("is refused to those who only look on, and to strangers", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("206540352242922")
		m := failed(w)

		inboxtest.Refused(t, retry(w, w.Onlooker, m), models.Forbidden)
		inboxtest.Refused(t, retry(w, n.Agent, m), models.NotFound)
	})
}

func TestCrew(t *testing.T) {
	t.Parallel()
	t.Run("works at once when it is woken, and ends when it is stopped", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		var crew *workers.Crew
		b := inbox.New(inbox.Config{
			Store: w.Store, Adapters: channels.NewRegistry(w.Platform), Log: inboxtest.Quiet,
			Wake: func(kind models.JobKind) { crew.Wake(kind) },
		})
		crew = w.Hire(b)
		crew.Start()

		m, err := b.Reply(w.Context(), w.Agent, inbox.ReplyRequest{ConversationID: c.ID, Draft: models.Draft{Text: "hi"}})
		w.Must(err)
		_, err = w.Platform.Await(soon(t), 1)
		w.Must(err)
		w.Must(crew.Stop(soon(t)))
		w.Reply(c, "anyone at work?")

		inboxtest.Same(t, "status", *w.Message(m.ID).Status, models.Sent)
		inboxtest.Same(t, "sent", texts(w), []string{"hi"})
	})
	t.Run("lets a running send finish, and records it", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		answer := make(chan struct{})
		w.Platform.Answer(func(ctx context.Context, _ channels.Outbound) (channels.Sent, error) {
			<-answer
			return inboxtest.Accepted(1), ctx.Err()
		})
		w.Crew.Start()
		_, err := w.Platform.Await(soon(t), 1)
		w.Must(err)

		w.Must(w.Crew.Stop(&patience{Context: soon(t), waiting: func() { close(answer) }}))

		inboxtest.Same(t, "status", *w.Message(m.ID).Status, models.Sent)
	})
	t.Run("cuts a send short when there is no more time, and says that nobody knows", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")
		w.Platform.Answer(func(ctx context.Context, _ channels.Outbound) (channels.Sent, error) {
			<-ctx.Done()
			return channels.Sent{}, ctx.Err()
		})
		w.Crew.Start()
		_, err := w.Platform.Await(soon(t), 1)
		w.Must(err)
		noTime, cancel := context.WithCancel(w.Context())
		cancel()

		err = w.Crew.Stop(noTime)

		inboxtest.Same(t, "cancelled", errors.Is(err, context.Canceled), true)
		m = w.Message(m.ID)
		inboxtest.Same(t, "message", []any{*m.Status, m.FailureReason}, []any{models.Failed, models.Unconfirmed})
	})
}

type standIn = inboxtest.Platform

// sendsOnce is a platform that recognizes a repeated send.
type sendsOnce struct{ *standIn }

func (sendsOnce) SendsOnce() {}

// patience tells when somebody begins to wait for its end.
type patience struct {
	context.Context
	once    sync.Once
	waiting func()
}

func (p *patience) Done() <-chan struct{} {
	p.once.Do(p.waiting)
	return p.Context.Done()
}

// die claims a message, hands it to the platform, and is gone before the answer.
func die(w *inboxtest.World, b *inbox.Inbox) {
	w.T.Helper()
	w.Platform.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) { panic("killed") })
	done, err := w.Hire(b).RunOnce(w.Context(), models.DueMessages)
	w.Must(err)
	inboxtest.Same(w.T, "claimed by the one who dies", done, 1)
}

// soon ends when waiting makes no sense any more.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func texts(w *inboxtest.World) (texts []string) {
	for _, m := range w.Platform.Sent() {
		texts = append(texts, m.Text)
	}
	return texts
}

// told is what the log says of deliveries.
func told(w *inboxtest.World, after int) (statuses []models.DeliveryStatus) {
	w.T.Helper()
	for _, e := range w.Log(after) {
		if e.Type == models.MessageDeliveryChanged {
			statuses = append(statuses, *e.Data.Status)
		}
	}
	return statuses
}

func channel(w *inboxtest.World) *models.Channel {
	w.T.Helper()
	var c models.Channel
	w.Look(func(tx *models.Tx) error { return tx.Find(&c, w.Channel.ID) })
	return &c
}

func index(all []models.DeliveryStatus, s models.DeliveryStatus) int {
	for i := range all {
		if all[i] == s {
			return i
		}
	}
	return -1
}
