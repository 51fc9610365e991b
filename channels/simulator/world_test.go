package simulator_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley/channels/simulator"
)

const (
	appSecret = "meta-app-secret-1"
	token     = "EAAB-system-user"
	botToken  = "123456789:AAtest_token-1"
)

var erika = simulator.Customer{ID: "493023125001", Name: "Erika Lindner"}

// world is a simulator with one number and one bot, the address it serves at, and our webhook.
type world struct {
	*simulator.Simulator
	t      *testing.T
	clock  *clock
	hook   *hook
	api    *httptest.Server
	number simulator.Account
	bot    simulator.Account
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, clock: newClock(), hook: newHook(t)}
	w.Simulator = simulator.New(simulator.Config{
		WebhookURL: w.hook.URL, WhatsAppAppSecret: appSecret, Now: w.clock.Now, After: w.clock.After,
	})
	w.number = w.AddWhatsAppNumber(simulator.WhatsAppNumber{
		PhoneNumberID: "106540352242922", DisplayNumber: "+49 30 23125000", VerifiedName: "Lindenladen",
		WABA: "102290129340398", AccessToken: token,
	})
	w.bot = w.AddTelegramBot(simulator.TelegramBot{Token: botToken, Username: "linden_bot", Name: "Lindenladen"})
	w.api = httptest.NewServer(w.Handler())
	t.Cleanup(func() {
		if err := w.Close(soon(t)); err != nil {
			t.Error(err)
		}
		w.api.Close()
	})
	return w
}

// soon is a deadline that only a hanging test meets.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// customerWrites lets Erika write on WhatsApp and takes the webhook that tells of it.
func (w *world) customerWrites(text string) (id string, told delivered) {
	w.t.Helper()
	return w.inbound(simulator.Inbound{Account: w.number, Customer: erika, Text: text})
}

func (w *world) inbound(in simulator.Inbound) (id string, told delivered) {
	w.t.Helper()
	id, err := w.CustomerWrites(soon(w.t), in)
	if err != nil {
		w.t.Fatal(err)
	}
	return id, w.hook.next(w.t)
}

// leaves lets a customer do something without waiting for its delivery.
func (w *world) leaves(in simulator.Inbound) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	cancel()
	if _, err := w.CustomerWrites(ctx, in); err == nil {
		w.t.Fatal("it was delivered before anybody could wait")
	}
}

// answered is what the simulator answered.
type answered struct {
	status int
	header http.Header
	body   []byte
	json   map[string]any
}

func (w *world) call(method, path, bearer string, body any) answered {
	w.t.Helper()
	got, err := w.tryCall(method, path, bearer, body)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) tryCall(method, path, bearer string, body any) (answered, error) {
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return answered{}, err
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.api.URL+path, reader)
	if err != nil {
		return answered{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := w.api.Client().Do(req)
	if err != nil {
		return answered{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	got := answered{status: resp.StatusCode, header: resp.Header, body: raw}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		err = json.Unmarshal(raw, &got.json)
	}
	return got, err
}

const messages = "/whatsapp/v25.0/106540352242922/messages"

func textTo(to, text string) map[string]any {
	return map[string]any{
		"messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "type": "text",
		"text": map[string]any{"body": text},
	}
}

// at walks into JSON: keys are names, numbers are places in a list.
func at(t *testing.T, v any, path ...any) any {
	t.Helper()
	for i, step := range path {
		switch step := step.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				t.Fatalf("%v: no object at %v", path, path[:i])
			}
			v = m[step]
		case int:
			list, ok := v.([]any)
			if !ok || step >= len(list) {
				t.Fatalf("%v: no element %d in %v", path, step, v)
			}
			v = list[step]
		}
	}
	return v
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// signed is the check an adapter makes: HMAC-SHA256 with the app secret over the raw body, in hex.
func signed(secret string, body []byte, header string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hmac.Equal([]byte("sha256="+hex.EncodeToString(mac.Sum(nil))), []byte(header))
}
