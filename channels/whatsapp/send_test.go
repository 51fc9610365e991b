package whatsapp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley/channels"
	"parley/models"
)

const token = "EAAB-number-token"

var account = channels.Account{ID: "106540352242922", Credentials: models.Credentials{AccessToken: token}}

// graph is Meta's Graph API for one test: it keeps the request and gives the answer it was told.
// Its own client is used throughout: closing a test server cuts the connections of http.DefaultClient.
type graph struct {
	*httptest.Server
	request *http.Request
	payload map[string]any
}

func graphAnswering(t *testing.T, status int, header map[string]string, answer string) *graph {
	t.Helper()
	g := &graph{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		g.request = r
		_ = json.Unmarshal(body, &g.payload)
		for name, value := range header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *graph) send(t *testing.T, m channels.Outbound) (channels.Sent, error) {
	t.Helper()
	return New(Config{APIBase: g.URL, HTTP: g.Client()}).Send(t.Context(), account, m)
}

const acceptance = `{"messaging_product":"whatsapp","contacts":[{"input":"4915112345678","wa_id":"4915112345678"}],"messages":[{"id":"wamid.NEW"}]}`

func TestSend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		message channels.Outbound
		payload string
	}{
		"a text": {
			channels.Outbound{Reference: "msg_1", RecipientID: "4915112345678", Text: "Ja, <bis> 18 Uhr"},
			`{"messaging_product":"whatsapp","recipient_type":"individual","to":"4915112345678","type":"text",
			  "text":{"body":"Ja, <bis> 18 Uhr","preview_url":false},"biz_opaque_callback_data":"msg:msg_1"}`,
		},
		"a reply": {
			channels.Outbound{RecipientID: "+4915112345678", Text: "Ja", ReplyToExternalID: "wamid.Q"},
			`{"messaging_product":"whatsapp","recipient_type":"individual","to":"4915112345678","type":"text",
			  "text":{"body":"Ja","preview_url":false},"context":{"message_id":"wamid.Q"}}`,
		},
		"to someone without a phone number": {
			channels.Outbound{ThreadKey: "DE.20000000000000000001", Text: "Ja"},
			`{"messaging_product":"whatsapp","recipient_type":"individual","recipient":"DE.20000000000000000001","type":"text",
			  "text":{"body":"Ja","preview_url":false}}`,
		},
		"an image with its caption": {
			channels.Outbound{RecipientID: "49151", Text: "so", Attachments: []models.Attachment{{Kind: models.Image, URL: "https://cdn.example/a.jpg"}}},
			`{"messaging_product":"whatsapp","recipient_type":"individual","to":"49151","type":"image",
			  "image":{"link":"https://cdn.example/a.jpg","caption":"so"}}`,
		},
		"a document under its name": {
			channels.Outbound{RecipientID: "49151", Attachments: []models.Attachment{{Kind: models.File, URL: "https://cdn.example/a", Filename: "Rechnung.pdf"}}},
			`{"messaging_product":"whatsapp","recipient_type":"individual","to":"49151","type":"document",
			  "document":{"link":"https://cdn.example/a","filename":"Rechnung.pdf"}}`,
		},
		"a voice note Meta already has": {
			channels.Outbound{RecipientID: "49151", Attachments: []models.Attachment{{Kind: models.Audio, MediaID: "771"}}},
			`{"messaging_product":"whatsapp","recipient_type":"individual","to":"49151","type":"audio","audio":{"id":"771"}}`,
		},
		"a template with its blanks filled in": {
			channels.Outbound{RecipientID: "49151", Text: "what the agent saw", Template: &models.Template{Name: "pickup_ready", Language: "de", Parameters: []string{"Ayşe", "18 Uhr"}}},
			`{"messaging_product":"whatsapp","recipient_type":"individual","to":"49151","type":"template",
			  "template":{"name":"pickup_ready","language":{"code":"de"},"components":[{"type":"body","parameters":[
			    {"type":"text","text":"Ayşe"},{"type":"text","text":"18 Uhr"}]}]}}`,
		},
		"a template without blanks": {
			channels.Outbound{RecipientID: "49151", Template: &models.Template{Name: "hello", Language: "en_US"}},
			`{"messaging_product":"whatsapp","recipient_type":"individual","to":"49151","type":"template",
			  "template":{"name":"hello","language":{"code":"en_US"}}}`,
		},
	} {
		t.Run("sends "+name, func(t *testing.T) {
			t.Parallel()
			g := graphAnswering(t, 200, map[string]string{"X-Fb-Trace-Id": "trace-1"}, acceptance)

			sent, err := g.send(t, c.message)

			if err != nil {
				t.Fatalf("send: %v", err)
			}
			if want := (channels.Sent{ExternalID: "wamid.NEW", RequestID: "trace-1", HTTPStatus: 200}); sent != want {
				t.Errorf("sent %+v, want %+v", sent, want)
			}
			if got, want := g.request.URL.String(), "/v25.0/106540352242922/messages"; got != want || g.request.Method != "POST" {
				t.Errorf("called %s %s, want POST %s", g.request.Method, got, want)
			}
			if got := g.request.Header.Get("Authorization"); got != "Bearer "+token {
				t.Error("the token is not in its header")
			}
			var want map[string]any
			if err := json.Unmarshal([]byte(c.payload), &want); err != nil {
				t.Fatalf("read what is wanted: %v", err)
			}
			if got, want := fmt.Sprint(g.payload), fmt.Sprint(want); got != want {
				t.Errorf("sent\n%s, want\n%s", got, want)
			}
		})
	}
}

