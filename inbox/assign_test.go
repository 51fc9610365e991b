package inbox_test

import (
	"strings"
	"testing"
	"time"

	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

func TestAssign(t *testing.T) {
	t.Parallel()
	t.Run("makes a person responsible, and keeps who did it, when and why", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Clock.Advance(time.Minute)
		end := w.LogEnd()

		w.Must(assign(w, w.Agent, c, &w.Colleague.UserID, nil, "knows about tulips"))

		c = w.Conversation(c.ID)
		inboxtest.Same(t, "assignee", *c.AssigneeUserID, w.Colleague.UserID)
		kept := w.Assignments(c)
		inboxtest.Same(t, "assignments", len(kept), 1)
		inboxtest.Same(t, "assignment", []any{*kept[0].UserID, kept[0].TeamID, *kept[0].AssignedBy, kept[0].Reason, kept[0].EndedAt},
			[]any{w.Colleague.UserID, (*string)(nil), w.Agent.UserID, "knows about tulips", (*time.Time)(nil)})
		inboxtest.At(t, "since", &kept[0].AssignedAt, w.Clock.Now())
		log := w.Log(end)
		if len(log) != 1 || log[0].Type != models.ConversationAssigned || log[0].ConversationID != c.ID ||
			log[0].ActorID != w.Agent.UserID || log[0].Data.UserID != w.Colleague.UserID || log[0].Data.Reason != "knows about tulips" {
			t.Errorf("the log says %+v", log)
		}
	})
	t.Run("to a team, and then to one of it, leaves a history", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		team := newTeam(w, "Roses")

		w.Must(assign(w, w.Agent, c, nil, &team, ""))
		w.Clock.Advance(time.Minute)
		w.Must(assign(w, w.Colleague, c, &w.Colleague.UserID, &team, "mine"))

		c = w.Conversation(c.ID)
		inboxtest.Same(t, "assignees", []string{*c.AssigneeUserID, *c.AssigneeTeamID}, []string{w.Colleague.UserID, team})
		kept := w.Assignments(c)
		inboxtest.Same(t, "assignments", len(kept), 2)
		inboxtest.Same(t, "newest first", []string{*kept[0].AssignedBy, *kept[1].AssignedBy}, []string{w.Colleague.UserID, w.Agent.UserID})
		inboxtest.Same(t, "present", kept[0].EndedAt, nil)
		inboxtest.At(t, "former", kept[1].EndedAt, w.Clock.Now())
	})
	t.Run("to nobody ends the assignment", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Must(assign(w, w.Agent, c, &w.Agent.UserID, nil, ""))
		w.Clock.Advance(time.Minute)
		end := w.LogEnd()

		w.Must(assign(w, w.Agent, c, nil, nil, "lunch"))

		c = w.Conversation(c.ID)
		inboxtest.Same(t, "assignees", []*string{c.AssigneeUserID, c.AssigneeTeamID}, []*string{nil, nil})
		kept := w.Assignments(c)
		inboxtest.Same(t, "assignments", len(kept), 1)
		inboxtest.At(t, "ended", kept[0].EndedAt, w.Clock.Now())
		log := w.Log(end)
		if len(log) != 1 || log[0].Data.UserID != "" || log[0].Data.Reason != "lunch" {
			t.Errorf("the log says %+v", log)
		}
	})
	t.Run("to who is responsible already changes nothing", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Must(assign(w, w.Agent, c, &w.Agent.UserID, nil, ""))
		before, end := w.Conversation(c.ID), w.LogEnd()

		w.Must(assign(w, w.Colleague, c, &w.Agent.UserID, nil, "again"))

		inboxtest.Same(t, "conversation", w.Conversation(c.ID), before)
		inboxtest.Same(t, "events", w.Events(end), nil)
	})
	t.Run("stays when the conversation is answered, resolved and reopened", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		w.Must(assign(w, w.Agent, c, &w.Agent.UserID, nil, ""))

		w.Reply(c, "hi")
		resolve(w, c)
		c = w.CustomerWrites("491701", "one more thing")

		inboxtest.Same(t, "assignee", *c.AssigneeUserID, w.Agent.UserID)
	})
	t.Run("by two at once leaves one present assignment", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		people := []models.Viewer{w.Agent, w.Colleague, w.Admin, w.Owner}

		inboxtest.Together(len(people), func(i int) {
			if err := assign(w, people[i], c, &people[i].UserID, nil, "mine"); err != nil {
				t.Error(err)
			}
		})

		kept := w.Assignments(c)
		inboxtest.Same(t, "assignments", len(kept), len(people))
		inboxtest.Same(t, "present", w.Count(`SELECT count(*) FROM assignments WHERE ended_at IS NULL`), 1)
		inboxtest.Same(t, "the newest", *w.Conversation(c.ID).AssigneeUserID, *kept[0].UserID)
	})
}

