package whatsapp

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"parley/channels"
	"parley/models"
)

func (g *graph) act(t *testing.T, a channels.Action) error {
	t.Helper()
	return New(Config{APIBase: g.URL, HTTP: g.Client()}).Act(t.Context(), account, a)
}

func TestAct(t *testing.T) {
	t.Parallel()
	const success = `{"success":true}`
	for name, c := range map[string]struct {
		action  channels.Action
		payload string
		answer  string
	}{
		"reacts": {
			channels.Action{Kind: models.ReactToMessage, RecipientID: "+4915112345678", TargetExternalID: "wamid.Q", Emoji: "👍🏽"},
			`{"messaging_product":"whatsapp","recipient_type":"individual","to":"4915112345678","type":"reaction",
			  "reaction":{"message_id":"wamid.Q","emoji":"👍🏽"}}`, acceptance,
		},
		"reacts to someone without a phone number": {
			channels.Action{Kind: models.ReactToMessage, ThreadKey: "DE.20000000000000000001", TargetExternalID: "wamid.Q", Emoji: "👍"},
			`{"messaging_product":"whatsapp","recipient_type":"individual","recipient":"DE.20000000000000000001","type":"reaction",
			  "reaction":{"message_id":"wamid.Q","emoji":"👍"}}`, acceptance,
		},
		"takes a reaction back": {
			channels.Action{Kind: models.UnreactMessage, RecipientID: "49151", TargetExternalID: "wamid.Q"},
			`{"messaging_product":"whatsapp","recipient_type":"individual","to":"49151","type":"reaction",
			  "reaction":{"message_id":"wamid.Q","emoji":""}}`, acceptance,
		},
		"marks as read": {
			channels.Action{Kind: models.MarkMessageRead, RecipientID: "49151", TargetExternalID: "wamid.Q"},
			`{"messaging_product":"whatsapp","status":"read","message_id":"wamid.Q"}`, success,
		},
		"shows typing": {
			channels.Action{Kind: models.ShowTyping, RecipientID: "49151", TargetExternalID: "wamid.Q"},
			`{"messaging_product":"whatsapp","status":"read","message_id":"wamid.Q","typing_indicator":{"type":"text"}}`, success,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := graphAnswering(t, 200, nil, c.answer)
			if err := g.act(t, c.action); err != nil {
				t.Fatalf("act: %v", err)
			}
			if got, want := g.request.URL.String(), "/v25.0/106540352242922/messages"; got != want || g.request.Method != "POST" {
				t.Errorf("called %s %s, want POST %s", g.request.Method, got, want)
			}
			if g.request.Header.Get("Authorization") != "Bearer "+token {
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

func TestActRefusesItself(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]channels.Action{
		"an edit":                     {Kind: models.EditMessage, RecipientID: "49151", TargetExternalID: "wamid.Q", Text: "x"},
		"a deletion":                  {Kind: models.DeleteMessage, RecipientID: "49151", TargetExternalID: "wamid.Q"},
		"a kind nobody knows":         {Kind: "GET", RecipientID: "49151", TargetExternalID: "wamid.Q"},
		"reading our own message":     {Kind: models.MarkMessageRead, RecipientID: "49151", TargetExternalID: "wamid.Q", Ours: true},
		"typing after no message":     {Kind: models.ShowTyping, RecipientID: "49151"},
		"a reaction to nobody":        {Kind: models.ReactToMessage, TargetExternalID: "wamid.Q", Emoji: "👍"},
		"a reaction without an emoji": {Kind: models.ReactToMessage, RecipientID: "49151", TargetExternalID: "wamid.Q"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := graphAnswering(t, 200, nil, acceptance)
			if got := sendError(t, g.act(t, a)); got.Reason != models.InvalidRequest || got.Message == "" {
				t.Errorf("got %+v, want an invalid request", got)
			}
			if g.request != nil {
				t.Error("Meta was called")
			}
		})
	}
}

func TestActMapsRefusals(t *testing.T) {
	t.Parallel()
	read := channels.Action{Kind: models.MarkMessageRead, RecipientID: "49151", TargetExternalID: "wamid.Q"}
	for name, c := range map[string]struct {
		status int
		header map[string]string
		answer string
		want   channels.SendError
	}{
		"an expired token, quoted": {
			401, nil, `{"error":{"code":190,"message":"Malformed access token ` + token + `","fbtrace_id":"A1"}}`,
			channels.SendError{Failure: models.Failure{Reason: models.AuthExpired, Code: "190", Message: "Malformed access token [secret]"}, HTTPStatus: 401, RequestID: "A1"},
		},
		"a closed window": {
			400, nil, `{"error":{"code":131047,"message":"x"}}`,
			channels.SendError{Failure: models.Failure{Reason: models.WindowClosed, Code: "131047", Message: "x"}, HTTPStatus: 400},
		},
		"too much at once": {
			429, map[string]string{"Retry-After": "17"}, `{}`,
			channels.SendError{Failure: models.Failure{Reason: models.RateLimited}, HTTPStatus: 429, RetryAfter: 17 * time.Second},
		},
		"a success that is none": {
			200, map[string]string{"X-Fb-Trace-Id": "A1"}, `{"success":false}`,
			channels.SendError{Failure: models.Failure{Reason: models.PlatformRefused, Message: "Meta did nothing."}, HTTPStatus: 200, RequestID: "A1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := graphAnswering(t, c.status, c.header, c.answer)
			if got := sendError(t, g.act(t, read)); *got != c.want {
				t.Errorf("got %+v, want %+v", *got, c.want)
			}
		})
	}

	t.Run("a lost answer is not ambiguous: doing it again does no harm", func(t *testing.T) {
		t.Parallel()
		cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			hangUp(w)
		}))
		t.Cleanup(cut.Close)
		err := New(Config{APIBase: cut.URL, HTTP: cut.Client()}).Act(t.Context(), account, read)
		if got := sendError(t, err); got.Reason != models.Transient || got.Ambiguous {
			t.Errorf("got %+v, want transient and not ambiguous", got)
		}
	})
}
