package inbox_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

func act(w *inboxtest.World, m *models.Message, kind models.ActionKind, words ...string) error {
	r := inbox.ActRequest{MessageID: m.ID, Kind: kind}
	if len(words) > 0 {
		r.Emoji, r.Text = words[0], words[0]
	}
	_, err := w.Inbox.Act(w.Context(), w.Agent, r)
	return err
}

// spoken is a world with a comment of Erika's and our answer to it.
func spoken(t *testing.T) (w *inboxtest.World, able *inboxtest.Able, theirs, ours *models.Message) {
	t.Helper()
	w, able = inboxtest.NewOn(t, models.Facebook)
	theirs, c := comment(w, w.Comments("erika", "root-1", "how much?"))
	ours = w.Reply(c, "ten")
	w.Work(models.DueMessages)
	return w, able, theirs, w.Message(ours.ID)
}

// actions are the outcomes the log tells after the first n events.
func actions(w *inboxtest.World, after int) (told []string) {
	w.T.Helper()
	for _, e := range w.Log(after) {
		if e.Type == models.MessageActionChanged {
			told = append(told, e.Data.Change+" "+e.Data.To)
		}
	}
	return told
}

func TestAct(t *testing.T) {
	t.Parallel()
	t.Run("changes the message once the platform has done it", func(t *testing.T) {
		t.Parallel()
		w, able, theirs, ours := spoken(t)
		end := w.LogEnd()
		w.Clock.Advance(time.Minute)

		w.Must(act(w, theirs, models.HideMessage))
		w.Must(act(w, theirs, models.LikeMessage))
		w.Must(act(w, ours, models.EditMessage, "eleven"))
		inboxtest.Same(t, "before", []any{w.Message(theirs.ID).HiddenAt, w.Message(ours.ID).Text}, []any{(*time.Time)(nil), "ten"})
		w.Work(models.DueActions)

		inboxtest.At(t, "hidden", w.Message(theirs.ID).HiddenAt, w.Clock.Now())
		inboxtest.At(t, "liked", w.Message(theirs.ID).LikedAt, w.Clock.Now())
		inboxtest.Same(t, "text", w.Message(ours.ID).Text, "eleven")
		inboxtest.At(t, "edited", w.Message(ours.ID).EditedAt, w.Clock.Now())
		inboxtest.Same(t, "told", actions(w, end), []string{"HIDE QUEUED", "LIKE QUEUED", "EDIT QUEUED", "HIDE DONE", "LIKE DONE", "EDIT DONE"})
		asked := able.Acts.Asked()
		inboxtest.Same(t, "asked", []any{asked[0].TargetExternalID, asked[0].Ours, asked[2].TargetExternalID, asked[2].Ours, asked[2].Text},
			[]any{*theirs.ExternalID, false, *ours.ExternalID, true, "eleven"})

		w.Must(act(w, theirs, models.UnhideMessage))
		w.Must(act(w, theirs, models.UnlikeMessage))
		w.Work(models.DueActions)
		m := w.Message(theirs.ID)
		inboxtest.Same(t, "undone", []any{m.HiddenAt, m.LikedAt}, []any{(*time.Time)(nil), (*time.Time)(nil)})
	})
	t.Run("puts an emoji on a message, another in its place, and takes it away", func(t *testing.T) {
		t.Parallel()
		w, _ := inboxtest.NewOn(t, models.Facebook)
		m := w.Message(*w.CustomerWrites("erika", "hello?").LastInboundID)
		for _, step := range []struct {
			kind  models.ActionKind
			emoji string
			want  string
		}{{models.ReactToMessage, "👍", "👍"}, {models.ReactToMessage, "❤️", "❤️"}, {models.UnreactMessage, "", ""}} {
			w.Must(act(w, m, step.kind, step.emoji))
			w.Work(models.DueActions)
			inboxtest.Same(t, "own reaction", w.Message(m.ID).OwnReaction, step.want)
		}
		inboxtest.Refused(t, act(w, m, models.ReactToMessage, ""), models.InvalidInput)
		inboxtest.Refused(t, act(w, m, models.ReactToMessage, strings.Repeat("👍", 20)), models.InvalidInput)
	})
	t.Run("deletes the words with the message, once", func(t *testing.T) {
		t.Parallel()
		w, able, _, ours := spoken(t)
		deletion := models.Inbound{Kind: models.InboundDeletion, AccountID: w.Channel.AccountID, ExternalID: *ours.ExternalID, At: w.Clock.Now()}
		able.Acts.Does(func(channels.Action) (struct{}, error) {
			w.Receive(deletion) // the platform tells us before it answers
			return struct{}{}, nil
		})
		end := w.LogEnd()
		w.Must(act(w, ours, models.DeleteMessage))
		w.Must(act(w, ours, models.EditMessage, "words for a message that is gone"))

		w.Work(models.DueActions)

		m := w.Message(ours.ID)
		inboxtest.Same(t, "text", []any{m.Text, m.DeletedAt != nil, m.EditedAt}, []any{"", true, (*time.Time)(nil)})
		inboxtest.Same(t, "asked", len(able.Acts.Asked()), 1)
		inboxtest.Same(t, "told", actions(w, end), []string{"DELETE QUEUED", "EDIT QUEUED", "DELETE DONE", "EDIT FAILED"})
		changed := 0
		for _, e := range w.Events(end) {
			if e == models.MessageChanged {
				changed++
			}
		}
		inboxtest.Same(t, "told of the deletion", changed, 1)
		inboxtest.Refused(t, act(w, ours, models.LikeMessage), models.UnsupportedByChannel)
	})
	t.Run("does not bring back words that were deleted while they were edited", func(t *testing.T) {
		t.Parallel()
		w, able, _, ours := spoken(t)
		able.Acts.Does(func(channels.Action) (struct{}, error) {
			w.Receive(models.Inbound{Kind: models.InboundDeletion, AccountID: w.Channel.AccountID, ExternalID: *ours.ExternalID, At: w.Clock.Now()})
			return struct{}{}, nil
		})
		w.Must(act(w, ours, models.EditMessage, "back again"))

		w.Work(models.DueActions)

		inboxtest.Same(t, "text", w.Message(ours.ID).Text, "")
	})
	t.Run("takes the place of what it undoes and still waits", func(t *testing.T) {
		t.Parallel()
		w, able, theirs, _ := spoken(t)

		w.Must(act(w, theirs, models.HideMessage))
		w.Must(act(w, theirs, models.LikeMessage))
		w.Must(act(w, theirs, models.UnhideMessage))
		w.Work(models.DueActions)

		var kinds []models.ActionKind
		for _, a := range able.Acts.Asked() {
			kinds = append(kinds, a.Kind)
		}
		inboxtest.Same(t, "asked", kinds, []models.ActionKind{models.LikeMessage, models.UnhideMessage})
	})
	t.Run("comes after what it undoes and is being done", func(t *testing.T) {
		t.Parallel()
		w, able, theirs, _ := spoken(t)
		able.Acts.Does(func(channels.Action) (struct{}, error) {
			w.Must(act(w, theirs, models.UnhideMessage))
			return struct{}{}, nil
		})
		w.Must(act(w, theirs, models.HideMessage))

		w.Work(models.DueActions)

		inboxtest.Same(t, "asked", len(able.Acts.Asked()), 2)
		inboxtest.Same(t, "hidden", w.Message(theirs.ID).HiddenAt, nil)
	})
	t.Run("is refused where the platform has no such action, and to those who may not", func(t *testing.T) {
		t.Parallel()
		w, _, theirs, ours := spoken(t)
		n := w.Neighbour("99")

		inboxtest.Refused(t, act(w, theirs, models.EditMessage, "my words"), models.UnsupportedByChannel)
		inboxtest.Refused(t, act(w, ours, models.HideMessage), models.UnsupportedByChannel)
		inboxtest.Refused(t, act(w, theirs, models.ReactToMessage, "👍"), models.UnsupportedByChannel)
		inboxtest.Refused(t, act(w, theirs, "EXPLODE"), models.UnsupportedByChannel)
		inboxtest.Refused(t, act(w, ours, models.EditMessage, ""), models.InvalidInput)
		inboxtest.Refused(t, act(w, ours, models.EditMessage, strings.Repeat("ä", 8001)), models.InvalidInput)
		w.Must(act(w, ours, models.EditMessage, strings.Repeat("ä", 8000)))
		_, err := w.Inbox.Act(w.Context(), w.Onlooker, inbox.ActRequest{MessageID: ours.ID, Kind: models.LikeMessage})
		inboxtest.Refused(t, err, models.Forbidden)
		_, err = w.Inbox.Act(w.Context(), n.Agent, inbox.ActRequest{MessageID: ours.ID, Kind: models.LikeMessage})
		inboxtest.Refused(t, err, models.NotFound)
		queued := w.Reply(w.Conversation(ours.ConversationID), "not sent yet")
		inboxtest.Refused(t, act(w, queued, models.LikeMessage), models.UnsupportedByChannel)
		deactivate(w)
		inboxtest.Refused(t, act(w, theirs, models.LikeMessage), models.InboxDeactivated)
	})
}

