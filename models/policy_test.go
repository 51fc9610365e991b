package models_test

import (
	"context"
	"encoding/base64"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"parley/models"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestPolicyTable(t *testing.T) {
	t.Parallel()
	const golden = "testdata/policy.golden.txt"
	got := models.PolicyTable()
	if *update {
		must(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if got != string(want) {
		t.Errorf("who may do what has changed: look at it, and run the test with -update\n%s", got)
	}
}

func TestMay(t *testing.T) {
	t.Parallel()
	roles := []models.Role{models.Owner, models.Admin, models.Supervisor, models.Agent, models.ViewerRole, "PLATFORM", "SYSTEM"}
	policy := models.Policy()

	t.Run("an unknown role may nothing", func(t *testing.T) {
		for action := range policy {
			for _, role := range []models.Role{"", "BOSS", "owner", "OWNER "} {
				if role.May(action) {
					t.Errorf("%q may %s", role, action)
				}
			}
		}
	})
	t.Run("nobody may do an unknown action", func(t *testing.T) {
		for _, role := range roles {
			for _, action := range []models.Action{"", "DROP_EVERYTHING", "view_inbox"} {
				if role.May(action) {
					t.Errorf("%s may %q", role, action)
				}
			}
		}
	})
	t.Run("every action is somebody's", func(t *testing.T) {
		for action, allowed := range policy {
			if len(allowed) == 0 {
				t.Errorf("nobody may %s", action)
			}
		}
	})
	t.Run("what happens by itself is not for people", func(t *testing.T) {
		for _, role := range roles[:5] {
			for _, action := range []models.Action{models.ReceiveFromPlatform, models.DeliverMessages, models.KeepTheClock} {
				if role.May(action) {
					t.Errorf("%s may %s", role, action)
				}
			}
		}
	})
	t.Run("a higher role may all a lower one may", func(t *testing.T) {
		for action := range policy {
			for i := range roles[:4] {
				if roles[i+1].May(action) && !roles[i].May(action) {
					t.Errorf("%s may %s, %s may not", roles[i+1], action, roles[i])
				}
			}
		}
	})
}

// remove ends the membership of a user.
func (w *world) remove(userID string) {
	w.t.Helper()
	w.system(func(tx *models.Tx) error {
		m, err := tx.LockMembership(userID)
		must(w.t, err)
		m.RemovedAt = &tx.Now
		return tx.Update(m, "removed_at")
	})
}

// token makes one for the agent.
func (w *world) token(expiresAt *time.Time) (token *models.Token, secret string) {
	w.t.Helper()
	must(w.t, w.store.Do(context.Background(), w.agent, models.ManageOwnTokens, func(tx *models.Tx) (err error) {
		token, secret, err = tx.NewToken(w.agent.UserID, models.Token{Kind: models.APIToken, Name: "robot", ExpiresAt: expiresAt})
		must(w.t, err)
		return tx.Create(token)
	}))
	return token, secret
}

func (w *world) revoke(token *models.Token) {
	w.t.Helper()
	w.system(func(tx *models.Tx) error {
		token.RevokedAt = &tx.Now
		return tx.Update(token, "revoked_at")
	})
}

func TestDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.neighbour()
	soon := w.clock.Now().Add(time.Hour)

	alive, _ := w.token(&soon)
	revoked, _ := w.token(nil)
	w.revoke(revoked)
	w.remove(w.admin.UserID)

	with := func(v models.Viewer, token string) models.Viewer { v.TokenID = token; return v }
	in := func(v models.Viewer, organization string) models.Viewer { v.OrganizationID = organization; return v }
	for _, test := range []struct {
		name   string
		viewer models.Viewer
		action models.Action
		want   models.ErrorCode // empty: comes in
	}{
		{"lets a member in", w.agent, models.Reply, ""},
		{"lets a token of the member in", with(w.agent, alive.ID), models.Reply, ""},
		{"lets workers in", models.System(w.org.ID), models.KeepTheClock, ""},
		{"lets webhooks in", models.FromPlatform(w.org.ID), models.ReceiveFromPlatform, ""},
		{"refuses what the role may not", w.visitor, models.Reply, models.Forbidden},
		{"refuses an agent what an admin may", w.agent, models.ManageChannels, models.Forbidden},
		{"refuses an unknown action", w.owner, "DROP_EVERYTHING", models.Forbidden},
		{"refuses a webhook what people may", models.FromPlatform(w.org.ID), models.ViewInbox, models.Forbidden},
		{"refuses a worker what people may", models.System(w.org.ID), models.Reply, models.Forbidden},
		{"refuses people what workers may", w.owner, models.DeliverMessages, models.Forbidden},
		{"refuses a removed member", w.admin, models.ViewInbox, models.Unauthenticated},
		{"refuses a member of another organization", in(other.owner, w.org.ID), models.ViewInbox, models.Unauthenticated},
		{"refuses a revoked token", with(w.agent, revoked.ID), models.Reply, models.Unauthenticated},
		{"refuses an unknown token", with(w.agent, "tok_none"), models.Reply, models.Unauthenticated},
		{"refuses the token of another member", with(w.owner, alive.ID), models.Reply, models.Unauthenticated},
		{"refuses nobody", models.Viewer{}, models.ViewInbox, models.Unauthenticated},
		{"refuses a nobody of the organization", models.Viewer{OrganizationID: w.org.ID}, models.ViewInbox, models.Unauthenticated},
		{"refuses a worker of nowhere", models.System(""), models.KeepTheClock, models.Unauthenticated},
		{"refuses a stranger in an organization that is not there", in(w.owner, "org_none"), models.ViewInbox, models.Unauthenticated},
	} {
		t.Run(test.name, func(t *testing.T) {
			for kind, door := range map[string]func(context.Context, models.Viewer, models.Action, func(*models.Tx) error) error{
				"Do": w.store.Do, "Read": w.store.Read,
			} {
				entered := false
				err := door(context.Background(), test.viewer, test.action, func(*models.Tx) error { entered = true; return nil })
				if models.CodeOf(err) != test.want || (err == nil) != (test.want == "") || entered != (test.want == "") {
					t.Errorf("%s: got %v (%s), entered: %t", kind, err, models.CodeOf(err), entered)
				}
			}
		})
	}

	t.Run("refuses a token from the instant it expires", func(t *testing.T) {
		enter := func() error {
			return w.store.Read(context.Background(), with(w.agent, alive.ID), models.ViewInbox, func(*models.Tx) error { return nil })
		}
		w.clock.Advance(time.Hour - time.Microsecond)
		must(t, enter())
		w.clock.Advance(time.Microsecond)
		wantCode(t, enter(), models.Unauthenticated)
	})

	t.Run("lets a member back in who was added again", func(t *testing.T) {
		w.system(func(tx *models.Tx) error {
			m, err := tx.Membership(w.admin.UserID)
			must(t, err)
			m.RemovedAt = nil
			return tx.Update(m, "removed_at")
		})
		must(t, w.store.Read(context.Background(), w.admin, models.ViewInbox, func(tx *models.Tx) error {
			if tx.Role != models.Admin {
				t.Errorf("came in as %s", tx.Role)
			}
			return nil
		}))
	})
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	refused := func(t *testing.T, secret string) {
		t.Helper()
		viewer, _, err := w.store.Authenticate(ctx, secret)
		wantCode(t, err, models.Unauthenticated)
		if viewer != (models.Viewer{}) {
			t.Errorf("got %v with the refusal", viewer)
		}
	}
	soon := w.clock.Now().Add(time.Hour)

	t.Run("knows whose a token is, and until when", func(t *testing.T) {
		for _, expires := range []*time.Time{nil, &soon} {
			token, secret := w.token(expires)
			viewer, until, err := w.store.Authenticate(ctx, secret)
			must(t, err)
			want := w.agent
			want.TokenID = token.ID
			if viewer != want || until.IsZero() != (expires == nil) || expires != nil && !until.Equal(soon) {
				t.Errorf("got %v until %v", viewer, until)
			}
			if strings.Contains(string(token.Hash), secret) || strings.Contains(token.ID, secret) {
				t.Error("the row has the secret")
			}
		}
	})
	t.Run("refuses the unknown and the malformed alike", func(t *testing.T) {
		_, secret := w.token(nil)
		id := strings.TrimPrefix(w.org.ID, "org_")
		random := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
		for _, wrong := range []string{
			"", "ply", "ply_", "ply__", secret + "x", secret[:len(secret)-1], strings.ToUpper(secret), "x" + secret, " " + secret,
			"ply_" + id, "ply_" + id + "_", "ply_" + id + "_" + random, "ply_" + strings.Repeat("0", 32) + "_" + random,
			"ply_" + strings.Repeat("z", 32) + "_" + random, "ply_" + id + "_" + strings.Repeat("a", 1000), "ply_" + id + "\x00_" + random,
		} {
			refused(t, wrong)
		}
	})
	t.Run("refuses a revoked token", func(t *testing.T) {
		token, secret := w.token(nil)
		w.revoke(token)
		refused(t, secret)
	})
	t.Run("refuses a token of another organization under this one's name", func(t *testing.T) {
		other := w.neighbour()
		_, secret := other.token(nil)
		refused(t, strings.Replace(secret, strings.TrimPrefix(other.org.ID, "org_"), strings.TrimPrefix(w.org.ID, "org_"), 1))
	})
	t.Run("refuses a token from the instant it expires", func(t *testing.T) {
		_, secret := w.token(&soon)
		w.clock.Advance(time.Hour - time.Microsecond)
		if _, _, err := w.store.Authenticate(ctx, secret); err != nil {
			t.Error(err)
		}
		w.clock.Advance(time.Microsecond)
		refused(t, secret)
	})
	t.Run("refuses the token of a removed member", func(t *testing.T) {
		_, secret := w.token(nil)
		w.remove(w.agent.UserID)
		refused(t, secret)
	})
}

func FuzzToken(f *testing.F) {
	id, random := strings.Repeat("0f", 16), base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	for _, seed := range []string{"", "ply_", "ply_" + id + "_" + random, "ply_" + id + "__", "ply_" + strings.ToUpper(id) + "_x", "ply_é" + id} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, secret string) {
		organization, ok := models.OrganizationOf(secret)
		if !ok {
			return
		}
		if models.PrefixOf(organization) != models.OrganizationPrefix || !strings.HasPrefix(secret, "ply_"+organization[4:]+"_") {
			t.Errorf("%q is of %q", secret, organization)
		}
	})
}
