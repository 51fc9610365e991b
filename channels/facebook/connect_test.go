package facebook

import (
	"reflect"
	"testing"
	"time"

	"parley/channels"
	"parley/channels/meta/metatest"
	"parley/models"
)

func TestConnect(t *testing.T) {
	t.Parallel()

	t.Run("learns the name of the Page", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{"name":"Teeladen Berlin","id":"102030405060708"}`})
		connected, err := adapter(g).Check(t.Context(), account)
		if err != nil || connected.Name != "Teeladen Berlin" || connected.ID != account.ID || connected.Credentials != account.Credentials {
			t.Errorf("connected %q %q, %v", connected.ID, connected.Name, err)
		}
		g.Called(t, "GET /v25.0/102030405060708?fields=name", token, "")
	})
	t.Run("tells an expired token without showing it", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Status: 401, Body: `{"error":{"code":190,"error_subcode":463,"message":"Session of ` + token + ` has expired"}}`})
		_, err := adapter(g).Check(t.Context(), account)
		if got := metatest.Refused(t, err, token); got.Reason != models.AuthExpired || got.Code != "190/463" {
			t.Errorf("got %+v, want an expired authorization", got)
		}
	})
	t.Run("refuses a Page without an id", func(t *testing.T) {
		t.Parallel()
		_, err := New(Config{}).Check(t.Context(), channels.Account{})
		if got := metatest.Refused(t, err, token); got.Reason != models.InvalidRequest {
			t.Errorf("got %+v, want an invalid request", got)
		}
	})
	t.Run("subscribes to all that can happen", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{"success":true}`})
		if err := adapter(g).Subscribe(t.Context(), account, "https://parley.example/webhooks/facebook"); err != nil {
			t.Fatalf("subscribe: %v", err)
		}
		g.Called(t, "POST /v25.0/102030405060708/subscribed_apps", token, `{"subscribed_fields":"messages,messaging_postbacks,`+
			`message_echoes,message_reads,message_deliveries,message_reactions,message_edits,messaging_referrals,messaging_optins,`+
			`messaging_handovers,standby,feed,mention"}`)
	})
	t.Run("unsubscribes", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{"success":true}`})
		if err := adapter(g).Unsubscribe(t.Context(), account); err != nil {
			t.Fatalf("unsubscribe: %v", err)
		}
		g.Called(t, "DELETE /v25.0/102030405060708/subscribed_apps", token, "")
	})
}

func TestReadPost(t *testing.T) {
	t.Parallel()
	g := metatest.Answering(t, metatest.Answer{Body: `{"id":"1_500","message":"Neu im Laden","from":{"id":"102030405060708","name":"Teeladen"},
		"created_time":"2023-12-01T06:52:51+0000","permalink_url":"https://www.facebook.com/p/500","full_picture":"https://cdn.example/v.jpg",
		"is_published":false,"promotion_status":"ineligible","attachments":{"data":[{"media_type":"video"}]}}`})

	facts, err := adapter(g).ReadPost(t.Context(), account, "1_500")

	if err != nil {
		t.Fatalf("read post: %v", err)
	}
	want := models.PostFacts{
		ExternalID: "1_500", Permalink: "https://www.facebook.com/p/500", Text: "Neu im Laden", AuthorID: "102030405060708",
		AuthorName: "Teeladen", PublishedAt: time.Date(2023, 12, 1, 6, 52, 51, 0, time.UTC),
		MediaKind: models.Video, MediaURL: "https://cdn.example/v.jpg", Promotion: models.Dark,
	}
	if facts != want {
		t.Errorf("got %+v, want %+v", facts, want)
	}
	g.Called(t, "GET /v25.0/1_500?fields=message%2Cfrom%2Ccreated_time%2Cfull_picture%2Cpermalink_url%2Cis_published%2C"+
		"promotion_status%2Cattachments%7Bmedia_type%7D", token, "")
}

func TestComplete(t *testing.T) {
	t.Parallel()
	asked := models.Inbound{
		Kind: models.InboundUtterance, AccountID: account.ID, ExternalID: "88_99", ThreadKey: "77_88:88_99", Surface: models.Mention,
		At: time.Date(2026, 7, 25, 0, 0, 0, 0, time.UTC), Post: &models.PostFacts{ExternalID: "77_88"}, Incomplete: true,
	}

	t.Run("fills in the words and who said them", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{"message":"@Teeladen hilft","from":{"id":"242","name":"Erika"},"created_time":"2026-07-25T17:20:00+0000"}`})
		got, err := adapter(g).Complete(t.Context(), account, asked)
		want := asked
		want.Incomplete, want.Text, want.Author = false, "@Teeladen hilft", models.Author{ID: "242", Name: "Erika"}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		g.Called(t, "GET /v25.0/88_99?fields=message%2Cfrom%2Ccreated_time%2Cattachment", token, "")
	})
	t.Run("fills in the post that is the mention", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{"from":{"id":"242","name":"Erika"},"full_picture":"https://cdn.example/p.jpg","permalink_url":"https://www.facebook.com/p/88"}`})
		in := asked
		in.ExternalID, in.ThreadKey, in.Post = "77_88", "77_88", &models.PostFacts{ExternalID: "77_88"}
		got, err := adapter(g).Complete(t.Context(), account, in)
		if err != nil || got.Incomplete || got.Details.Unsupported || len(got.Attachments) != 1 || got.Post.Permalink != "https://www.facebook.com/p/88" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("passes on that it may not know", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Status: 403, Body: `{"error":{"code":10}}`})
		got, err := adapter(g).Complete(t.Context(), account, asked)
		if refused := metatest.Refused(t, err, token); refused.Reason != models.PermissionMissing || !got.Incomplete {
			t.Errorf("got %+v, %+v", got, refused)
		}
	})
}
