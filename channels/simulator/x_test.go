package simulator_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/channels/simulator"
)

func xDigest(body string) string {
	mac := hmac.New(sha256.New, []byte(xSecret))
	mac.Write([]byte(body))
	return "sha256=" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (s *square) onX(method, path string, body any) answered {
	s.t.Helper()
	return s.ask(s.x, token, method, "/x/2/"+path, body)
}

func TestXEvents(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	person := []string{"tag", "public_metrics", "affiliation", "description", "profile_banner_url", "location", "verified_type",
		"pinned_tweet_id", "most_recent_tweet_id", "entities", "edit_controls"}

	for _, c := range []struct {
		fixture string
		in      simulator.Inbound
		kind    string
	}{
		{"x/xaa_dm_received", simulator.Inbound{Text: "hello!"}, "dm.received"},
		{"x/xaa_post_mention", simulator.Inbound{Surface: simulator.Mention, Text: "hey"}, "post.mention.create"},
		{"x/xaa_post_quote", simulator.Inbound{Surface: simulator.Mention, Post: xPost, Text: "ihr auch"}, "post.quote.create"},
		{"x/xaa_post_reply", simulator.Inbound{Surface: simulator.Comment, Post: xPost, Text: "schön"}, "post.reply.create"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			c.in.Account, c.in.Customer = s.x, onX
			_, told := s.inbound(c.in)
			same(t, "path", told.path, "/webhooks/x")
			same(t, "signature", told.header.Get("X-Twitter-Webhooks-Signature"), xDigest(string(told.raw)))
			same(t, "kind", at(t, told.json, "data", "event_type"), any(c.kind))
			likeness(t, c.fixture, told.json, person...)
		})
	}

	t.Run("a deleted post", func(t *testing.T) {
		id, _ := s.comments(s.x, "ups", "")
		_, told := s.inbound(simulator.Inbound{Account: s.x, Customer: onX, Kind: simulator.Revoke, Target: id})
		likeness(t, "x/xaa_post_delete", told.json, person...)
		same(t, "id", at(t, told.json, "data", "payload", "id"), any(id))
	})
	t.Run("what they read, in the words of the API before", func(t *testing.T) {
		sent := s.onX("POST", "dm_conversations/with/"+onX.ID+"/messages", map[string]any{"text": "Guten Tag"})
		s.hook.next(t) // the echo
		_, told := s.inbound(simulator.Inbound{Account: s.x, Customer: onX, Kind: simulator.Seen})
		same(t, "last", at(t, told.json, "direct_message_mark_read_events", 0, "last_read_event_id"), at(t, sent.json, "data", "dm_event_id"))
		same(t, "for", at(t, told.json, "for_user_id"), any(xUser))
	})
	t.Run("that they type", func(t *testing.T) {
		_, told := s.inbound(simulator.Inbound{Account: s.x, Customer: onX, Kind: simulator.Typing})
		likeness(t, "x/aaa_typing", told.json, "users")
	})
}

func TestXMessages(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	_, told := s.inbound(simulator.Inbound{Account: s.x, Customer: onX, Kind: simulator.Image, Text: "schau"})
	message := at(t, told.json, "data", "payload", "direct_message_events", 0, "message_create", "message_data")
	link := at(t, message, "attachment", "media", "media_url_https").(string)
	path := link[strings.Index(link, "/x/"):]
	same(t, "a file without a token", s.ask(s.x, "", "GET", path, nil).status, 401)
	same(t, "the file", s.ask(s.x, token, "GET", path, nil).header.Get("Content-Type"), "image/jpeg")

	begun := s.onX("POST", "media/upload/initialize", map[string]any{"media_type": "image/png", "total_bytes": 4})
	id := at(t, begun.json, "data", "id").(string)
	s.upload("/x/2/media/upload/"+id+"/append", "media", map[string]string{"segment_index": "0"})
	same(t, "uploaded", s.onX("POST", "media/upload/"+id+"/finalize", nil).status, 200)

	s.faults(s.x, simulator.Faults{ReceiptsFirst: true})
	conversation := xUser + "-" + onX.ID
	got := s.onX("POST", "dm_conversations/"+conversation+"/messages", map[string]any{
		"text": "Guten Tag", "attachments": []any{map[string]any{"media_id": id}}})
	same(t, "status", got.status, 201)
	same(t, "conversation", at(t, got.json, "data", "dm_conversation_id"), any(conversation))
	same(t, "echoes by then", len(s.hook.got), 1)
	echo := s.hook.next(t)
	same(t, "kind", at(t, echo.json, "data", "event_type"), any("dm.sent"))
	same(t, "id", at(t, echo.json, "data", "payload", "direct_message_events", 0, "id"), at(t, got.json, "data", "dm_event_id"))

	sent := s.Sent(s.x)
	same(t, "sent", len(sent), 1)
	same(t, "sent", sent[0], simulator.Sent{Account: s.x, MessageID: sent[0].MessageID, Recipient: onX.ID, Kind: simulator.Image,
		Text: "Guten Tag", Media: id, At: s.clock.Now()})
}

