package simulator_test

import (
	"testing"
	"time"

	"parley/channels/simulator"
)

// privately answers something said in public by a private message.
func (w *metaWorld) privately(a simulator.Account, said string) answered {
	w.t.Helper()
	return w.graph("POST", a, a.ID+"/messages", map[string]any{
		"recipient": map[string]any{"comment_id": said}, "message": map[string]any{"text": "Wir schreiben Ihnen."}})
}

func TestPrivateReplies(t *testing.T) {
	t.Parallel()

	t.Run("tell who the author of a comment is in private", func(t *testing.T) {
		t.Parallel()
		w := newMetaWorld(t).quietly()
		comment, told := w.comments(w.page, maxB, pagePost, "", "Wann?")
		public := at(t, told.change(t), "from", "id")

		got := w.privately(w.page, comment)

		same(t, "in public", public, any(simulator.FacebookPublicID(maxB.ID)))
		same(t, "in private", got.json["recipient_id"], any(maxB.ID))
		same(t, "answered", w.Sent(w.page)[0].Target, comment)
	})

	t.Run("reach once, until their answer opens the window", func(t *testing.T) {
		t.Parallel()
		w := newMetaWorld(t).quietly()
		for account, post := range map[simulator.Account]string{w.page: pagePost, w.insta: igMedia} {
			comment, _ := w.comments(account, maxB, post, "", "Wann?")
			accepted(t, "the first", w.privately(account, comment))
			refused(t, "the second", w.privately(account, comment), 10900, 0)
			refused(t, "a message after it", w.says(account, maxB.ID, "Noch da?"), 10, 0)
			w.inbound(simulator.Inbound{Account: account, Customer: maxB, Text: "Ja!"})
			accepted(t, "a message after their answer", w.says(account, maxB.ID, "Schön"))
		}
	})

	t.Run("are refused after a week, and for what we said ourselves", func(t *testing.T) {
		t.Parallel()
		w := newMetaWorld(t).quietly()
		comment, _ := w.comments(w.insta, maxB, igMedia, "", "Wann?")
		ours := w.graph("POST", w.insta, comment+"/replies", map[string]any{"message": "Bald"}).json["id"].(string)
		refused(t, "ours", w.privately(w.insta, ours), 100, 2534025)
		w.clock.Advance(7 * 24 * time.Hour)
		refused(t, "an old one", w.privately(w.insta, comment), 100, 2534025)
		refused(t, "one that is none", w.privately(w.insta, "1789"), 100, 33)
	})
}

func TestCommentsOfOurs(t *testing.T) {
	t.Parallel()

	t.Run("come back, and stand beside the answer they answer", func(t *testing.T) {
		t.Parallel()
		w := newMetaWorld(t)
		for account, post := range map[simulator.Account]string{w.page: pagePost, w.insta: igMedia} {
			edge := map[simulator.Platform]string{simulator.Facebook: "/comments", simulator.Instagram: "/replies"}[account.Platform]
			root, _ := w.comments(account, maxB, post, "", "Wann?")
			reply, _ := w.comments(account, frida, post, root, "Das wüsste ich auch gern")

			got := w.graph("POST", account, reply+edge, map[string]any{"message": "Bald"})

			told := w.hook.next(t).change(t)
			same(t, "parent", told["parent_id"], any(root))
			same(t, "author", at(t, told, "from", "id"), any(account.ID))
			if told["comment_id"] != got.json["id"] && told["id"] != got.json["id"] {
				t.Errorf("another comment came back than %s", got.body)
			}
			sent := w.Sent(account)[0]
			same(t, "answered", sent.Target+sent.Recipient, reply+frida.ID)
			same(t, "surface", sent.Surface, simulator.Comment)
		}
	})

	t.Run("can stand under an ad of ours", func(t *testing.T) {
		t.Parallel()
		w := newMetaWorld(t).quietly()
		accepted(t, "under the ad", w.graph("POST", w.page, pageAd+"/comments", map[string]any{"message": "Nur heute"}))
		same(t, "surface", w.Sent(w.page)[0].Surface, simulator.AdComment)
		refused(t, "under nothing", w.graph("POST", w.page, "1_2/comments", map[string]any{"message": "x"}), 100, 33)
		refused(t, "no words", w.graph("POST", w.page, pageAd+"/comments", nil), 100, 0)
	})
}

