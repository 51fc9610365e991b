package simulator_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"parley/channels/simulator"
)

func TestGraphSignature(t *testing.T) {
	t.Parallel()
	w := newMetaWorld(t)
	for account, path := range map[simulator.Account]string{w.page: "/webhooks/facebook", w.insta: "/webhooks/instagram"} {
		_, told := w.inbound(simulator.Inbound{Account: account, Customer: maxB, Text: "Größe M / 🙏"})
		same(t, "path", told.path, path)
		if !signed(appSecret, told.raw, told.header.Get("X-Hub-Signature-256")) {
			t.Errorf("%s: the signature does not fit the bytes", path)
		}
		if !bytes.Contains(told.raw, []byte(`Gr\u00f6\u00dfe M \/ \ud83d\ude4f`)) {
			t.Errorf("%s: the body is not escaped as Meta's: %s", path, told.raw)
		}
	}
}

func TestGraphWindow(t *testing.T) {
	t.Parallel()
	w := newMetaWorld(t).quietly()
	human := func(a simulator.Account) answered {
		return w.graph("POST", a, "me/messages", map[string]any{"recipient": map[string]any{"id": maxB.ID},
			"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT", "message": map[string]any{"text": "spät"}})
	}
	for account, subcode := range map[simulator.Account]float64{w.page: 2018278, w.insta: 2534022} {
		w.inbound(simulator.Inbound{Account: account, Customer: maxB, Text: "Hallo?"})
		accepted(t, "at once", w.says(account, maxB.ID, "Ja?"))

		w.clock.Advance(24 * time.Hour)
		refused(t, "after a day", w.says(account, maxB.ID, "Ja?"), 10, subcode)
		accepted(t, "by a person", human(account))

		w.clock.Advance(6 * 24 * time.Hour)
		refused(t, "by a person after a week", human(account), 10, subcode)

		w.inbound(simulator.Inbound{Account: account, Customer: maxB, Kind: simulator.Reaction, Target: "mid.1", Emoji: "👍"})
		accepted(t, "after a reaction", w.says(account, maxB.ID, "Ja!"))
	}
}

