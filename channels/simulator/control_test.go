package simulator_test

import (
	"net/http"
	"strings"
	"testing"

	"parley/channels/simulator"
)

func TestControl(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook("")

	wrote := w.call("POST", "/simulator/messages", "", map[string]any{"platform": "TELEGRAM", "account": "123456789",
		"customer": map[string]any{"id": "77", "name": "Ole"}, "text": "Moin"})
	same(t, "status", wrote.status, 200)
	told := w.hook.next(t)
	same(t, "text", at(t, told.json, "message", "text"), any("Moin"))
	if wrote.json["messageId"] == "" {
		t.Error("no message id")
	}
	w.tell("77", "Moin Moin")

	accounts := w.call("GET", "/simulator/accounts", "", nil)
	same(t, "platform", at(t, accounts.json, "accounts", 0, "platform"), any("TELEGRAM"))
	same(t, "customer", at(t, accounts.json, "accounts", 0, "customers", 0, "name"), any("Ole"))
	sent := w.call("GET", "/simulator/sent?account=123456789", "", nil)
	same(t, "sent", at(t, sent.json, "sent", 0, "text"), any("Moin Moin"))
	deliveries := w.call("GET", "/simulator/deliveries?account=123456789&platform=TELEGRAM", "", nil)
	same(t, "delivered", at(t, deliveries.json, "deliveries", 0, "attempts", 0, "status"), any(200.0))

	same(t, "customer", w.call("POST", "/simulator/customers", "", map[string]any{
		"account": "106540352242922", "customer": erika}).status, 200)
	same(t, "known", len(w.Customers(w.number)), 1)

	same(t, "faults", w.call("POST", "/simulator/faults", "", map[string]any{"account": "123456789", "copies": 2,
		"fail": []any{map[string]any{"class": "rate_limited", "retryAfterSeconds": 9}}}).status, 200)
	limited := w.call("POST", bot+"sendMessage", "", map[string]any{"chat_id": 77, "text": "x"})
	same(t, "wait", at(t, limited.json, "parameters", "retry_after"), any(9.0))

	same(t, "reset", w.call("POST", "/simulator/reset", "", map[string]any{}).status, 200)
	same(t, "forgotten", len(w.Sent(w.bot)), 0)
}

func TestControlRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddWhatsAppNumber(simulator.WhatsAppNumber{PhoneNumberID: "123456789", AccessToken: "EAAB"})
	for _, c := range []struct {
		name, path string
		body       any
		status     int
	}{
		{"an account nobody has", "/simulator/messages", map[string]any{"account": "1", "text": "x"}, 404},
		{"an id that two platforms have", "/simulator/messages", map[string]any{"account": "123456789", "text": "x"}, 404},
		{"a misspelled fault", "/simulator/faults", map[string]any{"account": "106540352242922", "latency": 3}, 400},
		{"a class nobody knows", "/simulator/faults", map[string]any{"account": "106540352242922", "fail": []any{map[string]any{"class": "x"}}}, 400},
		{"a customer who is no number", "/simulator/customers", map[string]any{"account": "106540352242922", "customer": map[string]any{"id": "Erika"}}, 400},
		{"a message without words", "/simulator/messages", map[string]any{"account": "106540352242922", "customer": erika}, 400},
		{"an edit of nothing", "/simulator/messages", map[string]any{"account": "106540352242922", "customer": erika, "kind": "edit", "text": "x"}, 400},
		{"a body over the limit", "/simulator/messages", map[string]any{"account": "106540352242922", "customer": erika, "text": strings.Repeat("x", 17<<20)}, 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.call("POST", c.path, "", c.body)
			same(t, "status", got.status, c.status)
			if got.json["error"] == nil {
				t.Error("no reason given")
			}
		})
	}
	t.Run("a form of another page", func(t *testing.T) {
		resp, err := http.Post(w.api.URL+"/simulator/reset", "text/plain", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		same(t, "status", resp.StatusCode, http.StatusUnsupportedMediaType)
	})
	same(t, "unknown account", w.call("GET", "/simulator/sent?account=1", "", nil).status, 404)
	w.hook.empty(t)
}
