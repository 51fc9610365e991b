package facebook

import (
	"slices"
	"strings"
	"testing"

	"parley/channels"
	"parley/channels/meta/metatest"
	"parley/models"
)

const token = "EAAB-page-token"

var account = channels.Account{ID: "102030405060708", Credentials: models.Credentials{AccessToken: token}}

func adapter(g *metatest.Graph) *Adapter { return New(Config{App: g.App()}) }

func image(name string) models.Attachment {
	return models.Attachment{Kind: models.Image, URL: "https://cdn.example/" + name}
}

func TestSend(t *testing.T) {
	t.Parallel()
	const messages = "POST /v25.0/102030405060708/messages"
	accepted := `{"recipient_id":"678","message_id":"m_new"}`
	for name, c := range map[string]struct {
		message channels.Outbound
		address string
		payload string
		answer  string
		want    channels.Sent
	}{
		"a text": {
			channels.Outbound{Reference: "msg_1", Surface: models.PrivateMessage, RecipientID: "678", Text: "Ja, <bis> 18 Uhr"}, messages,
			`{"recipient":{"id":"678"},"messaging_type":"RESPONSE","message":{"text":"Ja, <bis> 18 Uhr","metadata":"msg:msg_1"}}`,
			accepted, channels.Sent{ExternalID: "m_new"},
		},
		"a reply after the window, by a person": {
			channels.Outbound{Surface: models.PrivateMessage, ThreadKey: "678", Text: "Ja", ReplyToExternalID: "m_q", HumanAgent: true}, messages,
			`{"recipient":{"id":"678"},"messaging_type":"MESSAGE_TAG","tag":"HUMAN_AGENT","message":{"text":"Ja"},"reply_to":{"mid":"m_q"}}`,
			accepted, channels.Sent{ExternalID: "m_new"},
		},
		"a file": {
			channels.Outbound{Surface: models.PrivateMessage, RecipientID: "678", Attachments: []models.Attachment{{Kind: models.File, URL: "https://cdn.example/a.pdf"}}}, messages,
			`{"recipient":{"id":"678"},"messaging_type":"RESPONSE","message":{"attachment":{"type":"file","payload":{"url":"https://cdn.example/a.pdf"}}}}`,
			accepted, channels.Sent{ExternalID: "m_new"},
		},
		"several images at once": {
			channels.Outbound{Surface: models.PrivateMessage, RecipientID: "678", Attachments: []models.Attachment{image("1"), image("2")}}, messages,
			`{"recipient":{"id":"678"},"messaging_type":"RESPONSE","message":{"attachments":[
				{"type":"image","payload":{"url":"https://cdn.example/1"}},{"type":"image","payload":{"url":"https://cdn.example/2"}}]}}`,
			accepted, channels.Sent{ExternalID: "m_new"},
		},
		"a private answer to a comment, whose author has another id there": {
			channels.Outbound{Surface: models.PrivateMessage, RecipientID: "242", PrivateReplyTo: "500_600", Text: "Hallo"}, messages,
			`{"recipient":{"comment_id":"500_600"},"message":{"text":"Hallo"}}`,
			accepted, channels.Sent{ExternalID: "m_new", Recipient: "678"},
		},
		"a private answer to a visitor's post": {
			channels.Outbound{Surface: models.PrivateMessage, RecipientID: "242", PrivateReplyTo: "102030405060708_500", Text: "Hallo"}, messages,
			`{"recipient":{"post_id":"102030405060708_500"},"message":{"text":"Hallo"}}`,
			accepted, channels.Sent{ExternalID: "m_new", Recipient: "678"},
		},
		"an answer to a comment": {
			channels.Outbound{Reference: "msg_1", Surface: models.Comment, ThreadKey: "1_500:500_600", ReplyToExternalID: "500_600", Text: "Danke!"},
			"POST /v25.0/500_600/comments", `{"message":"Danke!"}`, `{"id":"500_700"}`, channels.Sent{ExternalID: "500_700"},
		},
		"an answer with a picture to a visitor's post": {
			channels.Outbound{Surface: models.WallPost, ReplyToExternalID: "102030405060708_500", Text: "So:", Attachments: []models.Attachment{image("1")}},
			"POST /v25.0/102030405060708_500/comments", `{"message":"So:","attachment_url":"https://cdn.example/1"}`,
			`{"id":"500_700"}`, channels.Sent{ExternalID: "500_700"},
		},
	} {
		t.Run("sends "+name, func(t *testing.T) {
			t.Parallel()
			g := metatest.Answering(t, metatest.Answer{Body: c.answer, Header: map[string]string{"X-Fb-Trace-Id": "trace-1"}})

			sent, err := adapter(g).Send(t.Context(), account, c.message)

			if err != nil {
				t.Fatalf("send: %v", err)
			}
			g.Called(t, c.address, token, c.payload)
			c.want.RequestID, c.want.HTTPStatus = "trace-1", 200
			if sent != c.want {
				t.Errorf("sent %+v, want %+v", sent, c.want)
			}
		})
	}
}

