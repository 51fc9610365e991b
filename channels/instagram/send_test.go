package instagram

import (
	"strings"
	"testing"

	"parley/channels"
	"parley/channels/meta/metatest"
	"parley/models"
)

const (
	pageToken = "EAAB-page-token"
	ownToken  = "IGAA-account-token"
)

var (
	ofPage  = channels.Account{ID: "17841405726653026", Credentials: models.Credentials{AccessToken: pageToken}}
	withOwn = channels.Account{ID: "17841405726653026", Credentials: models.Credentials{AccessToken: ownToken}}
)

// adapter calls g for both logins, below /facebook and /instagram.
func adapter(g *metatest.Graph) *Adapter {
	app := g.App()
	app.APIBase += "/facebook"
	return New(Config{App: app, InstagramBase: g.URL + "/instagram"})
}

func TestSend(t *testing.T) {
	t.Parallel()
	accepted := `{"recipient_id":"526","message_id":"ig_new"}`
	text := channels.Outbound{Reference: "msg_1", Surface: models.PrivateMessage, RecipientID: "526", Text: "Ja"}
	for name, c := range map[string]struct {
		account channels.Account
		message channels.Outbound
		address string
		payload string
		answer  string
		want    channels.Sent
	}{
		"a text with the Page's token": {
			ofPage, text, "POST /facebook/v25.0/me/messages",
			`{"recipient":{"id":"526"},"messaging_type":"RESPONSE","message":{"text":"Ja","metadata":"msg:msg_1"}}`,
			accepted, channels.Sent{ExternalID: "ig_new"},
		},
		"a text with the account's own token": {
			withOwn, text, "POST /instagram/v25.0/17841405726653026/messages",
			`{"recipient":{"id":"526"},"messaging_type":"RESPONSE","message":{"text":"Ja","metadata":"msg:msg_1"}}`,
			accepted, channels.Sent{ExternalID: "ig_new"},
		},
		"a private answer to a comment": {
			withOwn, channels.Outbound{Surface: models.PrivateMessage, PrivateReplyTo: "1789", Text: "Hallo"},
			"POST /instagram/v25.0/17841405726653026/messages", `{"recipient":{"comment_id":"1789"},"message":{"text":"Hallo"}}`,
			accepted, channels.Sent{ExternalID: "ig_new", Recipient: "526"},
		},
		"a voice note": {
			ofPage, channels.Outbound{Surface: models.PrivateMessage, RecipientID: "526", Attachments: []models.Attachment{{Kind: models.Audio, URL: "https://cdn.example/a.m4a"}}},
			"POST /facebook/v25.0/me/messages",
			`{"recipient":{"id":"526"},"messaging_type":"RESPONSE","message":{"attachment":{"type":"audio","payload":{"url":"https://cdn.example/a.m4a"}}}}`,
			accepted, channels.Sent{ExternalID: "ig_new"},
		},
		"an answer to a comment": {
			ofPage, channels.Outbound{Surface: models.AdComment, ThreadKey: "1791:1789", ReplyToExternalID: "1789", Text: "Danke!"},
			"POST /facebook/v25.0/1789/replies", `{"message":"Danke!"}`, `{"id":"1800"}`, channels.Sent{ExternalID: "1800"},
		},
		"a comment on our own post": {
			withOwn, channels.Outbound{Surface: models.Comment, ThreadKey: "1791:1789", ReplyToExternalID: "1791", Text: "Danke!"},
			"POST /instagram/v25.0/1791/comments", `{"message":"Danke!"}`, `{"id":"1800"}`, channels.Sent{ExternalID: "1800"},
		},
		"an answer to a mention in a comment": {
			ofPage, channels.Outbound{Surface: models.Mention, ThreadKey: "1791:1789", ReplyToExternalID: "1789", Text: "Danke!"},
			"POST /facebook/v25.0/17841405726653026/mentions", `{"media_id":"1791","comment_id":"1789","message":"Danke!"}`,
			`{"id":"1800"}`, channels.Sent{ExternalID: "1800"},
		},
		"an answer to a mention in a caption": {
			ofPage, channels.Outbound{Surface: models.Mention, ThreadKey: "1791", ReplyToExternalID: "1791", Text: "Danke!"},
			"POST /facebook/v25.0/17841405726653026/mentions", `{"media_id":"1791","message":"Danke!"}`,
			`{"id":"1800"}`, channels.Sent{ExternalID: "1800"},
		},
	} {
		t.Run("sends "+name, func(t *testing.T) {
			t.Parallel()
			g := metatest.Answering(t, metatest.Answer{Body: c.answer, Header: map[string]string{"X-Fb-Trace-Id": "trace-1"}})

			sent, err := adapter(g).Send(t.Context(), c.account, c.message)

			if err != nil {
				t.Fatalf("send: %v", err)
			}
			g.Called(t, c.address, c.account.Credentials.AccessToken, c.payload)
			c.want.RequestID, c.want.HTTPStatus = "trace-1", 200
			if sent != c.want {
				t.Errorf("sent %+v, want %+v", sent, c.want)
			}
		})
	}
}

