package simulator_test

import (
	"strings"
	"testing"
	"time"

	"parley/channels/simulator"
)

func TestTelegramRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook("")
	theirs, _ := w.nicWrites("Hallo")
	ours := w.tell(nic.ID, "Guten Tag")
	if err := w.AddCustomer(w.bot, simulator.Customer{ID: "42", Name: "Stumm"}); err != nil {
		t.Fatal(err)
	}
	text := func(chat any, text string) map[string]any { return map[string]any{"chat_id": chat, "text": text} }
	edit := func(id, text string) map[string]any {
		return map[string]any{"chat_id": nic.ID, "message_id": number(id), "text": text}
	}
	for _, c := range []struct {
		name, path string
		body       any
		code       int
		says       string
	}{
		{"a wrong token", "/telegram/bot123456789:AAother/sendMessage", text(nic.ID, "x"), 401, "Unauthorized"},
		{"a method it does not know", bot + "sendDice", text(nic.ID, "x"), 404, "Not Found: method not found"},
		{"a stranger", bot + "sendMessage", text(99, "x"), 400, "Bad Request: chat not found"},
		{"somebody who never wrote", bot + "sendMessage", text(42, "x"), 400, "Bad Request: chat not found"},
		{"an empty text", bot + "sendMessage", text(nic.ID, ""), 400, "Bad Request: message text is empty"},
		{"a text over 4096 UTF-16 units", bot + "sendMessage", text(nic.ID, strings.Repeat("👋", 2048)+"x"), 400, "Bad Request: message is too long"},
		{"a caption over 1024 units", bot + "sendPhoto", map[string]any{"chat_id": nic.ID, "photo": "https://a.example", "caption": strings.Repeat("👋", 513)}, 400, "Bad Request: message caption is too long"},
		{"a photo that is missing", bot + "sendPhoto", map[string]any{"chat_id": nic.ID}, 400, "Bad Request: there is no photo in the request"},
		{"a file of nowhere", bot + "sendPhoto", map[string]any{"chat_id": nic.ID, "photo": "AgACx"}, 400, "Bad Request: wrong remote file identifier specified"},
		{"a reply to nothing", bot + "sendMessage", map[string]any{"chat_id": nic.ID, "text": "x", "reply_parameters": map[string]any{"message_id": 1}}, 400, "Bad Request: message to be replied not found"},
		{"an edit of theirs", bot + "editMessageText", edit(theirs, "x"), 400, "Bad Request: message can't be edited"},
		{"an edit that changes nothing", bot + "editMessageText", edit(ours, "Guten Tag"), 400, "Bad Request: message is not modified"},
		{"a reaction to nothing", bot + "setMessageReaction", map[string]any{"chat_id": nic.ID, "message_id": 1}, 400, "Bad Request: message to react not found"},
		{"an answer to no press", bot + "answerCallbackQuery", map[string]any{"callback_query_id": "1"}, 400, "Bad Request: query is too old and response timeout expired or query ID is invalid"},
		{"a file id nobody knows", bot + "getFile", map[string]any{"file_id": "AgAC"}, 400, "Bad Request: invalid file_id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.call("POST", c.path, "", c.body)
			same(t, "status", got.status, c.code)
			same(t, "ok", got.json["ok"], any(false))
			same(t, "code", got.json["error_code"], any(float64(c.code)))
			same(t, "description", got.json["description"], any(c.says))
		})
	}
	t.Run("but not a text of 4096 UTF-16 units", func(t *testing.T) {
		same(t, "status", w.call("POST", bot+"sendMessage", "", text(nic.ID, strings.Repeat("👋", 2048))).status, 200)
	})
	t.Run("to delete after 48 hours", func(t *testing.T) {
		w.clock.Advance(48 * time.Hour)
		got := w.call("POST", bot+"deleteMessage", "", edit(ours, ""))
		same(t, "description", got.json["description"], any("Bad Request: message can't be deleted"))
	})
	t.Run("somebody who blocked the bot", func(t *testing.T) {
		_, told := w.inbound(simulator.Inbound{Account: w.bot, Customer: nic, Kind: simulator.Block})
		same(t, "told", at(t, told.json, "my_chat_member", "new_chat_member", "status"), any("kicked"))
		got := w.call("POST", bot+"sendMessage", "", text(nic.ID, "x"))
		same(t, "code", got.json["error_code"], any(403.0))
		same(t, "description", got.json["description"], any("Forbidden: bot was blocked by the user"))
		w.inbound(simulator.Inbound{Account: w.bot, Customer: nic, Kind: simulator.Unblock})
		same(t, "unblocked", w.call("POST", bot+"sendMessage", "", text(nic.ID, "x")).status, 200)
	})
}
