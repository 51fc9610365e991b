package simulator_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parley/channels/simulator"
)

const bot = "/telegram/bot" + botToken + "/"

var nic = simulator.Customer{ID: "3527065", Name: "Nic Pottier", Username: "nicp", Language: "de"}

// webhook sets the bot's webhook; allowed is a JSON list, or nothing for the platform's own choice.
func (w *world) webhook(allowed string) {
	w.t.Helper()
	body := map[string]any{"url": w.hook.URL + "/webhooks/telegram", "secret_token": "Tg_secret-Token_1"}
	if allowed != "" {
		body["allowed_updates"] = allowed
	}
	if got := w.call("POST", bot+"setWebhook", "", body); got.status != http.StatusOK {
		w.t.Fatalf("setWebhook: %s", got.body)
	}
}

// tell sends a text from the bot and returns its message id.
func (w *world) tell(chat, text string) string {
	w.t.Helper()
	got := w.call("POST", bot+"sendMessage", "", map[string]any{"chat_id": chat, "text": text})
	if got.status != http.StatusOK {
		w.t.Fatalf("sendMessage: %s", got.body)
	}
	return fmt.Sprintf("%.0f", at(w.t, got.json, "result", "message_id"))
}

func (w *world) nicWrites(text string) (string, delivered) {
	w.t.Helper()
	return w.inbound(simulator.Inbound{Account: w.bot, Customer: nic, Text: text})
}

func TestTelegramUpdates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook("")

	id, first := w.nicWrites("Hallo 👋")
	_, second := w.nicWrites("Seid ihr da?")

	same(t, "secret", first.header.Get("X-Telegram-Bot-Api-Secret-Token"), "Tg_secret-Token_1")
	same(t, "path", first.path, "/webhooks/telegram")
	same(t, "text", at(t, first.json, "message", "text"), any("Hallo 👋"))
	same(t, "chat", at(t, first.json, "message", "chat", "id"), any(3527065.0))
	same(t, "id", fmt.Sprintf("%.0f", at(t, first.json, "message", "message_id")), id)
	same(t, "next update", second.json["update_id"], any(first.json["update_id"].(float64)+1))
	same(t, "next message", at(t, second.json, "message", "message_id"), any(at(t, first.json, "message", "message_id").(float64)+1))
}

func TestTelegramReactionsAreToldWhoAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook("")
	id, _ := w.nicWrites("Hallo")
	like := simulator.Inbound{Account: w.bot, Customer: nic, Kind: simulator.Reaction, Target: id, Emoji: "👍"}
	if _, err := w.CustomerWrites(soon(t), like); err != nil {
		t.Fatal(err)
	}
	w.hook.empty(t)

	w.webhook(`["message","message_reaction"]`)
	_, told := w.inbound(like)
	same(t, "emoji", at(t, told.json, "message_reaction", "new_reaction", 0, "emoji"), any("👍"))
}

func TestTelegramUpdatesWaitForAWebhook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leaves(simulator.Inbound{Account: w.bot, Customer: nic, Text: "früh"})
	info := w.call("GET", bot+"getWebhookInfo", "", nil)
	same(t, "pending", at(t, info.json, "result", "pending_update_count"), any(1.0))

	w.webhook("")

	same(t, "text", at(t, w.hook.next(t).json, "message", "text"), any("früh"))
}

func TestTelegramWebhookSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	set := func(body map[string]any) int { return w.call("POST", bot+"setWebhook", "", body).status }
	same(t, "a secret with a space", set(map[string]any{"url": w.hook.URL, "secret_token": "a b"}), 400)
	same(t, "an address that is none", set(map[string]any{"url": "ftp://example"}), 400)

	w.webhook(`["message"]`)
	w.hook.answersWith(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) })
	written := make(chan error, 1)
	go func() {
		_, err := w.CustomerWrites(soon(t), simulator.Inbound{Account: w.bot, Customer: nic, Text: "Hallo"})
		written <- err
	}()
	w.hook.next(t)
	w.clock.waits(t)

	info := w.call("GET", bot+"getWebhookInfo", "", nil)
	same(t, "pending", at(t, info.json, "result", "pending_update_count"), any(1.0))
	same(t, "allowed", at(t, info.json, "result", "allowed_updates", 0), any("message"))
	same(t, "trouble", at(t, info.json, "result", "last_error_message"), any("Wrong response from the webhook: 502 Bad Gateway"))

	w.call("POST", bot+"deleteWebhook", "", map[string]any{"drop_pending_updates": true})
	if err := <-written; err == nil {
		t.Error("a dropped update counts as delivered")
	}
	info = w.call("GET", bot+"getWebhookInfo", "", nil)
	same(t, "pending", at(t, info.json, "result", "pending_update_count"), any(0.0))
	same(t, "url", at(t, info.json, "result", "url"), any(""))
}