func TestSendRefusesItself(t *testing.T) {
	t.Parallel()
	picture := []models.Attachment{{Kind: models.Image, URL: "https://cdn.example/1"}}
	for name, m := range map[string]channels.Outbound{
		"a text of too many bytes":     {Surface: models.PrivateMessage, RecipientID: "526", Text: strings.Repeat("ä", 501)},
		"a caption":                    {Surface: models.PrivateMessage, RecipientID: "526", Text: "x", Attachments: picture},
		"a comment on nothing":         {Surface: models.Comment, ThreadKey: "1791:1789", Text: "x"},
		"a comment without words":      {Surface: models.Comment, ReplyToExternalID: "1789"},
		"a comment with a picture":     {Surface: models.Comment, ReplyToExternalID: "1789", Attachments: picture},
		"a comment over the limit":     {Surface: models.Comment, ReplyToExternalID: "1789", Text: strings.Repeat("ä", 2201)},
		"a comment made of a template": {Surface: models.Comment, ReplyToExternalID: "1789", Template: &models.Template{Name: "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := metatest.Answering(t, metatest.Answer{Body: `{"id":"1","message_id":"1"}`})
			_, err := adapter(g).Send(t.Context(), ofPage, m)
			if got := metatest.Refused(t, err, pageToken); got.Reason != models.InvalidRequest || len(g.Calls()) > 0 {
				t.Errorf("got %+v after %d calls, want an invalid request of our own", got, len(g.Calls()))
			}
		})
	}
}

func TestAct(t *testing.T) {
	t.Parallel()
	on := func(kind models.ActionKind) channels.Action {
		return channels.Action{Kind: kind, Surface: models.Comment, TargetExternalID: "1789"}
	}
	toward := func(kind models.ActionKind) channels.Action {
		return channels.Action{Kind: kind, Surface: models.PrivateMessage, RecipientID: "526", TargetExternalID: "ig_1", Emoji: "❤️"}
	}
	for name, c := range map[string]struct {
		account channels.Account
		action  channels.Action
		address string
		payload string
	}{
		"hides a comment":   {ofPage, on(models.HideMessage), "POST /facebook/v25.0/1789?hide=true", ""},
		"shows it again":    {withOwn, on(models.UnhideMessage), "POST /instagram/v25.0/1789?hide=false", ""},
		"deletes a comment": {withOwn, on(models.DeleteMessage), "DELETE /instagram/v25.0/1789", ""},
		"marks as read":     {ofPage, toward(models.MarkMessageRead), "POST /facebook/v25.0/me/messages", `{"recipient":{"id":"526"},"sender_action":"mark_seen"}`},
		"reacts to a message": {withOwn, toward(models.ReactToMessage), "POST /instagram/v25.0/17841405726653026/messages",
			`{"recipient":{"id":"526"},"sender_action":"react","payload":{"message_id":"ig_1","reaction":"❤️"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := metatest.Answering(t, metatest.Answer{Body: `{"success":true}`})
			if err := adapter(g).Act(t.Context(), c.account, c.action); err != nil {
				t.Fatalf("act: %v", err)
			}
			g.Called(t, c.address, c.account.Credentials.AccessToken, c.payload)
		})
	}

	t.Run("deleting what is deleted is done", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Status: 400, Body: `{"error":{"code":100,"error_subcode":33}}`})
		if err := adapter(g).Act(t.Context(), ofPage, on(models.DeleteMessage)); err != nil {
			t.Errorf("got %v", err)
		}
	})
	for name, action := range map[string]channels.Action{
		"a like, which Instagram does not take": on(models.LikeMessage),
		"an edit of a comment":                  on(models.EditMessage),
		"an action on nothing":                  {Kind: models.HideMessage, Surface: models.Comment},
		"deleting a private message":            toward(models.DeleteMessage),
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			g := metatest.Answering(t, metatest.Answer{Body: `{"success":true}`})
			err := adapter(g).Act(t.Context(), ofPage, action)
			if got := metatest.Refused(t, err, pageToken); got.Reason != models.InvalidRequest || len(g.Calls()) > 0 {
				t.Errorf("got %+v after %d calls, want an invalid request of our own", got, len(g.Calls()))
			}
		})
	}
}
