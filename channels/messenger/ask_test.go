package messenger

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"parley/models"
)

// FuzzSaying looks for a body of a message that makes us panic, or that PostgreSQL could not keep.
func FuzzSaying(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"clientMessageId":"01J9ZK7M6W","text":"Hallo 👋"}`, `{"text":"\u0000\ud800","attachments":null}`,
		`{"clientMessageId":1,"attachments":[{"uploadId":"upl_1"},{"uploadId":null},7]}`, `{"pageUrl":"javascript:alert(1)"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var said saying
		if err := understand(body, &said); err != nil {
			if models.CodeOf(err) != models.InvalidInput {
				t.Errorf("refused with %v", err)
			}
			return
		}
		in, err := said.inbound("wgt_1")
		if err != nil {
			if models.CodeOf(err) != models.InvalidInput {
				t.Errorf("refused with %v", err)
			}
			return
		}
		for _, text := range []string{in.Text, in.ExternalID} {
			if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
				t.Errorf("%q cannot be kept", text)
			}
		}
		if in.Author != (models.Author{}) || in.Echo || in.Kind != models.InboundUtterance || len(in.Attachments) != len(said.Attachments) {
			t.Errorf("made %+v", in)
		}
		if page := in.Details.Referral; page != nil && !strings.HasPrefix(strings.ToLower(page.URL), "http") {
			t.Errorf("links to %q", page.URL)
		}
	})
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := newLimiter(Limit{Burst: 2, Rate: 0.5})
	for i, step := range []struct {
		who   string
		after time.Duration
		want  time.Duration
	}{
		{"a", 0, 0}, {"a", 0, 0},
		{"a", 0, 2 * time.Second},
		{"b", 0, 0}, // each has their own
		{"a", time.Second, time.Second},
		{"a", time.Second, 0},
		{"a", 0, 2 * time.Second},
		{"a", time.Hour, 0}, {"a", 0, 0}, {"a", 0, 2 * time.Second}, // no more than the burst is saved up
	} {
		now = now.Add(step.after)
		if got := l.take(step.who, now); got != step.want {
			t.Errorf("step %d: waits %s, want %s", i, got, step.want)
		}
	}
}

func TestPageOf(t *testing.T) {
	t.Parallel()
	for text, kept := range map[string]bool{
		"https://shop.example/produkt/1?a=b": true, "http://localhost:3000/": true,
		"": false, "javascript:alert(1)": false, "https://user:secret@shop.example": false, "//shop.example": false, "https://": false,
		"https://shop.example/" + strings.Repeat("a", 2000): false,
	} {
		if (pageOf(text) != "") != kept {
			t.Errorf("%q: want %t", text, kept)
		}
	}
}
