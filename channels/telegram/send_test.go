package telegram

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/channels"
	"parley/models"
)

const token = "123456789:AAE-secret_part"

var account = channels.Account{ID: "123456789", Credentials: models.Credentials{AccessToken: token}}

// bot is Telegram's Bot API for one test: it keeps the calls and gives the answers it was told, per method.
// Its own client is used throughout: closing a test server cuts the connections of http.DefaultClient.
type bot struct {
	*httptest.Server
	mu    sync.Mutex
	calls []call
}

type call struct {
	method    string
	arguments map[string]any
}

type answer struct {
	status int
	header map[string]string
	body   string
}

func botAnswering(t *testing.T, answers map[string]answer) *bot {
	t.Helper()
	b := &bot{}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := call{method: strings.TrimPrefix(r.URL.Path, "/bot"+token+"/")}
		_ = json.NewDecoder(r.Body).Decode(&c.arguments)
		b.mu.Lock()
		b.calls = append(b.calls, c)
		b.mu.Unlock()
		a, ok := answers[c.method]
		if !ok {
			a = answer{status: 404, body: `{"ok":false,"error_code":404,"description":"Not Found"}`}
		}
		for name, value := range a.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *bot) adapter() *Adapter { return New(Config{APIBase: b.URL, HTTP: b.Client()}) }

func (b *bot) onlyCall(t *testing.T) call {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.calls) != 1 {
		t.Fatalf("%d calls, want one", len(b.calls))
	}
	return b.calls[0]
}

func sendError(t *testing.T, err error) *channels.SendError {
	t.Helper()
	var refused *channels.SendError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a SendError", err)
	}
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		if strings.Contains(fmt.Sprintf("%v %+v %#v", cause, refused.Failure, cause), "secret_part") {
			t.Errorf("the error shows the token: %v", cause)
		}
	}
	return refused
}

func TestSend(t *testing.T) {
	t.Parallel()
	attached := func(a models.Attachment) []models.Attachment { return []models.Attachment{a} }
	for name, c := range map[string]struct {
		message   channels.Outbound
		method    string
		arguments string
		sent      string
	}{
		"a text, as it is": {
			channels.Outbound{Reference: "msg_1", ThreadKey: "5000000000007", Text: "<b>*ja*</b>"},
			"sendMessage", `{"chat_id":5000000000007,"text":"<b>*ja*</b>"}`, "5000000000007:77",
		},
		"a reply": {
			channels.Outbound{RecipientID: "7", Text: "ja", ReplyToExternalID: "7:41"},
			"sendMessage", `{"chat_id":7,"text":"ja","reply_parameters":{"message_id":41,"allow_sending_without_reply":true}}`, "7:77",
		},
		"for the account of a person": {
			channels.Outbound{ThreadKey: "7:conn_A", RecipientID: "7", Text: "ja", ReplyToExternalID: "7:41:conn_A"},
			"sendMessage", `{"chat_id":7,"text":"ja","business_connection_id":"conn_A","reply_parameters":{"message_id":41,"allow_sending_without_reply":true}}`, "7:77:conn_A",
		},
		"a photo": {
			channels.Outbound{ThreadKey: "7", Text: "so", Attachments: attached(models.Attachment{Kind: models.Image, URL: "https://cdn.example/a.jpg"})},
			"sendPhoto", `{"chat_id":7,"photo":"https://cdn.example/a.jpg","caption":"so"}`, "7:77",
		},
		"a document": {
			channels.Outbound{ThreadKey: "7", Attachments: attached(models.Attachment{Kind: models.File, URL: "https://cdn.example/a.pdf"})},
			"sendDocument", `{"chat_id":7,"document":"https://cdn.example/a.pdf"}`, "7:77",
		},
		"a video": {
			channels.Outbound{ThreadKey: "7", Attachments: attached(models.Attachment{Kind: models.Video, URL: "https://cdn.example/a.mp4"})},
			"sendVideo", `{"chat_id":7,"video":"https://cdn.example/a.mp4"}`, "7:77",
		},
		"an animation": {
			channels.Outbound{ThreadKey: "7", Attachments: attached(models.Attachment{Kind: models.Image, URL: "https://cdn.example/a.gif", Animated: true})},
			"sendAnimation", `{"chat_id":7,"animation":"https://cdn.example/a.gif"}`, "7:77",
		},
		"a song": {
			channels.Outbound{ThreadKey: "7", Attachments: attached(models.Attachment{Kind: models.Audio, URL: "https://cdn.example/a.mp3"})},
			"sendAudio", `{"chat_id":7,"audio":"https://cdn.example/a.mp3"}`, "7:77",
		},
		"a voice note Telegram already has": {
			channels.Outbound{ThreadKey: "7", Attachments: attached(models.Attachment{Kind: models.Audio, Voice: true, MediaID: "AwAD"})},
			"sendVoice", `{"chat_id":7,"voice":"AwAD"}`, "7:77",
		},
	} {
		t.Run("sends "+name, func(t *testing.T) {
			t.Parallel()
			b := botAnswering(t, map[string]answer{c.method: {status: 200, body: `{"ok":true,"result":{"message_id":77,"chat":{"id":7}}}`}})

			sent, err := b.adapter().Send(t.Context(), account, c.message)

			if err != nil {
				t.Fatalf("send: %v", err)
			}
			if want := (channels.Sent{ExternalID: c.sent, HTTPStatus: 200}); sent != want {
				t.Errorf("sent %+v, want %+v", sent, want)
			}
			got := b.onlyCall(t)
			var want map[string]any
			if err := json.Unmarshal([]byte(c.arguments), &want); err != nil {
				t.Fatalf("read what is wanted: %v", err)
			}
			if got.method != c.method || fmt.Sprint(got.arguments) != fmt.Sprint(want) {
				t.Errorf("called %s %v, want %s %v", got.method, got.arguments, c.method, want)
			}
		})
	}
}

