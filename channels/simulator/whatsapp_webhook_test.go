package simulator_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"parley/channels/simulator"
)

func TestWhatsAppSignature(t *testing.T) {
	t.Parallel()

	// The vector proves the check; the check proves the simulator.
	body, err := base64.StdEncoding.DecodeString("eyJvYmplY3QiOiJwYWdlIiwiZW50cnkiOlt7ImlkIjoiMTAyMDMwNDA1MDYwNzA4IiwidGltZSI6MTc2MDAwMDAwMDM1MCwibWVzc2FnaW5nIjpbeyJzZW5kZXIiOnsiaWQiOiI2NzgwNDYyMTI1MzcwMDAxIn0sInJlY2lwaWVudCI6eyJpZCI6IjEwMjAzMDQwNTA2MDcwOCJ9LCJ0aW1lc3RhbXAiOjE3NjAwMDAwMDAwMDAsIm1lc3NhZ2UiOnsibWlkIjoibV8xIiwidGV4dCI6ImhlbGxvIn19XX1dfQ==")
	if err != nil {
		t.Fatal(err)
	}
	if !signed(appSecret, body, "sha256=1d31d8abecdb39116e4f44b56b9583f7b38daf8bad30aefcc2167df7ec2160f0") {
		t.Fatal("the check refuses the published vector")
	}

	w := newWorld(t)
	_, told := w.customerWrites("Größe M / 🙏 <b>")

	same(t, "path", told.path, "/webhooks/whatsapp")
	if !signed(appSecret, told.raw, told.header.Get("X-Hub-Signature-256")) {
		t.Error("the signature does not fit the bytes")
	}
	if !bytes.Contains(told.raw, []byte(`Gr\u00f6\u00dfe M \/ \ud83d\ude4f \u003cb\u003e`)) {
		t.Errorf("the body is not escaped as Meta's: %s", told.raw)
	}
	same(t, "text", at(t, told.message(t), "text", "body"), any("Größe M / 🙏 <b>"))
}

func TestWhatsAppReceipts(t *testing.T) {
	t.Parallel()

	t.Run("follow a send in order and echo our reference", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.customerWrites("Hallo?")
		call := textTo(erika.ID, "Guten Tag")
		call["biz_opaque_callback_data"] = "msg:01J9ZK7"

		got := w.call("POST", messages, token, call)

		for _, state := range []string{"sent", "delivered", "read"} {
			told := w.hook.next(t)
			status := told.status(t)
			same(t, "state", status["status"], any(state))
			same(t, "id", status["id"], at(t, got.json, "messages", 0, "id"))
			same(t, "reference", status["biz_opaque_callback_data"], any("msg:01J9ZK7"))
			same(t, "recipient", status["recipient_id"], any(erika.ID))
			same(t, "model", at(t, status, "pricing", "pricing_model"), any("PMP"))
			if !signed(appSecret, told.raw, told.header.Get("X-Hub-Signature-256")) {
				t.Error("not signed")
			}
		}
		same(t, "reference", w.Sent(w.number)[0].Reference, "msg:01J9ZK7")
	})

	t.Run("of a reaction end with delivered", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		id, _ := w.customerWrites("Hallo?")
		w.call("POST", messages, token, map[string]any{"messaging_product": "whatsapp", "to": erika.ID,
			"type": "reaction", "reaction": map[string]any{"message_id": id, "emoji": "👍"}})
		same(t, "first", w.hook.next(t).status(t)["status"], any("sent"))
		same(t, "second", w.hook.next(t).status(t)["status"], any("delivered"))
		if err := w.Idle(soon(t)); err != nil {
			t.Fatal(err)
		}
		w.hook.empty(t)
	})
}

func TestWhatsAppCustomers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, told := w.customerWrites("Hallo?")
	value := at(t, told.json, "entry", 0, "changes", 0, "value")
	same(t, "route", at(t, value, "metadata", "phone_number_id"), any("106540352242922"))
	same(t, "name", at(t, value, "contacts", 0, "profile", "name"), any("Erika Lindner"))
	same(t, "waba", at(t, told.json, "entry", 0, "id"), any("102290129340398"))

	do := func(in simulator.Inbound) map[string]any {
		t.Helper()
		in.Account, in.Customer = w.number, erika
		id, told := w.inbound(in)
		m := told.message(t)
		same(t, "id", m["id"], any(id))
		same(t, "from", m["from"], any(erika.ID))
		return m
	}
	image := do(simulator.Inbound{Kind: simulator.Image, Text: "So?"})
	same(t, "caption", at(t, image, "image", "caption"), any("So?"))
	voice := do(simulator.Inbound{Kind: simulator.Voice})
	same(t, "voice", at(t, voice, "audio", "voice"), any(true))
	reaction := do(simulator.Inbound{Kind: simulator.Reaction, Target: first, Emoji: "👍"})
	same(t, "emoji", at(t, reaction, "reaction", "emoji"), any("👍"))
	taken := do(simulator.Inbound{Kind: simulator.Reaction, Target: first})
	same(t, "emoji taken back", at(t, taken, "reaction", "emoji"), any(nil))
	edit := do(simulator.Inbound{Kind: simulator.Edit, Target: first, Text: "Hallo!"})
	same(t, "new wording", at(t, edit, "edit", "message", "text", "body"), any("Hallo!"))
	revoke := do(simulator.Inbound{Kind: simulator.Revoke, Target: first})
	same(t, "revoked", at(t, revoke, "revoke", "original_message_id"), any(first))
	button := do(simulator.Inbound{Kind: simulator.Button, Target: "wamid.OURS", Text: "Ja", Payload: "yes"})
	same(t, "pressed", at(t, button, "interactive", "button_reply", "id"), any("yes"))
	same(t, "button of", at(t, button, "context", "id"), any("wamid.OURS"))
	reply := do(simulator.Inbound{Text: "dazu noch", Target: first})
	same(t, "reply to", at(t, reply, "context", "id"), any(first))
}

func TestWhatsAppBlockedCustomerIsOutOfReach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customerWrites("Hallo?")
	if _, err := w.CustomerWrites(soon(t), simulator.Inbound{Account: w.number, Customer: erika, Kind: simulator.Block}); err != nil {
		t.Fatal(err)
	}
	w.hook.empty(t) // WhatsApp does not tell
	got := w.call("POST", messages, token, textTo(erika.ID, "Hallo"))
	same(t, "code", at(t, got.json, "error", "code"), any(131026.0))
	if _, err := w.CustomerWrites(soon(t), simulator.Inbound{Account: w.number, Customer: erika, Text: "doch"}); err == nil {
		t.Error("somebody who blocked us wrote to us")
	}
}
