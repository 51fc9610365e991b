package simulator_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"parley/channels/simulator"
)

// TestGraphShapes compares what is delivered with recorded payloads: the same fields, none more and none missing.
func TestGraphShapes(t *testing.T) {
	t.Parallel()
	const fixtures = "../../../shared/fixtures"
	if _, err := os.Stat(fixtures); err != nil {
		t.Skip("the recorded payloads are not here")
	}
	w := newMetaWorld(t)
	flat := w.AddInstagramAccount(simulator.InstagramAccount{ID: "17841400000000007", Username: "andere", AccessToken: "IGAA-2"})
	foreign := simulator.Post{ID: "24266381753000001_555666777", Author: "24266381753000001"}
	w.publish(w.page, foreign)
	w.publish(w.insta, simulator.Post{ID: "17999", Author: "freunde"})
	w.publish(flat, simulator.Post{ID: igMedia})
	said, _ := w.inbound(simulator.Inbound{Account: w.page, Customer: maxB, Text: "Hallo"})
	igSaid, _ := w.inbound(simulator.Inbound{Account: w.insta, Customer: maxB, Text: "Hallo"})
	toGo, _ := w.inbound(simulator.Inbound{Account: w.insta, Customer: maxB, Text: "weg"})
	comment, _ := w.comments(w.page, maxB, pagePost, "", "Wann?")
	igComment, _ := w.comments(w.insta, maxB, igMedia, "", "Wann?")

	fb, ig := w.page, w.insta
	public := func(a simulator.Account, kind simulator.Kind, surface simulator.Surface, post, target string) simulator.Inbound {
		return simulator.Inbound{Account: a, Kind: kind, Surface: surface, Post: post, Target: target, Text: "Wann?"}
	}
	for _, c := range []struct {
		fixture string
		in      simulator.Inbound
	}{
		{"facebook/dm_text", simulator.Inbound{Account: fb, Text: "Hallo"}},
		{"facebook/dm_image_no_text", simulator.Inbound{Account: fb, Kind: simulator.Image}},
		{"facebook/dm_multiple_attachments", simulator.Inbound{Account: fb, Kind: simulator.Document, Text: "Drei"}},
		{"facebook/dm_postback_get_started", simulator.Inbound{Account: fb, Kind: simulator.Button, Text: "Los", Payload: "GO", Target: said}},
		{"facebook/dm_reaction_add", simulator.Inbound{Account: fb, Kind: simulator.Reaction, Emoji: "😢", Target: said}},
		{"facebook/dm_read_watermark", simulator.Inbound{Account: fb, Kind: simulator.Seen, Target: said}},
		{"facebook/dm_reply_to", simulator.Inbound{Account: fb, Text: "Hallo", Target: said}},
		{"facebook/comment_add_organic", public(fb, "", simulator.Comment, pagePost, "")},
		{"facebook/comment_reply_to_comment", public(fb, "", simulator.Comment, pagePost, comment)},
		{"facebook/comment_on_dark_post", public(fb, "", simulator.AdComment, pageAd, "")},
		{"facebook/comment_hidden", public(fb, simulator.Hide, simulator.Comment, "", comment)},
		{"facebook/comment_unhidden", public(fb, simulator.Unhide, simulator.Comment, "", comment)},
		{"facebook/comment_edited", public(fb, simulator.Edit, simulator.Comment, "", comment)},
		{"facebook/comment_removed", public(fb, simulator.Revoke, simulator.Comment, "", comment)},
		{"facebook/visitor_post_text", public(fb, "", simulator.WallPost, "", "")},
		{"facebook/visitor_post_photo", public(fb, simulator.Image, simulator.WallPost, "", "")},
		{"facebook/page_mention_in_post", public(fb, "", simulator.Mention, "", "")},
		{"facebook/page_mention_in_comment", public(fb, "", simulator.Mention, foreign.ID, "")},
		{"instagram/dm_text", simulator.Inbound{Account: ig, Text: "Hallo"}},
		{"instagram/dm_image", simulator.Inbound{Account: ig, Kind: simulator.Image}},
		{"instagram/dm_story_reply", simulator.Inbound{Account: ig, Text: "Mega", Post: igMedia}},
		{"instagram/dm_postback_icebreaker", simulator.Inbound{Account: ig, Kind: simulator.Button, Text: "Los", Payload: "GO", Target: igSaid}},
		{"instagram/dm_reaction_react", simulator.Inbound{Account: ig, Kind: simulator.Reaction, Emoji: "❤️", Target: igSaid}},
		{"instagram/dm_reaction_unreact", simulator.Inbound{Account: ig, Kind: simulator.Reaction, Target: igSaid}},
		{"instagram/dm_edit", simulator.Inbound{Account: ig, Kind: simulator.Edit, Target: igSaid, Text: "Schweiz?"}},
		{"instagram/dm_unsend", simulator.Inbound{Account: ig, Kind: simulator.Revoke, Target: toGo}},
		{"instagram/dm_seen", simulator.Inbound{Account: ig, Kind: simulator.Seen, Target: igSaid}},
		{"instagram/comment_changes_fb_login", public(ig, "", simulator.Comment, igMedia, "")},
		{"instagram/comment_flat_ig_login", public(flat, "", simulator.Comment, igMedia, "")},
		{"instagram/comment_reply", public(ig, "", simulator.Comment, igMedia, igComment)},
		{"instagram/comment_on_ad_dark", public(ig, "", simulator.AdComment, igMedia, "")}, // ours, boosted
		{"instagram/mention_in_media", public(ig, "", simulator.Mention, "", "")},
		{"instagram/mention_in_comment", public(ig, "", simulator.Mention, "17999", "")},
	} {
		t.Run(c.fixture, func(t *testing.T) {
			c.in.Customer = maxB
			_, told := w.inbound(c.in)
			sameShape(t, fixtures, c.fixture, told)
		})
	}

	w.says(fb, maxB.ID, "Gerne")
	for _, fixture := range []string{"facebook/dm_echo_own_app", "facebook/dm_delivery_mids", "facebook/dm_read_watermark"} {
		sameShape(t, fixtures, fixture, w.hook.next(t))
	}
	w.says(ig, maxB.ID, "Gerne")
	sameShape(t, fixtures, "instagram/dm_echo", w.hook.next(t))
	sameShape(t, fixtures, "instagram/dm_seen", w.hook.next(t))
	w.graph("POST", ig, igComment+"/replies", map[string]any{"message": "Danke"})
	sameShape(t, fixtures, "instagram/comment_by_own_account", w.hook.next(t))
	parent, _ := w.comments(fb, maxB, pagePost, "", "Und wann?")
	w.graph("POST", fb, parent+"/comments", map[string]any{"message": "Bald"})
	sameShape(t, fixtures, "facebook/comment_by_page_itself", w.hook.next(t))
}

func sameShape(t *testing.T, fixtures, name string, told delivered) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(fixtures, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var recorded any
	if err := json.Unmarshal(raw, &recorded); err != nil {
		t.Fatal(err)
	}
	want, got := fields(recorded, "", nil), fields(told.json, "", nil)
	for path, kind := range want {
		same(t, name+path, got[path], kind)
	}
	for path := range got {
		if want[path] == "" {
			t.Errorf("%s is not in %s", path, name)
		}
	}
}