func TestModeration(t *testing.T) {
	t.Parallel()

	t.Run("of a page is told in the feed", func(t *testing.T) {
		t.Parallel()
		w := newMetaWorld(t)
		comment, _ := w.comments(w.page, maxB, pagePost, "", "Spam")
		hidden := func() any {
			return w.graph("GET", w.page, comment+"?fields=is_hidden,from{id}", nil).json["is_hidden"]
		}
		accepted(t, "hide", w.graph("POST", w.page, comment+"?is_hidden=true", nil))
		same(t, "verb", w.hook.next(t).change(t)["verb"], any("hide"))
		same(t, "hidden", hidden(), any(true))
		accepted(t, "unhide", w.graph("POST", w.page, comment, map[string]any{"is_hidden": false}))
		same(t, "verb", w.hook.next(t).change(t)["verb"], any("unhide"))
		same(t, "hidden", hidden(), any(false))
		accepted(t, "like", w.graph("POST", w.page, comment+"/likes", nil))
		same(t, "liked", w.graph("GET", w.page, comment+"?fields=user_likes", nil).json["user_likes"], any(true))
		accepted(t, "unlike", w.graph("DELETE", w.page, comment+"/likes", nil))
		refused(t, "their words", w.graph("POST", w.page, comment, map[string]any{"message": "Lob"}), 200, 0)
		accepted(t, "delete", w.graph("DELETE", w.page, comment, nil))
		same(t, "verb", w.hook.next(t).change(t)["verb"], any("remove"))
		refused(t, "delete again", w.graph("DELETE", w.page, comment, nil), 100, 33)

		ours := w.graph("POST", w.page, pagePost+"/comments", map[string]any{"message": "Heute bis 8"}).json["id"].(string)
		w.hook.next(t)
		accepted(t, "our words", w.graph("POST", w.page, ours, map[string]any{"message": "Heute bis 9"}))
		same(t, "new words", w.hook.next(t).change(t)["message"], any("Heute bis 9"))
		var did []simulator.Kind
		for _, action := range w.Actions(w.page) {
			did = append(did, action.Kind)
		}
		same(t, "actions", len(did), 6)
	})

	t.Run("on Instagram is told nowhere", func(t *testing.T) {
		t.Parallel()
		w := newMetaWorld(t)
		comment, _ := w.comments(w.insta, maxB, igMedia, "", "Spam")
		accepted(t, "hide", w.graph("POST", w.insta, comment+"?hide=true", nil))
		same(t, "hidden", w.graph("GET", w.insta, comment+"?fields=hidden", nil).json["hidden"], any(true))
		refused(t, "like", w.graph("POST", w.insta, comment+"/likes", nil), 100, 33)
		in := simulator.Inbound{Account: w.insta, Customer: maxB, Surface: simulator.Comment, Kind: simulator.Revoke, Target: comment}
		if _, err := w.CustomerWrites(soon(t), in); err != nil {
			t.Fatal(err)
		}
		refused(t, "one its author took back", w.graph("GET", w.insta, comment, nil), 100, 33)
		w.hook.empty(t)
	})
}

func TestInstagramMentionsAreFetched(t *testing.T) {
	t.Parallel()
	w := newMetaWorld(t)
	w.publish(w.insta, simulator.Post{ID: "17999", Text: "Party", Author: "freunde"})
	mention := simulator.Inbound{Account: w.insta, Customer: maxB, Surface: simulator.Mention, Post: "17999", Text: "@unsere.marke, kommt!"}
	comment, told := w.inbound(mention)
	same(t, "words", told.change(t)["text"], any(nil))
	mention.Post = ""
	media, _ := w.inbound(mention)

	found := w.graph("GET", w.insta, igID+"?fields=mentioned_comment.comment_id("+comment+"){text,username,media{id,caption}}", nil)
	same(t, "text", at(t, found.json, "mentioned_comment", "text"), any("@unsere.marke, kommt!"))
	same(t, "author", at(t, found.json, "mentioned_comment", "username"), any("max_b"))
	same(t, "caption", at(t, found.json, "mentioned_comment", "media", "caption"), any("Party"))
	same(t, "unasked", at(t, found.json, "mentioned_comment", "timestamp"), any(nil))
	found = w.graph("GET", w.insta, "me?fields=mentioned_media.media_id("+media+"){caption,username}", nil)
	same(t, "caption", at(t, found.json, "mentioned_media", "caption"), any("@unsere.marke, kommt!"))
	refused(t, "one that is none", w.graph("GET", w.insta, "me?fields=mentioned_media.media_id(1){caption}", nil), 100, 33)

	refused(t, "as an ordinary comment", w.graph("GET", w.insta, comment, nil), 100, 33)
	refused(t, "answered as an ordinary comment", w.graph("POST", w.insta, comment+"/replies", map[string]any{"message": "x"}), 100, 33)
	accepted(t, "answered", w.graph("POST", w.insta, igID+"/mentions", map[string]any{
		"media_id": "17999", "comment_id": comment, "message": "Gern!"}))
	accepted(t, "answered", w.graph("POST", w.insta, igID+"/mentions", map[string]any{"media_id": media, "message": "Gern!"}))
	same(t, "surface", w.Sent(w.insta)[0].Surface, simulator.Mention)
	w.hook.empty(t) // what we say elsewhere does not come back
}

func TestVisitorPosts(t *testing.T) {
	t.Parallel()
	w := newMetaWorld(t)
	post, _ := w.inbound(simulator.Inbound{Account: w.page, Customer: maxB, Surface: simulator.WallPost, Kind: simulator.Image, Text: "Bei euch"})
	found := w.graph("GET", w.page, post+"?fields=message,from,is_published,full_picture", nil)
	same(t, "author", at(t, found.json, "from", "id"), any(simulator.FacebookPublicID(maxB.ID)))
	same(t, "words", found.json["message"], any("Bei euch"))

	accepted(t, "a comment", w.graph("POST", w.page, post+"/comments", map[string]any{"message": "Danke"}))
	told := w.hook.next(t).change(t)
	same(t, "under it", told["post_id"], any(post))
	same(t, "at the top", told["parent_id"], any(post))
	w.quietly()
	accepted(t, "a private reply", w.graph("POST", w.page, "me/messages", map[string]any{
		"recipient": map[string]any{"post_id": post}, "message": map[string]any{"text": "Gutschein"}}))
	if _, err := w.CustomerWrites(soon(t), simulator.Inbound{Account: w.insta, Customer: maxB, Surface: simulator.WallPost, Text: "x"}); err == nil {
		t.Error("there is no wall on Instagram")
	}
}
