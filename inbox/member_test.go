package inbox_test

import (
	"testing"
	"time"

	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

func changeRole(w *inboxtest.World, by, of models.Viewer, to models.Role) error {
	_, err := w.Inbox.ChangeRole(w.Context(), by, of.UserID, to, "")
	return err
}

func remove(w *inboxtest.World, by, who models.Viewer) error {
	_, err := w.Inbox.RemoveMember(w.Context(), by, who.UserID, "")
	return err
}

// roles are those of the present members.
func roles(w *inboxtest.World) map[string]models.Role {
	w.T.Helper()
	roles := make(map[string]models.Role)
	w.Must(w.Store.Read(w.Context(), models.System(w.Org.ID), models.ViewInbox, func(tx *models.Tx) error {
		members, err := tx.Memberships(nil)
		for _, m := range members {
			roles[m.UserID] = m.Role
		}
		return err
	}))
	return roles
}

func TestChangeRole(t *testing.T) {
	t.Parallel()
	t.Run("holds from the next door on", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		end := w.LogEnd()

		m, err := w.Inbox.ChangeRole(w.Context(), w.Admin, w.Agent.UserID, models.ViewerRole, "")
		w.Must(err)

		inboxtest.Same(t, "role", m.Role, models.ViewerRole)
		inboxtest.Refused(t, assign(w, w.Agent, c, nil, nil, ""), models.Forbidden)
		w.Must(w.Store.Read(w.Context(), w.Agent, models.ViewInbox, func(*models.Tx) error { return nil }))
		events := w.Log(end)
		inboxtest.Same(t, "events", w.Events(end), []models.EventType{models.MembershipChanged})
		inboxtest.Same(t, "what it says", events[0].Data, models.EventData{UserID: w.Agent.UserID, To: "VIEWER"})
		inboxtest.Same(t, "who did it", events[0].ActorID, w.Admin.UserID)

		w.Must(changeRole(w, w.Admin, w.Agent, models.Agent))
		w.Must(assign(w, w.Agent, c, nil, nil, ""))
	})
	t.Run("says nothing when nothing changes", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		end := w.LogEnd()
		w.Must(changeRole(w, w.Admin, w.Agent, models.Agent))
		w.Must(changeRole(w, w.Owner, w.Owner, models.Owner))
		inboxtest.Same(t, "events", w.Events(end), nil)
	})
	t.Run("is for those who manage members", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		for _, viewer := range []models.Viewer{w.Agent, w.Onlooker} {
			inboxtest.Refused(t, changeRole(w, viewer, w.Colleague, models.ViewerRole), models.Forbidden)
			inboxtest.Refused(t, changeRole(w, viewer, viewer, models.Admin), models.Forbidden)
			inboxtest.Refused(t, remove(w, viewer, w.Colleague), models.Forbidden)
		}
	})
	t.Run("finds present members of the organization only", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("2")
		w.Must(remove(w, w.Owner, w.Colleague))
		for _, who := range []models.Viewer{w.Colleague, {UserID: "usr_00000000000000000000000000000000"}, {}} {
			inboxtest.Refused(t, changeRole(w, w.Owner, who, models.Admin), models.NotFound)
			inboxtest.Refused(t, remove(w, w.Owner, who), models.NotFound)
		}
		w.Must(changeRole(n, n.Owner, n.Colleague, models.Admin)) // the same person, there
		if _, present := roles(w)[w.Colleague.UserID]; present {
			t.Error("a role elsewhere made a membership here")
		}
	})
}

