package simulator_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"parley/channels/simulator"
)

func TestGraphSubscription(t *testing.T) {
	t.Parallel()
	w := newMetaWorld(t)
	w.AddFacebookPage(simulator.FacebookPage{ID: pageID, Name: "Unsere Seite", AccessToken: pageToken, NeedsSubscription: true})
	write := simulator.Inbound{Account: w.page, Customer: maxB, Text: "Hallo?"}
	silently := func(in simulator.Inbound) {
		t.Helper()
		if _, err := w.CustomerWrites(soon(t), in); err != nil {
			t.Fatal(err)
		}
		w.hook.empty(t)
	}
	silently(write)

	accepted(t, "subscribe", w.graph("POST", w.page, pageID+"/subscribed_apps?subscribed_fields=messages,message_reads", nil))
	w.inbound(write)
	silently(simulator.Inbound{Account: w.page, Customer: maxB, Surface: simulator.Comment, Post: pagePost, Text: "Wann?"})
	w.says(w.page, maxB.ID, "Ja?")
	if at(t, w.hook.next(t).messaging(t), "read") == nil {
		t.Error("of the receipts, reads alone were asked for")
	}

	accepted(t, "subscribe the linked account", w.call("POST", "/facebook/v25.0/me/subscribed_apps", igToken,
		map[string]any{"subscribed_fields": "messages,feed"}))
	w.comments(w.insta, maxB, igMedia, "", "of which no page field speaks")

	accepted(t, "unsubscribe", w.graph("DELETE", w.page, "me/subscribed_apps", nil))
	silently(write)
	refused(t, "to nothing", w.graph("POST", w.page, "me/subscribed_apps", nil), 100, 0)
}

func TestAccountThatKeepsItsMessages(t *testing.T) {
	t.Parallel()
	w := newMetaWorld(t)
	w.AddInstagramAccount(simulator.InstagramAccount{ID: igID, Username: "unsere.marke", AccessToken: igToken, MessagesClosed: true})
	refused(t, "conversations", w.graph("GET", w.insta, "me/conversations", nil), 200, 2534041)
	refused(t, "a message", w.says(w.insta, maxB.ID, "Hallo"), 200, 2534041)
	if _, err := w.CustomerWrites(soon(t), simulator.Inbound{Account: w.insta, Customer: maxB, Text: "Hallo"}); err != nil {
		t.Fatal(err)
	}
	w.hook.empty(t)
	w.comments(w.insta, maxB, igMedia, "", "Öffentlich geht es")
}

func TestGraphTokens(t *testing.T) {
	t.Parallel()
	w := newMetaWorld(t)
	got := w.call("GET", "/instagram/refresh_access_token?grant_type=ig_refresh_token&access_token="+igToken, "", nil)
	fresh, _ := got.json["access_token"].(string)
	if fresh == "" || fresh == igToken {
		t.Fatalf("no new token: %s", got.body)
	}
	same(t, "lives", got.json["expires_in"], any(5184000.0))
	me := w.call("GET", "/instagram/v25.0/me?fields=user_id,username", fresh, nil)
	same(t, "account", me.json["user_id"], any(igID))
	refused(t, "a page's token", w.graph("GET", w.page, "refresh_access_token?grant_type=ig_refresh_token", nil), 100, 0)

	page := w.graph("GET", w.page, "me?fields=name,instagram_business_account{username}", nil)
	same(t, "name", page.json["name"], any("Unsere Seite"))
	same(t, "linked account", at(t, page.json, "instagram_business_account", "username"), any("unsere.marke"))
}

func TestGraphBatches(t *testing.T) {
	t.Parallel()
	w := newMetaWorld(t)
	w.faults(w.page, simulator.Faults{Batch: 4})
	write := func(in simulator.Inbound) {
		t.Helper()
		in.Account, in.Customer = w.page, maxB
		if _, err := w.CustomerWrites(soon(t), in); err != nil {
			t.Fatal(err)
		}
	}
	write(simulator.Inbound{Text: "eins"})
	for range 3 {
		write(simulator.Inbound{Surface: simulator.Comment, Post: pagePost, Text: "Wann?"})
	}
	told := w.hook.next(t)
	same(t, "first entry", at(t, told.json, "entry", 0, "messaging", 0, "message", "text"), any("eins"))
	same(t, "changes of the second", len(at(t, told.json, "entry", 1, "changes").([]any)), 2)
	same(t, "changes of the third", len(at(t, told.json, "entry", 2, "changes").([]any)), 1)
}

func TestGraphFiles(t *testing.T) {
	t.Parallel()
	w := newMetaWorld(t)
	_, told := w.inbound(simulator.Inbound{Account: w.page, Customer: maxB, Kind: simulator.Document})
	link := at(t, told.messaging(t), "message", "attachments", 0, "payload", "url").(string)
	fetch := func() (int, string) {
		t.Helper()
		resp, err := w.api.Client().Get(link)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(raw)
	}
	status, body := fetch()
	same(t, "status", status, http.StatusOK)
	same(t, "file", body[:4], "%PDF")
	w.clock.Advance(25 * time.Hour)
	status, _ = fetch()
	same(t, "a day later", status, http.StatusForbidden)

	_, told = w.inbound(simulator.Inbound{Account: w.page, Customer: maxB, Kind: simulator.Sticker})
	files := at(t, told.messaging(t), "message", "attachments").([]any)
	same(t, "one sticker told twice", at(t, files[0], "payload", "sticker_id"), at(t, files[1], "payload", "sticker_id"))
}
