package inbox_test

import (
	"testing"
	"time"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

func TestAttempts(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]func(t *testing.T) string{
		"": func(t *testing.T) string { return newRedis(t).URL() }, ", without Redis": func(t *testing.T) string { return noRedis(t) },
	} {
		t.Run("to sign in are 10, then one a minute"+name, func(t *testing.T) {
			t.Parallel()
			w := inboxtest.New(t)
			found(w, "Alpha")
			b := inbox.New(inbox.Config{
				Store: w.Store, Adapters: channels.NewRegistry(w.Platform), Log: inboxtest.Quiet,
				SignIns: allowances(t, address(t), inbox.AllowanceConfig{
					Name: "sign-in", Size: inbox.AttemptsAtOnce, Restore: inbox.AttemptsRestore, Now: w.Clock.Now, Log: inboxtest.Quiet,
				}),
			})
			try := func(email, password string) error {
				_, _, _, err := b.SignIn(w.Context(), inbox.Credentials{Email: email, Password: password})
				return err
			}
			for range 9 {
				inboxtest.Refused(t, try("paula@example.com", "wrong"), models.Unauthenticated)
			}
			w.Must(try("paula@example.com", password)) // right ones do not count
			inboxtest.Refused(t, try("PAULA@example.com", "wrong"), models.Unauthenticated)

			inboxtest.Refused(t, try("Paula@Example.com", password), models.AskedTooOften)

			for range 10 {
				inboxtest.Refused(t, try("nobody@example.com", "wrong"), models.Unauthenticated)
			}
			inboxtest.Refused(t, try("nobody@example.com", "wrong"), models.AskedTooOften)
			w.Clock.Advance(61 * time.Second)
			w.Must(try("paula@example.com", password))
		})
	}
}
