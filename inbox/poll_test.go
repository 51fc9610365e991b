package inbox_test

import (
	"testing"
	"time"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

func brings(mark string, in ...models.Inbound) channels.Polled {
	return channels.Polled{Parsed: channels.Parsed{Inbound: in}, Mark: mark}
}

func TestPoll(t *testing.T) {
	t.Parallel()
	t.Run("takes in what webhooks missed, and goes on from its mark", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.TikTok)
		delivered, missed := w.Comments("erika", "root-1", "one"), w.Comments("max", "root-1", "two")
		w.Receive(delivered)
		able.Polls.Says(brings("mark-1", delivered, missed))

		w.Work(models.DuePolls)
		c := conversationOf(w, missed)
		inboxtest.Same(t, "messages", len(w.Timeline(c)), 2)
		inboxtest.Same(t, "too early", w.Work(models.DuePolls), 0)
		slow := brings("mark-2", delivered, missed)
		slow.Wait = time.Hour
		able.Polls.Says(slow)
		w.Clock.Advance(2 * time.Minute)
		end := w.LogEnd()
		w.Work(models.DuePolls)

		inboxtest.Same(t, "marks", able.Polls.Asked(), []string{"", "mark-1"})
		inboxtest.Same(t, "events", w.Events(end), nil)
		inboxtest.At(t, "next", channel(w).PollDueAt, w.Clock.Now().Add(time.Hour))
	})
	t.Run("asks for the same again if it was not committed", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.TikTok)
		in := w.Comments("erika", "root-1", "one")
		w.Break(`ALTER TABLE messages RENAME TO messages_away`)
		able.Polls.Says(brings("mark-1", in))
		w.Work(models.DuePolls)
		w.Break(`ALTER TABLE messages_away RENAME TO messages`)
		w.Clock.Advance(inbox.PollLease)
		able.Polls.Says(brings("mark-1", in))

		w.Work(models.DuePolls)

		inboxtest.Same(t, "marks", able.Polls.Asked(), []string{"", ""})
		inboxtest.Same(t, "messages", len(w.Timeline(conversationOf(w, in))), 1)
	})
	t.Run("asks later and later while the platform refuses", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.TikTok)
		slow := failure(models.RateLimited)
		slow.RetryAfter = 17 * time.Minute
		able.Polls.Refuses(slow)
		w.Work(models.DuePolls)
		inboxtest.At(t, "as long as it asks for", channel(w).PollDueAt, w.Clock.Now().Add(17*time.Minute))
		for range 8 {
			able.Polls.Refuses(failure(models.Transient))
			w.Clock.Advance(20 * time.Minute)
			w.Work(models.DuePolls)
		}

		inboxtest.At(t, "as long as it takes", channel(w).PollDueAt, w.Clock.Now().Add(512*time.Second))
		inboxtest.Same(t, "channel", channel(w).Status, models.Connected)
		w.Clock.Advance(20 * time.Minute)
		w.Work(models.DuePolls)
		inboxtest.Same(t, "failures in a row", channel(w).PollFailures, 0)
	})
	t.Run("has an ended token renewed", func(t *testing.T) {
		t.Parallel()
		w, able := renewable(t)
		w.Work(models.DuePolls)
		w.Clock.Advance(2 * time.Minute)
		able.Polls.Refuses(expired())
		able.Polls.Refuses(expired())
		able.Renewals.Says(fresh(w))

		w.Work(models.DuePolls, models.DueTokens)

		inboxtest.Same(t, "token", token(w), "new")
		inboxtest.Same(t, "channel", channel(w).Status, models.Connected)
	})
	t.Run("goes on for a channel that needs attention, which still receives", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.TikTok)
		able.Polls.Refuses(expired()) // and there is nothing to renew it with
		w.Work(models.DuePolls)
		inboxtest.Same(t, "channel", channel(w).Status, models.NeedsAttention)
		in := w.Comments("erika", "root-1", "one")
		able.Polls.Says(brings("mark-1", in))
		w.Clock.Advance(10 * time.Minute)

		w.Work(models.DuePolls)

		w.MessageSaid(in.ExternalID)
	})
	t.Run("ends with the channel", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.TikTok)
		able.Polls.Does(func(string) (channels.Polled, error) {
			_, err := w.Inbox.DisconnectChannel(w.Context(), w.Admin, w.Channel.ID, "")
			w.Must(err)
			return brings("mark-1", w.Comments("erika", "root-1", "one")), nil
		})

		w.Work(models.DuePolls)
		w.Clock.Advance(day)

		inboxtest.Same(t, "due", []any{w.Work(models.DuePolls), channel(w).PollDueAt}, []any{0, (*time.Time)(nil)})
		inboxtest.Same(t, "messages", w.Count(`SELECT count(*) FROM messages`), 0)
		inboxtest.Same(t, "kept for operators", w.Count(`SELECT count(*) FROM unrouted_deliveries WHERE length(body) > 10`), 1)
	})
}