func TestGraphRefusesMessages(t *testing.T) {
	t.Parallel()
	w := newMetaWorld(t).quietly()
	w.inbound(simulator.Inbound{Account: w.page, Customer: maxB, Text: "Hallo?"})
	w.inbound(simulator.Inbound{Account: w.insta, Customer: maxB, Text: "Hallo?"})
	send := func(a simulator.Account, change map[string]any) answered {
		body := map[string]any{"recipient": map[string]any{"id": maxB.ID}, "message": map[string]any{"text": "Ja?"}}
		for key, value := range change {
			body[key] = value
		}
		return w.graph("POST", a, a.ID+"/messages", body)
	}
	message := func(m map[string]any) map[string]any { return map[string]any{"message": m} }
	file := func(kind, url string) map[string]any {
		return map[string]any{"type": kind, "payload": map[string]any{"url": url}}
	}
	image, film := file("image", "https://cdn.example/1.jpg"), file("video", "https://cdn.example/1.mp4")

	accepted(t, "2000 characters", w.says(w.page, maxB.ID, strings.Repeat("ä", 2000)))
	accepted(t, "1000 bytes", w.says(w.insta, maxB.ID, strings.Repeat("ä", 500)))
	accepted(t, "two pictures", send(w.page, message(map[string]any{"attachments": []any{image, image}})))
	accepted(t, "a heart", send(w.insta, message(map[string]any{"attachment": map[string]any{"type": "like_heart"}})))
	for what, got := range map[string]answered{
		"2001 characters":       w.says(w.page, maxB.ID, strings.Repeat("ä", 2001)),
		"1001 bytes":            w.says(w.insta, maxB.ID, strings.Repeat("ä", 500)+"x"),
		"nothing":               send(w.page, message(map[string]any{"text": " "})),
		"a text and a file":     send(w.page, message(map[string]any{"text": "So", "attachment": image})),
		"two films":             send(w.page, message(map[string]any{"attachments": []any{film, film}})),
		"11 pictures":           send(w.insta, message(map[string]any{"attachments": []any{image, image, image, image, image, image, image, image, image, image, image}})),
		"a file without a link": send(w.page, message(map[string]any{"attachment": file("file", "")})),
		"a tag that ended":      send(w.page, map[string]any{"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}),
		"an id that is none":    send(w.page, map[string]any{"recipient": map[string]any{"id": 7}}),
		"a wrong action":        send(w.page, map[string]any{"sender_action": "wave"}),
	} {
		refused(t, what, got, 100, 0)
	}
	refused(t, "a local file", send(w.page, message(map[string]any{"attachment": file("image", "file:///etc/passwd")})), 100, 2018008)
	refused(t, "a stranger", w.says(w.page, frida.ID, "Hallo"), 100, 2018001)
	refused(t, "somebody's public id", w.says(w.page, simulator.FacebookPublicID(maxB.ID), "Hallo"), 100, 2018001)
	refused(t, "another account", w.graph("POST", w.page, "123/messages", nil), 100, 33)
	refused(t, "no token", w.call("POST", "/facebook/v25.0/me/messages", "", nil), 190, 0)
	refused(t, "a wrong proof", w.graph("POST", w.page, "me/messages?appsecret_proof=00", nil), 100, 0)
	w.leave(w.page, simulator.Block)
	refused(t, "somebody who blocked us", w.says(w.page, maxB.ID, "Hallo"), 551, 0)
}

// leave lets a customer do something of which nothing is told.
func (w *metaWorld) leave(a simulator.Account, kind simulator.Kind) {
	w.t.Helper()
	if _, err := w.CustomerWrites(soon(w.t), simulator.Inbound{Account: a, Customer: maxB, Kind: kind}); err != nil {
		w.t.Fatal(err)
	}
}

func TestGraphEchoes(t *testing.T) {
	t.Parallel()

	t.Run("come before the answer, and receipts after them", func(t *testing.T) {
		t.Parallel()
		w := newMetaWorld(t)
		w.inbound(simulator.Inbound{Account: w.page, Customer: maxB, Text: "Hallo?"})
		w.faults(w.page, simulator.Faults{ReceiptsFirst: true})

		got := w.says(w.page, maxB.ID, "Ja?")

		mid := got.json["message_id"]
		same(t, "recipient", got.json["recipient_id"], any(maxB.ID))
		told := w.hook.next(t).messaging(t)
		same(t, "echo", at(t, told, "message", "is_echo"), any(true))
		same(t, "mid", at(t, told, "message", "mid"), mid)
		same(t, "our word", at(t, told, "message", "metadata"), any("msg:01J9ZK7"))
		same(t, "from us", at(t, told, "sender", "id"), any(pageID))
		same(t, "to them", at(t, told, "recipient", "id"), any(maxB.ID))
		same(t, "delivered", at(t, w.hook.next(t).messaging(t), "delivery", "mids", 0), mid)
		read := w.hook.next(t).messaging(t)
		if at(t, read, "read", "watermark").(float64) < at(t, told, "timestamp").(float64) {
			t.Error("the watermark does not reach the message")
		}
		w.hook.empty(t)
	})

	t.Run("tell of a message whose answer was lost", func(t *testing.T) {
		t.Parallel()
		w := newMetaWorld(t)
		w.inbound(simulator.Inbound{Account: w.insta, Customer: maxB, Text: "Hallo?"})
		w.fail(w.insta, simulator.Failure{Class: simulator.AnswerLost})
		_, err := w.tryCall("POST", "/instagram/v25.0/me/messages", igToken, map[string]any{
			"recipient": map[string]any{"id": maxB.ID}, "message": map[string]any{"text": "Ja?"}})
		if err == nil {
			t.Fatal("there was an answer")
		}
		same(t, "text", at(t, w.hook.next(t).messaging(t), "message", "text"), any("Ja?"))
		same(t, "seen", at(t, w.hook.next(t).messaging(t), "read", "mid"), any(w.Sent(w.insta)[0].MessageID))
	})
}

func TestGraphReactionsAndSigns(t *testing.T) {
	t.Parallel()
	w := newMetaWorld(t)
	mid, _ := w.inbound(simulator.Inbound{Account: w.insta, Customer: maxB, Text: "Hallo?"})
	act := func(action, message string) answered {
		return w.graph("POST", w.insta, "me/messages", map[string]any{"recipient": map[string]any{"id": maxB.ID},
			"sender_action": action, "payload": map[string]any{"message_id": message, "reaction": "love"}})
	}
	for _, action := range []string{"react", "unreact", "typing_on", "typing_off", "mark_seen"} {
		accepted(t, action, act(action, mid))
	}
	refused(t, "a reaction to nothing", act("react", "mid.1"), 100, 0)

	sent, actions := w.Sent(w.insta), w.Actions(w.insta)
	same(t, "reaction", sent[0].Text+sent[0].Target, "love"+mid)
	same(t, "taken back", sent[1].Text, "")
	same(t, "typing", actions[0].Kind, simulator.Typing)
	same(t, "read up to", actions[1].Target, mid)
	w.hook.empty(t) // nothing of it comes back
}

func TestPageAddressServesItsInstagramAccount(t *testing.T) {
	t.Parallel()
	w := newMetaWorld(t).quietly()
	w.AddInstagramAccount(simulator.InstagramAccount{ID: igID, Username: "unsere.marke", PageID: pageID, AccessToken: pageToken})
	w.inbound(simulator.Inbound{Account: w.page, Customer: maxB, Text: "Hallo?"})
	w.inbound(simulator.Inbound{Account: w.insta, Customer: frida, Text: "Hallo?"})
	accepted(t, "to Max", w.says(w.page, maxB.ID, "auf Facebook"))
	accepted(t, "to Frida", w.says(w.page, frida.ID, "auf Instagram"))
	same(t, "on Facebook", w.Sent(w.page)[0].Recipient, maxB.ID)
	same(t, "on Instagram", w.Sent(w.insta)[0].Recipient, frida.ID)
}

func TestFailNextOnGraph(t *testing.T) {
	t.Parallel()
	w := newMetaWorld(t).quietly()
	comment, _ := w.comments(w.page, maxB, pagePost, "", "Wann?")
	w.inbound(simulator.Inbound{Account: w.insta, Customer: maxB, Text: "Hallo?"})
	for _, c := range []struct {
		class         simulator.Class
		code, subcode float64
	}{
		{simulator.RateLimited, 613, 0},
		{simulator.AuthExpired, 190, 463},
		{simulator.OutsideWindow, 10, 2534022},
		{simulator.RecipientBlocked, 551, 0},
		{simulator.RecipientUnreachable, 551, 1545041},
		{simulator.InvalidRequest, 100, 0},
		{simulator.Permission, 200, 0},
		{simulator.ChannelRestricted, 10, 1893063},
		{simulator.Transient, 2, 0},
	} {
		t.Run(string(c.class), func(t *testing.T) {
			w.fail(w.insta, simulator.Failure{Class: c.class, RetryAfter: 90 * time.Second})
			got := w.says(w.insta, maxB.ID, "x")
			refused(t, "in private", got, c.code, c.subcode)
			if c.class == simulator.RateLimited && !strings.Contains(got.header.Get("X-Business-Use-Case-Usage"), `"estimated_time_to_regain_access":2`) {
				t.Errorf("no word of when to come back: %v", got.header)
			}
			accepted(t, "the next one", w.says(w.insta, maxB.ID, "x"))
		})
	}
	w.fail(w.page, simulator.Failure{Class: simulator.Transient})
	refused(t, "in public", w.graph("POST", w.page, comment+"/comments", map[string]any{"message": "x"}), 2, 0)
	w.faults(w.page, simulator.Faults{TokenExpired: true})
	refused(t, "with an expired token", w.graph("GET", w.page, "me", nil), 190, 463)
	if w.FailNext(w.page, simulator.Failure{Class: simulator.Transient, AsReceipt: true}) == nil {
		t.Error("Messenger reports no failures later")
	}
}