func TestSendRefusesItself(t *testing.T) {
	t.Parallel()
	image := models.Attachment{Kind: models.Image, URL: "https://cdn.example/a.jpg"}
	for name, m := range map[string]channels.Outbound{
		"a message without content":    {RecipientID: "49151"},
		"a message to nobody":          {Text: "x"},
		"two attachments":              {RecipientID: "49151", Attachments: []models.Attachment{image, image}},
		"a caption over the limit":     {RecipientID: "49151", Text: strings.Repeat("ä", 1025), Attachments: []models.Attachment{image}},
		"a text over the limit":        {RecipientID: "49151", Text: strings.Repeat("ä", 4097)},
		"text beside a voice note":     {RecipientID: "49151", Text: "x", Attachments: []models.Attachment{{Kind: models.Audio, URL: "https://cdn.example/a"}}},
		"a place":                      {RecipientID: "49151", Attachments: []models.Attachment{{Kind: models.Location}}},
		"an attachment from nowhere":   {RecipientID: "49151", Attachments: []models.Attachment{{Kind: models.Image}}},
		"a template with a photograph": {RecipientID: "49151", Template: &models.Template{Name: "x"}, Attachments: []models.Attachment{image}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := graphAnswering(t, 200, nil, acceptance)

			_, err := g.send(t, m)

			refused := sendError(t, err)
			if refused.Reason != models.InvalidRequest || refused.Message == "" || refused.Ambiguous {
				t.Errorf("got %+v, want an invalid request", refused)
			}
			if g.request != nil {
				t.Error("Meta was called")
			}
		})
	}
}

func sendError(t *testing.T, err error) *channels.SendError {
	t.Helper()
	var refused *channels.SendError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a SendError", err)
	}
	if strings.Contains(fmt.Sprintf("%v %+v", err, refused.Failure), token) {
		t.Error("the error shows the token")
	}
	return refused
}

