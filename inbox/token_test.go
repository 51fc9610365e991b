package inbox_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

const password = "correct horse battery staple"

var passwordHash = sync.OnceValues(func() (string, error) { return inbox.HashPassword(password) })

// found makes an organization with Paula in it, who has a password and belongs to all that are made so.
func found(w *inboxtest.World, name string) *models.Organization {
	w.T.Helper()
	hash, err := passwordHash()
	w.Must(err)
	o, _, err := w.Store.Found(w.Context(), name, models.Standard, models.NewMember{
		Email: "Paula@Example.com", Name: "Paula", PasswordHash: hash, Role: models.Owner,
	})
	w.Must(err)
	return o
}

func signIn(w *inboxtest.World, organizationID *string) (*inbox.NewToken, models.Viewer) {
	w.T.Helper()
	token, viewer, _, err := w.Inbox.SignIn(w.Context(), inbox.Credentials{
		Email: "paula@example.com", Password: password, OrganizationID: organizationID,
	})
	w.Must(err)
	return token, viewer
}

// enters reports whether the door lets in who comes by this secret.
func enters(w *inboxtest.World, secret string) bool {
	w.T.Helper()
	viewer, _, err := w.Store.Authenticate(w.Context(), secret)
	if err != nil {
		inboxtest.Refused(w.T, err, models.Unauthenticated)
		return false
	}
	w.Must(w.Store.Read(w.Context(), viewer, models.ViewInbox, func(*models.Tx) error { return nil }))
	return true
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	t.Run("begins a session in the only organization", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		o := found(w, "Alpha")

		token, viewer, organizations, err := w.Inbox.SignIn(w.Context(), inbox.Credentials{Email: "PAULA@example.com", Password: password})
		w.Must(err)

		inboxtest.Same(t, "organization", []string{viewer.OrganizationID, token.Token.OrganizationID}, []string{o.ID, o.ID})
		inboxtest.Same(t, "organizations", names(organizations), []string{"Alpha"})
		inboxtest.Same(t, "kind", token.Token.Kind, models.SessionToken)
		inboxtest.At(t, "its end", token.Token.ExpiresAt, w.Clock.Now().Add(inbox.SessionLength))
		who, expires, err := w.Store.Authenticate(w.Context(), token.Secret)
		w.Must(err)
		inboxtest.Same(t, "user", who.UserID, viewer.UserID)
		inboxtest.At(t, "the end the door knows", &expires, w.Clock.Now().Add(inbox.SessionLength))
	})
	t.Run("lets a user of several organizations choose", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		beta := found(w, "Beta")
		found(w, "Alpha")

		_, _, organizations, err := w.Inbox.SignIn(w.Context(), inbox.Credentials{Email: "paula@example.com", Password: password})

		inboxtest.Refused(t, err, models.ChooseOrganization)
		inboxtest.Same(t, "organizations", names(organizations), []string{"Alpha", "Beta"})
		inboxtest.Same(t, "tokens", w.Count(`SELECT count(*) FROM tokens`), 0)
		_, viewer := signIn(w, &beta.ID)
		inboxtest.Same(t, "chosen", viewer.OrganizationID, beta.ID)
	})
	t.Run("refuses an organization the user does not belong to any more", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		alpha, beta := found(w, "Alpha"), found(w, "Beta")
		w.Break(fmt.Sprintf(`UPDATE memberships SET removed_at = now() WHERE organization_id = '%s'`, alpha.ID))

		_, viewer := signIn(w, nil)
		inboxtest.Same(t, "the one that is left", viewer.OrganizationID, beta.ID)
		_, _, _, err := w.Inbox.SignIn(w.Context(), inbox.Credentials{
			Email: "paula@example.com", Password: password, OrganizationID: &alpha.ID,
		})
		inboxtest.Refused(t, err, models.NotFound)
	})
	t.Run("lasts for the length of a session", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		found(w, "Alpha")
		token, viewer := signIn(w, nil)
		viewer.TokenID = token.Token.ID
		look := func() error {
			return w.Store.Read(w.Context(), viewer, models.ViewInbox, func(*models.Tx) error { return nil })
		}

		w.Clock.Advance(inbox.SessionLength - time.Microsecond)
		if !enters(w, token.Secret) || look() != nil {
			t.Error("it ended too soon")
		}
		w.Clock.Advance(time.Microsecond)
		if enters(w, token.Secret) {
			t.Error("it did not end")
		}
		inboxtest.Refused(t, look(), models.Unauthenticated)
	})
}