func TestSendRefusesItself(t *testing.T) {
	t.Parallel()
	image := models.Attachment{Kind: models.Image, URL: "https://cdn.example/a.jpg"}
	for name, m := range map[string]channels.Outbound{
		"a message without content":     {ThreadKey: "7"},
		"a message to nobody":           {Text: "x"},
		"a message to a name":           {ThreadKey: "@ayse", Text: "x"},
		"a template":                    {ThreadKey: "7", Template: &models.Template{Name: "x"}},
		"two attachments":               {ThreadKey: "7", Attachments: []models.Attachment{image, image}},
		"a caption over the limit":      {ThreadKey: "7", Text: strings.Repeat("👋", 513), Attachments: []models.Attachment{image}},
		"a text over the limit":         {ThreadKey: "7", Text: strings.Repeat("👋", 2049)},
		"a sticker":                     {ThreadKey: "7", Attachments: []models.Attachment{{Kind: models.Sticker, URL: "https://cdn.example/a"}}},
		"an attachment from nowhere":    {ThreadKey: "7", Attachments: []models.Attachment{{Kind: models.Image}}},
		"a reply to another platform's": {ThreadKey: "7", Text: "x", ReplyToExternalID: "wamid.X"},
		"a reply to no number":          {ThreadKey: "7", Text: "x", ReplyToExternalID: "7:x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(Config{APIBase: "http://127.0.0.1:9"}).Send(t.Context(), account, m)
			if got := sendError(t, err); got.Reason != models.InvalidRequest || got.Message == "" || got.Ambiguous {
				t.Errorf("got %+v, want an invalid request", got)
			}
		})
	}
}

func TestSendMapsRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		header map[string]string
		body   string
		want   channels.SendError
	}{
		"blocked by the person": {
			403, nil, `{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}`,
			channels.SendError{Failure: models.Failure{Reason: models.RecipientBlocked, Code: "403", Message: "Forbidden: bot was blocked by the user"}, HTTPStatus: 403},
		},
		"an unknown chat": {
			400, nil, `{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}`,
			channels.SendError{Failure: models.Failure{Reason: models.RecipientUnreachable, Code: "400", Message: "Bad Request: chat not found"}, HTTPStatus: 400},
		},
		"a bad request": {
			400, nil, `{"ok":false,"error_code":400,"description":"Bad Request: wrong file identifier/HTTP URL specified"}`,
			channels.SendError{Failure: models.Failure{Reason: models.InvalidRequest, Code: "400", Message: "Bad Request: wrong file identifier/HTTP URL specified"}, HTTPStatus: 400},
		},
		"a revoked token, quoted": {
			401, nil, `{"ok":false,"error_code":401,"description":"Unauthorized: ` + token + `"}`,
			channels.SendError{Failure: models.Failure{Reason: models.AuthExpired, Code: "401", Message: "Unauthorized: [secret]"}, HTTPStatus: 401},
		},
		"a token that never was one": {
			404, nil, `{"ok":false,"error_code":404,"description":"Not Found"}`,
			channels.SendError{Failure: models.Failure{Reason: models.AuthExpired, Code: "404", Message: "Not Found"}, HTTPStatus: 404},
		},
		"a method this server does not know": {
			404, nil, `{"ok":false,"error_code":404,"description":"Not Found: method not found"}`,
			channels.SendError{Failure: models.Failure{Reason: models.PlatformRefused, Code: "404", Message: "Not Found: method not found"}, HTTPStatus: 404},
		},
		"somebody else driving the bot": {
			409, nil, `{"ok":false,"error_code":409,"description":"Conflict"}`,
			channels.SendError{Failure: models.Failure{Reason: models.PlatformRefused, Code: "409", Message: "Conflict"}, HTTPStatus: 409},
		},
		"too many messages": {
			429, nil, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 8","parameters":{"retry_after":8}}`,
			channels.SendError{Failure: models.Failure{Reason: models.RateLimited, Code: "429", Message: "Too Many Requests: retry after 8"}, HTTPStatus: 429, RetryAfter: 8 * time.Second},
		},
		"too many messages, by header, for a week": {
			429, map[string]string{"Retry-After": "604800"}, ``,
			channels.SendError{Failure: models.Failure{Reason: models.RateLimited, Code: "429"}, HTTPStatus: 429, RetryAfter: 24 * time.Hour},
		},
		"a fault": {
			502, nil, `<html>Bad Gateway</html>`,
			channels.SendError{Failure: models.Failure{Reason: models.Transient, Code: "502"}, HTTPStatus: 502},
		},
		"a refusal dressed as a success": {
			200, nil, `{"ok":false,"error_code":403,"description":"Forbidden"}`,
			channels.SendError{Failure: models.Failure{Reason: models.RecipientBlocked, Code: "403", Message: "Forbidden"}, HTTPStatus: 200},
		},
		"somewhere else to go": {
			302, map[string]string{"Location": "https://elsewhere.example/"}, ``,
			channels.SendError{Failure: models.Failure{Reason: models.PlatformRefused, Code: "302"}, HTTPStatus: 302},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := botAnswering(t, map[string]answer{"sendMessage": {c.status, c.header, c.body}})
			_, err := b.adapter().Send(t.Context(), account, channels.Outbound{ThreadKey: "7", Text: "x"})
			if got := sendError(t, err); *got != c.want {
				t.Errorf("got %+v, want %+v", *got, c.want)
			}
		})
	}
}

