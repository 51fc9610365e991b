package inbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// botPlatform stands in for a platform that tells whose a token is, is told per account where to deliver, and names no
// account in what it delivers. The token of bot 7 is "7:anything".
type botPlatform struct {
	*standIn

	mu       sync.Mutex
	refusal  error // of the next calls
	hooks    map[string]hook
	asked    int
	meet     *sync.WaitGroup // if set, subscribers wait here for each other
	unhooked []string
}

// hook is where and how a platform delivers for an account.
type hook struct{ address, secret string }

var _ interface {
	channels.Connector
	channels.Subscriber
	channels.PerAccountWebhook
} = (*botPlatform)(nil)

func newBotPlatform() *botPlatform {
	return &botPlatform{standIn: inboxtest.NewPlatform(models.Telegram), hooks: make(map[string]hook)}
}

func (p *botPlatform) WebhookNamesAccount() {}

func (p *botPlatform) Check(_ context.Context, a channels.Account) (channels.Account, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	id, _, ok := strings.Cut(a.Credentials.AccessToken, ":")
	if !ok {
		return channels.Account{}, refusal(models.AuthExpired)
	}
	a.ID, a.Name = id, "Bot "+id
	return a, p.refusal
}

func (p *botPlatform) Subscribe(_ context.Context, a channels.Account, webhook string) error {
	if p.meet != nil {
		p.meet.Done()
		p.meet.Wait()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.refusal == nil {
		p.hooks[a.ID] = hook{webhook, a.Credentials.WebhookSecret}
	}
	return p.refusal
}

func (p *botPlatform) Unsubscribe(_ context.Context, a channels.Account) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unhooked = append(p.unhooked, a.ID+" "+a.Credentials.AccessToken)
	if p.refusal == nil {
		delete(p.hooks, a.ID)
	}
	return p.refusal
}

func refusal(reason models.FailureReason) *channels.SendError {
	return &channels.SendError{Failure: models.Failure{Reason: reason, Code: "401", Message: "as the platform puts it"}}
}

// withBots is a world whose inbox also connects bots.
func withBots(t testing.TB) (*inboxtest.World, *botPlatform) {
	t.Helper()
	w, p := inboxtest.New(t), newBotPlatform()
	w.Inbox = w.OpenInbox(w.Store, w.Platform, p)
	w.Crew = w.Hire(w.Inbox)
	return w, p
}

func connect(w *inboxtest.World, by models.Viewer, r inbox.ConnectRequest) *models.Channel {
	w.T.Helper()
	c, err := w.Inbox.ConnectChannel(w.Context(), by, r)
	w.Must(err)
	return c
}

// account is what the door to webhooks knows of an account; nil if nobody connected it.
func account(w *inboxtest.World, p models.Platform, id string) *channels.Account {
	w.T.Helper()
	a, err := w.Inbox.Account(w.Context(), p, id)
	if !errors.Is(err, channels.ErrUnknownAccount) {
		w.Must(err)
	}
	return a
}

func bot7() inbox.ConnectRequest {
	return inbox.ConnectRequest{Platform: models.Telegram, Credentials: models.Credentials{AccessToken: "7:token-of-the-bot"}}
}