func TestPerform(t *testing.T) {
	t.Parallel()
	open := func(w *inboxtest.World, m *models.Message) (open []models.MessageAction) {
		w.Look(func(tx *models.Tx) (err error) {
			open, err = tx.OpenActionsOf([]string{m.ID})
			return err
		})
		return open
	}
	t.Run("tries again what may pass, also if the answer was lost", func(t *testing.T) {
		t.Parallel()
		w, able, theirs, _ := spoken(t)
		able.Acts.Refuses(failure(models.RateLimited))
		able.Acts.Does(func(channels.Action) (struct{}, error) { return struct{}{}, errors.New("lost") })
		w.Must(act(w, theirs, models.LikeMessage))

		for range 3 {
			w.Work(models.DueActions)
			w.Clock.Advance(10 * time.Second)
		}

		inboxtest.Same(t, "asked", len(able.Acts.Asked()), 3)
		inboxtest.Same(t, "liked", w.Message(theirs.ID).LikedAt != nil, true)
		inboxtest.Same(t, "open", len(open(w, theirs)), 0)
	})
	t.Run("says why the platform refused it", func(t *testing.T) {
		t.Parallel()
		w, able, theirs, _ := spoken(t)
		able.Acts.Refuses(failure(models.PermissionMissing))
		w.Must(act(w, theirs, models.HideMessage))
		end := w.LogEnd()

		w.Work(models.DueActions)

		a := open(w, theirs)[0]
		inboxtest.Same(t, "action", []any{a.Status, a.FailureReason, a.FailureCode, a.DueAt}, []any{models.ActionFailed, models.PermissionMissing, "4711", (*time.Time)(nil)})
		inboxtest.Same(t, "hidden", w.Message(theirs.ID).HiddenAt, nil)
		inboxtest.Same(t, "channel", channel(w).Status, models.NeedsAttention)
		inboxtest.Same(t, "told", actions(w, end), []string{"HIDE FAILED"})
	})
	t.Run("gives up when the attempts are used up", func(t *testing.T) {
		t.Parallel()
		w, able, theirs, _ := spoken(t)
		tries := models.DefaultRules().MaxAttempts
		for range tries + 1 {
			able.Acts.Refuses(failure(models.Transient))
		}
		w.Must(act(w, theirs, models.LikeMessage))

		for range tries + 1 {
			w.Work(models.DueActions)
			w.Clock.Advance(10 * time.Minute)
		}

		inboxtest.Same(t, "asked", len(able.Acts.Asked()), tries)
		inboxtest.Same(t, "status", open(w, theirs)[0].Status, models.ActionFailed)
	})
	t.Run("does again what a worker began and never ended", func(t *testing.T) {
		t.Parallel()
		w, able, theirs, _ := spoken(t)
		able.Acts.Does(func(channels.Action) (struct{}, error) { panic("killed") })
		w.Must(act(w, theirs, models.LikeMessage))

		w.Work(models.DueActions)
		inboxtest.Same(t, "while the lease lasts", w.Work(models.DueActions), 0)
		w.Clock.Advance(inbox.ActionLease)
		w.Work(models.DueActions)

		inboxtest.Same(t, "asked", len(able.Acts.Asked()), 2)
		inboxtest.Same(t, "liked", w.Message(theirs.ID).LikedAt != nil, true)
	})
	for _, test := range []struct {
		name  string
		given func(*inboxtest.World)
		want  models.FailureReason
	}{
		{"the channel was disconnected", func(w *inboxtest.World) {
			_, err := w.Inbox.DisconnectChannel(w.Context(), w.Admin, w.Channel.ID, "")
			w.Must(err)
		}, models.ChannelUnavailable},
		{"the inbox was deactivated", deactivate, models.InboxUnavailable},
	} {
		t.Run("does nothing after "+test.name, func(t *testing.T) {
			t.Parallel()
			w, able, theirs, _ := spoken(t)
			w.Must(act(w, theirs, models.LikeMessage))
			test.given(w)

			w.Work(models.DueActions)

			inboxtest.Same(t, "reason", open(w, theirs)[0].FailureReason, test.want)
			inboxtest.Same(t, "asked", len(able.Acts.Asked()), 0)
		})
	}
}