func TestTelegramSend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook("")
	theirs, _ := w.nicWrites("Hallo")

	me := w.call("GET", bot+"getMe", "", nil)
	same(t, "me", at(t, me.json, "result", "username"), any("linden_bot"))
	same(t, "my id", at(t, me.json, "result", "id"), any(123456789.0))

	got := w.call("POST", bot+"sendMessage", "", map[string]any{"chat_id": 3527065, "text": "Guten Tag",
		"reply_parameters": map[string]any{"message_id": number(theirs)}})
	same(t, "quoted", at(t, got.json, "result", "reply_to_message", "text"), any("Hallo"))
	same(t, "by the bot", at(t, got.json, "result", "from", "is_bot"), any(true))
	ours := fmt.Sprintf("%.0f", at(t, got.json, "result", "message_id"))

	w.call("POST", bot+"sendChatAction", "", map[string]any{"chat_id": nic.ID, "action": "typing"})
	for method, field := range map[string]string{"sendPhoto": "photo", "sendDocument": "document",
		"sendVideo": "video", "sendVoice": "voice", "sendAudio": "audio"} {
		by := w.call("POST", bot+method, "", map[string]any{"chat_id": nic.ID, field: "https://shop.example/f", "caption": "hier"})
		same(t, method, by.status, 200)
		w.upload(bot+method, field, map[string]string{"chat_id": nic.ID})
	}
	same(t, "react", w.call("POST", bot+"setMessageReaction", "", map[string]any{"chat_id": nic.ID, "message_id": number(theirs),
		"reaction": []any{map[string]any{"type": "emoji", "emoji": "👍"}}}).status, 200)
	edited := w.call("POST", bot+"editMessageText", "", map[string]any{"chat_id": nic.ID, "message_id": number(ours), "text": "Moin"})
	same(t, "edited", at(t, edited.json, "result", "text"), any("Moin"))
	same(t, "deleted", w.call("POST", bot+"deleteMessage", "", map[string]any{"chat_id": nic.ID, "message_id": number(ours)}).status, 200)

	sent := w.Sent(w.bot)
	same(t, "messages", len(sent), 12)
	want := simulator.Sent{Account: w.bot, MessageID: ours, Recipient: nic.ID, Kind: simulator.Text,
		Text: "Guten Tag", Target: theirs, At: w.clock.Now()}
	same(t, "first", sent[0], want)
	var kinds []string
	for _, a := range w.Actions(w.bot) {
		kinds = append(kinds, string(a.Kind))
	}
	same(t, "actions", strings.Join(kinds, " "), "typing edit delete")
	w.hook.empty(t) // a bot's own messages are not echoed, and nothing is receipted
}

func number(id string) any {
	var n int64
	_, _ = fmt.Sscan(id, &n)
	return n
}

func TestTelegramButton(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook("")
	w.nicWrites("Hallo")
	ours := w.tell(nic.ID, "Zufrieden?")

	_, told := w.inbound(simulator.Inbound{Account: w.bot, Customer: nic, Kind: simulator.Button, Target: ours, Payload: "csat_5"})

	same(t, "data", at(t, told.json, "callback_query", "data"), any("csat_5"))
	query := map[string]any{"callback_query_id": at(t, told.json, "callback_query", "id")}
	same(t, "answered", w.call("POST", bot+"answerCallbackQuery", "", query).status, 200)
	same(t, "answered again", w.call("POST", bot+"answerCallbackQuery", "", query).status, 400)
}

func TestTelegramFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook("")
	_, told := w.inbound(simulator.Inbound{Account: w.bot, Customer: nic, Kind: simulator.Document,
		Media: &simulator.Media{Name: "Angebot.pdf", MIME: "application/pdf", Data: []byte("%PDF")}})

	file := w.call("GET", bot+"getFile?file_id="+at(t, told.json, "message", "document", "file_id").(string), "", nil)
	path := at(t, file.json, "result", "file_path").(string)

	same(t, "file", string(w.call("GET", "/telegram/file/bot"+botToken+"/"+path, "", nil).body), "%PDF")
	same(t, "with a wrong token", w.call("GET", "/telegram/file/bot1:AAx/"+path, "", nil).status, 401)
}

func TestTelegramTakesForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook("")
	w.nicWrites("Hallo")
	resp, err := w.api.Client().PostForm(w.api.URL+bot+"SENDMESSAGE", url.Values{"chat_id": {nic.ID}, "text": {"Guten Tag"}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	same(t, "status", resp.StatusCode, http.StatusOK)
	same(t, "text", w.Sent(w.bot)[0].Text, "Guten Tag")
}