func TestSendRefusesItself(t *testing.T) {
	t.Parallel()
	private := func(m channels.Outbound) channels.Outbound {
		m.Surface, m.RecipientID = models.PrivateMessage, "678"
		return m
	}
	public := func(m channels.Outbound) channels.Outbound {
		m.Surface, m.ReplyToExternalID = models.Comment, "500_600"
		return m
	}
	video := models.Attachment{Kind: models.Video, URL: "https://cdn.example/a.mp4"}
	for name, m := range map[string]channels.Outbound{
		"a message without content":         private(channels.Outbound{}),
		"a message to nobody":               {Surface: models.PrivateMessage, Text: "x"},
		"a caption":                         private(channels.Outbound{Text: "x", Attachments: []models.Attachment{image("1")}}),
		"a text over the limit":             private(channels.Outbound{Text: strings.Repeat("ä", 2001)}),
		"an image and a video at once":      private(channels.Outbound{Attachments: []models.Attachment{image("1"), video}}),
		"too many images":                   private(channels.Outbound{Attachments: slices.Repeat([]models.Attachment{image("1")}, 31)}),
		"a place":                           private(channels.Outbound{Attachments: []models.Attachment{{Kind: models.Location}}}),
		"an attachment from nowhere":        private(channels.Outbound{Attachments: []models.Attachment{{Kind: models.Image}}}),
		"a template":                        private(channels.Outbound{Template: &models.Template{Name: "x"}}),
		"a comment on nothing":              {Surface: models.Comment, Text: "x"},
		"a comment without content":         public(channels.Outbound{}),
		"a comment over the limit":          public(channels.Outbound{Text: strings.Repeat("ä", 8001)}),
		"a comment with a video":            public(channels.Outbound{Attachments: []models.Attachment{video}}),
		"a comment with two pictures":       public(channels.Outbound{Attachments: []models.Attachment{image("1"), image("2")}}),
		"a comment made from a template":    public(channels.Outbound{Template: &models.Template{Name: "x"}}),
		"a comment with a nameless picture": public(channels.Outbound{Attachments: []models.Attachment{{Kind: models.Image}}}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := metatest.Answering(t, metatest.Answer{Body: `{"id":"1","message_id":"1"}`})

			_, err := adapter(g).Send(t.Context(), account, m)

			refused := metatest.Refused(t, err, token)
			if refused.Reason != models.InvalidRequest || refused.Message == "" || refused.Ambiguous {
				t.Errorf("got %+v, want an invalid request", refused)
			}
			if calls := g.Calls(); len(calls) > 0 {
				t.Errorf("Meta was called: %+v", calls)
			}
		})
	}
}

func TestSendAfterAFault(t *testing.T) {
	t.Parallel()
	text := channels.Outbound{Surface: models.PrivateMessage, RecipientID: "678", Text: "x"}

	t.Run("an answer naming no message is ambiguous", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{"recipient_id":"678"}`})
		_, err := adapter(g).Send(t.Context(), account, text)
		if got := metatest.Refused(t, err, token); got.Reason != models.Unconfirmed || !got.Ambiguous {
			t.Errorf("got %+v, want unconfirmed and ambiguous", got)
		}
	})
	t.Run("a closed window is told", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Status: 400, Body: `{"error":{"code":10,"error_subcode":2018278,"message":"(#10) outside"}}`})
		_, err := adapter(g).Send(t.Context(), account, text)
		if got := metatest.Refused(t, err, token); got.Reason != models.WindowClosed || got.Code != "10/2018278" {
			t.Errorf("got %+v, want a closed window", got)
		}
	})
	t.Run("a comment that was deleted meanwhile is no missing permission", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Status: 400, Body: `{"error":{"code":100,"error_subcode":33}}`})
		_, err := adapter(g).Send(t.Context(), account, channels.Outbound{Surface: models.Comment, ReplyToExternalID: "500_600", Text: "x"})
		if got := metatest.Refused(t, err, token); got.Reason != models.InvalidRequest {
			t.Errorf("got %+v, want an invalid request", got)
		}
	})
}