// TestSignInTellsNothing of whom we know: neither by words nor by work. It runs alone, as it measures the memory that
// stretching a password takes.
func TestSignInTellsNothing(t *testing.T) {
	w := inboxtest.New(t)
	found(w, "Alpha")
	said := make(map[string]bool)
	try := func(email, password string) (megabytes uint64) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		token, viewer, organizations, err := w.Inbox.SignIn(w.Context(), inbox.Credentials{Email: email, Password: password})
		runtime.ReadMemStats(&after)
		inboxtest.Refused(t, err, models.Unauthenticated)
		said[err.Error()] = true
		if token != nil || viewer != (models.Viewer{}) || len(organizations) > 0 {
			t.Errorf("%s got %v, %v, %v", email, token, viewer, organizations)
		}
		return (after.TotalAlloc - before.TotalAlloc) >> 20
	}

	known, without, unknown := try("paula@example.com", "wrong"), try("olga@example.com", password), try("nobody@example.com", password)
	try("paula@example.com", strings.Repeat("x", 1001))

	if known < 64 || without < 64 || unknown < 64 {
		t.Errorf("a wrong password costs %d MiB, a user without one %d, a stranger %d", known, without, unknown)
	}
	inboxtest.Same(t, "words", len(said), 1)
	inboxtest.Same(t, "tokens", w.Count(`SELECT count(*) FROM tokens`), 0)
}

func names(organizations []models.Organization) (names []string) {
	for _, o := range organizations {
		names = append(names, o.Name)
	}
	return names
}

func TestHashPassword(t *testing.T) {
	t.Parallel()
	t.Run("writes the PHC string format", func(t *testing.T) {
		t.Parallel()
		hash, err := passwordHash()
		if err != nil {
			t.Fatal(err)
		}
		parts := regexp.MustCompile(`^\$argon2id\$v=19\$m=65536,t=3,p=4\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$`).FindStringSubmatch(hash)
		if parts == nil {
			t.Fatalf("wrote %q", hash)
		}
		for i, size := range []int{16, 32} {
			if raw, err := base64.RawStdEncoding.Strict().DecodeString(parts[1+i]); err != nil || len(raw) != size {
				t.Errorf("part %d has %d bytes (%v), want %d", i, len(raw), err, size)
			}
		}
	})
	t.Run("never writes the same twice", func(t *testing.T) {
		t.Parallel()
		first, err1 := passwordHash()
		second, err2 := inbox.HashPassword(password)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		for i, part := range strings.Split(second, "$")[4:] {
			if strings.Contains(first, part) {
				t.Errorf("part %d is the same for two people with one password", i)
			}
		}
	})
}