func TestSendMapsRefusals(t *testing.T) {
	t.Parallel()
	wants := map[models.FailureReason][]int{
		models.WindowClosed:         {131047},
		models.RateLimited:          {4, 80007, 130429, 131056, 131048, 131064, 133016},
		models.AuthExpired:          {0, 190},
		models.PermissionMissing:    {3, 10, 200, 250, 299, 131005},
		models.RecipientBlocked:     {131050},
		models.RecipientUnreachable: {131026, 131030, 131021, 131062, 137000},
		models.PlatformRefused:      {130472, 131049, 999999},
		models.InvalidRequest:       {100, 131008, 131009, 131051, 131052, 131053},
		models.TemplateRefused:      {132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132068, 132069},
		models.ChannelRestricted:    {368, 131031, 130497, 131042, 131045, 131037, 131063},
		models.Transient:            {1, 2, 131000, 131016, 131057, 135000},
	}
	for reason, codes := range wants {
		for _, code := range codes {
			t.Run(fmt.Sprintf("%d is %s", code, reason), func(t *testing.T) {
				t.Parallel()
				answer := fmt.Sprintf(`{"error":{"message":"(#%d) x %s","code":%d,"error_data":{"details":"because %s"},"fbtrace_id":"A1"}}`, code, token, code, token)
				g := graphAnswering(t, 400, nil, answer)

				_, err := g.send(t, channels.Outbound{RecipientID: "49151", Text: "x"})

				want := channels.SendError{
					Failure:    models.Failure{Reason: reason, Code: fmt.Sprint(code), Message: "because [secret]"},
					HTTPStatus: 400, RequestID: "A1",
				}
				if got := sendError(t, err); *got != want {
					t.Errorf("got %+v, want %+v", *got, want)
				}
			})
		}
	}
}

func TestSendMapsStatuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		header map[string]string
		answer string
		want   channels.SendError
	}{
		"too many requests, with a time to wait": {
			429, map[string]string{"Retry-After": "17"}, `{}`,
			channels.SendError{Failure: models.Failure{Reason: models.RateLimited}, HTTPStatus: 429, RetryAfter: 17 * time.Second},
		},
		"an unknown code that will pass": {
			400, nil, `{"error":{"code":424242,"is_transient":true,"message":"later"}}`,
			channels.SendError{Failure: models.Failure{Reason: models.Transient, Code: "424242", Message: "later"}, HTTPStatus: 400},
		},
		"a proxy's page":       {502, nil, `<html>`, channels.SendError{Failure: models.Failure{Reason: models.Transient}, HTTPStatus: 502}},
		"no authorization":     {401, nil, ``, channels.SendError{Failure: models.Failure{Reason: models.AuthExpired}, HTTPStatus: 401}},
		"no permission":        {403, nil, ``, channels.SendError{Failure: models.Failure{Reason: models.PermissionMissing}, HTTPStatus: 403}},
		"an unknown refusal":   {418, nil, ``, channels.SendError{Failure: models.Failure{Reason: models.PlatformRefused}, HTTPStatus: 418}},
		"somewhere else to go": {307, map[string]string{"Location": "https://elsewhere.example/"}, ``, channels.SendError{Failure: models.Failure{Reason: models.PlatformRefused}, HTTPStatus: 307}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := graphAnswering(t, c.status, c.header, c.answer)
			_, err := g.send(t, channels.Outbound{RecipientID: "49151", Text: "x"})
			if got := sendError(t, err); *got != c.want {
				t.Errorf("got %+v, want %+v", *got, c.want)
			}
		})
	}
}

