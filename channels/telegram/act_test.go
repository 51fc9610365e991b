package telegram

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley/channels"
	"parley/models"
)

const done = `{"ok":true,"result":true}`

// is checks a call: its method, and its arguments as JSON.
func (c call) is(t *testing.T, method, arguments string) {
	t.Helper()
	var want map[string]any
	if err := json.Unmarshal([]byte(arguments), &want); err != nil {
		t.Fatalf("read what is wanted: %v", err)
	}
	if c.method != method || fmt.Sprint(c.arguments) != fmt.Sprint(want) {
		t.Errorf("called %s %v, want %s %v", c.method, c.arguments, method, want)
	}
}

func refusing(description string) answer {
	return answer{status: 400, body: `{"ok":false,"error_code":400,"description":"Bad Request: ` + description + `"}`}
}

func TestAct(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		action    channels.Action
		method    string
		arguments string
	}{
		"reacts": {
			channels.Action{Kind: models.ReactToMessage, ThreadKey: "5000000000007", TargetExternalID: "5000000000007:41", Emoji: "👍"},
			"setMessageReaction", `{"chat_id":5000000000007,"message_id":41,"reaction":[{"type":"emoji","emoji":"👍"}]}`,
		},
		"reacts with a heart as Telegram knows it": {
			channels.Action{Kind: models.ReactToMessage, TargetExternalID: "7:41", Emoji: "❤\ufe0f"},
			"setMessageReaction", `{"chat_id":7,"message_id":41,"reaction":[{"type":"emoji","emoji":"❤"}]}`,
		},
		"takes a reaction back": {
			channels.Action{Kind: models.UnreactMessage, TargetExternalID: "7:41"},
			"setMessageReaction", `{"chat_id":7,"message_id":41,"reaction":[]}`,
		},
		"shows typing": {
			channels.Action{Kind: models.ShowTyping, ThreadKey: "7", RecipientID: "7", TargetExternalID: "7:41"},
			"sendChatAction", `{"chat_id":7,"action":"typing"}`,
		},
		"shows typing after a tap, which is no message": {
			channels.Action{Kind: models.ShowTyping, RecipientID: "7", TargetExternalID: "4382bfdwdsb323b2d9"},
			"sendChatAction", `{"chat_id":7,"action":"typing"}`,
		},
		"shows typing for the account of a person": {
			channels.Action{Kind: models.ShowTyping, ThreadKey: "7:conn_A", TargetExternalID: "7:41:conn_A"},
			"sendChatAction", `{"chat_id":7,"action":"typing","business_connection_id":"conn_A"}`,
		},
		"edits, without markup": {
			channels.Action{Kind: models.EditMessage, TargetExternalID: "7:42", Ours: true, Text: "<b>doch</b>"},
			"editMessageText", `{"chat_id":7,"message_id":42,"text":"<b>doch</b>"}`,
		},
		"edits for the account of a person": {
			channels.Action{Kind: models.EditMessage, TargetExternalID: "7:42:conn_A", Ours: true, Text: "doch"},
			"editMessageText", `{"chat_id":7,"message_id":42,"text":"doch","business_connection_id":"conn_A"}`,
		},
		"deletes": {
			channels.Action{Kind: models.DeleteMessage, TargetExternalID: "7:42", Ours: true},
			"deleteMessage", `{"chat_id":7,"message_id":42}`,
		},
		"deletes for the account of a person": {
			channels.Action{Kind: models.DeleteMessage, TargetExternalID: "7:42:conn_A", Ours: true},
			"deleteBusinessMessages", `{"business_connection_id":"conn_A","message_ids":[42]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := botAnswering(t, map[string]answer{c.method: {status: 200, body: done}})
			if err := b.adapter().Act(t.Context(), account, c.action); err != nil {
				t.Fatalf("act: %v", err)
			}
			b.onlyCall(t).is(t, c.method, c.arguments)
		})
	}
}

func TestActEditsACaption(t *testing.T) {
	t.Parallel()
	edit := channels.Action{Kind: models.EditMessage, TargetExternalID: "7:42:conn_A", Ours: true, Text: "so"}
	noText := refusing("there is no text in the message to edit")

	t.Run("where a message has no text", func(t *testing.T) {
		t.Parallel()
		b := botAnswering(t, map[string]answer{
			"editMessageText": noText, "editMessageCaption": {status: 200, body: `{"ok":true,"result":{"message_id":42}}`},
		})
		if err := b.adapter().Act(t.Context(), account, edit); err != nil {
			t.Fatalf("act: %v", err)
		}
		if len(b.calls) != 2 {
			t.Fatalf("called %v, want two calls", b.calls)
		}
		b.calls[1].is(t, "editMessageCaption", `{"chat_id":7,"message_id":42,"caption":"so","business_connection_id":"conn_A"}`)
	})

	t.Run("unless it is too long for one", func(t *testing.T) {
		t.Parallel()
		b := botAnswering(t, map[string]answer{"editMessageText": noText})
		long := edit
		long.Text = strings.Repeat("👋", 513)
		if got := sendError(t, b.adapter().Act(t.Context(), account, long)); got.Reason != models.InvalidRequest || got.Code != "" {
			t.Errorf("got %+v, want our own refusal", got)
		}
		b.onlyCall(t)
	})
}

func TestActTwiceIsOnce(t *testing.T) {
	t.Parallel()
	react := channels.Action{Kind: models.ReactToMessage, TargetExternalID: "7:41", Emoji: "👍"}
	unreact := channels.Action{Kind: models.UnreactMessage, TargetExternalID: "7:41"}
	edit := channels.Action{Kind: models.EditMessage, TargetExternalID: "7:42", Ours: true, Text: "doch"}
	remove := channels.Action{Kind: models.DeleteMessage, TargetExternalID: "7:42", Ours: true}
	removeForAPerson := channels.Action{Kind: models.DeleteMessage, TargetExternalID: "7:42:conn_A", Ours: true}
	for name, c := range map[string]struct {
		action  channels.Action
		method  string
		refused string
		done    bool
	}{
		"the same reaction":                    {react, "setMessageReaction", "MESSAGE_NOT_MODIFIED", true},
		"no reaction any more":                 {unreact, "setMessageReaction", "REACTION_EMPTY", true},
		"no message to take a reaction off":    {unreact, "setMessageReaction", "message to react not found", true},
		"the same text":                        {edit, "editMessageText", "message is not modified: specified new message content is the same", true},
		"deleted before":                       {remove, "deleteMessage", "message to delete not found", true},
		"deleted for a person before":          {removeForAPerson, "deleteBusinessMessages", "MESSAGE_ID_INVALID", true},
		"but no message to react to":           {react, "setMessageReaction", "message to react not found", false},
		"but no reaction of Telegram's":        {react, "setMessageReaction", "REACTION_INVALID", false},
		"but no message to edit":               {edit, "editMessageText", "message to edit not found", false},
		"but a message too old to be deleted":  {remove, "deleteMessage", "message can't be deleted for everyone", false},
		"but what has another refusal's words": {edit, "editMessageText", "message to delete not found", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := botAnswering(t, map[string]answer{c.method: refusing(c.refused)})
			err := b.adapter().Act(t.Context(), account, c.action)
			if c.done {
				if err != nil {
					t.Errorf("act: %v", err)
				}
				return
			}
			if got := sendError(t, err); got.Reason != models.InvalidRequest || got.Message != "Bad Request: "+c.refused {
				t.Errorf("got %+v, want Telegram's refusal", got)
			}
		})
	}

	t.Run("the same caption", func(t *testing.T) {
		t.Parallel()
		b := botAnswering(t, map[string]answer{
			"editMessageText": refusing("there is no text in the message to edit"), "editMessageCaption": refusing("message is not modified"),
		})
		if err := b.adapter().Act(t.Context(), account, edit); err != nil {
			t.Errorf("act: %v", err)
		}
	})
}

func TestActRefusesItself(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]channels.Action{
		"marking as read":               {Kind: models.MarkMessageRead, ThreadKey: "7", TargetExternalID: "7:41"},
		"hiding":                        {Kind: models.HideMessage, ThreadKey: "7", TargetExternalID: "7:41"},
		"a kind nobody knows":           {Kind: "GET", ThreadKey: "7", TargetExternalID: "7:41"},
		"typing towards nobody":         {Kind: models.ShowTyping, TargetExternalID: "7:41"},
		"a reaction without an emoji":   {Kind: models.ReactToMessage, TargetExternalID: "7:41", Emoji: emojiStyle},
		"a reaction to no message":      {Kind: models.ReactToMessage, Emoji: "👍"},
		"a reaction to a tap":           {Kind: models.ReactToMessage, TargetExternalID: "4382bfdwdsb323b2d9", Emoji: "👍"},
		"a reaction to our own":         {Kind: models.ReactToMessage, TargetExternalID: "7:41", Emoji: "👍", Ours: true},
		"a reaction for a person":       {Kind: models.ReactToMessage, TargetExternalID: "7:41:conn_A", Emoji: "👍"},
		"an edit of the contact's":      {Kind: models.EditMessage, TargetExternalID: "7:41", Text: "x"},
		"an edit to nothing":            {Kind: models.EditMessage, TargetExternalID: "7:41", Ours: true},
		"an edit over the limit":        {Kind: models.EditMessage, TargetExternalID: "7:41", Ours: true, Text: strings.Repeat("👋", 2049)},
		"a deletion of the contact's":   {Kind: models.DeleteMessage, TargetExternalID: "7:41"},
		"a deletion of no message":      {Kind: models.DeleteMessage, TargetExternalID: "7:", Ours: true},
		"a deletion in no chat":         {Kind: models.DeleteMessage, TargetExternalID: "@ayse:41", Ours: true},
		"a deletion beyond 64 bits":     {Kind: models.DeleteMessage, TargetExternalID: "7:99999999999999999999", Ours: true},
		"a deletion of a wamid of Meta": {Kind: models.DeleteMessage, TargetExternalID: "wamid.X", Ours: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := New(Config{APIBase: "http://127.0.0.1:9"}).Act(t.Context(), account, a)
			if got := sendError(t, err); got.Reason != models.InvalidRequest || got.Message == "" || got.HTTPStatus != 0 {
				t.Errorf("got %+v, want an invalid request", got)
			}
		})
	}
}

func TestActMapsRefusals(t *testing.T) {
	t.Parallel()
	typing := channels.Action{Kind: models.ShowTyping, ThreadKey: "7", TargetExternalID: "7:41"}
	for name, c := range map[string]struct {
		answer answer
		want   channels.SendError
	}{
		"blocked by the person": {
			answer{status: 403, body: `{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}`},
			channels.SendError{Failure: models.Failure{Reason: models.RecipientBlocked, Code: "403", Message: "Forbidden: bot was blocked by the user"}, HTTPStatus: 403},
		},
		"a revoked token, quoted": {
			answer{status: 401, body: `{"ok":false,"error_code":401,"description":"Unauthorized: ` + token + `"}`},
			channels.SendError{Failure: models.Failure{Reason: models.AuthExpired, Code: "401", Message: "Unauthorized: [secret]"}, HTTPStatus: 401},
		},
		"too much at once": {
			answer{status: 429, body: `{"ok":false,"error_code":429,"description":"x","parameters":{"retry_after":8}}`},
			channels.SendError{Failure: models.Failure{Reason: models.RateLimited, Code: "429", Message: "x"}, HTTPStatus: 429, RetryAfter: 8 * time.Second},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := botAnswering(t, map[string]answer{"sendChatAction": c.answer})
			if got := sendError(t, b.adapter().Act(t.Context(), account, typing)); *got != c.want {
				t.Errorf("got %+v, want %+v", *got, c.want)
			}
		})
	}

	t.Run("a lost answer is not ambiguous: doing it again does no harm", func(t *testing.T) {
		t.Parallel()
		cut := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			panic(http.ErrAbortHandler)
		}))
		t.Cleanup(cut.Close)
		err := New(Config{APIBase: cut.URL, HTTP: cut.Client()}).Act(t.Context(), account, typing)
		if got := sendError(t, err); got.Reason != models.Transient || got.Ambiguous {
			t.Errorf("got %+v, want transient and not ambiguous", got)
		}
	})
}