func TestAPIToken(t *testing.T) {
	t.Parallel()
	create := func(w *inboxtest.World, by models.Viewer, r inbox.TokenRequest) *inbox.NewToken {
		w.T.Helper()
		made, err := w.Inbox.CreateToken(w.Context(), by, r)
		w.Must(err)
		return made
	}
	t.Run("acts as the member who made it, until it expires", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		expires := w.Clock.Now().Add(time.Hour)
		forever, passing := create(w, w.Agent, inbox.TokenRequest{Name: "sync"}), create(w, w.Agent, inbox.TokenRequest{Name: "test", ExpiresAt: &expires})

		viewer, never, err := w.Store.Authenticate(w.Context(), forever.Secret)
		w.Must(err)
		inboxtest.Same(t, "viewer", viewer, models.Viewer{
			Kind: models.ActorUser, OrganizationID: w.Org.ID, UserID: w.Agent.UserID, TokenID: forever.Token.ID,
		})
		inboxtest.Same(t, "its end", never, time.Time{})
		inboxtest.Same(t, "kind", forever.Token.Kind, models.APIToken)
		if !enters(w, passing.Secret) {
			t.Error("a new token does not enter")
		}
		w.Clock.Advance(time.Hour)
		if enters(w, passing.Secret) || !enters(w, forever.Secret) {
			t.Error("the wrong one ended")
		}
	})
	t.Run("refuses what is no name, and an end in the past", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		now := w.Clock.Now()
		for _, r := range []inbox.TokenRequest{{}, {Name: strings.Repeat("x", 101)}, {Name: "sync", ExpiresAt: &now}} {
			_, err := w.Inbox.CreateToken(w.Context(), w.Agent, r)
			inboxtest.Refused(t, err, models.InvalidInput)
		}
	})
	t.Run("shows its secret once and keeps only a hash of it", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		made := create(w, w.Agent, inbox.TokenRequest{Name: "sync", Key: "k"})
		random := made.Secret[len("ply_")+32+1:]

		if len(random) < 40 || !strings.HasPrefix(made.Secret, "ply_") {
			t.Errorf("the secret has %d random characters", len(random))
		}
		inboxtest.Same(t, "places that keep it", keepers(w, random), nil)
		inboxtest.Same(t, "places that know its name", keepers(w, "sync"), []string{"tokens"})
		inboxtest.Same(t, "hashes", w.Count(`SELECT count(*) FROM tokens WHERE hash = sha256(convert_to($1, 'UTF8'))`, made.Secret), 1)
	})
	t.Run("gives the same secret for the same key", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		r := inbox.TokenRequest{Name: "sync", Key: "k"}

		first, again := create(w, w.Agent, r), create(w, w.Agent, r)
		others := create(w, w.Colleague, r)

		inboxtest.Same(t, "secret", again.Secret, first.Secret)
		inboxtest.Same(t, "id", again.Token.ID, first.Token.ID)
		if others.Secret == first.Secret || others.Token.UserID != w.Colleague.UserID {
			t.Error("a key of one member is a key of another")
		}
	})
	t.Run("is listed to its member while it can be used", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		expires := w.Clock.Now().Add(time.Hour)
		create(w, w.Agent, inbox.TokenRequest{Name: "first"})
		gone := create(w, w.Agent, inbox.TokenRequest{Name: "revoked"})
		create(w, w.Agent, inbox.TokenRequest{Name: "passing", ExpiresAt: &expires})
		create(w, w.Colleague, inbox.TokenRequest{Name: "another's"})
		create(w, w.Agent, inbox.TokenRequest{Name: "last"})
		_, err := w.Inbox.RevokeToken(w.Context(), w.Agent, gone.Token.ID, "")
		w.Must(err)
		list := func() (names []string) {
			w.Look(func(tx *models.Tx) error {
				size := 10
				page, err := tx.ListTokens(w.Agent.UserID, models.Page{First: &size})
				w.Must(err)
				for _, token := range page.Nodes() {
					names = append(names, token.Name)
				}
				return nil
			})
			return names
		}

		inboxtest.Same(t, "tokens", list(), []string{"first", "passing", "last"})
		w.Clock.Advance(time.Hour)
		inboxtest.Same(t, "tokens later", list(), []string{"first", "last"})
	})
}

func TestRevokeToken(t *testing.T) {
	t.Parallel()
	t.Run("ends the token at once", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		token, err := w.Inbox.CreateToken(w.Context(), w.Agent, inbox.TokenRequest{Name: "sync"})
		w.Must(err)
		end := w.LogEnd()

		revoked, err := w.Inbox.RevokeToken(w.Context(), w.Agent, token.Token.ID, "")
		w.Must(err)

		inboxtest.At(t, "revoked at", revoked.RevokedAt, w.Clock.Now())
		if enters(w, token.Secret) {
			t.Error("it still enters")
		}
		event := w.Log(end)[0]
		inboxtest.Same(t, "event", event.Data, models.EventData{TokenID: token.Token.ID, UserID: w.Agent.UserID})
		w.Clock.Advance(time.Minute)
		again, err := w.Inbox.RevokeToken(w.Context(), w.Agent, token.Token.ID, "")
		w.Must(err)
		inboxtest.At(t, "revoked at, the second time", again.RevokedAt, *revoked.RevokedAt)
		inboxtest.Same(t, "events", len(w.Log(end)), 1)
	})
	t.Run("is for its member and for who manages members", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("2")
		token := newToken(w, w.Inbox, w.Agent)
		for _, viewer := range []models.Viewer{w.Colleague, w.Onlooker, n.Owner, n.Agent} { // the last is the same person elsewhere
			_, err := w.Inbox.RevokeToken(w.Context(), viewer, token.TokenID, "")
			inboxtest.Refused(t, err, models.NotFound)
		}
		_, err := w.Inbox.RevokeToken(w.Context(), w.Colleague, "tok_00000000000000000000000000000000", "")
		inboxtest.Refused(t, err, models.NotFound)
		w.Must(w.Store.Read(w.Context(), token, models.ViewInbox, func(*models.Tx) error { return nil }))

		_, err = w.Inbox.RevokeToken(w.Context(), w.Admin, token.TokenID, "")
		w.Must(err)
	})
	t.Run("can be done by the token itself", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		token := newToken(w, w.Inbox, w.Agent)

		_, err := w.Inbox.RevokeToken(w.Context(), token, token.TokenID, "")
		w.Must(err)
		_, err = w.Inbox.RevokeToken(w.Context(), token, token.TokenID, "")
		inboxtest.Refused(t, err, models.Unauthenticated)
	})
}

