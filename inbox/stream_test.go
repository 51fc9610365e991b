package inbox_test

import (
	"strings"
	"testing"
	"time"

	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// onX is a world with a channel on X, which can be assigned from although it cannot be connected yet.
func onX(t testing.TB) (w *inboxtest.World, x *models.Channel) {
	t.Helper()
	w = inboxtest.New(t)
	w.Must(w.Store.Do(w.Context(), w.Admin, models.ManageChannels, func(tx *models.Tx) (err error) {
		if x, err = tx.NewChannel(models.X, "44196397", "@shop", models.Credentials{}); err != nil {
			return err
		}
		if err := tx.Create(x); err != nil {
			return err
		}
		return tx.Route(x)
	}))
	return w, x
}

// seen is a post of Erika's that the agent takes over.
func seen(w *inboxtest.World, x *models.Channel) inbox.StreamRequest {
	published := w.Clock.Now().Add(-2 * time.Hour)
	return inbox.StreamRequest{
		ChannelID: x.ID, Surface: models.PostSurface,
		Post: models.PostFacts{
			ExternalID: "1234567890", Permalink: "https://x.example/erika/1234567890", Text: "my roses are blue",
			AuthorName: "Erika", PublishedAt: published,
		},
		Author: models.Author{ID: "9000", Name: "Erika", Handle: "erika"},
		UserID: &w.Agent.UserID, Reason: "roses",
	}
}

func fromStream(w *inboxtest.World, by models.Viewer, r inbox.StreamRequest) *models.Conversation {
	w.T.Helper()
	c, err := w.Inbox.AssignFromStream(w.Context(), by, r)
	w.Must(err)
	return c
}

func TestAssignFromStream(t *testing.T) {
	t.Parallel()
	t.Run("begins a conversation with the post, and assigns it", func(t *testing.T) {
		t.Parallel()
		w, x := onX(t)
		end := w.LogEnd()
		r := seen(w, x)

		c := fromStream(w, w.Colleague, r)

		inboxtest.Same(t, "place", []any{c.ChannelID, c.Platform, c.Surface, c.ThreadKey}, []any{x.ID, models.X, models.PostSurface, "1234567890"})
		inboxtest.Same(t, "status", c.Status, models.New)
		inboxtest.Same(t, "assignee", *c.AssigneeUserID, w.Agent.UserID)
		inboxtest.At(t, "waiting since", c.WaitingSince, r.Post.PublishedAt)
		said := w.Timeline(c)
		if len(said) != 1 {
			t.Fatalf("%d messages were said", len(said))
		}
		m := said[0]
		inboxtest.Same(t, "message", []any{m.Text, *m.ExternalID, m.Direction, m.Visibility},
			[]any{"my roses are blue", "1234567890", models.InboundMessage, models.Public})
		inboxtest.At(t, "the platform's time", m.PlatformAt, r.Post.PublishedAt)
		i := w.Identity(c)
		inboxtest.Same(t, "author", []string{i.ExternalID, i.Name, i.Handle}, []string{"9000", "Erika", "erika"})
		w.Look(func(tx *models.Tx) error {
			posts, err := tx.Posts([]string{*c.PostID})
			if err == nil && (len(posts) != 1 || posts[0].Permalink != r.Post.Permalink || posts[0].Text != r.Post.Text ||
				posts[0].AuthorName != "Erika" || !posts[0].PublishedAt.Equal(r.Post.PublishedAt) || posts[0].ChannelID != x.ID) {
				t.Errorf("the post is %+v", posts)
			}
			return err
		})
		given := w.Assignments(c)
		inboxtest.Same(t, "assignment", []string{*given[0].UserID, *given[0].AssignedBy, given[0].Reason}, []string{w.Agent.UserID, w.Colleague.UserID, "roses"})
		inboxtest.Same(t, "events", w.Events(end), []models.EventType{
			models.ConversationOpened, models.MessageAdded, models.ConversationAssigned,
		})
		for _, e := range w.Log(end) {
			inboxtest.Same(t, "who did it", e.ActorID, w.Colleague.UserID)
		}
	})
	t.Run("finds the conversation of a post it took before", func(t *testing.T) {
		t.Parallel()
		w, x := onX(t)
		first := fromStream(w, w.Colleague, seen(w, x))
		end := w.LogEnd()
		team := newTeam(w, "Roses")
		r := seen(w, x)
		r.UserID, r.TeamID = &w.Colleague.UserID, &team

		again := fromStream(w, w.Agent, r)

		inboxtest.Same(t, "conversation", again.ID, first.ID)
		inboxtest.Same(t, "assignees", []string{*again.AssigneeUserID, *again.AssigneeTeamID}, []string{w.Colleague.UserID, team})
		inboxtest.Same(t, "messages", len(w.Timeline(again)), 1)
		inboxtest.Same(t, "unread", again.UnreadCount, 1)
		inboxtest.Same(t, "assignments", len(w.Assignments(again)), 2)
		inboxtest.Same(t, "events", w.Events(end), []models.EventType{models.ConversationAssigned})

		fromStream(w, w.Agent, r)
		inboxtest.Same(t, "events of the same again", len(w.Log(end)), 1)
	})
	t.Run("makes one conversation for many who take the post at once", func(t *testing.T) {
		t.Parallel()
		w, x := onX(t)
		ids := make([]string, 6)
		inboxtest.Together(len(ids), func(i int) {
			c, err := w.Inbox.AssignFromStream(w.Context(), w.Agent, seen(w, x))
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = c.ID
		})

		for _, id := range ids {
			inboxtest.Same(t, "conversation", id, ids[0])
		}
		inboxtest.Same(t, "rows", w.Count(`SELECT (SELECT count(*) FROM conversations) + (SELECT count(*) FROM messages)
			+ (SELECT count(*) FROM posts) + (SELECT count(*) FROM contacts)`), 4)
	})
	t.Run("keeps the posts of one person apart", func(t *testing.T) {
		t.Parallel()
		w, x := onX(t)
		r := seen(w, x)
		first := fromStream(w, w.Agent, r)
		r.Post.ExternalID = "1234567891"

		second := fromStream(w, w.Agent, r)

		if second.ID == first.ID {
			t.Error("two posts are one conversation")
		}
		inboxtest.Same(t, "contact", second.ContactID, first.ContactID)
	})
	t.Run("dates a post without a time as of now", func(t *testing.T) {
		t.Parallel()
		w, x := onX(t)
		r := seen(w, x)
		r.Post.PublishedAt = time.Time{}

		c := fromStream(w, w.Agent, r)

		inboxtest.At(t, "waiting since", c.WaitingSince, w.Clock.Now())
	})
	t.Run("is refused while the inbox is deactivated, and leaves nothing", func(t *testing.T) {
		t.Parallel()
		w, x := onX(t)
		deactivate(w)
		end := w.LogEnd()

		_, err := w.Inbox.AssignFromStream(w.Context(), w.Owner, seen(w, x))

		inboxtest.Refused(t, err, models.InboxDeactivated)
		inboxtest.Same(t, "rows", w.Count(`SELECT (SELECT count(*) FROM conversations) + (SELECT count(*) FROM posts) + (SELECT count(*) FROM contacts)`), 0)
		inboxtest.Same(t, "events", w.Events(end), nil)
		_, err = w.Inbox.ActivateInbox(w.Context(), w.Owner, false, "")
		w.Must(err)
		fromStream(w, w.Owner, seen(w, x))
	})
	t.Run("is refused where nothing of the kind can be assigned", func(t *testing.T) {
		t.Parallel()
		w, x := onX(t)
		n := w.Neighbour("2")
		for name, c := range map[string]struct {
			by     models.Viewer
			change func(*inbox.StreamRequest)
			want   models.ErrorCode
		}{
			"another surface":   {w.Agent, func(r *inbox.StreamRequest) { r.Surface = models.Mention }, models.UnsupportedByChannel},
			"another platform":  {w.Agent, func(r *inbox.StreamRequest) { r.ChannelID = w.Channel.ID }, models.UnsupportedByChannel},
			"its messages":      {w.Agent, func(r *inbox.StreamRequest) { r.ChannelID, r.Surface = w.Channel.ID, models.PrivateMessage }, models.UnsupportedByChannel},
			"another's channel": {n.Agent, func(*inbox.StreamRequest) {}, models.NotFound},
			"no channel":        {w.Agent, func(r *inbox.StreamRequest) { r.ChannelID = "chn_0" }, models.NotFound},
			"an onlooker":       {w.Onlooker, func(*inbox.StreamRequest) {}, models.Forbidden},
			"for an onlooker":   {w.Agent, func(r *inbox.StreamRequest) { r.UserID = &w.Onlooker.UserID }, models.InvalidInput},
			"for a stranger":    {w.Agent, func(r *inbox.StreamRequest) { r.UserID = &x.ID }, models.NotFound},
			"for no team":       {w.Agent, func(r *inbox.StreamRequest) { r.TeamID = &x.ID }, models.NotFound},
			"no post":           {w.Agent, func(r *inbox.StreamRequest) { r.Post.ExternalID = "" }, models.InvalidInput},
			"no author":         {w.Agent, func(r *inbox.StreamRequest) { r.Author.ID = "" }, models.InvalidInput},
			"a long id":         {w.Agent, func(r *inbox.StreamRequest) { r.Post.ExternalID = strings.Repeat("1", 501) }, models.InvalidInput},
			"a long text":       {w.Agent, func(r *inbox.StreamRequest) { r.Post.Text = strings.Repeat("x", 20001) }, models.InvalidInput},
			"a long reason":     {w.Agent, func(r *inbox.StreamRequest) { r.Reason = strings.Repeat("x", 501) }, models.InvalidInput},
		} {
			r := seen(w, x)
			c.change(&r)
			if _, err := w.Inbox.AssignFromStream(w.Context(), c.by, r); models.CodeOf(err) != c.want {
				t.Errorf("%s: got %v, want %s", name, err, c.want)
			}
		}
		inboxtest.Same(t, "rows", w.Count(`SELECT (SELECT count(*) FROM conversations) + (SELECT count(*) FROM posts) + (SELECT count(*) FROM contacts)`), 0)
	})
}
