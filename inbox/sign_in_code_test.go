package inbox_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

const verifier = "a secret of the app's that nobody else knows"

func challenge() []byte {
	sum := sha256.Sum256([]byte(verifier))
	return sum[:]
}

// ben is how a provider knows an agent of every world.
var ben = models.ExternalIdentity{Issuer: "https://id.example.com", Subject: "ben-1", Email: "Ben@example.com", EmailVerified: true}

func admitted(w *inboxtest.World) (code string) {
	w.T.Helper()
	code, err := w.Inbox.AdmitIdentity(w.Context(), ben, challenge())
	w.Must(err)
	return code
}

func complete(w *inboxtest.World, c inbox.Completion) (*inbox.NewToken, error) {
	if c.Verifier == "" {
		c.Verifier = verifier
	}
	token, _, _, err := w.Inbox.CompleteSignIn(w.Context(), c)
	return token, err
}

func TestAdmitIdentity(t *testing.T) {
	t.Parallel()
	t.Run("knows a person by their id from the first time on", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		admitted(w)

		renamed := ben
		renamed.Email, renamed.EmailVerified = "ben@elsewhere.example", false
		code, err := w.Inbox.AdmitIdentity(w.Context(), renamed, challenge())
		w.Must(err)

		token, err := complete(w, inbox.Completion{Code: code})
		w.Must(err)
		inboxtest.Same(t, "user", token.Token.UserID, w.Agent.UserID)
		inboxtest.Same(t, "identities", w.Count(`SELECT count(*) FROM user_identities WHERE user_id = $1`, w.Agent.UserID), 1)
	})
	t.Run("knows nobody by an address nobody verified, an unknown one, or an odd id", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		for name, test := range map[string]struct {
			change func(*models.ExternalIdentity)
			want   error
		}{
			"unverified":  {func(i *models.ExternalIdentity) { i.EmailVerified = false }, inbox.ErrUnverifiedEmail},
			"no address":  {func(i *models.ExternalIdentity) { i.Email = "" }, inbox.ErrUnverifiedEmail},
			"unknown":     {func(i *models.ExternalIdentity) { i.Email = "nobody@example.com" }, inbox.ErrUnknownUser},
			"no id":       {func(i *models.ExternalIdentity) { i.Subject = "" }, inbox.ErrUnknownUser},
			"long id":     {func(i *models.ExternalIdentity) { i.Subject = strings.Repeat("x", 256) }, inbox.ErrUnknownUser},
			"NUL id":      {func(i *models.ExternalIdentity) { i.Subject = "\x00" }, inbox.ErrUnknownUser},
			"NUL address": {func(i *models.ExternalIdentity) { i.Email = "ben@example.com\x00" }, inbox.ErrUnknownUser},
		} {
			odd := ben
			test.change(&odd)
			if _, err := w.Inbox.AdmitIdentity(w.Context(), odd, challenge()); !errors.Is(err, test.want) {
				t.Errorf("%s: got %v, want %v", name, err, test.want)
			}
		}
		inboxtest.Same(t, "identities", w.Count(`SELECT count(*) FROM user_identities`), 0)
		inboxtest.Same(t, "codes", w.Count(`SELECT count(*) FROM sign_in_codes`), 0)
	})
	t.Run("binds a user to the first of two identities, though they come at once", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		var in, out atomic.Int64
		inboxtest.Together(6, func(i int) {
			who := ben
			who.Subject = []string{"ben-1", "ben-2"}[i%2]
			_, err := w.Inbox.AdmitIdentity(w.Context(), who, challenge())
			switch {
			case err == nil:
				in.Add(1)
			case errors.Is(err, inbox.ErrUnknownUser):
				out.Add(1)
			default:
				t.Error(err)
			}
		})
		inboxtest.Same(t, "let in, and not", []int64{in.Load(), out.Load()}, []int64{3, 3})
		inboxtest.Same(t, "identities", w.Count(`SELECT count(*) FROM user_identities`), 1)

		elsewhere := ben
		elsewhere.Issuer = "https://id.example.org"
		_, err := w.Inbox.AdmitIdentity(w.Context(), elsewhere, challenge())
		w.Must(err) // another provider knows them, too
	})
	t.Run("forgets codes nobody can ask for any more", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		admitted(w)
		w.Clock.Advance(models.DefaultRules().KeyRetention + models.SignInCodeLife)
		admitted(w)
		inboxtest.Same(t, "codes", w.Count(`SELECT count(*) FROM sign_in_codes`), 2)
		w.Clock.Advance(time.Microsecond)
		admitted(w)
		inboxtest.Same(t, "codes", w.Count(`SELECT count(*) FROM sign_in_codes`), 2)
	})
}

