package simulator_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/channels/simulator"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func tikTokDigest(at time.Time, body string) string {
	mac := hmac.New(sha256.New, []byte(tikTokSecret))
	_, _ = fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,s=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

func (s *square) onTikTok(method, path string, body any) answered {
	s.t.Helper()
	return s.ask(s.tiktok, "tt-1", method, "/tiktok/open_api/v1.3/"+path, body)
}

// about is a call's body: our account and video, and what is said.
func (s *square) about(comment string, more ...string) map[string]any {
	body := map[string]any{"business_id": s.tiktok.ID, "video_id": video, "comment_id": comment}
	for i := 0; i < len(more); i += 2 {
		body[more[i]] = more[i+1]
	}
	return body
}

// content reads the JSON within the JSON, with its numbers as they are written.
func (d delivered) content(t *testing.T) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(at(t, d.json, "content").(string)))
	decoder.UseNumber()
	var content map[string]any
	if err := decoder.Decode(&content); err != nil {
		t.Fatal(err)
	}
	return content
}

func TestTikTokUpdates(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	s.clock.Advance(time.Hour)
	id, told := s.comments(s.tiktok, "Gibt es das in Grün? 💚", "")
	same(t, "path", told.path, "/webhooks/tiktok")
	same(t, "signature", told.header.Get("Tiktok-Signature"), tikTokDigest(s.clock.Now(), string(told.raw)))
	likeness(t, "tiktok/comment_insert", told.json)
	content := told.content(t)
	same(t, "a bare number", content["comment_id"], any(json.Number(id)))
	same(t, "text", content["text"], any("Gibt es das in Grün? 💚"))

	reply, told := s.comments(s.tiktok, "ja!", id)
	same(t, "type", told.content(t)["comment_type"], any("reply"))
	deeper, told := s.comments(s.tiktok, "nein!", reply)
	same(t, "an answer to an answer stands under", told.content(t)["parent_comment_id"], any(json.Number(id)))

	for _, c := range []struct {
		kind   simulator.Kind
		action string
	}{{simulator.Hide, "set_to_hidden"}, {simulator.Unhide, "set_to_public"}, {simulator.Revoke, "delete"}} {
		_, told := s.inbound(simulator.Inbound{Account: s.tiktok, Customer: onTikTok, Kind: c.kind, Target: id})
		same(t, "action", told.content(t)["comment_action"], any(c.action))
	}
	gone := simulator.Inbound{Account: s.tiktok, Customer: onTikTok, Kind: simulator.Revoke, Target: deeper}
	if _, err := s.CustomerWrites(soon(t), gone); err == nil {
		t.Error("the answers outlive their comment")
	}
}

func TestTikTokComments(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	id, _ := s.comments(s.tiktok, "Gibt es das in Grün?", "")
	got := s.onTikTok("POST", "business/comment/reply/create/", s.about(id, "text", "Ab Montag!"))
	same(t, "code", got.json["code"], any(0.0))
	ours := at(t, got.json, "data", "comment_id").(string)
	s.onTikTok("POST", "business/comment/hide/", s.about(id, "action", "HIDE"))
	s.onTikTok("POST", "business/comment/like/", s.about(id, "action", "LIKE"))
	s.onTikTok("POST", "business/comment/create/", s.about("", "text", "Heute 20 %"))
	s.hook.empty(t) // what we do is not told

	query := "?business_id=" + s.tiktok.ID + "&video_id=" + video
	list := s.onTikTok("GET", "business/comment/list/"+query+"&include_replies=true", nil)
	same(t, "newest", at(t, list.json, "data", "comments", 0, "owner"), any(true))
	theirs := at(t, list.json, "data", "comments", 1)
	same(t, "status", at(t, theirs, "status"), any("HIDDEN"))
	same(t, "liked", at(t, theirs, "liked"), any(true))
	same(t, "answer", at(t, theirs, "reply_list", 0, "comment_id"), any(ours))
	page := s.onTikTok("GET", "business/comment/list/"+query+"&max_count=1", nil)
	same(t, "more", at(t, page.json, "data", "has_more"), any(true))
	same(t, "cursor", at(t, page.json, "data", "cursor"), any(1.0))
	named := s.onTikTok("GET", "business/comment/list/"+query+"&comment_ids="+url.QueryEscape(`["`+id+`"]`), nil)
	same(t, "named", at(t, named.json, "data", "comments", 0, "display_name"), any("Erika"))
	replies := s.onTikTok("GET", "business/comment/reply/list/"+query+"&comment_id="+id, nil)
	same(t, "reply", at(t, replies.json, "data", "comments", 0, "parent_comment_id"), any(id))
	same(t, "deleted", s.onTikTok("POST", "business/comment/delete/", s.about(ours)).json["code"], any(0.0))
	same(t, "deleted again", s.onTikTok("POST", "business/comment/delete/", s.about(ours)).json["code"], any(40002.0))

	videos := s.onTikTok("GET", "business/video/list/?business_id="+s.tiktok.ID+"&fields="+url.QueryEscape(`["caption"]`), nil)
	same(t, "video", at(t, videos.json, "data", "videos", 0, "item_id"), any(video))
	same(t, "caption", at(t, videos.json, "data", "videos", 0, "caption"), any("Neu im Laden"))
	me := s.onTikTok("GET", "business/get/?business_id="+s.tiktok.ID+"&fields="+url.QueryEscape(`["username"]`), nil)
	same(t, "username", at(t, me.json, "data", "username"), any("lindenladen"))

	want := simulator.Sent{Account: s.tiktok, MessageID: ours, Recipient: onTikTok.ID, Kind: simulator.Text, Surface: simulator.Comment, Text: "Ab Montag!", Target: id, At: s.clock.Now()}
	same(t, "sent", s.Sent(s.tiktok)[0], want)
	same(t, "actions", len(s.Actions(s.tiktok)), 3)
}

func TestTikTokWebhook(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	body := map[string]any{"app_id": "7", "secret": "wrong", "event_type": "COMMENT", "callback_url": s.hook.URL + "/hooks/ours"}
	same(t, "a wrong secret", s.onTikTok("POST", "business/webhook/update/", body).json["code"], any(40001.0))
	body["secret"] = tikTokSecret
	same(t, "code", s.onTikTok("POST", "business/webhook/update/", body).json["code"], any(0.0))
	_, told := s.comments(s.tiktok, "Hallo", "")
	same(t, "path", told.path, "/hooks/ours")
}

func TestTikTokRefuses(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	id, _ := s.comments(s.tiktok, "Hallo", "")
	others := s.about(id, "text", "x")
	others["business_id"] = "tt_business_open_id_002"
	for _, c := range []struct {
		name, path string
		body       map[string]any
		code       float64
	}{
		{"the business of others", "reply/create", others, 40001},
		{"a comment nobody knows", "reply/create", s.about("9", "text", "x"), 40002},
		{"nothing to say", "reply/create", s.about(id), 40002},
		{"a text over 1200 characters", "reply/create", s.about(id, "text", strings.Repeat("ä", 1201)), 40002},
		{"an action it does not know", "hide", s.about(id, "action", "BLOCK"), 40002},
		{"to delete their comment", "delete", s.about(id), 40001},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := s.onTikTok("POST", "business/comment/"+c.path+"/", c.body)
			same(t, "status", got.status, 200)
			same(t, "code", got.json["code"], any(c.code))
		})
	}
}