func TestShowTyping(t *testing.T) {
	t.Parallel()
	w, able := inboxtest.NewOn(t, models.WeChat)
	c := w.CustomerWrites("erika", "hello?")
	show := func(viewer models.Viewer) error {
		_, err := w.Inbox.ShowTyping(w.Context(), viewer, c.ID)
		return err
	}
	end := w.LogEnd()
	able.Acts.Refuses(failure(models.Transient))

	w.Must(show(w.Agent)) // of the moment: a refusal is nobody's business
	w.Must(show(w.Agent))
	inboxtest.Refused(t, show(w.Onlooker), models.Forbidden)
	nothing, err := w.Inbox.ShowTyping(w.Context(), w.Neighbour("99").Agent, c.ID)
	inboxtest.Refused(t, err, models.NotFound)
	if nothing != nil { // which a payload would try to show
		t.Errorf("the refusal comes with %+v", nothing)
	}
	w.Clock.Advance(49 * time.Hour)
	w.Must(show(w.Agent)) // the window is closed

	asked := able.Acts.Asked()
	inboxtest.Same(t, "asked", len(asked), 2)
	inboxtest.Same(t, "how", []any{asked[0].Kind, asked[0].RecipientID, asked[0].TargetExternalID},
		[]any{models.ShowTyping, "erika", *w.Message(*c.LastInboundID).ExternalID})
	inboxtest.Same(t, "events", w.Events(end), nil)
}