func TestSendAfterAFault(t *testing.T) {
	t.Parallel()
	text := channels.Outbound{ThreadKey: "7", Text: "x"}

	t.Run("nobody listening is not ambiguous", func(t *testing.T) {
		t.Parallel()
		closed := httptest.NewServer(http.NotFoundHandler())
		closed.Close()
		_, err := New(Config{APIBase: closed.URL, HTTP: closed.Client()}).Send(t.Context(), account, text)
		if got := sendError(t, err); got.Reason != models.Transient || got.Ambiguous {
			t.Errorf("got %+v, want transient and not ambiguous", got)
		}
	})

	t.Run("a connection cut before the answer is ambiguous", func(t *testing.T) {
		t.Parallel()
		cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			connection, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			_ = connection.Close()
		}))
		t.Cleanup(cut.Close)
		_, err := New(Config{APIBase: cut.URL, HTTP: cut.Client()}).Send(t.Context(), account, text)
		if got := sendError(t, err); got.Reason != models.Unconfirmed || !got.Ambiguous {
			t.Errorf("got %+v, want unconfirmed and ambiguous", got)
		}
	})

	for name, body := range map[string]string{
		"half an answer":              `{"ok":true,"result":{"mess`,
		"an answer naming no message": `{"ok":true,"result":{}}`,
		"an answer of another kind":   `{"ok":true,"result":true}`,
	} {
		t.Run(name+" is ambiguous", func(t *testing.T) {
			t.Parallel()
			b := botAnswering(t, map[string]answer{"sendMessage": {status: 200, body: body}})
			_, err := b.adapter().Send(t.Context(), account, text)
			if got := sendError(t, err); got.Reason != models.Unconfirmed || !got.Ambiguous {
				t.Errorf("got %+v, want unconfirmed and ambiguous", got)
			}
		})
	}

	for name, c := range map[string]struct{ base, token string }{
		"an address that is none":        {"http://[::1", token},
		"an address nobody can dial":     {"gopher://example", token},
		"a token that breaks an address": {"http://127.0.0.1:9", "123:AAE-secret_part\n"},
		"a token with a way out":         {"http://127.0.0.1:9", "123:AAE-secret_part/../.."},
		"a transport that quotes":        {"", token},
	} {
		t.Run(name+" does not show the token", func(t *testing.T) {
			t.Parallel()
			adapter := New(Config{APIBase: c.base, HTTP: http.DefaultClient})
			if c.base == "" {
				adapter = New(Config{HTTP: &http.Client{Transport: quoting{}}})
			}
			_, err := adapter.Send(t.Context(), channels.Account{Credentials: models.Credentials{AccessToken: c.token}}, text)
			_ = sendError(t, err)
		})
	}
}

// quoting is a transport that puts the address into its own errors.
type quoting struct{}

func (quoting) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("no route to %s", r.URL)
}

func TestAcknowledge(t *testing.T) {
	t.Parallel()

	t.Run("answers a tap", func(t *testing.T) {
		t.Parallel()
		b := botAnswering(t, map[string]answer{"answerCallbackQuery": {status: 200, body: `{"ok":true,"result":true}`}})
		err := b.adapter().Acknowledge(t.Context(), account, models.Inbound{Kind: models.InboundPostback, ExternalID: "4382"})
		if err != nil {
			t.Fatalf("acknowledge: %v", err)
		}
		if got := b.onlyCall(t); got.arguments["callback_query_id"] != "4382" {
			t.Errorf("called %v", got)
		}
	})

	t.Run("says nothing to a message", func(t *testing.T) {
		t.Parallel()
		b := botAnswering(t, nil)
		if err := b.adapter().Acknowledge(t.Context(), account, models.Inbound{Kind: models.InboundUtterance}); err != nil {
			t.Fatalf("acknowledge: %v", err)
		}
		if len(b.calls) != 0 {
			t.Errorf("called %v", b.calls)
		}
	})
}

const me = `{"ok":true,"result":{"id":123456789,"is_bot":true,"first_name":"Teeladen","username":"teebot"}}`

