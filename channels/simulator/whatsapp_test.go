package simulator_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/channels/simulator"
)

func TestWhatsAppSend(t *testing.T) {
	t.Parallel()

	t.Run("answers an accepted text as Meta does", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.customerWrites("Hallo?")

		got := w.call("POST", messages, token, textTo("+"+erika.ID, "Guten Tag"))

		same(t, "status", got.status, http.StatusOK)
		same(t, "product", got.json["messaging_product"], "whatsapp")
		same(t, "input", at(t, got.json, "contacts", 0, "input"), "+"+erika.ID)
		same(t, "wa_id", at(t, got.json, "contacts", 0, "wa_id"), erika.ID)
		id := at(t, got.json, "messages", 0, "id").(string)
		if !strings.HasPrefix(id, "wamid.") {
			t.Errorf("id %q is no wamid", id)
		}
		if got.header.Get("X-Fb-Request-Id") == "" || got.header.Get("X-Fb-Trace-Id") == "" {
			t.Error("no ids for Meta's support")
		}
		sent := w.Sent(w.number)
		if len(sent) != 1 {
			t.Fatalf("sent: %v", sent)
		}
		want := simulator.Sent{Account: w.number, MessageID: id, Recipient: erika.ID, Kind: simulator.Text,
			Text: "Guten Tag", At: w.clock.Now()}
		same(t, "sent", sent[0], want)
	})

	t.Run("takes every kind of message", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		theirs, _ := w.customerWrites("Hallo?")
		link := map[string]any{"link": "https://shop.example/file", "caption": "Bitte"}
		for kind, content := range map[string]any{
			"image": link, "video": link, "document": link, "sticker": map[string]any{"link": "https://shop.example/s"},
			"audio":       map[string]any{"link": "https://shop.example/a"},
			"reaction":    map[string]any{"message_id": theirs, "emoji": "👍"},
			"template":    map[string]any{"name": "hello", "language": map[string]any{"code": "de"}},
			"interactive": map[string]any{"type": "button", "body": map[string]any{"text": "Zufrieden?"}},
		} {
			call := map[string]any{"messaging_product": "whatsapp", "to": erika.ID, "type": kind, kind: content}
			if got := w.call("POST", messages, token, call); got.status != http.StatusOK {
				t.Errorf("%s: %s", kind, got.body)
			}
		}
		same(t, "sent", len(w.Sent(w.number)), 8)
	})
}

func TestWhatsAppRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customerWrites("Hallo?")
	stranger := textTo("493023125999", "Hallo")
	image := func(content any) map[string]any {
		return map[string]any{"messaging_product": "whatsapp", "to": erika.ID, "type": "image", "image": content}
	}
	for _, c := range []struct {
		name, path, token string
		body              any
		status            int
		code              float64
	}{
		{"a wrong token", messages, "EAAB-other", textTo(erika.ID, "x"), 401, 190},
		{"no token", messages, "", textTo(erika.ID, "x"), 401, 190},
		{"somebody else's number", "/whatsapp/v25.0/1/messages", token, textTo(erika.ID, "x"), 400, 100},
		{"a recipient nobody knows", messages, token, stranger, 400, 131026},
		{"no recipient", messages, token, textTo("", "x"), 400, 131008},
		{"an empty text", messages, token, textTo(erika.ID, " "), 400, 131008},
		{"a text over 4096 characters", messages, token, textTo(erika.ID, strings.Repeat("ä", 4097)), 400, 100},
		{"another product", messages, token, map[string]any{"to": erika.ID}, 400, 100},
		{"a body that is no object", messages, token, []int{1}, 400, 100},
		{"a kind it does not know", messages, token, map[string]any{"messaging_product": "whatsapp", "to": erika.ID, "type": "poll"}, 400, 131009},
		{"an image from nowhere", messages, token, image(map[string]any{}), 400, 131008},
		{"an image of an unknown id", messages, token, image(map[string]any{"id": "1"}), 400, 131009},
		{"a caption over 1024 characters", messages, token, image(map[string]any{"link": "https://a.example", "caption": strings.Repeat("x", 1025)}), 400, 100},
		{"a read mark on what was never written", messages, token, map[string]any{"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.X"}, 400, 131009},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.call("POST", c.path, c.token, c.body)
			same(t, "status", got.status, c.status)
			same(t, "code", at(t, got.json, "error", "code"), any(c.code))
			same(t, "trace", at(t, got.json, "error", "fbtrace_id"), any(got.header.Get("X-Fb-Trace-Id")))
			same(t, "transient", at(t, got.json, "error", "is_transient"), any(false))
		})
	}
	same(t, "sent", len(w.Sent(w.number)), 0)

	t.Run("but not a text of 4096 characters", func(t *testing.T) {
		same(t, "status", w.call("POST", messages, token, textTo(erika.ID, strings.Repeat("ä", 4096))).status, 200)
	})
}

func TestWhatsAppWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customerWrites("Hallo?")
	template := map[string]any{"messaging_product": "whatsapp", "to": erika.ID, "type": "template",
		"template": map[string]any{"name": "hello", "language": map[string]any{"code": "de"}}}

	w.clock.Advance(24*time.Hour - time.Nanosecond)
	same(t, "in its last moment", w.call("POST", messages, token, textTo(erika.ID, "noch da?")).status, 200)

	w.clock.Advance(time.Nanosecond)
	closed := w.call("POST", messages, token, textTo(erika.ID, "zu spät"))
	same(t, "once it closed", at(t, closed.json, "error", "code"), any(131047.0))
	same(t, "a template outside", w.call("POST", messages, token, template).status, 200)

	w.Reset() // takes the webhooks of the receipts out of the way
	if err := w.Idle(soon(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.CustomerWrites(soon(t), simulator.Inbound{Account: w.number, Customer: erika, Text: "Da bin ich"}); err != nil {
		t.Fatal(err)
	}
	same(t, "opened again", w.call("POST", messages, token, textTo(erika.ID, "Hallo")).status, 200)
}

func TestWhatsAppNobodyWroteYet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.AddCustomer(w.number, erika); err != nil {
		t.Fatal(err)
	}
	got := w.call("POST", messages, token, textTo(erika.ID, "Angebot!"))
	same(t, "code", at(t, got.json, "error", "code"), any(131047.0))

	wrote := erika
	wrote.WroteAt = w.clock.Now().Add(-23 * time.Hour)
	if err := w.AddCustomer(w.number, wrote); err != nil {
		t.Fatal(err)
	}
	same(t, "once they had", w.call("POST", messages, token, textTo(erika.ID, "Hallo")).status, 200)
}

func TestWhatsAppTemplates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	number := w.AddWhatsAppNumber(simulator.WhatsAppNumber{
		PhoneNumberID: "7", WABA: "70", AccessToken: "EAAB-7",
		Templates: []simulator.WhatsAppTemplate{{Name: "delay", Language: "de", Body: "Hallo {{1}}, es dauert bis {{2}}."}},
	})
	if err := w.AddCustomer(number, erika); err != nil {
		t.Fatal(err)
	}
	send := func(name string, words ...string) answered {
		parameters := []any{}
		for _, word := range words {
			parameters = append(parameters, map[string]any{"type": "text", "text": word})
		}
		return w.call("POST", "/whatsapp/v25.0/7/messages", "EAAB-7", map[string]any{
			"messaging_product": "whatsapp", "to": erika.ID, "type": "template",
			"template": map[string]any{"name": name, "language": map[string]any{"code": "de"},
				"components": []any{map[string]any{"type": "body", "parameters": parameters}}},
		})
	}
	same(t, "filled", send("delay", "Erika", "Freitag").status, 200)
	same(t, "half filled", at(t, send("delay", "Erika").json, "error", "code"), any(132000.0))
	same(t, "never approved", at(t, send("sale").json, "error", "code"), any(132001.0))
	list := w.call("GET", "/whatsapp/v25.0/70/message_templates", "EAAB-7", nil)
	same(t, "listed", at(t, list.json, "data", 0, "name"), any("delay"))
}

func TestWhatsAppConnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	got := w.call("GET", "/whatsapp/v25.0/106540352242922?fields=verified_name,display_phone_number", token, nil)
	same(t, "name", got.json["verified_name"], any("Lindenladen"))
	same(t, "number", got.json["display_phone_number"], any("+49 30 23125000"))
	same(t, "fields", len(got.json), 3)
	same(t, "without a token", w.call("GET", "/whatsapp/v25.0/106540352242922", "", nil).status, 401)
	same(t, "subscribed", w.call("POST", "/whatsapp/v25.0/102290129340398/subscribed_apps", token, nil).status, 200)

	w.hook.answersWith(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("hub.verify_token") == "meatyhamhock" {
			_, _ = rw.Write([]byte(r.URL.Query().Get("hub.challenge")))
		}
	})
	if err := w.VerifyWhatsAppWebhook(soon(t), "meatyhamhock"); err != nil {
		t.Error(err)
	}
	if err := w.VerifyWhatsAppWebhook(soon(t), "other"); err == nil {
		t.Error("a webhook that does not answer the challenge was accepted")
	}
}

func TestWhatsAppMarkRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.customerWrites("Hallo?")

	got := w.call("POST", messages, token, map[string]any{"messaging_product": "whatsapp", "status": "read",
		"message_id": id, "typing_indicator": map[string]any{"type": "text"}})

	same(t, "success", got.json["success"], any(true))
	actions := w.Actions(w.number)
	if len(actions) != 2 || actions[0].Kind != simulator.MarkRead || actions[1].Kind != simulator.Typing {
		t.Fatalf("actions: %v", actions)
	}
	same(t, "target", actions[0].Target, id)
	same(t, "messages", len(w.Sent(w.number)), 0)
}
