package models_test

import (
	"context"
	"strings"
	"testing"

	"parley/models"
)

// tokenFor makes a token of a member's and returns them as they come in with it.
func (w *world) tokenFor(v models.Viewer, scopes ...models.TokenScope) models.Viewer {
	w.t.Helper()
	must(w.t, w.store.Do(context.Background(), v, models.ManageOwnTokens, func(tx *models.Tx) error {
		token, _, err := tx.NewToken(v.UserID, models.Token{Kind: models.APIToken, Name: "robot", Scopes: scopes})
		must(w.t, err)
		v.TokenID = token.ID
		return tx.Create(token)
	}))
	return v
}

func TestScopes(t *testing.T) {
	t.Parallel()
	people := map[models.Role]bool{models.Owner: true, models.Admin: true, models.Supervisor: true, models.Agent: true, models.ViewerRole: true}
	scopes := models.ScopesOfActions()

	t.Run("have every action of members, and no other", func(t *testing.T) {
		for action, roles := range models.Policy() {
			forPeople := false
			for _, role := range roles {
				forPeople = forPeople || people[role]
			}
			if forPeople != (scopes[action] != "") {
				t.Errorf("%s belongs to %q", action, scopes[action])
			}
		}
	})
	t.Run("leave a token what its member's role allows of them", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		for _, viewer := range []models.Viewer{w.admin, w.agent, w.visitor} {
			role := map[models.Viewer]models.Role{w.admin: models.Admin, w.agent: models.Agent, w.visitor: models.ViewerRole}[viewer]
			for _, scope := range models.TokenScopes {
				robot := w.tokenFor(viewer, scope)
				for action := range scopes {
					_, err := w.store.Stand(context.Background(), robot, action)
					switch {
					case role.May(action) && scopes[action] == scope:
						must(t, err)
					case models.CodeOf(err) != models.Forbidden:
						t.Errorf("a %s with %s asks for %s: %v", role, scope, action, err)
					case role.May(action) && !strings.Contains(err.Error(), string(scopes[action])):
						t.Errorf("%q does not say that %s is missing", err, scopes[action])
					}
				}
			}
		}
	})
	t.Run("are all there are for a token without any, which are those of before", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		robot := w.tokenFor(w.admin)
		for action := range scopes {
			_, want := w.store.Stand(context.Background(), w.admin, action)
			_, err := w.store.Stand(context.Background(), robot, action)
			wantCode(t, err, models.CodeOf(want))
		}
	})
	t.Run("are those of the token at every door", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		robot, ctx := w.tokenFor(w.admin, models.ScopeRead), context.Background()
		must(t, w.store.Read(ctx, robot, models.ViewInbox, func(tx *models.Tx) error {
			if tx.May(models.Reply) || tx.May(models.ManageQuarantine) || !tx.May(models.ViewInbox) {
				t.Error("a token to read with may something else")
			}
			_, err := tx.ListQuarantine(models.QuarantineFilter{}, models.Page{})
			wantCode(t, err, models.Forbidden)
			return nil
		}))
		for _, action := range []models.Action{models.Reply, models.ManageMembers} {
			nothing := func(*models.Tx) error { t.Errorf("came in to %s", action); return nil }
			wantCode(t, w.store.Do(ctx, robot, action, nothing), models.Forbidden)
			wantCode(t, w.store.Read(ctx, robot, action, nothing), models.Forbidden)
			_, _, err := w.store.Glance(ctx, robot, action, models.ConversationColumns{}, models.ConversationFilter{}, models.NewestActivity, models.Page{})
			wantCode(t, err, models.Forbidden)
		}
	})
	t.Run("that make no difference to a role make no other sight", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		access := func(v models.Viewer) models.Access {
			standing, err := w.store.Stand(context.Background(), v, models.ViewInbox)
			must(t, err)
			return standing.Access
		}
		if access(w.agent) != access(w.tokenFor(w.agent, models.TokenScopes...)) {
			t.Error("a token with all scopes is not like a session")
		}
		if read, all := access(w.tokenFor(w.agent, models.ScopeRead)), access(w.agent); read == all || read.String() == all.String() {
			t.Error("a token to read with is like a session")
		}
	})
}