func TestSendAfterAFault(t *testing.T) {
	t.Parallel()
	text := channels.Outbound{RecipientID: "49151", Text: "x"}

	t.Run("nobody listening is not ambiguous", func(t *testing.T) {
		t.Parallel()
		closed := httptest.NewServer(http.NotFoundHandler())
		closed.Close()
		_, err := New(Config{APIBase: closed.URL, HTTP: closed.Client()}).Send(t.Context(), account, text)
		if got := sendError(t, err); got.Reason != models.Transient || got.Ambiguous || got.HTTPStatus != 0 {
			t.Errorf("got %+v, want transient and not ambiguous", got)
		}
	})

	t.Run("a context that ended before the call is not ambiguous", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := New(Config{APIBase: "http://127.0.0.1:9"}).Send(ctx, account, text)
		if got := sendError(t, err); got.Ambiguous || !errors.Is(err, context.Canceled) {
			t.Errorf("got %+v, want a cancellation that is not ambiguous", got)
		}
	})

	t.Run("a connection cut before the answer is ambiguous", func(t *testing.T) {
		t.Parallel()
		cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			hangUp(w)
		}))
		t.Cleanup(cut.Close)
		_, err := New(Config{APIBase: cut.URL, HTTP: cut.Client()}).Send(t.Context(), account, text)
		if got := sendError(t, err); got.Reason != models.Unconfirmed || !got.Ambiguous {
			t.Errorf("got %+v, want unconfirmed and ambiguous", got)
		}
	})

	for name, answer := range map[string]string{
		"half an answer":              `{"messages":[{"id":"wam`,
		"an answer naming no message": `{"messages":[]}`,
		"an endless answer":           `{"messages":[{"id":"wamid.NEW"}]}` + strings.Repeat(" ", 2<<20),
	} {
		t.Run(name+" is ambiguous", func(t *testing.T) {
			t.Parallel()
			g := graphAnswering(t, 200, nil, answer)
			_, err := g.send(t, text)
			if got := sendError(t, err); got.Reason != models.Unconfirmed || !got.Ambiguous || got.HTTPStatus != 200 {
				t.Errorf("got %+v, want unconfirmed and ambiguous", got)
			}
		})
	}
}

func hangUp(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = connection.Close()
}

func TestCheck(t *testing.T) {
	t.Parallel()

	t.Run("learns the name of the number", func(t *testing.T) {
		t.Parallel()
		g := graphAnswering(t, 200, nil, `{"verified_name":"Teeladen Berlin","display_phone_number":"+49 30 901820","id":"106540352242922"}`)
		connected, err := New(Config{APIBase: g.URL, APIVersion: "v26.0", HTTP: g.Client()}).Check(t.Context(), account)
		if err != nil {
			t.Fatalf("connect: %v", err)
		}
		if connected.ID != account.ID || connected.Name != "Teeladen Berlin" || connected.Credentials != account.Credentials {
			t.Errorf("connected %q %q", connected.ID, connected.Name)
		}
		if got, want := g.request.URL.String(), "/v26.0/106540352242922?fields=verified_name%2Cdisplay_phone_number"; got != want {
			t.Errorf("called %s, want %s", got, want)
		}
		if g.request.Header.Get("Authorization") != "Bearer "+token {
			t.Error("the token is not in its header")
		}
	})

	t.Run("falls back on the number itself", func(t *testing.T) {
		t.Parallel()
		g := graphAnswering(t, 200, nil, `{"display_phone_number":"+49 30 901820"}`)
		connected, err := New(Config{APIBase: g.URL, HTTP: g.Client()}).Check(t.Context(), account)
		if err != nil || connected.Name != "+49 30 901820" {
			t.Errorf("connected %q, %v", connected.Name, err)
		}
	})

	t.Run("tells an expired token", func(t *testing.T) {
		t.Parallel()
		g := graphAnswering(t, 401, nil, `{"error":{"code":190,"message":"Malformed access token `+token+`"}}`)
		_, err := New(Config{APIBase: g.URL, HTTP: g.Client()}).Check(t.Context(), account)
		if got := sendError(t, err); got.Reason != models.AuthExpired {
			t.Errorf("got %+v, want an expired authorization", got)
		}
	})

	t.Run("a lost answer is not ambiguous: asking again does no harm", func(t *testing.T) {
		t.Parallel()
		cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { hangUp(w) }))
		t.Cleanup(cut.Close)
		_, err := New(Config{APIBase: cut.URL, HTTP: cut.Client()}).Check(t.Context(), account)
		if got := sendError(t, err); got.Reason != models.Transient || got.Ambiguous {
			t.Errorf("got %+v, want transient and not ambiguous", got)
		}
	})

	t.Run("refuses a number without an id", func(t *testing.T) {
		t.Parallel()
		_, err := New(Config{}).Check(t.Context(), channels.Account{})
		if got := sendError(t, err); got.Reason != models.InvalidRequest {
			t.Errorf("got %+v, want an invalid request", got)
		}
	})
}
