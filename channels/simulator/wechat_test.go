package simulator_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/channels/simulator"
)

const encodingKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

var (
	shop = simulator.WeChatAccount{ID: "gh_e136c6e50636", Name: "花店", AppID: "wx2c2769f8efd9abc2", AppSecret: "s3cret", Token: "spamtest"}
	lina = simulator.Customer{ID: "oMgHVjngRipVsoxg6TuX3vz6glDg", Name: "Li Na"}
)

func (w *world) weChat(of simulator.WeChatAccount) simulator.Account {
	w.t.Helper()
	return w.AddWeChatAccount(of)
}

// weChatToken fetches an access token.
func (w *world) weChatToken() string {
	w.t.Helper()
	got := w.call("GET", "/wechat/cgi-bin/token?grant_type=client_credential&appid="+shop.AppID+"&secret="+shop.AppSecret, "", nil)
	token, _ := got.json["access_token"].(string)
	if token == "" {
		w.t.Fatalf("no token: %s", got.body)
	}
	return token
}

// weChatSays sends something to Li Na and returns the errcode.
func (w *world) weChatSays(token string, message map[string]any) int {
	w.t.Helper()
	message["touser"] = lina.ID
	got := w.call("POST", "/wechat/cgi-bin/message/custom/send?access_token="+token, "", message)
	same(w.t, "status", got.status, http.StatusOK)
	return int(at(w.t, got.json, "errcode").(float64))
}

func weChatText(text string) map[string]any {
	return map[string]any{"msgtype": "text", "text": map[string]any{"content": text}}
}

// elements are the elements of a flat XML body.
func elements(t *testing.T, raw []byte) map[string]string {
	t.Helper()
	found := map[string]string{}
	decoder := xml.NewDecoder(bytes.NewReader(raw))
	for name := ""; ; {
		token, err := decoder.Token()
		if err != nil {
			return found
		}
		switch token := token.(type) {
		case xml.StartElement:
			if name = token.Name.Local; name != "xml" {
				found[name] = ""
			}
		case xml.CharData:
			if name != "xml" && name != "" {
				found[name] += string(token)
			}
		case xml.EndElement:
			name = ""
		}
	}
}

// sortedSHA1 is the check an adapter makes.
func sortedSHA1(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

func TestWeChatTells(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.weChat(shop)
	w.weChatToken() // the simulator has been called, and knows its address
	for _, c := range []struct {
		fixture string
		in      simulator.Inbound
		says    map[string]string
	}{
		{"text", simulator.Inbound{Text: "ab]]>你好<b>"}, map[string]string{"Content": "ab]]>你好<b>", "MsgType": "text"}},
		{"image", simulator.Inbound{Kind: simulator.Image}, map[string]string{"MsgType": "image"}},
		{"video", simulator.Inbound{Kind: simulator.Video}, map[string]string{"MsgType": "video"}},
		{"", simulator.Inbound{Kind: simulator.Voice}, map[string]string{"MsgType": "voice", "Format": "amr"}},
		{"kf_menu_click_text", simulator.Inbound{Text: "满意", Payload: "101"}, map[string]string{"bizmsgmenuid": "101"}},
		{"event_menu_click", simulator.Inbound{Kind: simulator.Button, Payload: "MENU_SUPPORT"}, map[string]string{"Event": "CLICK", "EventKey": "MENU_SUPPORT"}},
		{"event_unsubscribe", simulator.Inbound{Kind: simulator.Block}, map[string]string{"Event": "unsubscribe"}},
		{"event_subscribe", simulator.Inbound{Kind: simulator.Unblock}, map[string]string{"Event": "subscribe"}},
	} {
		c.in.Account, c.in.Customer = account, lina
		id, told := w.inbound(c.in)
		same(t, "path", told.path, "/webhooks/wechat/"+shop.ID)
		query := told.query
		same(t, "signature", query.Get("signature"), sortedSHA1(shop.Token, query.Get("timestamp"), query.Get("nonce")))
		got := elements(t, told.raw)
		same(t, "from", got["FromUserName"], lina.ID)
		same(t, "to", got["ToUserName"], shop.ID)
		for name, value := range c.says {
			same(t, name, got[name], value)
		}
		if msgID, is := got["MsgId"]; is {
			same(t, "id", id, msgID)
		} else {
			same(t, "id of an event", id, lina.ID+":"+got["CreateTime"])
		}
		if c.in.Kind == simulator.Image {
			picture, _ := strings.CutPrefix(got["PicUrl"], w.api.URL)
			same(t, "picture", w.call("GET", picture, "", nil).header.Get("Content-Type"), "image/jpeg")
		}
		raw, err := os.ReadFile("../../../shared/fixtures/wechat/" + c.fixture + ".xml")
		if err != nil {
			continue // the recorded payloads are not here
		}
		recorded := elements(t, raw)
		for name := range recorded {
			if _, is := got[name]; !is {
				t.Errorf("%s: no %s", c.fixture, name)
			}
		}
		same(t, c.fixture+" elements", len(got), len(recorded))
	}
}

func TestWeChatSafeMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	safe := shop
	safe.EncodingKey = encodingKey
	account := w.weChat(safe)
	key, err := base64.StdEncoding.DecodeString(encodingKey + "=")
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"你好", "你好, 0123456789abcd"} { // 16 bytes apart: both are padded to blocks of 32
		_, told := w.inbound(simulator.Inbound{Account: account, Customer: lina, Text: words})
		outer := elements(t, told.raw)
		same(t, "elements beside the enciphered", len(outer), 2)
		same(t, "signature", told.query.Get("msg_signature"),
			sortedSHA1(shop.Token, told.query.Get("timestamp"), told.query.Get("nonce"), outer["Encrypt"]))
		text, err := base64.StdEncoding.DecodeString(outer["Encrypt"])
		if err != nil || len(text)%32 != 0 {
			t.Fatalf("%d bytes, %v", len(text), err)
		}
		cipher.NewCBCDecrypter(block, key[:16]).CryptBlocks(text, text)
		text = text[:len(text)-int(text[len(text)-1])]
		length := binary.BigEndian.Uint32(text[16:20])
		same(t, "app", string(text[20+length:]), shop.AppID)
		same(t, "words", elements(t, text[20:20+length])["Content"], words)
	}
}

func TestWeChatGivesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.weChat(shop)
	write := func() error {
		_, err := w.CustomerWrites(soon(t), simulator.Inbound{Account: account, Customer: lina, Text: "在吗"})
		return err
	}
	w.hook.answersWith(refusing(http.StatusServiceUnavailable))
	lost := make(chan error, 1)
	go func() { lost <- write() }()
	for _, pause := range []time.Duration{1, 2, 4} {
		same(t, "pause", w.clock.waits(t), pause*time.Second)
		w.clock.Advance(pause * time.Second)
	}
	if err := <-lost; err == nil {
		t.Error("a message that was never accepted counts as delivered")
	}
	same(t, "attempts", len(w.Deliveries(account)[0].Attempts), 4)

	for words, accepted := range map[string]bool{"success": true, "ok": false} {
		w.hook.answersWith(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(words)) })
		same(t, words, write() == nil, accepted)
	}
}

func TestWeChatWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.weChat(shop)
	token := w.weChatToken()
	if err := w.AddCustomer(account, lina); err != nil {
		t.Fatal(err)
	}
	same(t, "before they wrote", w.weChatSays(token, weChatText("早")), 45015)

	w.inbound(simulator.Inbound{Account: account, Customer: lina, Kind: simulator.Button, Payload: "MENU"})
	for _, code := range []int{0, 0, 0, 45047} {
		same(t, "after a press", w.weChatSays(token, weChatText("您好")), code)
	}
	w.clock.Advance(time.Minute)
	same(t, "a minute later", w.weChatSays(token, weChatText("您好")), 45015)

	w.inbound(simulator.Inbound{Account: account, Customer: lina, Text: "在吗"})
	for _, code := range []int{0, 0, 0, 0, 0, 45047} {
		same(t, "after a message", w.weChatSays(token, weChatText("在")), code)
	}
	w.inbound(simulator.Inbound{Account: account, Customer: lina, Text: "喂"})
	w.clock.Advance(48*time.Hour - time.Second)
	token = w.weChatToken()
	same(t, "in its last second", w.weChatSays(token, weChatText("在")), 0)
	w.clock.Advance(time.Second)
	same(t, "once it closed", w.weChatSays(token, weChatText("在")), 45015)
	same(t, "sent", len(w.Sent(account)), 9)
}

func TestWeChatTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.weChat(shop)
	w.inbound(simulator.Inbound{Account: account, Customer: lina, Text: "在吗"})
	stable := func(force bool) string {
		got := w.call("POST", "/wechat/cgi-bin/stable_token", "", map[string]any{
			"grant_type": "client_credential", "appid": shop.AppID, "secret": shop.AppSecret, "force_refresh": force})
		return got.json["access_token"].(string)
	}
	say := func(token string) int {
		got := w.call("GET", "/wechat/cgi-bin/getcallbackip?access_token="+token, "", nil)
		if got.json["ip_list"] != nil {
			return 0
		}
		return int(at(t, got.json, "errcode").(float64))
	}
	same(t, "none", say(""), 41001)
	same(t, "a wrong one", say("61_x"), 40001)

	first := w.weChatToken()
	second := w.weChatToken()
	same(t, "the one before, for five minutes", say(first), 0)
	w.clock.Advance(5 * time.Minute)
	same(t, "the one before", say(first), 42001)
	same(t, "the newest", say(second), 0)
	w.clock.Advance(2 * time.Hour)
	same(t, "after two hours", say(second), 42001)

	kept := stable(false)
	same(t, "asked again", stable(false), kept)
	forced := stable(true)
	same(t, "replaced", say(kept), 42001)

	w.faults(account, simulator.Faults{TokenExpired: true})
	same(t, "expired", w.weChatSays(forced, weChatText("在")), 42001)
	same(t, "a new one", w.weChatSays(stable(false), weChatText("在")), 0)

	for reason, path := range map[string]string{
		"40125": "grant_type=client_credential&appid=" + shop.AppID + "&secret=x",
		"40013": "grant_type=client_credential&appid=x&secret=x",
		"40002": "grant_type=password",
	} {
		got := w.call("GET", "/wechat/cgi-bin/token?"+path, "", nil)
		if !strings.Contains(string(got.body), `"errcode":`+reason) {
			t.Errorf("%s: %s", reason, got.body)
		}
	}
}

func TestWeChatSends(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.weChat(shop)
	token := w.weChatToken()
	w.inbound(simulator.Inbound{Account: account, Customer: lina, Text: "在吗"})
	path := "/wechat/cgi-bin/media/upload?type=image&access_token=" + token
	file := w.upload(path, "media", nil)
	id, _ := file["media_id"].(string)
	same(t, "type", file["type"], any("image"))
	same(t, "the file", len(w.call("GET", "/wechat/cgi-bin/media/get?access_token="+token+"&media_id="+id, "", nil).body) > 0, true)

	for _, c := range []struct {
		name string
		body map[string]any
		code int
	}{
		{"an image", map[string]any{"msgtype": "image", "image": map[string]any{"media_id": id}}, 0},
		{"a menu", map[string]any{"msgtype": "msgmenu", "msgmenu": map[string]any{"head_content": "满意吗？", "list": []any{map[string]any{"id": "101", "content": "满意"}}}}, 0},
		{"a text of 2048 bytes", weChatText(strings.Repeat("花", 682) + "ab"), 0},
		{"a text over 2048 bytes", weChatText(strings.Repeat("花", 683)), 45002},
		{"an empty text", weChatText(" "), 44004},
		{"a file nobody uploaded", map[string]any{"msgtype": "image", "image": map[string]any{"media_id": "x"}}, 40007},
		{"a type it does not know", map[string]any{"msgtype": "poll"}, 40008},
	} {
		same(t, c.name, w.weChatSays(token, c.body), c.code)
	}
	stranger := w.call("POST", "/wechat/cgi-bin/message/custom/send?access_token="+token, "", map[string]any{
		"touser": "oNobody", "msgtype": "text", "text": map[string]any{"content": "x"}})
	same(t, "a stranger", at(t, stranger.json, "errcode"), any(40003.0))
	typing := map[string]any{"touser": lina.ID, "command": "Typing"}
	same(t, "typing", at(t, w.call("POST", "/wechat/cgi-bin/message/custom/typing?access_token="+token, "", typing).json, "errcode"), any(0.0))

	// Go's encoder escapes the sign unless it is told not to.
	same(t, "an escaped sign", w.weChatSays(token, weChatText(`<3 \"`)), 0)
	w.inbound(simulator.Inbound{Account: account, Customer: lina, Kind: simulator.Block})
	same(t, "who left", w.weChatSays(token, weChatText("别走")), 43004)

	sent := w.Sent(account)
	same(t, "sent", len(sent), 4)
	same(t, "escaped", sent[3].Text, `\u003c3 \"`)
	same(t, "image", sent[0].Media, id)
	same(t, "menu", sent[1].Text, "满意吗？\n满意")
	same(t, "action", w.Actions(account)[0].Kind, simulator.Typing)
}

func TestWeChatVerifiesTheWebhook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.weChat(shop)
	answer := func(query url.Values) string { return query.Get("echostr") }
	w.hook.answersWith(func(rw http.ResponseWriter, r *http.Request) { _, _ = rw.Write([]byte(answer(r.URL.Query()))) })
	if err := w.VerifyWeChatWebhook(soon(t), account); err != nil {
		t.Error(err)
	}
	answer = func(url.Values) string { return "hello" }
	if err := w.VerifyWeChatWebhook(soon(t), account); err == nil {
		t.Error("a webhook that does not answer the challenge was accepted")
	}
}