func TestAssignIsRefused(t *testing.T) {
	t.Parallel()
	nobody := "usr_00000000000000000000000000000000"
	for _, test := range []struct {
		name string
		ask  func(*inboxtest.World, *models.Conversation) error
		want models.ErrorCode
	}{
		{"to an unknown person", func(w *inboxtest.World, c *models.Conversation) error {
			return assign(w, w.Agent, c, &nobody, nil, "")
		}, models.NotFound},
		{"to an unknown team", func(w *inboxtest.World, c *models.Conversation) error {
			return assign(w, w.Agent, c, nil, &nobody, "")
		}, models.NotFound},
		{"to another organization's team", func(w *inboxtest.World, c *models.Conversation) error {
			theirs := newTeam(w.Neighbour("206540352242922"), "Maps")
			return assign(w, w.Agent, c, nil, &theirs, "")
		}, models.NotFound},
		{"to who left", func(w *inboxtest.World, c *models.Conversation) error {
			_, err := w.Inbox.RemoveMember(w.Context(), w.Admin, w.Colleague.UserID, "")
			w.Must(err)
			return assign(w, w.Agent, c, &w.Colleague.UserID, nil, "")
		}, models.NotFound},
		{"to who only looks on", func(w *inboxtest.World, c *models.Conversation) error {
			return assign(w, w.Agent, c, &w.Onlooker.UserID, nil, "")
		}, models.InvalidInput},
		{"by who only looks on", func(w *inboxtest.World, c *models.Conversation) error {
			return assign(w, w.Onlooker, c, &w.Agent.UserID, nil, "")
		}, models.Forbidden},
		{"of another organization's conversation", func(w *inboxtest.World, c *models.Conversation) error {
			n := w.Neighbour("206540352242922")
			return assign(w, n.Agent, c, &n.Agent.UserID, nil, "")
		}, models.NotFound},
		{"for a reason without end", func(w *inboxtest.World, c *models.Conversation) error {
			return assign(w, w.Agent, c, &w.Agent.UserID, nil, strings.Repeat("a", 501))
		}, models.InvalidInput},
		{"for a reason with a NUL", func(w *inboxtest.World, c *models.Conversation) error {
			return assign(w, w.Agent, c, &w.Agent.UserID, nil, "a\x00b")
		}, models.InvalidInput},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := inboxtest.New(t)
			c := w.CustomerWrites("491701", "hello?")

			err := test.ask(w, c)

			inboxtest.Refused(t, err, test.want)
			inboxtest.Same(t, "conversation", w.Conversation(c.ID), c)
			inboxtest.Same(t, "assignments", len(w.Assignments(c)), 0)
		})
	}
}

func assign(w *inboxtest.World, by models.Viewer, c *models.Conversation, user, team *string, reason string) error {
	_, err := w.Inbox.Assign(w.Context(), by, inbox.AssignRequest{ConversationID: c.ID, UserID: user, TeamID: team, Reason: reason})
	return err
}

func newTeam(w *inboxtest.World, name string) (id string) {
	w.T.Helper()
	w.Must(w.Store.Do(w.Context(), w.Admin, models.ManageMembers, func(tx *models.Tx) error {
		team := tx.NewTeam(name)
		id = team.ID
		return tx.Create(team)
	}))
	return id
}