func TestConnectChannel(t *testing.T) {
	t.Parallel()
	t.Run("asks the platform, and takes over what it calls the account", func(t *testing.T) {
		t.Parallel()
		w, p := withBots(t)
		end := w.LogEnd()

		c := connect(w, w.Admin, bot7())

		inboxtest.Same(t, "account", []string{c.AccountID, c.Name}, []string{"7", "Bot 7"})
		inboxtest.Same(t, "status", c.Status, models.Connected)
		inboxtest.Same(t, "when resolved", c.WhenResolved, models.Reopen)
		inboxtest.Same(t, "version", c.Version, 1)
		told := w.Log(end)
		inboxtest.Same(t, "events", w.Events(end), []models.EventType{models.ChannelChanged})
		inboxtest.Same(t, "what is said", told[0].Data, models.EventData{To: "CONNECTED"})
		inboxtest.Same(t, "of which", told[0].ChannelID, c.ID)
		inboxtest.Same(t, "where it delivers", p.hooks["7"].address, "https://inbox.example.com/webhooks/telegram/7")
	})
	t.Run("gives the platform the secret that its deliveries are verified with", func(t *testing.T) {
		t.Parallel()
		w, p := withBots(t)
		connect(w, w.Admin, bot7())
		connect(w, w.Admin, inbox.ConnectRequest{Platform: models.Telegram, Credentials: models.Credentials{AccessToken: "8:token"}})

		for _, id := range []string{"7", "8"} {
			secret := account(w, models.Telegram, id).Credentials.WebhookSecret
			inboxtest.Same(t, "secret of "+id, p.hooks[id].secret, secret)
			if len(secret) < 32 {
				t.Errorf("the secret of %s has %d characters", id, len(secret))
			}
		}
		if p.hooks["7"].secret == p.hooks["8"].secret {
			t.Error("two bots have one secret")
		}
	})
	t.Run("agrees with the platform on the secret, however many connect the account at once", func(t *testing.T) {
		t.Parallel()
		w, p := withBots(t)
		n := w.Neighbour("2")
		p.meet = &sync.WaitGroup{}
		p.meet.Add(3)
		var errs [3]error
		inboxtest.Together(3, func(i int) { // a client that tries again, and another organization
			r := bot7()
			r.Key = "k"
			_, errs[i] = w.Inbox.ConnectChannel(w.Context(), []models.Viewer{w.Admin, w.Admin, n.Admin}[i], r)
		})

		if taken := models.CodeOf(errors.Join(errs[:]...)); taken != models.ChannelTaken {
			t.Fatalf("got %v", errs)
		}
		inboxtest.Same(t, "channels", w.Count(`SELECT count(*) FROM channels WHERE platform = 'TELEGRAM'`), 1)
		inboxtest.Same(t, "secret", p.hooks["7"].secret, account(w, models.Telegram, "7").Credentials.WebhookSecret)
	})
	t.Run("prefers the name and the setting it is given", func(t *testing.T) {
		t.Parallel()
		w, _ := withBots(t)
		r := bot7()
		r.Name, r.WhenResolved = "Roses", models.StartNew

		c := connect(w, w.Admin, r)

		inboxtest.Same(t, "name", c.Name, "Roses")
		inboxtest.Same(t, "when resolved", c.WhenResolved, models.StartNew)
	})
	t.Run("lets no secret out", func(t *testing.T) {
		t.Parallel()
		w, p := withBots(t)
		var logged bytes.Buffer
		log := slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
		w.Inbox = inbox.New(inbox.Config{Store: w.Store, Adapters: channels.NewRegistry(w.Platform, p), Log: log})
		r := bot7()
		r.Key = "k"

		c := connect(w, w.Admin, r)
		p.refusal = refusal(models.Transient)
		_, err := w.Inbox.DisconnectChannel(w.Context(), w.Admin, c.ID, "")
		w.Must(err)
		p.refusal = nil
		c = connect(w, w.Admin, bot7())

		shown, err := json.Marshal(c)
		w.Must(err)
		logged.Write(shown)
		fmt.Fprintf(&logged, "%v %+v %#v", r.Platform, c, account(w, models.Telegram, "7"))
		for _, secret := range []string{"token-of-the-bot", p.hooks["7"].secret} {
			if strings.Contains(logged.String(), secret) {
				t.Errorf("it is told: %s", logged.String())
			}
			inboxtest.Same(t, "places that keep it", keepers(w, secret), nil)
		}
		if !strings.Contains(logged.String(), "unsubscribe at the platform") {
			t.Error("nothing was logged at all")
		}
	})
	t.Run("refuses an account that is connected already, here and elsewhere", func(t *testing.T) {
		t.Parallel()
		w, p := withBots(t)
		n := w.Neighbour("2")
		connect(w, w.Admin, bot7())
		end, elsewhere, before := w.LogEnd(), n.LogEnd(), p.hooks["7"]

		for _, viewer := range []models.Viewer{w.Admin, n.Admin} {
			_, err := w.Inbox.ConnectChannel(w.Context(), viewer, bot7())
			inboxtest.Refused(t, err, models.ChannelTaken)
		}

		inboxtest.Same(t, "channels", w.Count(`SELECT count(*) FROM channels WHERE platform = 'TELEGRAM'`), 1)
		inboxtest.Same(t, "events", []int{w.LogEnd(), n.LogEnd()}, []int{end, elsewhere})
		inboxtest.Same(t, "where it delivers", p.hooks["7"], before)
	})
	t.Run("refuses what the plan does not include, without asking the platform", func(t *testing.T) {
		t.Parallel()
		w, p := withBots(t)
		w.Break(fmt.Sprintf(`UPDATE organizations SET plan = 'STANDARD' WHERE id = '%s'`, w.Org.ID))

		_, err := w.Inbox.ConnectChannel(w.Context(), w.Owner, bot7())

		inboxtest.Refused(t, err, models.PlanRequired)
		inboxtest.Same(t, "calls", p.asked, 0)
		connect(w, w.Owner, inbox.ConnectRequest{Platform: models.WhatsApp, AccountID: "2", Credentials: models.Credentials{AccessToken: "t"}})
	})
	t.Run("is for those who manage channels", func(t *testing.T) {
		t.Parallel()
		w, p := withBots(t)
		for _, viewer := range []models.Viewer{w.Agent, w.Onlooker} {
			_, err := w.Inbox.ConnectChannel(w.Context(), viewer, bot7())
			inboxtest.Refused(t, err, models.Forbidden)
		}
		inboxtest.Same(t, "calls", p.asked, 0)
	})
	t.Run("refuses what the platform refuses", func(t *testing.T) {
		t.Parallel()
		for reason, want := range map[models.FailureReason]models.ErrorCode{
			models.AuthExpired:       models.PlatformRejected,
			models.PermissionMissing: models.PlatformRejected,
			models.Transient:         models.PlatformUnavailable,
			models.RateLimited:       models.PlatformUnavailable,
		} {
			w, p := withBots(t)
			p.refusal = refusal(reason)

			_, err := w.Inbox.ConnectChannel(w.Context(), w.Admin, bot7())

			inboxtest.Refused(t, err, want)
			if strings.Contains(err.Error(), "as the platform puts it") {
				t.Errorf("the platform's words are shown: %v", err)
			}
			inboxtest.Same(t, "channels", w.Count(`SELECT count(*) FROM channels WHERE platform = 'TELEGRAM'`), 0)
		}
	})
	t.Run("says unavailable when the platform's answer was lost", func(t *testing.T) {
		t.Parallel()
		w, p := withBots(t)
		p.refusal = &channels.SendError{Failure: models.Failure{Reason: models.Unconfirmed}, Ambiguous: true}
		_, err := w.Inbox.ConnectChannel(w.Context(), w.Admin, bot7())
		inboxtest.Refused(t, err, models.PlatformUnavailable)

		fault := errors.New("fault")
		p.refusal = fault
		if _, err := w.Inbox.ConnectChannel(w.Context(), w.Admin, bot7()); !errors.Is(err, fault) || models.CodeOf(err) != "" {
			t.Errorf("a fault of ours came back as %v", err)
		}
	})
	t.Run("refuses a token of another account, and input out of bounds", func(t *testing.T) {
		t.Parallel()
		w, _ := withBots(t)
		for name, r := range map[string]inbox.ConnectRequest{
			"another account": {Platform: models.Telegram, AccountID: "8", Credentials: models.Credentials{AccessToken: "7:token"}},
			"no token":        {Platform: models.Telegram},
			"a long token":    {Platform: models.Telegram, Credentials: models.Credentials{AccessToken: "7:" + strings.Repeat("x", 2000)}},
			"a long name":     {Platform: models.Telegram, Credentials: models.Credentials{AccessToken: "7:token"}, Name: strings.Repeat("x", 201)},
			"a long account":  {Platform: models.WhatsApp, Credentials: models.Credentials{AccessToken: "token"}, AccountID: strings.Repeat("1", 201)},
			"no account":      {Platform: models.WhatsApp, Credentials: models.Credentials{AccessToken: "token"}}, // which nobody tells us
			"no adapter":      {Platform: models.WeChat, Credentials: models.Credentials{AccessToken: "token"}, AccountID: "1"},
		} {
			_, err := w.Inbox.ConnectChannel(w.Context(), w.Admin, r)
			if models.CodeOf(err) != models.InvalidInput {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
}

func TestUpdateChannel(t *testing.T) {
	t.Parallel()
	update := func(w *inboxtest.World, r inbox.UpdateRequest) (*models.Channel, error) {
		return w.Inbox.UpdateChannel(w.Context(), w.Admin, r)
	}
	t.Run("changes what is given", func(t *testing.T) {
		t.Parallel()
		w, _ := withBots(t)
		c := connect(w, w.Admin, bot7())
		name, setting := "Roses", models.StartNew

		named, err := update(w, inbox.UpdateRequest{ChannelID: c.ID, Version: 1, Name: &name})
		w.Must(err)
		set, err := update(w, inbox.UpdateRequest{ChannelID: c.ID, Version: named.Version, WhenResolved: &setting})
		w.Must(err)

		inboxtest.Same(t, "name", set.Name, "Roses")
		inboxtest.Same(t, "when resolved", []models.WhenResolved{named.WhenResolved, set.WhenResolved}, []models.WhenResolved{models.Reopen, models.StartNew})
		inboxtest.Same(t, "versions", []int{named.Version, set.Version}, []int{2, 3})
		inboxtest.Same(t, "token", account(w, models.Telegram, "7").Credentials.AccessToken, "7:token-of-the-bot")
	})
	t.Run("refuses a change based on an older version", func(t *testing.T) {
		t.Parallel()
		w, _ := withBots(t)
		c := connect(w, w.Admin, bot7())
		errs := make([]error, 4)
		inboxtest.Together(len(errs), func(i int) {
			name := fmt.Sprint("Roses ", i)
			_, errs[i] = update(w, inbox.UpdateRequest{ChannelID: c.ID, Version: 1, Name: &name})
		})

		refused := 0
		for _, err := range errs {
			if err != nil {
				inboxtest.Refused(t, err, models.VersionConflict)
				refused++
			}
		}
		inboxtest.Same(t, "refused", refused, len(errs)-1)
	})
	t.Run("refuses names and tokens out of bounds", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		empty, long, longer := "", strings.Repeat("x", 201), strings.Repeat("x", 2001)
		for _, r := range []inbox.UpdateRequest{{Name: &empty}, {Name: &long}, {AccessToken: &empty}, {AccessToken: &longer}} {
			r.ChannelID, r.Version = w.Channel.ID, w.Channel.Version
			_, err := update(w, r)
			inboxtest.Refused(t, err, models.InvalidInput)
		}
		inboxtest.Same(t, "token", account(w, models.WhatsApp, w.Channel.AccountID).Credentials.AccessToken, "secret")
	})
	t.Run("with a new token heals a channel that needs attention", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Platform.Answer(inboxtest.Refuse(channels.SendError{Failure: models.Failure{Reason: models.AuthExpired}}))
		w.Reply(c, "hi")
		w.Work(models.DueMessages)
		ill := channel(w)
		inboxtest.Same(t, "status", ill.Status, models.NeedsAttention)
		_, err := try(w, w.Agent, c.ID, models.Draft{Text: "hi"})
		inboxtest.Refused(t, err, models.ChannelNotConnected)
		end, token, name := w.LogEnd(), "fresh", "Roses"

		named, err := update(w, inbox.UpdateRequest{ChannelID: ill.ID, Version: ill.Version, Name: &name})
		w.Must(err)
		inboxtest.Same(t, "status with another name", named.Status, models.NeedsAttention)
		healed, err := update(w, inbox.UpdateRequest{ChannelID: ill.ID, Version: named.Version, AccessToken: &token})
		w.Must(err)

		inboxtest.Same(t, "status", healed.Status, models.Connected)
		inboxtest.Same(t, "reason", healed.StatusReason, "")
		inboxtest.Same(t, "what is said", w.Log(end)[1].Data, models.EventData{To: "CONNECTED"})
		inboxtest.Same(t, "token", account(w, models.WhatsApp, ill.AccountID).Credentials.AccessToken, "fresh")
		w.Reply(c, "hi")
	})
	t.Run("checks a new token with the platform, and tells it again where to deliver", func(t *testing.T) {
		t.Parallel()
		w, p := withBots(t)
		c := connect(w, w.Admin, bot7())
		before := p.hooks["7"]
		delete(p.hooks, "7") // a platform can forget
		others, fresh := "8:token", "7:fresh"

		_, err := update(w, inbox.UpdateRequest{ChannelID: c.ID, Version: 1, AccessToken: &others})
		inboxtest.Refused(t, err, models.InvalidInput)
		p.refusal = refusal(models.AuthExpired)
		_, err = update(w, inbox.UpdateRequest{ChannelID: c.ID, Version: 1, AccessToken: &fresh})
		inboxtest.Refused(t, err, models.PlatformRejected)
		p.refusal = nil
		_, err = update(w, inbox.UpdateRequest{ChannelID: c.ID, Version: 1, AccessToken: &fresh})
		w.Must(err)

		known := account(w, models.Telegram, "7").Credentials
		inboxtest.Same(t, "token", known.AccessToken, fresh)
		inboxtest.Same(t, "where it delivers", p.hooks["7"], before)
		inboxtest.Same(t, "secret", known.WebhookSecret, before.secret)
	})
	t.Run("is not for a channel that is disconnected, of others, or nowhere", func(t *testing.T) {
		t.Parallel()
		w, p := withBots(t)
		n := w.Neighbour("2")
		c := connect(w, w.Admin, bot7())
		_, err := w.Inbox.DisconnectChannel(w.Context(), w.Admin, c.ID, "")
		w.Must(err)
		name, token, asked := "Roses", "7:fresh", p.asked

		for _, r := range []inbox.UpdateRequest{{Name: &name}, {AccessToken: &token}} {
			r.ChannelID, r.Version = c.ID, c.Version+1
			_, err := update(w, r)
			inboxtest.Refused(t, err, models.ChannelNotConnected)
			for _, id := range []string{n.Channel.ID, "chn_0"} {
				r.ChannelID = id
				_, err := update(w, r)
				inboxtest.Refused(t, err, models.NotFound)
			}
		}
		inboxtest.Same(t, "calls", p.asked, asked)
	})
}

func TestDisconnectChannel(t *testing.T) {
	t.Parallel()
	disconnect := func(w *inboxtest.World, c *models.Channel) *models.Channel {
		w.T.Helper()
		gone, err := w.Inbox.DisconnectChannel(w.Context(), w.Admin, c.ID, "")
		w.Must(err)
		return gone
	}
	t.Run("ends deliveries and forgets the secrets", func(t *testing.T) {
		t.Parallel()
		w, p := withBots(t)
		c := connect(w, w.Admin, bot7())
		end := w.LogEnd()
		w.Clock.Advance(time.Minute)

		gone := disconnect(w, c)

		inboxtest.Same(t, "status", gone.Status, models.Disconnected)
		inboxtest.At(t, "disconnected at", gone.DisconnectedAt, w.Clock.Now())
		inboxtest.Same(t, "hooks", len(p.hooks), 0)
		inboxtest.Same(t, "who asked for it", p.unhooked, []string{"7 7:token-of-the-bot"})
		inboxtest.Same(t, "what is said", w.Log(end)[0].Data, models.EventData{To: "DISCONNECTED"})
		if account(w, models.Telegram, "7") != nil {
			t.Error("there is still a way to it")
		}
		w.Look(func(tx *models.Tx) error {
			left, err := tx.OpenCredentials(gone)
			if err == nil && left != (models.Credentials{}) {
				t.Error("its secrets are still there")
			}
			return err
		})

		disconnect(w, c)
		inboxtest.Same(t, "events", len(w.Log(end)), 1)
		inboxtest.Same(t, "calls", len(p.unhooked), 1)
	})
	t.Run("works although the platform does not", func(t *testing.T) {
		t.Parallel()
		w, p := withBots(t)
		c := connect(w, w.Admin, bot7())
		p.refusal = refusal(models.Transient)

		inboxtest.Same(t, "status", disconnect(w, c).Status, models.Disconnected)
	})
	t.Run("fails what is still queued, and takes nothing in any more", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		m := w.Reply(c, "hi")

		disconnect(w, w.Channel)
		w.Work(models.DueMessages)
		late := w.Says("491701", "anyone?")
		w.Receive(late)

		m = w.Message(m.ID)
		inboxtest.Same(t, "status", *m.Status, models.Failed)
		inboxtest.Same(t, "reason", m.FailureReason, models.ChannelUnavailable)
		inboxtest.Same(t, "sent", len(w.Platform.Sent()), 0)
		_, err := try(w, w.Agent, c.ID, models.Draft{Text: "hi"})
		inboxtest.Refused(t, err, models.ChannelNotConnected)
		inboxtest.Same(t, "messages", len(w.Timeline(c)), 2)
		inboxtest.Same(t, "kept for operators", w.Count(`SELECT count(*) FROM unrouted_deliveries`), 1)
	})
	t.Run("lets another organization connect the account", func(t *testing.T) {
		t.Parallel()
		w, p := withBots(t)
		n := w.Neighbour("2")
		c := connect(w, w.Admin, bot7())
		disconnect(w, c)

		theirs := connect(w, n.Admin, bot7())

		if theirs.ID == c.ID || theirs.OrganizationID != n.Org.ID {
			t.Errorf("they got %s of %s", theirs.ID, theirs.OrganizationID)
		}
		inboxtest.Same(t, "secret", account(w, models.Telegram, "7").Credentials.WebhookSecret, p.hooks["7"].secret)
		_, err := w.Inbox.ConnectChannel(w.Context(), w.Admin, bot7())
		inboxtest.Refused(t, err, models.ChannelTaken)
	})
	t.Run("is undone by connecting again: the same channel, with its conversations", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		startNew(w)
		gone := disconnect(w, w.Channel)
		request := inbox.ConnectRequest{Platform: models.WhatsApp, AccountID: w.Channel.AccountID, Name: "Shop again", Credentials: models.Credentials{AccessToken: "fresh"}}

		back := connect(w, w.Admin, request)

		inboxtest.Same(t, "channel", back.ID, w.Channel.ID)
		inboxtest.Same(t, "name", back.Name, "Shop again")
		inboxtest.Same(t, "status", back.Status, models.Connected)
		inboxtest.Same(t, "setting", back.WhenResolved, models.StartNew)
		inboxtest.Same(t, "version", back.Version, gone.Version+1)
		if back.DisconnectedAt != nil {
			t.Error("it is still disconnected")
		}
		inboxtest.Same(t, "token", account(w, models.WhatsApp, back.AccountID).Credentials.AccessToken, "fresh")
		again := w.CustomerWrites("491701", "anyone?")
		inboxtest.Same(t, "conversation", again.ID, c.ID)
		w.Reply(again, "hi")

		disconnect(w, back)
		request.WhenResolved = models.Reopen
		inboxtest.Same(t, "setting of the request", connect(w, w.Admin, request).WhenResolved, models.Reopen)
	})
}
