package facebook

import (
	"testing"

	"parley/channels"
	"parley/channels/meta/metatest"
	"parley/models"
)

func TestAct(t *testing.T) {
	t.Parallel()
	const messages = "POST /v25.0/102030405060708/messages"
	on := func(kind models.ActionKind) channels.Action {
		return channels.Action{Kind: kind, Surface: models.Comment, TargetExternalID: "500_600"}
	}
	toward := func(kind models.ActionKind) channels.Action {
		return channels.Action{Kind: kind, Surface: models.PrivateMessage, RecipientID: "678", TargetExternalID: "m_1", Emoji: "🙏"}
	}
	edit := on(models.EditMessage)
	edit.Ours, edit.Text = true, "Danke dir!"
	for name, c := range map[string]struct {
		action  channels.Action
		address string
		payload string
	}{
		"hides a comment":       {on(models.HideMessage), "POST /v25.0/500_600?is_hidden=true", ""},
		"shows it again":        {on(models.UnhideMessage), "POST /v25.0/500_600?is_hidden=false", ""},
		"likes a comment":       {on(models.LikeMessage), "POST /v25.0/500_600/likes", ""},
		"likes it no more":      {on(models.UnlikeMessage), "DELETE /v25.0/500_600/likes", ""},
		"deletes a comment":     {on(models.DeleteMessage), "DELETE /v25.0/500_600", ""},
		"edits our own comment": {edit, "POST /v25.0/500_600", `{"message":"Danke dir!"}`},
		"marks as read":         {toward(models.MarkMessageRead), messages, `{"recipient":{"id":"678"},"sender_action":"mark_seen"}`},
		"shows that we write":   {toward(models.ShowTyping), messages, `{"recipient":{"id":"678"},"sender_action":"typing_on"}`},
		"reacts": {toward(models.ReactToMessage), messages,
			`{"recipient":{"id":"678"},"sender_action":"react","payload":{"message_id":"m_1","reaction":"🙏"}}`},
		"takes the reaction back": {toward(models.UnreactMessage), messages,
			`{"recipient":{"id":"678"},"sender_action":"unreact","payload":{"message_id":"m_1"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := metatest.Answering(t, metatest.Answer{Body: `{"success":true}`})
			if err := adapter(g).Act(t.Context(), account, c.action); err != nil {
				t.Fatalf("act: %v", err)
			}
			g.Called(t, c.address, token, c.payload)
		})
	}
}

func TestActRefused(t *testing.T) {
	t.Parallel()
	gone := metatest.Answer{Status: 400, Body: `{"error":{"code":100,"error_subcode":33,"message":"Unsupported request"}}`}

	t.Run("deleting what is deleted is done", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, gone)
		action := channels.Action{Kind: models.DeleteMessage, Surface: models.Comment, TargetExternalID: "500_600"}
		if err := adapter(g).Act(t.Context(), account, action); err != nil {
			t.Errorf("got %v", err)
		}
	})
	t.Run("hiding what is deleted is not", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, gone)
		err := adapter(g).Act(t.Context(), account, channels.Action{Kind: models.HideMessage, Surface: models.Comment, TargetExternalID: "500_600"})
		if got := metatest.Refused(t, err, token); got.Reason != models.InvalidRequest {
			t.Errorf("got %+v, want an invalid request", got)
		}
	})
	t.Run("an answer without success is a refusal", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{"success":false}`})
		err := adapter(g).Act(t.Context(), account, channels.Action{Kind: models.LikeMessage, Surface: models.Comment, TargetExternalID: "500_600"})
		if got := metatest.Refused(t, err, token); got.Reason != models.PlatformRefused {
			t.Errorf("got %+v, want a refusal", got)
		}
	})
	for name, action := range map[string]channels.Action{
		"an action on nothing":            {Kind: models.HideMessage, Surface: models.Comment},
		"a reaction to a comment":         {Kind: models.ReactToMessage, Surface: models.Comment, TargetExternalID: "1", Emoji: "x"},
		"somebody else's words":           {Kind: models.EditMessage, Surface: models.Comment, TargetExternalID: "1", Text: "x"},
		"an edit into nothing":            {Kind: models.EditMessage, Surface: models.Comment, TargetExternalID: "1", Ours: true},
		"hiding a private message":        {Kind: models.HideMessage, Surface: models.PrivateMessage, RecipientID: "678", TargetExternalID: "1"},
		"typing to nobody":                {Kind: models.ShowTyping, Surface: models.PrivateMessage},
		"a reaction without an emoji":     {Kind: models.ReactToMessage, Surface: models.PrivateMessage, RecipientID: "678", TargetExternalID: "1"},
		"a reaction to no message at all": {Kind: models.UnreactMessage, Surface: models.PrivateMessage, RecipientID: "678"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			g := metatest.Answering(t, metatest.Answer{Body: `{"success":true}`})
			err := adapter(g).Act(t.Context(), account, action)
			if got := metatest.Refused(t, err, token); got.Reason != models.InvalidRequest || len(g.Calls()) > 0 {
				t.Errorf("got %+v after %d calls, want an invalid request of our own", got, len(g.Calls()))
			}
		})
	}
}