func TestOwners(t *testing.T) {
	t.Parallel()
	t.Run("are made and unmade by owners alone", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		before := roles(w)
		inboxtest.Refused(t, changeRole(w, w.Admin, w.Admin, models.Owner), models.Forbidden)
		inboxtest.Refused(t, changeRole(w, w.Admin, w.Agent, models.Owner), models.Forbidden)
		inboxtest.Refused(t, changeRole(w, w.Admin, w.Owner, models.Agent), models.Forbidden)
		inboxtest.Refused(t, remove(w, w.Admin, w.Owner), models.Forbidden)
		inboxtest.Same(t, "roles", roles(w), before)

		w.Must(changeRole(w, w.Owner, w.Admin, models.Owner))
		w.Must(changeRole(w, w.Admin, w.Owner, models.Agent))
		inboxtest.Same(t, "roles", []models.Role{roles(w)[w.Owner.UserID], roles(w)[w.Admin.UserID]}, []models.Role{models.Agent, models.Owner})
	})
	t.Run("are never none", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		inboxtest.Refused(t, changeRole(w, w.Owner, w.Owner, models.Admin), models.LastOwner)
		inboxtest.Refused(t, remove(w, w.Owner, w.Owner), models.LastOwner)

		w.Must(changeRole(w, w.Owner, w.Admin, models.Owner))
		w.Must(remove(w, w.Owner, w.Owner))
		inboxtest.Refused(t, remove(w, w.Admin, w.Admin), models.LastOwner)
	})
	t.Run("are never none, although two leave at once", func(t *testing.T) {
		t.Parallel()
		for round := range 5 {
			w := inboxtest.New(t)
			w.Must(changeRole(w, w.Owner, w.Admin, models.Owner))
			both := []models.Viewer{w.Owner, w.Admin}
			errs := make([]error, 2)
			inboxtest.Together(2, func(i int) {
				if round%2 == 0 {
					errs[i] = changeRole(w, both[i], both[i], models.Agent) // step down
				} else {
					errs[i] = remove(w, both[i], both[1-i]) // throw the other out
				}
			})

			owners := 0
			for _, role := range roles(w) {
				if role == models.Owner {
					owners++
				}
			}
			if owners != 1 || (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("%d owners are left after %v and %v", owners, errs[0], errs[1])
			}
		}
	})
}

