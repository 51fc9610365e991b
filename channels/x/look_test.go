package x

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"parley/channels"
	"parley/models"
)

func TestReadPost(t *testing.T) {
	t.Parallel()

	t.Run("tells what X knows of it", func(t *testing.T) {
		t.Parallel()
		p := answering(t, map[string][]answer{"GET /2/tweets/40": always(answer{status: 200, body: `{
			"data":{"id":"40","text":"Tee &amp; mehr","author_id":"9","created_at":"2026-08-01T12:00:00.000Z","attachments":{"media_keys":["7_1"]}},
			"includes":{"users":[{"id":"9","name":"Teeladen","username":"tee"}],
				"media":[{"media_key":"7_1","type":"video","preview_image_url":"https://pbs.twimg.com/p.jpg","variants":[{"bit_rate":2,"content_type":"video/mp4","url":"https://video.twimg.com/a.mp4"}]}]}}`})})
		got, err := p.adapter().ReadPost(t.Context(), account, "40")
		want := models.PostFacts{
			ExternalID: "40", Permalink: "https://x.com/i/status/40", Text: "Tee & mehr", AuthorID: "9", AuthorName: "Teeladen",
			PublishedAt: time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC), MediaKind: models.Video, MediaURL: "https://video.twimg.com/a.mp4",
		}
		if err != nil || got != want {
			t.Errorf("read %+v, %v; want %+v", got, err, want)
		}
		if line := p.all()[0].line; !strings.Contains(line, "expansions=author_id%2Cattachments.media_keys") {
			t.Errorf("asked %s", line)
		}
	})

	for name, c := range map[string]struct {
		answer answer
		want   models.FailureReason
	}{
		"a deleted post":   {answer{status: 200, body: `{"errors":[{"type":"https://api.twitter.com/2/problems/resource-not-found"}]}`}, models.PlatformRefused},
		"a protected post": {answer{status: 200, body: `{"errors":[{"type":"https://api.twitter.com/2/problems/not-authorized-for-resource"}]}`}, models.RecipientBlocked},
		"half an answer":   {answer{status: 200, body: `{"data":{`}, models.Transient},
		"no post":          {answer{status: 200, body: `{"data":{}}`}, models.Transient},
		"a revoked token":  {answer{status: 401}, models.AuthExpired},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			_, err := answering(t, map[string][]answer{"GET /2/tweets/40": always(c.answer)}).adapter().ReadPost(t.Context(), account, "40")
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}

func TestOpenMedia(t *testing.T) {
	t.Parallel()

	t.Run("shows the token to X", func(t *testing.T) {
		t.Parallel()
		p := answering(t, map[string][]answer{"GET /2/dm_conversations/media/1": always(answer{
			status: 302, header: map[string]string{"Location": "https://elsewhere.example/"}, body: "file",
		})})
		res, err := p.adapter().OpenMedia(t.Context(), account, models.Attachment{URL: p.URL + "/2/dm_conversations/media/1"})
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		content, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != 302 || string(content) != "file" || p.all()[0].bearer != token {
			t.Errorf("answered %d %q", res.StatusCode, content)
		}
	})

	t.Run("shows it to nobody else", func(t *testing.T) {
		t.Parallel()
		stranger := answering(t, nil)
		_, err := answering(t, nil).adapter().OpenMedia(t.Context(), account, models.Attachment{URL: stranger.URL + "/a.jpg"})
		if !errors.Is(err, channels.ErrPublic) || len(stranger.all()) != 0 {
			t.Errorf("a stranger was asked: %v, %v", stranger.all(), err)
		}
	})

	t.Run("knows X's hosts", func(t *testing.T) {
		t.Parallel()
		adapter := New(Config{})
		for address, want := range map[string]bool{
			"https://ton.twitter.com/a":            true,
			"https://TON.x.com/a":                  true,
			"https://api.x.com/2/media":            true,
			"http://ton.twitter.com/a":             false,
			"https://ton.twitter.com.evil.example": false,
			"https://pbs.twimg.com/a.jpg":          false,
			"https://ton.twitter.com:8443/a":       false,
		} {
			parsed, err := url.Parse(address)
			if err != nil {
				t.Fatalf("parse: %v", err)
			}
			if got := adapter.isPrivate(parsed); got != want {
				t.Errorf("%s: %t", address, got)
			}
		}
	})

	t.Run("tells that nobody listens", func(t *testing.T) {
		t.Parallel()
		p := answering(t, nil)
		p.Close()
		adapter := New(Config{APIBase: p.URL, HTTP: &http.Client{}})
		_, err := adapter.OpenMedia(t.Context(), account, models.Attachment{URL: p.URL + "/a"})
		if got := sendError(t, err); got.Reason != models.Transient || strings.Contains(err.Error(), "/a\"") {
			t.Errorf("got %v", err)
		}
	})

	t.Run("refuses what has no address", func(t *testing.T) {
		t.Parallel()
		_, err := New(Config{}).OpenMedia(t.Context(), account, models.Attachment{MediaID: "1"})
		if got := sendError(t, err); got.Reason != models.InvalidRequest {
			t.Errorf("got %+v", got)
		}
	})
}