func TestXPosts(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	theirs, told := s.comments(s.x, "Wann geöffnet?", "")

	reply := func(to, text string) answered {
		return s.onX("POST", "tweets", map[string]any{"text": text, "reply": map[string]any{"in_reply_to_tweet_id": to}})
	}
	got := reply(theirs, "Bis acht")
	same(t, "status", got.status, 201)
	ours := at(t, got.json, "data", "id").(string)
	echo := s.hook.next(t)
	same(t, "kind", at(t, echo.json, "data", "event_type"), any("post.create"))
	same(t, "text", at(t, echo.json, "data", "payload", "text"), any("@erika_l Bis acht"))
	same(t, "names us", at(t, told.json, "data", "payload", "entities", "mentions", 0, "end"), any(7.0))
	same(t, "begins at", at(t, echo.json, "data", "payload", "display_text_range", 0), any(9.0))
	same(t, "conversation", at(t, echo.json, "data", "payload", "conversation_id"), any(xPost))

	// A third person answers the customer: nobody tells us, but it can be found.
	stranger := simulator.Customer{ID: "3333333333333333333", Username: "ole"}
	aside, err := s.CustomerWrites(soon(t), simulator.Inbound{Account: s.x, Customer: stranger, Surface: simulator.Comment, Post: xPost, Text: "bis neun", Target: theirs})
	if err != nil {
		t.Fatal(err)
	}
	s.hook.empty(t)
	found := s.onX("GET", "tweets/search/recent?query=conversation_id:"+xPost+"&since_id="+ours, nil)
	same(t, "found", at(t, found.json, "data", 0, "id"), any(aside))

	hidden := s.onX("PUT", "tweets/"+theirs+"/hidden", map[string]any{"hidden": true})
	same(t, "hidden", at(t, hidden.json, "data", "hidden"), any(true))
	same(t, "to delete theirs", s.onX("DELETE", "tweets/"+theirs, nil).status, 403)
	same(t, "to delete ours", s.onX("DELETE", "tweets/"+ours, nil).status, 200)
	same(t, "kind", at(t, s.hook.next(t).json, "data", "event_type"), any("post.delete"))
	same(t, "to delete it again", s.onX("DELETE", "tweets/"+ours, nil).status, 404)
	same(t, "an answer to what is gone", reply(ours, "x").status, 403)

	var kinds []string
	for _, a := range s.Actions(s.x) {
		kinds = append(kinds, string(a.Kind))
	}
	same(t, "actions", strings.Join(kinds, " "), "hide delete")
}

func TestXWeighsPosts(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	for _, c := range []struct {
		name, text string
		status     int
	}{
		{"280 letters", strings.Repeat("ä", 280), 201},
		{"281 letters", strings.Repeat("ä", 281), 400},
		{"141 Chinese characters", strings.Repeat("好", 141), 400},
		{"140 families", strings.Repeat("👨‍👩‍👧", 140), 201},
		{"a long link among 257 letters", strings.Repeat("a", 256) + " https://shop.example/" + strings.Repeat("x", 200), 201},
		{"nothing", "", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			same(t, "status", s.onX("POST", "tweets", map[string]any{"text": c.text}).status, c.status)
		})
	}
}

