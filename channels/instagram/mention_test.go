package instagram

import (
	"reflect"
	"testing"
	"time"

	"parley/channels"
	"parley/channels/meta/metatest"
	"parley/models"
)

func TestComplete(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 7, 25, 17, 20, 0, 0, time.UTC)
	inComment := models.Inbound{
		Kind: models.InboundUtterance, AccountID: ofPage.ID, ExternalID: "1789", ThreadKey: "1791:1789", Surface: models.Mention,
		At: at.Add(time.Minute), Post: &models.PostFacts{ExternalID: "1791"}, Incomplete: true,
	}
	inCaption := inComment
	inCaption.ExternalID, inCaption.ThreadKey = "1791", "1791"
	erika := models.Author{ID: "erika.muster", Name: "erika.muster", Handle: "erika.muster"}

	t.Run("fills in a comment", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{"id":"17841405726653026","mentioned_comment":{"id":"1789","text":"@teeladen hilft",
			"timestamp":"2026-07-25T17:20:00+0000","username":"erika.muster","media":{"id":"1791","permalink":"https://www.instagram.com/p/x"}}}`})
		got, err := adapter(g).Complete(t.Context(), ofPage, inComment)
		want := inComment
		want.Incomplete, want.Text, want.Author, want.At = false, "@teeladen hilft", erika, at
		want.Post = &models.PostFacts{ExternalID: "1791", Permalink: "https://www.instagram.com/p/x"}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		g.Called(t, "GET /facebook/v25.0/17841405726653026?fields=mentioned_comment.comment_id%281789%29%7Bid%2Ctext%2Ctimestamp%2C"+
			"username%2Cmedia%7Bid%2Cpermalink%7D%7D", pageToken, "")
	})
	t.Run("fills in a post", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{"mentioned_media":{"id":"1791","caption":"Bei @teeladen","media_type":"IMAGE",
			"media_url":"https://cdn.example/p.jpg","permalink":"https://www.instagram.com/p/x","timestamp":"2026-07-25T17:20:00+0000",
			"username":"erika.muster","owner":{"id":"1784"}}}`})
		got, err := adapter(g).Complete(t.Context(), ofPage, inCaption)
		want := inCaption
		want.Incomplete, want.Text, want.At = false, "Bei @teeladen", at
		want.Author = models.Author{ID: "1784", Name: "erika.muster", Handle: "erika.muster"}
		want.Attachments = []models.Attachment{{Kind: models.Image, URL: "https://cdn.example/p.jpg"}}
		want.Post = &models.PostFacts{
			ExternalID: "1791", Permalink: "https://www.instagram.com/p/x", Text: "Bei @teeladen", AuthorID: "1784",
			AuthorName: "erika.muster", PublishedAt: at, MediaKind: models.Image, MediaURL: "https://cdn.example/p.jpg",
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		g.Called(t, "GET /facebook/v25.0/17841405726653026?fields=mentioned_media.media_id%281791%29%7Bid%2Ccaption%2Cmedia_type%2C"+
			"media_url%2Cpermalink%2Ctimestamp%2Cusername%2Cowner%7D", pageToken, "")
	})
	t.Run("an answer without the mention is a refusal", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{"id":"17841405726653026"}`})
		got, err := adapter(g).Complete(t.Context(), ofPage, inComment)
		if refused := metatest.Refused(t, err, pageToken); refused.Reason != models.PlatformRefused || !got.Incomplete {
			t.Errorf("got %+v, %+v", got, refused)
		}
	})
	t.Run("asks for nothing but an id", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{}`})
		in := inComment
		in.ExternalID = "1){id},business_discovery.username(x"
		_, err := adapter(g).Complete(t.Context(), ofPage, in)
		if got := metatest.Refused(t, err, pageToken); got.Reason != models.InvalidRequest || len(g.Calls()) > 0 {
			t.Errorf("got %+v after %d calls", got, len(g.Calls()))
		}
	})
}

func TestReadPost(t *testing.T) {
	t.Parallel()
	g := metatest.Answering(t, metatest.Answer{Body: `{"id":"1791","caption":"Neu","media_type":"VIDEO","media_url":"https://cdn.example/v.mp4",
		"permalink":"https://www.instagram.com/reel/x","timestamp":"2026-07-25T17:20:00+0000","username":"teeladen.berlin"}`})

	facts, err := adapter(g).ReadPost(t.Context(), withOwn, "1791")

	want := models.PostFacts{
		ExternalID: "1791", Permalink: "https://www.instagram.com/reel/x", Text: "Neu", AuthorID: "teeladen.berlin", AuthorName: "teeladen.berlin",
		PublishedAt: time.Date(2026, 7, 25, 17, 20, 0, 0, time.UTC), MediaKind: models.Video, MediaURL: "https://cdn.example/v.mp4",
	}
	if err != nil || facts != want {
		t.Errorf("got %+v, %v; want %+v", facts, err, want)
	}
	g.Called(t, "GET /instagram/v25.0/1791?fields=id%2Ccaption%2Cmedia_type%2Cmedia_url%2Cpermalink%2Ctimestamp%2Cusername%2Cowner", ownToken, "")

	t.Run("a deleted post is no missing permission", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Status: 400, Body: `{"error":{"code":100,"error_subcode":33}}`})
		_, err := adapter(g).ReadPost(t.Context(), channels.Account{ID: "1"}, "1791")
		if got := metatest.Refused(t, err, ""); got.Reason != models.InvalidRequest {
			t.Errorf("got %+v, want an invalid request", got)
		}
	})
}
