package inbox_test

import (
	"testing"
	"time"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

func plan(w *inboxtest.World, p models.Plan) {
	w.T.Helper()
	w.Must(w.Inbox.ChangePlan(w.Context(), w.Org.ID, p))
}

func TestChangePlan(t *testing.T) {
	t.Parallel()
	t.Run("holds the channels whose platform the plan does not include, and no others", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		able := []channels.Adapter{w.Platform, w.Telegram}
		all := []models.Platform{models.Facebook, models.Instagram, models.X, models.LinkedIn, models.Messenger, models.TikTok, models.WeChat, models.SMS}
		for _, p := range all {
			able = append(able, inboxtest.NewPlatform(p))
		}
		w.Inbox = w.OpenInbox(w.Store, able...)
		ids := map[models.Platform]string{models.WhatsApp: w.Channel.ID, models.Telegram: w.Connect(models.Telegram, "4711").ID}
		for _, p := range all {
			ids[p] = w.Connect(p, "account").ID
		}
		end := w.LogEnd()

		plan(w, models.Standard)
		plan(w, models.Standard)

		held := map[models.Platform]bool{}
		for p, id := range ids {
			var c models.Channel
			w.Look(func(tx *models.Tx) error { return tx.Find(&c, id) })
			if held[p] = c.Status == models.OnHold; !held[p] {
				delete(held, p)
			}
		}
		inboxtest.Same(t, "on hold", held, map[models.Platform]bool{models.WeChat: true, models.Telegram: true, models.SMS: true})
		inboxtest.Same(t, "told", w.Events(end), []models.EventType{models.ChannelChanged, models.ChannelChanged, models.ChannelChanged})
	})
	t.Run("keeps what arrives meanwhile, and imports it in its order afterwards", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.SMS)
		c := w.CustomerWrites("+4917", "before")
		queued := w.Reply(c, "queued")
		plan(w, models.Standard)
		_, err := try(w, w.Agent, c.ID, models.Draft{Text: "hi"})
		inboxtest.Refused(t, err, models.PlanRequired)
		inboxtest.Refused(t, act(w, w.Message(*c.LastInboundID), models.LikeMessage), models.PlanRequired)
		w.Work(models.DueMessages)
		inboxtest.Same(t, "what was queued", w.Message(queued.ID).FailureReason, models.ChannelUnavailable)
		var texts []string
		for _, text := range []string{"one", "two", "three"} {
			in := w.Says("+4917", text)
			w.Receive(in)
			w.Receive(in)
		}
		inboxtest.Same(t, "kept", w.Held(models.HeldOnHold), 3)
		inboxtest.Same(t, "due", w.Work(models.DueQuarantined), 0)

		plan(w, models.Enterprise)
		w.Work(models.DueQuarantined)

		for _, m := range w.Timeline(c) {
			texts = append(texts, m.Text)
		}
		inboxtest.Same(t, "texts", texts, []string{"before", "queued", "one", "two", "three"})
		inboxtest.Same(t, "kept", w.Held(models.HeldOnHold), 0)
		w.Reply(c, "hi")
	})
	t.Run("imports nothing that was released before the plan changed back", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.SMS)
		plan(w, models.Standard)
		in := w.Says("+4917", "hello?")
		w.Receive(in)
		plan(w, models.Enterprise)
		plan(w, models.Standard)

		w.Work(models.DueQuarantined)
		inboxtest.Same(t, "kept", w.Held(models.HeldOnHold), 1)
		inboxtest.Same(t, "messages", w.Count(`SELECT count(*) FROM messages`), 0)

		plan(w, models.Enterprise)
		w.Work(models.DueQuarantined)
		w.MessageSaid(in.ExternalID)
	})
	t.Run("releases what was kept when the channel is connected again", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.SMS)
		plan(w, models.Standard)
		in := w.Says("+4917", "hello?")
		w.Receive(in)
		_, err := w.Inbox.DisconnectChannel(w.Context(), w.Admin, w.Channel.ID, "")
		w.Must(err)
		plan(w, models.Enterprise)
		w.Connect(models.SMS, w.Channel.AccountID)

		w.Work(models.DueQuarantined)

		w.MessageSaid(in.ExternalID)
	})
	t.Run("leaves nothing behind that arrives at the same moment", func(t *testing.T) {
		t.Parallel()
		for name, round := range map[string]struct {
			end func(*inboxtest.World)
			how func(*inboxtest.World)
		}{
			"the plan":  {func(w *inboxtest.World) { plan(w, models.Enterprise) }, func(w *inboxtest.World) { plan(w, models.Standard) }},
			"the inbox": {func(w *inboxtest.World) { activate(w, false) }, deactivate},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w, _ := inboxtest.NewOn(t, models.SMS)
				round.how(w)
				in := w.Says("+4917", "hello?")
				seen, proceed := make(chan struct{}), make(chan struct{})

				inboxtest.Together(3, func(i int) {
					switch i {
					case 0: // holds the author, so that the delivery has looked at the hold and waits
						w.Must(w.Store.Do(w.Context(), models.System(w.Org.ID), models.ReceiveFromPlatform, func(tx *models.Tx) error {
							_, err := tx.TakeIdentity(w.Channel.ID, models.Author{ID: "+4917"})
							close(seen)
							<-proceed
							return err
						}))
					case 1:
						<-seen
						opt := w.Opt("+4917", models.InboundOptIn)
						w.Receive(in, opt)
					case 2:
						<-seen
						w.AwaitLock()
						round.end(w)
						close(proceed)
					}
				})
				w.Work(models.DueQuarantined)

				inboxtest.Same(t, "kept", w.Held(models.HeldOnHold)+w.Held(models.HeldInactive), 0)
				w.MessageSaid(in.ExternalID)
			})
		}
	})
	t.Run("and a channel connected at the same moment end in one of two ways", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		for range 10 {
			plan(w, models.Enterprise)
			var c *models.Channel
			var err error
			inboxtest.Together(2, func(i int) {
				if i == 0 {
					plan(w, models.Standard)
					return
				}
				c, err = w.Inbox.ConnectChannel(w.Context(), w.Admin, inbox.ConnectRequest{
					Platform: models.Telegram, AccountID: "4711", Name: "Bot", Credentials: models.Credentials{AccessToken: "t"},
				})
			})

			if err != nil {
				inboxtest.Refused(t, err, models.PlanRequired)
			} else {
				w.Look(func(tx *models.Tx) error { return tx.Find(c, c.ID) })
				inboxtest.Same(t, "status", c.Status, models.OnHold)
				_, err := w.Inbox.DisconnectChannel(w.Context(), w.Admin, c.ID, "")
				w.Must(err)
			}
		}
	})
	t.Run("keeps a hold over a new token, and polls on", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.SMS)
		plan(w, models.Standard)
		update(w, "new")
		inboxtest.Same(t, "status", channel(w).Status, models.OnHold)
		able.Polls.Says(brings("mark", w.Says("+4917", "hello?")))

		w.Work(models.DuePolls)

		inboxtest.Same(t, "kept", w.Held(models.HeldOnHold), 1)
		inboxtest.At(t, "next", channel(w).PollDueAt, w.Clock.Now().Add(2*time.Minute))
	})
}
