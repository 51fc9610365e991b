package channels

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/models"
)

func TestElements(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][]string{
		``:                   nil,
		`null`:               nil,
		`[]`:                 nil,
		` {"a":1}`:           {`{"a":1}`},
		`[1, {"a":[2]},"x"]`: {`1`, `{"a":[2]}`, `"x"`},
	} {
		elements, err := Elements(json.RawMessage(raw))
		var got []string
		for _, e := range elements {
			got = append(got, string(e))
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v; want %q", raw, got, err, want)
		}
	}
	if _, err := Elements(json.RawMessage(`[1,`)); err == nil {
		t.Error("half an array was split")
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`"a\u0000b"`:           "a\ufffdb",
		`"\u0000\u0000"`:       "\ufffd\ufffd",
		`"\\u0000"`:            `\u0000`,
		`"\\\u0000"`:           "\\\ufffd",
		`"\ud83d\udc4b\u0001"`: "👋\u0001",
	} {
		document, err := Document([]byte(body))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		var got string
		if err := json.Unmarshal(document, &got); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", body, got, err, want)
		}
	}
	for _, body := range []string{``, `{`, `{} {}`, "\"a\x00b\""} {
		if _, err := Document([]byte(body)); err == nil {
			t.Errorf("%q passed for a document", body)
		}
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"a\u0000":"\\u0000\\\u0000"}`))
	f.Add([]byte(`1e1000`)) // JSON, but no float64
	f.Fuzz(func(t *testing.T, body []byte) {
		document, err := Document(body)
		if err != nil {
			return
		}
		before, err := decoded(body)
		after, errAfter := decoded(document)
		if err != nil || errAfter != nil {
			t.Fatal("a document that cannot be read")
		}
		got, _ := json.Marshal(after)
		want, _ := json.Marshal(before)
		if !strings.Contains(string(want), `\u0000`) && string(got) != string(want) {
			t.Fatalf("changed %s to %s", want, got)
		}
	})
}

func decoded(document []byte) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

func TestIdentifier(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]Identifier{`"a"`: "a", `16505551234`: "16505551234", `99999999999999999999`: "99999999999999999999", `null`: ""} {
		var got Identifier
		if err := json.Unmarshal([]byte(raw), &got); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", raw, got, err, want)
		}
	}
	for _, raw := range []string{`1.5`, `1e9`, `true`, `{}`, `[]`} {
		var got Identifier
		if err := json.Unmarshal([]byte(raw), &got); err == nil {
			t.Errorf("%s passed for an id: %q", raw, got)
		}
	}
}

func TestMoment(t *testing.T) {
	t.Parallel()
	second := time.Date(2026, 7, 25, 17, 20, 0, 0, time.UTC)
	for raw, want := range map[string]time.Time{
		`"1785000000"`: second, `1785000000`: second, `"1785000000250"`: second.Add(250 * time.Millisecond),
		`0`: {}, `""`: {}, `null`: {},
	} {
		var got Moment
		if err := json.Unmarshal([]byte(raw), &got); err != nil || !got.Time.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s: %s, %v; want %s", raw, got, err, want)
		}
	}
	for _, raw := range []string{`"soon"`, `-1`, `1.5`, `100000000000000`, `"99999999999999999999"`, `{}`, `true`} {
		var got Moment
		if err := json.Unmarshal([]byte(raw), &got); err == nil {
			t.Errorf("%s passed for a time: %s", raw, got)
		}
	}
}

func TestDistinct(t *testing.T) {
	t.Parallel()
	at := time.Unix(1, 0)
	message := models.Inbound{Kind: models.InboundUtterance, AccountID: "a", ExternalID: "1", At: at, Text: "first"}
	again := message
	again.At, again.Text = at.Add(time.Second), "second"
	elsewhere := message
	elsewhere.AccountID = "b"
	sent := models.Inbound{Kind: models.InboundReceipt, AccountID: "a", ExternalID: "1", Status: models.Sent}
	read := sent
	read.Status = models.Read
	up := models.Inbound{Kind: models.InboundReaction, AccountID: "a", TargetExternalID: "1", Emoji: "👍", At: at}
	down := up
	down.Emoji = ""
	elseBody, elseWhere := up, up
	elseBody.Author.ID, elseWhere.TargetExternalID = "somebody else", "2"
	edit := models.Inbound{Kind: models.InboundEdit, AccountID: "a", ExternalID: "1", DeliveryID: "e1", At: at}
	secondEdit := edit
	secondEdit.DeliveryID = "e2"
	rejected := models.Inbound{Kind: models.InboundNotice, AccountID: "a", Notice: &models.Notice{Type: "t", Subject: "one"}}
	other := models.Inbound{Kind: models.InboundNotice, AccountID: "a", Notice: &models.Notice{Type: "t", Subject: "two"}}

	got := Distinct([]models.Inbound{message, again, elsewhere, sent, read, sent, up, down, up, elseBody, elseWhere, edit, secondEdit, edit, rejected, other, rejected})

	want := []models.Inbound{message, elsewhere, sent, read, up, down, elseBody, elseWhere, edit, secondEdit, rejected, other}
	if len(got) != len(want) {
		t.Fatalf("%d left, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].Kind != want[i].Kind || got[i].Text != want[i].Text || got[i].Status != want[i].Status || got[i].Emoji != want[i].Emoji || got[i].AccountID != want[i].AccountID {
			t.Errorf("place %d: %+v, want %+v", i, got[i], want[i])
		}
	}
}