func TestXLists(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	var ids []string
	for _, text := range []string{"eins", "zwei", "drei"} {
		id, _ := s.inbound(simulator.Inbound{Account: s.x, Customer: onX, Text: text})
		ids = append(ids, id)
	}
	first := s.onX("GET", "dm_events?max_results=2&dm_event.fields=sender_id&expansions=sender_id", nil)
	same(t, "newest", at(t, first.json, "data", 0, "id"), any(ids[2]))
	same(t, "sender", at(t, first.json, "data", 0, "sender_id"), any(onX.ID))
	same(t, "what nobody asked for", at(t, first.json, "data", 0, "created_at"), nil)
	same(t, "who", at(t, first.json, "includes", "users", 0, "name"), any(onX.Name))
	rest := s.onX("GET", "dm_events?max_results=2&pagination_token="+at(t, first.json, "meta", "next_token").(string), nil)
	same(t, "oldest", at(t, rest.json, "data", 0, "text"), any("eins"))
	same(t, "no more", at(t, rest.json, "meta", "next_token"), nil)

	mention, _ := s.inbound(simulator.Inbound{Account: s.x, Customer: onX, Surface: simulator.Mention, Text: "hey"})
	comment, _ := s.comments(s.x, "schön", "")
	both := s.onX("GET", "users/"+xUser+"/mentions", nil)
	same(t, "mentions", at(t, both.json, "meta", "result_count"), any(2.0))
	newer := s.onX("GET", "users/"+xUser+"/mentions?since_id="+mention, nil)
	same(t, "newer", at(t, newer.json, "data", 0, "id"), any(comment))
	none := s.onX("GET", "users/"+xUser+"/mentions?since_id="+comment, nil)
	same(t, "none", none.json["data"], nil)
	same(t, "a post", at(t, s.onX("GET", "tweets/"+xPost+"?tweet.fields=author_id", nil).json, "data", "author_id"), any(xUser))
	same(t, "no post", at(t, s.onX("GET", "tweets/99", nil).json, "errors", 0, "title"), any("Not Found Error"))
	same(t, "me", at(t, s.onX("GET", "users/me", nil).json, "data", "username"), any("linden"))
}

func TestXSubscriptions(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	asApp := func(method, path string, body any) answered {
		t.Helper()
		return s.ask(s.x, xBearer, method, "/x/2/"+path, body)
	}
	address := s.hook.URL + "/hooks/ours"
	same(t, "an account's token", s.onX("GET", "webhooks", nil).status, 401)
	same(t, "a webhook that proves nothing", asApp("POST", "webhooks", map[string]any{"url": address}).status, 400)
	s.hook.next(t)

	s.hook.answersWith(func(w http.ResponseWriter, r *http.Request) {
		if token := r.URL.Query().Get("crc_token"); token != "" {
			_ = json.NewEncoder(w).Encode(map[string]string{"response_token": xDigest(token)})
		}
	})
	hook := asApp("POST", "webhooks", map[string]any{"url": address})
	s.hook.next(t)
	same(t, "registered", hook.status, 200)
	same(t, "twice", asApp("POST", "webhooks", map[string]any{"url": address}).status, 400)
	wish := s.onX("POST", "activity/subscriptions", map[string]any{"event_type": "dm.received",
		"filter": map[string]any{"user_id": xUser}, "tag": "inbox", "webhook_id": at(t, hook.json, "data", "id")})
	same(t, "subscribed", wish.status, 200)

	_, told := s.inbound(simulator.Inbound{Account: s.x, Customer: onX, Text: "Hallo"})
	same(t, "path", told.path, "/hooks/ours")
	same(t, "tag", at(t, told.json, "data", "tag"), any("inbox"))
	quiet := func(in simulator.Inbound) {
		t.Helper()
		in.Account, in.Customer = s.x, onX
		if _, err := s.CustomerWrites(soon(t), in); err != nil {
			t.Fatal(err)
		}
		s.hook.empty(t)
	}
	quiet(simulator.Inbound{Surface: simulator.Mention, Text: "hey"})

	path := "activity/subscriptions/" + at(t, wish.json, "data", "subscription_id").(string)
	same(t, "unsubscribed", asApp("DELETE", path, nil).status, 200)
	quiet(simulator.Inbound{Text: "Hallo?"})
	same(t, "total", at(t, asApp("GET", "activity/subscriptions", nil).json, "meta", "total_subscriptions"), any(0.0))
}

func TestXHoldsBackFromAWebhookThatFailsItsCheck(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	asApp := func(method, path string) answered {
		t.Helper()
		return s.ask(s.x, xBearer, method, "/x/2/webhooks"+path, map[string]any{"url": s.hook.URL + "/hooks/ours"})
	}
	proves := func(w http.ResponseWriter, r *http.Request) {
		if token := r.URL.Query().Get("crc_token"); token != "" {
			_ = json.NewEncoder(w).Encode(map[string]string{"response_token": xDigest(token)})
		}
	}
	s.hook.answersWith(proves)
	id := "/" + at(t, asApp("POST", "").json, "data", "id").(string)
	s.hook.next(t)
	s.hook.answersWith(nil)
	same(t, "checked", asApp("PUT", id).status, 400)
	s.hook.next(t)
	same(t, "valid", at(t, asApp("GET", "").json, "data", 0, "valid"), any(false))
	s.leaves(simulator.Inbound{Account: s.x, Customer: onX, Text: "Hallo"})
	s.hook.empty(t)

	s.hook.answersWith(proves)
	same(t, "checked again", asApp("PUT", id).status, 200)
	s.hook.next(t)
	same(t, "delivered then", s.hook.next(t).path, "/hooks/ours")
	same(t, "removed", asApp("DELETE", id).status, 200)
	same(t, "removed again", asApp("DELETE", id).status, 400)
}