func TestRemoveMember(t *testing.T) {
	t.Parallel()
	t.Run("releases open conversations, with their history", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		team := newTeam(w, "Roses")
		alone, shared, others, done := w.CustomerWrites("491701", "a"), w.CustomerWrites("491702", "b"), w.CustomerWrites("491703", "c"), w.CustomerWrites("491704", "d")
		w.Must(assign(w, w.Agent, alone, &w.Agent.UserID, nil, "mine"))
		w.Must(assign(w, w.Agent, shared, &w.Agent.UserID, &team, "ours"))
		w.Must(assign(w, w.Agent, others, &w.Colleague.UserID, nil, "yours"))
		w.Must(assign(w, w.Agent, done, &w.Agent.UserID, nil, "mine"))
		resolve(w, done)
		w.Clock.Advance(time.Hour)
		end := w.LogEnd()

		m, err := w.Inbox.RemoveMember(w.Context(), w.Admin, w.Agent.UserID, "")
		w.Must(err)

		inboxtest.At(t, "removed at", m.RemovedAt, w.Clock.Now())
		inboxtest.Same(t, "assignee of the first", w.Conversation(alone.ID).AssigneeUserID, nil)
		inboxtest.Same(t, "assignee of the shared", w.Conversation(shared.ID).AssigneeUserID, nil)
		inboxtest.Same(t, "team of the shared", *w.Conversation(shared.ID).AssigneeTeamID, team)
		inboxtest.Same(t, "assignee of the other's", *w.Conversation(others.ID).AssigneeUserID, w.Colleague.UserID)
		inboxtest.Same(t, "assignee of the resolved", *w.Conversation(done.ID).AssigneeUserID, w.Agent.UserID)

		history := w.Assignments(alone)
		inboxtest.Same(t, "assignments of the first", len(history), 1)
		inboxtest.Same(t, "whose", *history[0].UserID, w.Agent.UserID)
		inboxtest.At(t, "ended at", history[0].EndedAt, w.Clock.Now())
		history = w.Assignments(shared)
		inboxtest.Same(t, "assignments of the shared", len(history), 2)
		inboxtest.Same(t, "reason", history[0].Reason, "MEMBER_REMOVED")
		inboxtest.Same(t, "by", *history[0].AssignedBy, w.Admin.UserID)

		inboxtest.Same(t, "events", w.Events(end), []models.EventType{
			models.ConversationAssigned, models.ConversationAssigned, models.MembershipChanged,
		})
		told := w.Log(end)
		inboxtest.Same(t, "what is said of the first", told[0].Data, models.EventData{Reason: "MEMBER_REMOVED"})
		inboxtest.Same(t, "what is said of the shared", told[1].Data, models.EventData{Reason: "MEMBER_REMOVED", TeamID: team})
		inboxtest.Same(t, "what is said of the member", told[2].Data, models.EventData{UserID: w.Agent.UserID})
	})
	t.Run("releases a resolved conversation when it reopens", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Must(assign(w, w.Owner, c, &w.Agent.UserID, nil, ""))
		_, err := w.Inbox.ChangeStatus(w.Context(), w.Agent, inbox.StatusRequest{ConversationID: c.ID, Status: models.Resolved})
		w.Must(err)
		w.Must(remove(w, w.Owner, w.Agent))

		again := w.CustomerWrites("491701", "one more thing")

		inboxtest.Same(t, "conversation", again.ID, c.ID)
		inboxtest.Same(t, "assignee", again.AssigneeUserID, nil)
		inboxtest.Same(t, "status", again.Status, models.New)
	})
	t.Run("closes the door, for every token", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("2")
		token, err := w.Inbox.CreateToken(w.Context(), w.Agent, inbox.TokenRequest{Name: "sync"})
		w.Must(err)
		viewer, _, err := w.Store.Authenticate(w.Context(), token.Secret)
		w.Must(err)
		elsewhere := newToken(w, w.Inbox, n.Agent)
		colleague := newToken(w, w.Inbox, w.Colleague)

		w.Must(remove(w, w.Owner, w.Agent))

		if enters(w, token.Secret) {
			t.Error("their token still enters")
		}
		for _, gone := range []models.Viewer{viewer, w.Agent} {
			for _, action := range []models.Action{models.ViewInbox, models.OpenInbox, models.ManageOwnTokens} {
				err := w.Store.Do(w.Context(), gone, action, func(*models.Tx) error { return nil })
				inboxtest.Refused(t, err, models.Unauthenticated)
			}
		}
		inboxtest.Same(t, "tokens left to them here", w.Count(`SELECT count(*) FROM tokens WHERE user_id = $1 AND organization_id = $2
			AND revoked_at IS NULL`, w.Agent.UserID, w.Org.ID), 0)
		for _, present := range []models.Viewer{elsewhere, colleague} {
			w.Must(w.Store.Read(w.Context(), present, models.ViewInbox, func(*models.Tx) error { return nil }))
		}
		if _, present := roles(w)[w.Agent.UserID]; present {
			t.Error("they are still listed")
		}
	})
	t.Run("takes the member out of teams", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		team := newTeam(w, "Roses")
		w.Must(w.Store.Do(w.Context(), w.Admin, models.ManageMembers, func(tx *models.Tx) error {
			return tx.Create(&[]models.TeamMember{
				{OrganizationID: w.Org.ID, TeamID: team, UserID: w.Agent.UserID},
				{OrganizationID: w.Org.ID, TeamID: team, UserID: w.Colleague.UserID},
			})
		}))

		w.Must(remove(w, w.Owner, w.Agent))

		w.Look(func(tx *models.Tx) error {
			left, err := tx.TeamMembers([]string{team})
			if err == nil && (len(left) != 1 || left[0].UserID != w.Colleague.UserID) {
				t.Errorf("in the team are %v", left)
			}
			return err
		})
	})
	t.Run("keeps who wrote what", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		m := w.Reply(w.CustomerWrites("491701", "hello?"), "hi")

		w.Must(remove(w, w.Owner, w.Agent))

		author := *w.Message(m.ID).AuthorUserID
		w.Look(func(tx *models.Tx) error {
			users, err := tx.Users([]string{author})
			if err == nil && (len(users) != 1 || users[0].ID != w.Agent.UserID || users[0].Name != "ben") {
				t.Errorf("the author is %v", users)
			}
			return err
		})
	})
	t.Run("leaves nothing to a member who is made responsible meanwhile", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		var open []*models.Conversation
		for _, customer := range []string{"491701", "491702", "491703", "491704", "491705", "491706", "491707"} {
			open = append(open, w.CustomerWrites(customer, "hello?"))
		}

		inboxtest.Together(len(open)+1, func(i int) {
			if i == len(open) {
				if err := remove(w, w.Owner, w.Agent); err != nil {
					t.Error(err)
				}
				return
			}
			if err := assign(w, w.Colleague, open[i], &w.Agent.UserID, nil, ""); err != nil && models.CodeOf(err) != models.NotFound {
				t.Error(err)
			}
		})

		inboxtest.Same(t, "conversations of somebody who is gone",
			w.Count(`SELECT count(*) FROM conversations WHERE assignee_user_id = $1`, w.Agent.UserID), 0)
	})
}