func TestCheck(t *testing.T) {
	t.Parallel()
	t.Run("learns who the bot is", func(t *testing.T) {
		t.Parallel()
		b := botAnswering(t, map[string]answer{"getMe": {status: 200, body: me}})
		fresh := channels.Account{Credentials: models.Credentials{AccessToken: token}}

		known, err := b.adapter().Check(t.Context(), fresh)

		if err != nil || known.ID != "123456789" || known.Name != "Teeladen" || known.Credentials.AccessToken != token {
			t.Errorf("learned %q %q, %v", known.ID, known.Name, err)
		}
		if got := b.onlyCall(t); got.method != "getMe" {
			t.Errorf("called %s: checking changes nothing", got.method)
		}
	})
	for name, c := range map[string]struct {
		answer answer
		want   models.FailureReason
	}{
		"a revoked token":       {answer{status: 401, body: `{"ok":false,"error_code":401,"description":"Unauthorized"}`}, models.AuthExpired},
		"half an answer":        {answer{status: 200, body: `{"ok":tr`}, models.Transient},
		"nobody":                {answer{status: 200, body: `{"ok":true,"result":{}}`}, models.Transient},
		"a fault at Telegram's": {answer{status: 500}, models.Transient},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			_, err := botAnswering(t, map[string]answer{"getMe": c.answer}).adapter().Check(t.Context(), account)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}

func TestSubscribe(t *testing.T) {
	t.Parallel()
	const webhook = "https://parley.example/webhooks/telegram/123456789"
	t.Run("registers the webhook with the account's secret", func(t *testing.T) {
		t.Parallel()
		b := botAnswering(t, map[string]answer{"setWebhook": {status: 200, body: `{"ok":true,"result":true}`}})
		subscriber := channels.Account{ID: "123456789", Credentials: models.Credentials{AccessToken: token, WebhookSecret: "kept"}}

		if err := b.adapter().Subscribe(t.Context(), subscriber, webhook); err != nil {
			t.Fatalf("subscribe: %v", err)
		}

		registered := b.onlyCall(t).arguments
		if registered["url"] != webhook || registered["secret_token"] != "kept" {
			t.Errorf("registered %v", registered["url"])
		}
		asked := fmt.Sprint(registered["allowed_updates"])
		for _, kind := range []string{"message_reaction", "my_chat_member", "callback_query", "deleted_business_messages"} {
			if !strings.Contains(asked, kind) {
				t.Errorf("does not ask for %s", kind)
			}
		}
	})
	t.Run("what is asked for is what is read", func(t *testing.T) {
		t.Parallel()
		var known map[string]json.RawMessage
		shape, err := json.Marshal(update{})
		if err != nil {
			t.Fatalf("write an update: %v", err)
		}
		if err := json.Unmarshal(shape, &known); err != nil {
			t.Fatalf("read an update: %v", err)
		}
		delete(known, "update_id")
		var parts []string
		for name := range maps.Keys(known) {
			parts = append(parts, strings.ToLower(name))
		}
		slices.Sort(parts)
		if asked := slices.Sorted(slices.Values(updates)); !slices.Equal(parts, asked) {
			t.Errorf("reads %v, asks for %v", parts, asked)
		}
	})

	for name, c := range map[string]struct {
		answer answer
		want   models.FailureReason
	}{
		"an address refused":  {answer{status: 400, body: `{"ok":false,"error_code":400,"description":"Bad Request: bad webhook"}`}, models.InvalidRequest},
		"half a confirmation": {answer{status: 200, body: `{"ok`}, models.Transient},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			err := botAnswering(t, map[string]answer{"setWebhook": c.answer}).adapter().Subscribe(t.Context(), account, webhook)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}

func TestUnsubscribe(t *testing.T) {
	t.Parallel()

	t.Run("stops the deliveries", func(t *testing.T) {
		t.Parallel()
		b := botAnswering(t, map[string]answer{"deleteWebhook": {status: 200, body: `{"ok":true,"result":true}`}})
		if err := b.adapter().Unsubscribe(t.Context(), account); err != nil {
			t.Fatalf("disconnect: %v", err)
		}
		if got := b.onlyCall(t); got.method != "deleteWebhook" {
			t.Errorf("called %s", got.method)
		}
	})

	t.Run("tells a revoked token", func(t *testing.T) {
		t.Parallel()
		b := botAnswering(t, map[string]answer{"deleteWebhook": {status: 401, body: `{"ok":false,"error_code":401}`}})
		if got := sendError(t, b.adapter().Unsubscribe(t.Context(), account)); got.Reason != models.AuthExpired {
			t.Errorf("got %+v, want an expired authorization", got)
		}
	})
}
