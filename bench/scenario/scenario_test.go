package scenario

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"parley/bench/load"
)

func TestFill(t *testing.T) {
	t.Parallel()
	t.Run("puts numbers into blanks, one after the other", func(t *testing.T) {
		t.Parallel()
		for i, want := range []string{"a 3 b 7", "a 4 b 8", "a 3 b 9", "a 4 b 7"} {
			if got, err := fill("a {{rand:3:4}} b {{rand:7:9}}", i); err != nil || got != want {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		}
	})
	t.Run("puts dates of the past into blanks", func(t *testing.T) {
		t.Parallel()
		got, err := fill("{{ago:0:9:72h}}", 2)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, got)
		if ago := time.Since(at); err != nil || ago < 143*time.Hour || ago > 145*time.Hour {
			t.Errorf("got %s, %v", got, err)
		}
	})
	t.Run("refuses a blank it does not know", func(t *testing.T) {
		t.Parallel()
		for _, body := range []string{"{{nonce}}", "{{zipf:1:2}}", "{{rand:a:b}}", "{{ago:1:2:x}}"} {
			if got, err := fill(body, 0); err == nil {
				t.Errorf("%s: got %q", body, got)
			}
		}
	})
}

func TestBalance(t *testing.T) {
	t.Parallel()
	sum := make(map[string]int)
	pages := []weighed{
		{60, load.Request{Path: "status"}}, {60, load.Request{Path: "status"}}, {60, load.Request{Path: "status"}},
		{25, load.Request{Path: "assignee"}}, {15, load.Request{Path: "channel"}}, {15, load.Request{Path: "channel"}},
	}
	for _, p := range balance(pages) {
		sum[p.request.Path] += p.weight
	}
	if sum["status"] != 600_000 || sum["assignee"] != 250_000 || sum["channel"] != 150_000 {
		t.Errorf("got %v", sum)
	}
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	request := webhooks()([]load.Message{{Topic: 1, Text: "one"}, {Topic: 2, Text: "two"}})
	var body struct {
		Entry []struct {
			Changes []struct {
				Value struct {
					Contacts []struct{}
					Messages []struct {
						From, ID string
						Text     struct{ Body string }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(request.Body, &body); err != nil {
		t.Fatal(err)
	}
	value := body.Entry[0].Changes[0].Value
	if len(value.Contacts) != 2 || len(value.Messages) != 2 || value.Messages[0].ID == value.Messages[1].ID ||
		value.Messages[1].From != customer(2) || value.Messages[1].Text.Body != "two" {
		t.Errorf("got %s", request.Body)
	}
	if !strings.Contains(request.Header, "X-Hub-Signature-256: sha256=") {
		t.Errorf("not signed: %q", request.Header)
	}
}
