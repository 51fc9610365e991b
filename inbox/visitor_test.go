package inbox_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/channels/messenger"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

func TestWidgetSettings(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t)
	b := w.OpenInbox(w.Store, messenger.New(messenger.Config{}), w.Platform)
	c, err := b.ConnectChannel(w.Context(), w.Admin, inbox.ConnectRequest{Platform: models.Messenger, Name: "Shop"})
	w.Must(err)
	read := func() *inbox.WidgetSettings {
		t.Helper()
		settings, err := b.Widget(w.Context(), w.Admin, c.ID)
		w.Must(err)
		return settings
	}

	t.Run("begin with a secret and without origins", func(t *testing.T) {
		settings := read()
		inboxtest.Same(t, "origins", settings.AllowedOrigins, []string{})
		if settings.Key != c.AccountID || len(settings.IdentitySecret) < 32 {
			t.Errorf("got %s", settings.Key)
		}
	})
	t.Run("have the origins that were said last", func(t *testing.T) {
		for _, origins := range [][]string{{"https://shop.example", "http://localhost:3000"}, {"https://shop.example"}, {}} {
			end := w.LogEnd()
			_, err := b.AllowOrigins(w.Context(), w.Admin, c.ID, origins, "")
			w.Must(err)
			inboxtest.Same(t, "origins", read().AllowedOrigins, origins)
			inboxtest.Same(t, "events", w.Events(end), []models.EventType{models.ChannelChanged})
		}
		_, err := b.AllowOrigins(w.Context(), w.Admin, c.ID, []string{"http://shop.example"}, "")
		inboxtest.Refused(t, err, models.InvalidInput)
	})
	t.Run("change their secret once for a key", func(t *testing.T) {
		before := read().IdentitySecret
		for range 2 {
			_, err := b.RotateIdentitySecret(w.Context(), w.Admin, c.ID, "key")
			w.Must(err)
		}
		after := read().IdentitySecret
		_, err := b.RotateIdentitySecret(w.Context(), w.Admin, c.ID, "key")
		w.Must(err)
		if before == after || after != read().IdentitySecret {
			t.Error("the secret changed never, or too often")
		}
	})
	t.Run("are for those who manage channels, of widgets", func(t *testing.T) {
		_, err := b.Widget(w.Context(), w.Agent, c.ID)
		inboxtest.Refused(t, err, models.Forbidden)
		_, err = b.AllowOrigins(w.Context(), w.Agent, c.ID, nil, "")
		inboxtest.Refused(t, err, models.Forbidden)
		_, err = b.RotateIdentitySecret(w.Context(), w.Agent, c.ID, "")
		inboxtest.Refused(t, err, models.Forbidden)
		_, err = b.Widget(w.Context(), w.Admin, w.Channel.ID)
		inboxtest.Refused(t, err, models.UnsupportedByChannel)
		_, err = b.RotateIdentitySecret(w.Context(), w.Admin, w.Channel.ID, "")
		inboxtest.Refused(t, err, models.UnsupportedByChannel)
		_, err = b.Widget(w.Context(), w.Neighbour("1").Admin, c.ID)
		inboxtest.Refused(t, err, models.NotFound)
	})
}

// whispering is what of a process concerns whispers.
func whispering(t *testing.T, redisURL string, clock *inboxtest.Clock) *inbox.Whispers {
	t.Helper()
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	w := inbox.NewWhispers(client, clock.Now, inboxtest.Quiet)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		_ = client.Close()
	})
	return w
}

func TestWhispers(t *testing.T) {
	t.Parallel()
	to := inbox.ToVisitor("wgt_1", "customer-42")
	t.Run("reach other processes once, and nobody else", func(t *testing.T) {
		t.Parallel()
		clock, r := &inboxtest.Clock{}, newRedis(t)
		here, there := whispering(t, r.URL(), clock), whispering(t, r.URL(), clock)
		heardHere, leaveHere := here.Listen(to)
		defer leaveHere()
		heard, leave := there.Listen(to)
		defer leave()
		others, leaveOthers := there.Listen(inbox.ToVisitor("wgt_1", "customer-4"))
		defer leaveOthers()

		awaitHearers(t, r.URL(), "parley:whispers:"+to, 2) // what is whispered before is lost, as it may be

		here.TellVisitor("wgt_1", "customer-42")
		inboxtest.Same(t, "heard there", whispered(t, heard), inbox.Whisper{To: to, Lasts: inbox.TypingLasts})
		inboxtest.Same(t, "heard here", whispered(t, heardHere).Lasts, inbox.TypingLasts)
		// What came back from Redis would be here by the time the other process answers.
		there.Tell(inbox.Whisper{To: to, ConversationID: "the answer"})
		inboxtest.Same(t, "heard here then", whispered(t, heardHere).ConversationID, "the answer")
		inboxtest.Same(t, "heard by others", len(others), 0)
	})
	t.Run("are heard in the same process without Redis", func(t *testing.T) {
		t.Parallel()
		w := whispering(t, noRedis(t), &inboxtest.Clock{})
		heard, leave := w.Listen(to)
		w.TellVisitor("wgt_1", "customer-42")
		inboxtest.Same(t, "whisper", (<-heard).To, to)
		leave()
	})
	t.Run("are told once a second", func(t *testing.T) {
		t.Parallel()
		clock := &inboxtest.Clock{}
		w := whispering(t, noRedis(t), clock)
		heard, leave := w.Listen(to)
		defer leave()
		for range 4 { // half a second each
			w.TellVisitor("wgt_1", "customer-42")
			clock.Advance(500 * time.Millisecond)
		}
		inboxtest.Same(t, "heard", len(heard), 2)
	})
	t.Run("are dropped for those who do not listen", func(t *testing.T) {
		t.Parallel()
		clock := &inboxtest.Clock{}
		w := whispering(t, noRedis(t), clock)
		heard, leave := w.Listen(to)
		for range 1000 {
			w.TellVisitor("wgt_1", "customer-42")
			clock.Advance(time.Second)
		}
		if len(heard) == 0 || len(heard) > 8 {
			t.Errorf("%d wait", len(heard))
		}
		leave()
		before := len(heard)
		w.TellVisitor("wgt_1", "customer-42")
		inboxtest.Same(t, "heard after leaving", len(heard), before)
	})
}