func TestXPictures(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	id, told := s.inbound(simulator.Inbound{Account: s.x, Customer: onX, Kind: simulator.Image, Surface: simulator.Comment, Post: xPost, Text: "so?"})
	key := at(t, told.json, "data", "payload", "attachments", "media_keys", 0)
	same(t, "key", at(t, told.json, "data", "includes", "media", 0, "media_key"), key)
	link := at(t, told.json, "data", "includes", "media", 0, "url").(string)
	same(t, "everybody sees it", s.ask(s.x, "", "GET", link[strings.Index(link, "/x/"):], nil).header.Get("Content-Type"), "image/jpeg")

	got := s.onX("GET", "tweets/"+id+"?expansions=author_id,attachments.media_keys,referenced_tweets.id", nil)
	same(t, "author", at(t, got.json, "includes", "users", 0, "username"), any(onX.Username))
	same(t, "picture", at(t, got.json, "includes", "media", 0, "media_key"), key)
	same(t, "what it answers", at(t, got.json, "includes", "tweets", 0, "id"), any(xPost))

	file := map[string]any{"media": base64.StdEncoding.EncodeToString([]byte("GIF89a")), "media_category": "tweet_gif"}
	uploaded := at(t, s.onX("POST", "media/upload", file).json, "data", "id")
	post := map[string]any{"text": "so!", "media": map[string]any{"media_ids": []any{uploaded}}, "reply": map[string]any{"in_reply_to_tweet_id": id}}
	same(t, "posted", s.onX("POST", "tweets", post).status, 201)
	same(t, "echoed", at(t, s.hook.next(t).json, "data", "includes", "media", 0, "type"), any("photo"))
	s.clock.Advance(25 * time.Hour)
	same(t, "a day later", s.onX("POST", "tweets", post).status, 400)
}

func TestXRefuses(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	theirs, _ := s.inbound(simulator.Inbound{Account: s.x, Customer: onX, Text: "Hallo"})
	dm := func(text string) map[string]any { return map[string]any{"text": text} }
	with := "dm_conversations/with/"
	for _, c := range []struct {
		name, method, path string
		body               any
		status             int
	}{
		{"a stranger", "POST", with + "99/messages", dm("x"), 403},
		{"a conversation of others", "POST", "dm_conversations/5-99/messages", dm("x"), 403},
		{"a message of nothing", "POST", with + onX.ID + "/messages", dm(""), 400},
		{"a message over 10000 characters", "POST", with + onX.ID + "/messages", dm(strings.Repeat("x", 10_001)), 400},
		{"a file nobody uploaded", "POST", with + onX.ID + "/messages", map[string]any{"attachments": []any{map[string]any{"media_id": "9"}}}, 400},
		{"to delete their message", "DELETE", "dm_events/" + theirs, nil, 403},
		{"to hide our own post", "PUT", "tweets/" + xPost + "/hidden", map[string]any{"hidden": true}, 404},
		{"a body that is no JSON object", "POST", "tweets", "x", 400},
		{"mentions of others", "GET", "users/99/mentions", nil, 404},
		{"an address it does not know", "GET", "likes", nil, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := s.onX(c.method, c.path, c.body)
			same(t, "status", got.status, c.status)
			same(t, "kind", got.header.Get("Content-Type"), "application/problem+json")
			same(t, "said", got.json["status"], any(float64(c.status)))
		})
	}
	t.Run("somebody who blocked us", func(t *testing.T) {
		if _, err := s.CustomerWrites(soon(t), simulator.Inbound{Account: s.x, Customer: onX, Kind: simulator.Block}); err != nil {
			t.Fatal(err)
		}
		got := s.onX("POST", with+onX.ID+"/messages", dm("x"))
		same(t, "type", got.json["type"], any("https://api.twitter.com/2/problems/not-authorized-for-resource"))
	})
}
