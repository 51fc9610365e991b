package sms

import (
	"slices"
	"strings"
	"testing"

	"parley/channels"
	"parley/models"
)

func TestSend(t *testing.T) {
	t.Parallel()
	const callback = "StatusCallback=https%3A%2F%2Finbox.example.com%2Fwebhooks%2Fsms%2F"
	service := channels.Account{ID: "MG1", Credentials: account.Credentials}
	for name, c := range map[string]struct {
		from    channels.Account
		message channels.Outbound
		want    string
	}{
		"a text": {
			account, channels.Outbound{RecipientID: "+14133881111", ThreadKey: "+49", Text: "Grüß Gott & danke"},
			"Body=Gr%C3%BC%C3%9F+Gott+%26+danke&From=%2B12028831111&" + callback + "%252B12028831111&To=%2B14133881111",
		},
		"through a service": {
			service, channels.Outbound{ThreadKey: "+14133881111", Text: "ja"},
			"Body=ja&MessagingServiceSid=MG1&" + callback + "MG1&To=%2B14133881111",
		},
		"files": {
			account, channels.Outbound{ThreadKey: "+14133881111", Attachments: []models.Attachment{
				{Kind: models.Image, URL: "https://cdn.example/a.jpg"}, {Kind: models.File, URL: "https://cdn.example/b.pdf"},
			}},
			"From=%2B12028831111&MediaUrl=https%3A%2F%2Fcdn.example%2Fa.jpg&MediaUrl=https%3A%2F%2Fcdn.example%2Fb.pdf&" +
				callback + "%252B12028831111&To=%2B14133881111",
		},
	} {
		t.Run("sends "+name, func(t *testing.T) {
			t.Parallel()
			tw := twilioAnswering(t, map[string][]answer{"POST " + messagesPath: {{
				status: 201, header: map[string]string{"Twilio-Request-Id": "RQ1"}, body: `{"sid":"SM1","status":"queued","error_code":null}`,
			}}})
			sent, err := tw.adapter().Send(t.Context(), c.from, c.message)
			if err != nil {
				t.Fatalf("send: %v", err)
			}
			if want := (channels.Sent{ExternalID: "SM1", RequestID: "RQ1", HTTPStatus: 201}); sent != want {
				t.Errorf("sent %+v, want %+v", sent, want)
			}
			tw.called(t, "POST "+messagesPath+"  "+c.want)
		})
	}

	for name, m := range map[string]channels.Outbound{
		"a message to nobody":               {Text: "a"},
		"nothing":                           {ThreadKey: "+1"},
		"a template":                        {ThreadKey: "+1", Template: &models.Template{Name: "a"}},
		"a text of 1,601 characters":        {ThreadKey: "+1", Text: strings.Repeat("ä", 1601)},
		"eleven files":                      {ThreadKey: "+1", Attachments: slices.Repeat([]models.Attachment{{Kind: models.Image, URL: "https://a"}}, 11)},
		"a place":                           {ThreadKey: "+1", Attachments: []models.Attachment{{Kind: models.Location, URL: "https://a"}}},
		"a file that is nowhere on the web": {ThreadKey: "+1", Attachments: []models.Attachment{{Kind: models.Image}}},
	} {
		t.Run("does not try "+name, func(t *testing.T) {
			t.Parallel()
			tw := twilioAnswering(t, nil)
			_, err := tw.adapter().Send(t.Context(), account, m)
			if got := sendError(t, err); got.Reason != models.InvalidRequest || got.Ambiguous {
				t.Errorf("got %+v", got)
			}
			tw.called(t)
		})
	}

	for name, c := range map[string]struct {
		answer    answer
		want      models.FailureReason
		code      string
		ambiguous bool
	}{
		"a contact who opted out": {answer{status: 400, body: `{"code":21610,"message":"Attempt to send to unsubscribed recipient","status":400}`}, models.RecipientBlocked, "21610", false},
		"too many calls":          {answer{status: 429, header: map[string]string{"Retry-After": "7"}, body: `{"code":20429}`}, models.RateLimited, "20429", false},
		"a token it quotes":       {answer{status: 401, body: `{"code":20003,"message":"who is secret_part"}`}, models.AuthExpired, "20003", false},
		"a fault of a proxy":      {answer{status: 502, body: `<html>`}, models.Transient, "", false},
		"half an answer":          {answer{status: 201, body: `{"sid":"SM`}, models.Unconfirmed, "", true},
		"no sid":                  {answer{status: 201, body: `{}`}, models.Unconfirmed, "", true},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			tw := twilioAnswering(t, map[string][]answer{"POST " + messagesPath: {c.answer}})
			_, err := tw.adapter().Send(t.Context(), account, channels.Outbound{ThreadKey: "+1", Text: "a"})
			got := sendError(t, err)
			if got.Reason != c.want || got.Code != c.code || got.Ambiguous != c.ambiguous {
				t.Errorf("got %+v", got)
			}
			if c.want == models.RateLimited && got.RetryAfter.Seconds() != 7 {
				t.Errorf("wait %s", got.RetryAfter)
			}
		})
	}

	t.Run("does not call without an account sid", func(t *testing.T) {
		t.Parallel()
		tw := twilioAnswering(t, nil)
		nobody := channels.Account{ID: "+1", Credentials: models.Credentials{AppID: "AC1/../..", AccessToken: authToken}}
		_, err := tw.adapter().Send(t.Context(), nobody, channels.Outbound{ThreadKey: "+1", Text: "a"})
		if got := sendError(t, err); got.Reason != models.AuthExpired {
			t.Errorf("got %+v", got)
		}
		tw.called(t)
	})
}