func TestCompleteSignIn(t *testing.T) {
	t.Parallel()
	t.Run("begins a session, once", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		code := admitted(w)

		token, viewer, organizations, err := w.Inbox.CompleteSignIn(w.Context(), inbox.Completion{Code: code, Verifier: verifier})
		w.Must(err)

		inboxtest.Same(t, "viewer", viewer, w.Agent)
		inboxtest.Same(t, "organizations", names(organizations), []string{"Flower Shop"})
		inboxtest.Same(t, "kind", token.Token.Kind, models.SessionToken)
		inboxtest.At(t, "its end", token.Token.ExpiresAt, w.Clock.Now().Add(inbox.SessionLength))
		if !enters(w, token.Secret) {
			t.Error("the session does not enter")
		}
		_, err = complete(w, inbox.Completion{Code: code})
		inboxtest.Refused(t, err, models.Unauthenticated)
		_, err = complete(w, inbox.Completion{Code: code, Key: "another call"})
		inboxtest.Refused(t, err, models.Unauthenticated)
		inboxtest.Same(t, "tokens", w.Count(`SELECT count(*) FROM tokens`), 1)
	})
	t.Run("is for who keeps the secret, and in time", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		code := admitted(w)
		said := map[string]bool{}
		refused := func(c inbox.Completion) {
			t.Helper()
			token, viewer, organizations, err := w.Inbox.CompleteSignIn(w.Context(), c)
			inboxtest.Refused(t, err, models.Unauthenticated)
			said[err.Error()] = true
			if token != nil || viewer != (models.Viewer{}) || len(organizations) > 0 {
				t.Errorf("got %v, %v, %v", token, viewer, organizations)
			}
		}
		ours := base64.RawURLEncoding.EncodeToString(challenge())
		for _, wrong := range []string{"", "short", strings.Repeat("x", 43), strings.Repeat("x", 129), ours} {
			refused(inbox.Completion{Code: code, Verifier: wrong})
		}
		for _, wrong := range []string{"", rand.Text(), strings.Repeat("x", 1<<20), "\x00"} {
			refused(inbox.Completion{Code: wrong, Verifier: verifier})
		}

		w.Clock.Advance(models.SignInCodeLife)
		refused(inbox.Completion{Code: code, Verifier: verifier, Key: "k"})
		inboxtest.Same(t, "words", len(said), 1)

		again := admitted(w)
		w.Clock.Advance(models.SignInCodeLife - time.Microsecond)
		_, err := complete(w, inbox.Completion{Code: again})
		w.Must(err) // what was tried in vain used nothing up
	})
	t.Run("lets a user of several organizations choose with the same code", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("2")
		code := admitted(w)

		_, _, organizations, err := w.Inbox.CompleteSignIn(w.Context(), inbox.Completion{Code: code, Verifier: verifier})
		inboxtest.Refused(t, err, models.ChooseOrganization)
		inboxtest.Same(t, "organizations", names(organizations), []string{"Book Store", "Flower Shop"})
		_, err = complete(w, inbox.Completion{Code: code, OrganizationID: new("org_0")})
		inboxtest.Refused(t, err, models.NotFound)

		token, err := complete(w, inbox.Completion{Code: code, OrganizationID: &n.Org.ID})
		w.Must(err)
		inboxtest.Same(t, "organization", token.Token.OrganizationID, n.Org.ID)
		_, err = complete(w, inbox.Completion{Code: code, OrganizationID: &w.Org.ID})
		inboxtest.Refused(t, err, models.Unauthenticated)
	})
	t.Run("lets one of those in who come at once", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("2")
		code := admitted(w)
		var in atomic.Int64
		inboxtest.Together(8, func(i int) {
			_, err := complete(w, inbox.Completion{Code: code, OrganizationID: []*string{&w.Org.ID, &n.Org.ID}[i%2]})
			if err == nil {
				in.Add(1)
			} else if models.CodeOf(err) != models.Unauthenticated {
				t.Error(err)
			}
		})
		inboxtest.Same(t, "let in", in.Load(), 1)
		inboxtest.Same(t, "tokens", w.Count(`SELECT count(*) FROM tokens`), 1)
	})
	t.Run("answers a repeated call with the same session", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := inbox.Completion{Code: admitted(w), Key: "k"}
		secrets := make([]string, 4)
		inboxtest.Together(len(secrets), func(i int) {
			token, err := complete(w, c)
			if err != nil {
				t.Error(err)
				return
			}
			secrets[i] = token.Secret
		})
		w.Clock.Advance(time.Hour) // the code has ended, the answer has not
		token, err := complete(w, c)
		w.Must(err)
		for _, secret := range secrets {
			inboxtest.Same(t, "secret", secret, token.Secret)
		}
		inboxtest.Same(t, "tokens", w.Count(`SELECT count(*) FROM tokens`), 1)

		c.Verifier = strings.Repeat("x", 43)
		_, err = complete(w, c)
		inboxtest.Refused(t, err, models.Unauthenticated)
		_, err = complete(w, inbox.Completion{Code: admitted(w), Key: "k"})
		inboxtest.Refused(t, err, models.IdempotencyConflict)
	})
	t.Run("uses nothing up when the session could not be made", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		code := admitted(w)
		w.Break(`CREATE FUNCTION fail() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$`)
		w.Break(`CREATE TRIGGER fail BEFORE INSERT ON tokens FOR EACH ROW EXECUTE FUNCTION fail()`)
		if _, err := complete(w, inbox.Completion{Code: code}); err == nil || models.CodeOf(err) != "" {
			t.Fatalf("got %v", err)
		}
		w.Break(`DROP TRIGGER fail ON tokens`)
		_, err := complete(w, inbox.Completion{Code: code})
		w.Must(err)
	})
	t.Run("is not for who left in the meantime", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		code := admitted(w)
		_, err := w.Inbox.RemoveMember(w.Context(), w.Owner, w.Agent.UserID, "")
		w.Must(err)
		_, err = complete(w, inbox.Completion{Code: code})
		inboxtest.Refused(t, err, models.NotFound)
	})
	t.Run("keeps only a hash of the code", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		code := admitted(w)
		_, err := complete(w, inbox.Completion{Code: code, Key: "k"})
		w.Must(err)
		inboxtest.Same(t, "places that keep it", keepers(w, code), nil)
		inboxtest.Same(t, "hashes", w.Count(`SELECT count(*) FROM sign_in_codes WHERE hash = sha256(convert_to($1, 'UTF8'))`, code), 1)
	})
}

func FuzzReadChallenge(f *testing.F) {
	f.Add(base64.RawURLEncoding.EncodeToString(challenge()))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		read, err := inbox.ReadChallenge(text)
		if err == nil && (len(read) != sha256.Size || base64.RawURLEncoding.EncodeToString(read) != text) {
			t.Errorf("%q is read as %x", text, read)
		}
	})
}

// TestSpendSignInCode holds the one function that reaches over the wall to what it is for.
func TestSpendSignInCode(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t)
	found(w, "Alpha")
	_, paula := signIn(w, nil) // where ben does not belong
	code, err := w.Store.SignInCode(w.Context(), admitted(w))
	w.Must(err)
	spend := func(viewer models.Viewer) (spent bool) {
		w.Must(w.Store.Do(w.Context(), viewer, models.ManageOwnTokens, func(tx *models.Tx) (err error) {
			spent, err = tx.SpendSignInCode(code)
			return err
		}))
		return spent
	}
	if spend(paula) {
		t.Error("an organization spent the code of somebody else's member")
	}
	if !spend(w.Agent) || spend(w.Agent) {
		t.Error("it is not spent exactly once")
	}
}
