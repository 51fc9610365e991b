package simulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/channels/simulator"
)

// standIn is a server in place of ours that answers every message once.
type standIn struct {
	*httptest.Server
	t     *testing.T
	api   string
	mu    sync.Mutex
	heard map[string]bool
	token string // WeChat's
	house *house // of the widget
}

// stage is a world in which a stand-in answers, and whose clock moves when the scenario waits for nothing to happen.
type stage struct {
	*simulator.Simulator
	t     *testing.T
	clock *clock
	api   *httptest.Server
}

func newStage(t *testing.T) *stage {
	t.Helper()
	in := &standIn{t: t, heard: map[string]bool{}, token: "61_none", house: newHouse(t, shopWidget.IdentitySecret)}
	in.house.polite = true
	in.Server = httptest.NewServer(in)
	s := &stage{t: t, clock: newClock()}
	s.Simulator = simulator.New(simulator.Config{
		WebhookURL: in.URL, WhatsAppAppSecret: appSecret, Now: s.clock.Now, After: s.clock.After, Travel: s.clock.Advance,
	})
	s.AddWhatsAppNumber(simulator.WhatsAppNumber{PhoneNumberID: "106540352242922", AccessToken: token})
	s.AddTelegramBot(simulator.TelegramBot{Token: botToken, Username: "linden_bot"})
	s.AddWeChatAccount(shop)
	s.AddSMSNumber(line)
	s.AddMessengerWidget(shopWidget)
	s.api = httptest.NewServer(s.Handler())
	in.api = s.api.URL
	in.ask(bot+"setWebhook", "", map[string]any{"url": in.URL + "/webhooks/telegram"})
	t.Cleanup(func() {
		if err := s.Close(soon(t)); err != nil {
			t.Error(err)
		}
		s.api.Close()
		in.Close()
	})
	return s
}

// waits lets the clock run through every wait of at most five seconds, until the test is over.
func (s *stage) waits() {
	over, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case d := <-s.clock.joined:
				if d <= 5*time.Second {
					s.clock.Advance(d)
				}
			case <-over:
				return
			}
		}
	}()
	s.t.Cleanup(func() {
		close(over)
		<-stopped
	})
}

func (in *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/messenger/") {
		in.house.ServeHTTP(w, r)
		return
	}
	raw, _ := io.ReadAll(r.Body)
	switch path := r.URL.Path; {
	case path == "/webhooks/whatsapp":
		in.whatsApp(raw)
	case path == "/webhooks/telegram":
		in.telegram(raw)
	case strings.HasPrefix(path, "/webhooks/wechat/"):
		in.weChat(elements(in.t, raw))
	case strings.HasPrefix(path, "/webhooks/sms/"):
		form, _ := url.ParseQuery(string(raw))
		in.sms(form)
		w.Header().Set("Content-Type", "text/xml")
		_, _ = w.Write([]byte("<Response/>"))
	}
}

// isNew says whether a message was not heard before.
func (in *standIn) isNew(id string) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	known := in.heard[id]
	in.heard[id] = true
	return !known
}

func (in *standIn) whatsApp(raw []byte) {
	var told struct {
		Entry []struct {
			Changes []struct {
				Value struct {
					Messages []struct{ ID, From, Type string }
				}
			}
		}
	}
	_ = json.Unmarshal(raw, &told)
	for _, entry := range told.Entry {
		for _, change := range entry.Changes {
			for _, m := range change.Value.Messages {
				if (m.Type == "text" || m.Type == "image") && in.isNew(m.ID) {
					for in.ask(messages, "Bearer "+token, textTo(m.From, "Gern!")) == http.StatusTooManyRequests {
					}
				}
			}
		}
	}
}

func (in *standIn) telegram(raw []byte) {
	var told struct {
		Message *struct {
			ID   int64              `json:"message_id"`
			Chat struct{ ID int64 } `json:"chat"`
		}
	}
	if err := json.Unmarshal(raw, &told); err == nil && told.Message != nil && in.isNew(fmt.Sprint(told.Message.ID)) {
		in.ask(bot+"sendMessage", "", map[string]any{"chat_id": told.Message.Chat.ID, "text": "Gern!"})
	}
}

func (in *standIn) weChat(told map[string]string) {
	if told["MsgType"] == "event" || !in.isNew(told["MsgId"]) {
		return
	}
	for range 2 {
		reply := map[string]any{"touser": told["FromUserName"], "msgtype": "text", "text": map[string]any{"content": "您好"}}
		var got struct{ Errcode int }
		in.answer("/wechat/cgi-bin/message/custom/send?access_token="+in.token, "", reply, &got)
		if got.Errcode == 0 {
			return
		}
		var given struct {
			Token string `json:"access_token"`
		}
		in.answer("/wechat/cgi-bin/stable_token", "", map[string]any{
			"grant_type": "client_credential", "appid": shop.AppID, "secret": shop.AppSecret}, &given)
		in.token = given.Token
	}
}

func (in *standIn) sms(told url.Values) {
	if body := told.Get("Body"); body == "STOP" || body == "START" || !told.Has("SmsMessageSid") {
		return
	}
	form := url.Values{"From": {told.Get("To")}, "To": {told.Get("From")}, "Body": {"Gern!"}, "StatusCallback": {in.URL + "/webhooks/sms/status"}}
	req, _ := http.NewRequest(http.MethodPost, in.api+twilio+"/Messages.json", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(line.AccountSID, line.AuthToken)
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
	}
}

func (in *standIn) ask(path, authorization string, body any) int {
	return in.answer(path, authorization, body, &struct{}{})
}

func (in *standIn) answer(path, authorization string, body, into any) int {
	raw, _ := json.Marshal(body)
	req, _ := http.NewRequest(http.MethodPost, in.api+path, bytes.NewReader(raw))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", authorization)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_ = json.NewDecoder(resp.Body).Decode(into)
	return resp.StatusCode
}
