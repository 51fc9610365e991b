package inbox_test

import (
	"context"
	"testing"
	"time"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// renewable is a world whose channel has a token that ends in ten hours, and can be renewed.
func renewable(t *testing.T) (*inboxtest.World, *inboxtest.Able) {
	t.Helper()
	w, able := inboxtest.NewOn(t, models.X)
	ends := w.Clock.Now().Add(10 * time.Hour)
	w.Channel = connect(w, w.Admin, inbox.ConnectRequest{
		Platform: models.X, AccountID: "shop", Name: "Shop",
		Credentials: models.Credentials{AccessToken: "old", RefreshToken: "refresh-old", ExpiresAt: &ends},
	})
	return w, able
}

// fresh is what a renewal brings, for ten hours from now.
func fresh(w *inboxtest.World) models.Credentials {
	ends := w.Clock.Now().Add(10 * time.Hour)
	return models.Credentials{AccessToken: "new", RefreshToken: "refresh-new", ExpiresAt: &ends}
}

func token(w *inboxtest.World) string {
	w.T.Helper()
	return account(w, w.Channel.Platform, w.Channel.AccountID).Credentials.AccessToken
}

func update(w *inboxtest.World, accessToken string) {
	w.T.Helper()
	_, err := w.Inbox.UpdateChannel(w.Context(), w.Admin, inbox.UpdateRequest{
		ChannelID: w.Channel.ID, Version: channel(w).Version, AccessToken: &accessToken,
	})
	w.Must(err)
}

func expired() channels.SendError {
	return channels.SendError{Failure: models.Failure{Reason: models.AuthExpired}, HTTPStatus: 401}
}

func TestRenew(t *testing.T) {
	t.Parallel()
	t.Run("gets a new token before the old one ends", func(t *testing.T) {
		t.Parallel()
		w, able := renewable(t)
		w.Clock.Advance(8*time.Hour - time.Microsecond)
		inboxtest.Same(t, "too early", w.Work(models.DueTokens), 0)
		w.Clock.Advance(time.Microsecond)
		able.Renewals.Says(fresh(w))

		w.Work(models.DueTokens)

		inboxtest.Same(t, "token", token(w), "new")
		inboxtest.Same(t, "used", able.Renewals.Asked()[0].RefreshToken, "refresh-old")
		inboxtest.At(t, "due", channel(w).TokenDueAt, w.Clock.Now().Add(8*time.Hour))
	})
	t.Run("lets a message be sent that met an ended token, once", func(t *testing.T) {
		t.Parallel()
		w, able := renewable(t)
		m := w.Reply(w.CustomerWrites("erika", "hello?"), "hi")
		able.Answer(inboxtest.Refuse(expired()))
		w.Work(models.DueMessages)
		able.Renewals.Says(fresh(w))

		w.Work(models.DueTokens)
		w.Clock.Advance(10 * time.Second)
		w.Work(models.DueMessages)

		inboxtest.Same(t, "status", *w.Message(m.ID).Status, models.Sent)
		inboxtest.Same(t, "tries", len(able.Sent()), 2)
		inboxtest.Same(t, "renewals", len(able.Renewals.Asked()), 1)
		inboxtest.Same(t, "channel", channel(w).Status, models.Connected)
	})
	t.Run("lets an action be done that met an ended token", func(t *testing.T) {
		t.Parallel()
		w, able := renewable(t)
		in := w.Comments("erika", "root-1", "spam")
		in.Surface = models.Mention
		m, _ := comment(w, in)
		w.Must(act(w, m, models.HideMessage))
		able.Acts.Refuses(expired())
		w.Work(models.DueActions)
		able.Renewals.Says(fresh(w))

		w.Work(models.DueTokens)
		w.Clock.Advance(10 * time.Second)
		w.Work(models.DueActions)

		inboxtest.Same(t, "hidden", w.Message(m.ID).HiddenAt != nil, true)
		inboxtest.Same(t, "channel", channel(w).Status, models.Connected)
	})
	t.Run("is not asked for by what met the token before", func(t *testing.T) {
		t.Parallel()
		w, able := renewable(t)
		w.Reply(w.CustomerWrites("erika", "hello?"), "hi")
		able.Answer(func(context.Context, channels.Outbound) (channels.Sent, error) {
			update(w, "by hand")
			refusal := expired()
			return channels.Sent{}, &refusal
		})
		w.Work(models.DueMessages)
		due := channel(w).TokenDueAt

		inboxtest.Same(t, "due as the new token wants it", due.After(w.Clock.Now()), false) // of one nobody knows the end of
		w.Clock.Advance(time.Minute)
		w.Work(models.DueMessages)
		inboxtest.Same(t, "tries", len(able.Sent()), 2)
	})
	t.Run("gives way to a token somebody enters meanwhile", func(t *testing.T) {
		t.Parallel()
		for name, answer := range map[string]func(*inboxtest.World) (models.Credentials, error){
			"when it brings one": func(w *inboxtest.World) (models.Credentials, error) { return fresh(w), nil },
			"when it is refused": func(*inboxtest.World) (models.Credentials, error) {
				refusal := failure(models.AuthExpired)
				return models.Credentials{}, &refusal
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w, able := renewable(t)
				w.Clock.Advance(8 * time.Hour)
				able.Renewals.Does(func(models.Credentials) (models.Credentials, error) {
					update(w, "by hand")
					return answer(w)
				})

				w.Must(w.Inbox.Renew(w.Context(), models.Job{OrganizationID: w.Org.ID, ID: w.Channel.ID}))

				inboxtest.Same(t, "token", token(w), "by hand")
				inboxtest.Same(t, "channel", channel(w).Status, models.Connected)
				inboxtest.Same(t, "due", channel(w).TokenDueAt != nil, true)
			})
		}
	})
	t.Run("makes the channel need attention when the platform refuses for good", func(t *testing.T) {
		t.Parallel()
		w, able := renewable(t)
		w.Clock.Advance(8 * time.Hour)
		able.Renewals.Refuses(failure(models.AuthExpired))

		w.Work(models.DueTokens)

		c := channel(w)
		inboxtest.Same(t, "channel", []any{c.Status, c.StatusReason, c.TokenDueAt}, []any{models.NeedsAttention, models.AuthExpired, (*time.Time)(nil)})
	})
	t.Run("tries again what may pass, and brings back a channel that needed attention for it", func(t *testing.T) {
		t.Parallel()
		w, able := renewable(t)
		m := w.Reply(w.CustomerWrites("erika", "hello?"), "hi")
		for range 8 {
			able.Answer(inboxtest.Refuse(expired()))
			able.Renewals.Refuses(failure(models.Transient))
		}
		for range 4 {
			w.Work(models.DueMessages, models.DueTokens)
			w.Clock.Advance(30 * time.Second)
		}
		inboxtest.Same(t, "the message", w.Message(m.ID).FailureReason, models.AuthExpired)
		inboxtest.Same(t, "channel", channel(w).Status, models.NeedsAttention)
		for range 4 {
			w.Clock.Advance(10 * time.Minute)
			w.Work(models.DueTokens)
		}
		able.Renewals.Says(fresh(w))
		w.Clock.Advance(10 * time.Minute)
		w.Work(models.DueTokens)

		inboxtest.Same(t, "channel", channel(w).Status, models.Connected)
		inboxtest.Same(t, "still asked for news", channel(w).PollDueAt != nil, true)
	})
	t.Run("ends with the channel", func(t *testing.T) {
		t.Parallel()
		w, able := renewable(t)
		w.Clock.Advance(8 * time.Hour)
		able.Renewals.Does(func(models.Credentials) (models.Credentials, error) {
			_, err := w.Inbox.DisconnectChannel(w.Context(), w.Admin, w.Channel.ID, "")
			w.Must(err)
			return fresh(w), nil
		})

		w.Work(models.DueTokens)

		c := channel(w)
		inboxtest.Same(t, "channel", []any{c.Status, c.TokenDueAt}, []any{models.Disconnected, (*time.Time)(nil)})
		w.Look(func(tx *models.Tx) error {
			kept, err := tx.OpenCredentials(c)
			inboxtest.Same(t, "secrets", kept, models.Credentials{})
			return err
		})
	})
}