func TestSwitchOrganization(t *testing.T) {
	t.Parallel()
	t.Run("begins a session elsewhere and leaves the first as it was", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("2") // of the same people
		here := newToken(w, w.Inbox, w.Agent)
		w.Break(fmt.Sprintf(`UPDATE tokens SET kind = 'SESSION' WHERE id = '%s'`, here.TokenID))

		session, switched, err := w.Inbox.SwitchOrganization(w.Context(), here, n.Org.ID, "")
		w.Must(err)

		inboxtest.Same(t, "viewer", switched, n.Agent)
		there, _, err := w.Store.Authenticate(w.Context(), session.Secret)
		w.Must(err)
		inboxtest.Same(t, "where the token leads", there.OrganizationID, n.Org.ID)
		inboxtest.Same(t, "kind", session.Token.Kind, models.SessionToken)
		inboxtest.At(t, "its end", session.Token.ExpiresAt, w.Clock.Now().Add(inbox.SessionLength))
		for _, viewer := range []models.Viewer{here, there} {
			w.Must(w.Store.Read(w.Context(), viewer, models.ViewInbox, func(*models.Tx) error { return nil }))
		}
	})
	t.Run("is for those who signed in: an API token stays where it is, and makes no others", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("2")
		program := newToken(w, w.Inbox, w.Agent)

		_, _, err := w.Inbox.SwitchOrganization(w.Context(), program, n.Org.ID, "")
		inboxtest.Refused(t, err, models.Forbidden)
		_, err = w.Inbox.CreateToken(w.Context(), program, inbox.TokenRequest{Name: "heir"})
		inboxtest.Refused(t, err, models.Forbidden)
		inboxtest.Same(t, "tokens", w.Count(`SELECT count(*) FROM tokens`), 1)
	})
	t.Run("refuses an organization the user does not belong to", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		foreign := found(w, "Alpha")
		for _, id := range []string{foreign.ID, "org_0", "nonsense", ""} {
			_, _, err := w.Inbox.SwitchOrganization(w.Context(), w.Agent, id, "")
			inboxtest.Refused(t, err, models.NotFound)
		}
	})
	t.Run("refuses who was let in once, but would not be now", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("2")
		revoked, expired := newToken(w, w.Inbox, w.Agent), newToken(w, w.Inbox, w.Colleague)
		_, err := w.Inbox.RevokeToken(w.Context(), w.Agent, revoked.TokenID, "")
		w.Must(err)
		w.Break(fmt.Sprintf(`UPDATE tokens SET expires_at = created_at WHERE id = '%s'`, expired.TokenID))
		removed := w.Onlooker
		_, err = w.Inbox.RemoveMember(w.Context(), w.Owner, removed.UserID, "")
		w.Must(err)

		for _, viewer := range []models.Viewer{revoked, expired, removed, {Kind: models.ActorUser}} {
			_, _, err := w.Inbox.SwitchOrganization(w.Context(), viewer, n.Org.ID, "")
			inboxtest.Refused(t, err, models.Unauthenticated)
		}
		inboxtest.Same(t, "sessions", w.Count(`SELECT count(*) FROM tokens WHERE kind = 'SESSION'`), 0)
	})
}

// keepers are the tables that have a text somewhere, as text or as bytes.
func keepers(w *inboxtest.World, text string) (tables []string) {
	w.T.Helper()
	c, err := pgx.Connect(w.Context(), w.URL)
	w.Must(err)
	defer c.Close(context.Background())
	rows, err := c.Query(w.Context(), `SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`)
	w.Must(err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	w.Must(err)
	for _, table := range all {
		var n int
		w.Must(c.QueryRow(w.Context(), `SELECT count(*) FROM `+table+` row
			WHERE position($1 IN row::text) > 0 OR position(encode(convert_to($1, 'UTF8'), 'hex') IN row::text) > 0`, text).Scan(&n))
		if n > 0 {
			tables = append(tables, table)
		}
	}
	return tables
}
