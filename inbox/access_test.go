package inbox_test

import (
	"fmt"
	"testing"

	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// limit limits a member to channels.
func limit(w *inboxtest.World, by, who models.Viewer, channels ...*models.Channel) error {
	ids := []string{}
	for _, c := range channels {
		ids = append(ids, c.ID)
	}
	_, err := w.Inbox.ChangeAccess(w.Context(), by, who.UserID, ids, "")
	return err
}

// sees reports whether a conversation is there for somebody.
func sees(w *inboxtest.World, v models.Viewer, c *models.Conversation) bool {
	w.T.Helper()
	err := w.Store.Read(w.Context(), v, models.ViewInbox, func(tx *models.Tx) error { return tx.Find(&models.Conversation{}, c.ID) })
	if err != nil {
		inboxtest.Refused(w.T, err, models.NotFound)
	}
	return err == nil
}

func TestChangeAccess(t *testing.T) {
	t.Parallel()
	t.Run("holds from the next door on, until it is lifted", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		other := w.Connect(models.WhatsApp, "2")
		end := w.LogEnd()

		m, err := w.Inbox.ChangeAccess(w.Context(), w.Admin, w.Agent.UserID, []string{other.ID, other.ID}, "")
		w.Must(err)
		inboxtest.Same(t, "channels", []string(m.ChannelIDs), []string{other.ID})
		if sees(w, w.Agent, c) || !sees(w, w.Colleague, c) {
			t.Error("it is not the agent alone who does not see the conversation")
		}
		_, err = w.Inbox.Reply(w.Context(), w.Agent, inbox.ReplyRequest{ConversationID: c.ID, Draft: models.Draft{Text: "hi"}})
		inboxtest.Refused(t, err, models.NotFound)
		inboxtest.Refused(t, assign(w, w.Agent, c, nil, nil, ""), models.NotFound)

		w.Must(limit(w, w.Admin, w.Agent, other, w.Channel))
		if !sees(w, w.Agent, c) {
			t.Error("a member who may see the channel does not see it")
		}
		w.Must(limit(w, w.Admin, w.Agent))
		if sees(w, w.Agent, c) {
			t.Error("a member without channels sees one")
		}
		_, err = w.Inbox.ChangeAccess(w.Context(), w.Admin, w.Agent.UserID, nil, "")
		w.Must(err)
		if !sees(w, w.Agent, c) {
			t.Error("the limit is still there")
		}
		inboxtest.Same(t, "events", w.Events(end), []models.EventType{
			models.MembershipChanged, models.MembershipChanged, models.MembershipChanged, models.MembershipChanged,
		})
	})
	t.Run("says nothing when nothing changes, or was done before", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		once := func(ids []string) {
			_, err := w.Inbox.ChangeAccess(w.Context(), w.Admin, w.Agent.UserID, ids, "key")
			w.Must(err)
		}
		once([]string{w.Channel.ID})
		end := w.LogEnd()
		once([]string{w.Channel.ID})
		w.Must(limit(w, w.Admin, w.Agent, w.Channel))
		inboxtest.Same(t, "events", w.Events(end), nil)
	})
	t.Run("is refused as a whole", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("2")
		many := make([]string, 201)
		for i := range many {
			many[i] = fmt.Sprint(i)
		}
		for _, test := range []struct {
			by, of   models.Viewer
			channels []string
			want     models.ErrorCode
		}{
			{w.Agent, w.Colleague, []string{w.Channel.ID}, models.Forbidden},
			{w.Agent, w.Agent, nil, models.Forbidden},
			{w.Owner, w.Admin, []string{w.Channel.ID}, models.InvalidInput},
			{w.Owner, w.Owner, []string{}, models.InvalidInput},
			{w.Owner, w.Agent, []string{w.Channel.ID, n.Channel.ID}, models.NotFound},
			{w.Owner, w.Agent, []string{"chn_none,chn_other"}, models.NotFound},
			{w.Owner, w.Agent, many, models.InvalidInput},
			{w.Owner, models.Viewer{UserID: "usr_none"}, []string{w.Channel.ID}, models.NotFound},
		} {
			_, err := w.Inbox.ChangeAccess(w.Context(), test.by, test.of.UserID, test.channels, "")
			inboxtest.Refused(t, err, test.want)
		}
		inboxtest.Same(t, "limits", w.Count(`SELECT count(*) FROM memberships WHERE channel_ids IS NOT NULL`), 0)
	})
	t.Run("ends with becoming an admin, and with leaving", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		w.Must(limit(w, w.Owner, w.Agent))
		w.Must(limit(w, w.Owner, w.Colleague))
		w.Must(changeRole(w, w.Owner, w.Agent, models.Supervisor))
		inboxtest.Same(t, "limits", w.Count(`SELECT count(*) FROM memberships WHERE channel_ids IS NOT NULL`), 2)
		w.Must(changeRole(w, w.Owner, w.Agent, models.Admin))
		w.Must(remove(w, w.Owner, w.Colleague))
		inboxtest.Same(t, "limits", w.Count(`SELECT count(*) FROM memberships WHERE channel_ids IS NOT NULL`), 0)
	})
	t.Run("leaves nobody responsible for what they do not see", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		other := w.Connect(models.WhatsApp, "2")
		c := w.CustomerWrites("491701", "hello?")
		w.Must(assign(w, w.Owner, c, &w.Agent.UserID, nil, ""))
		w.Must(limit(w, w.Owner, w.Agent, w.Channel))
		inboxtest.Same(t, "assigned", w.Count(`SELECT count(*) FROM conversations WHERE assignee_user_id IS NOT NULL`), 1)
		end := w.LogEnd()

		w.Must(limit(w, w.Owner, w.Agent, other))

		inboxtest.Same(t, "assigned", w.Count(`SELECT count(*) FROM conversations WHERE assignee_user_id IS NOT NULL`), 0)
		inboxtest.Same(t, "events", w.Events(end), []models.EventType{models.MembershipChanged, models.ConversationAssigned})
		inboxtest.Refused(t, assign(w, w.Owner, c, &w.Agent.UserID, nil, ""), models.InvalidInput)
	})
	t.Run("never meets an assignment half way", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		for range 5 {
			_, err := w.Inbox.ChangeAccess(w.Context(), w.Owner, w.Agent.UserID, nil, "")
			w.Must(err)
			done := make(chan error, 2)
			go func() { done <- limit(w, w.Owner, w.Agent) }()
			go func() { done <- assign(w, w.Admin, c, &w.Agent.UserID, nil, "") }()
			for range 2 {
				if err := <-done; err != nil {
					inboxtest.Refused(t, err, models.InvalidInput)
				}
			}
			inboxtest.Same(t, "assigned", w.Count(`SELECT count(*) FROM conversations WHERE assignee_user_id IS NOT NULL`), 0)
		}
	})
}
