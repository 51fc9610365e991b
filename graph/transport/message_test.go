package transport

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

func FuzzDecodeMessage(f *testing.F) {
	for _, text := range []string{
		`{"type":"connection_init","payload":{"Authorization":"Bearer ada"}}`, `{"type":"connection_init","payload":{"token":[]}}`,
		`{"type":"ping"}`, `{"type":"pong","payload":null}`, `{"type":"complete","id":"1"}`,
		`{"type":"subscribe","id":"1","payload":{"query":"{ a }","variables":{"n":1e999},"extensions":{"persistedQuery":{}}}}`,
		`{"type":"subscribe","id":"\ud800","payload":{"query":"{ a }","operationName":null}}`,
		`[]`, `null`, `{"type":`, "{\"type\":\"\xff\"}", `{"TYPE":"ping","type":"nope"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := decodeMessage(data)
		if err != nil {
			if len(err.Error()) > 123 {
				t.Fatalf("%q does not fit a close frame", err)
			}
			return
		}
		switch m.kind {
		case typeInit:
			if token, err := m.token(nil); err != nil && token != "" {
				t.Fatalf("took %q for a token, and for none", token)
			}
		case typePing, typePong:
			wellFormed(t, pongMessage(m.payload), "pong", "")
		case typeSubscribe:
			if m.params.Query == "" && m.params.Extensions["persistedQuery"] == nil {
				t.Fatal("subscribed to nothing")
			}
			fallthrough
		case typeComplete:
			if m.id == "" || len(m.id) > maxID {
				t.Fatalf("took %q for an id", m.id)
			}
			wellFormed(t, completeMessage(m.id), "complete", m.id)
			next := outgoing{head: openPayload(m.id, typeNext), body: []byte(`{}`)}.append(nil)
			wellFormed(t, next[bytes.IndexByte(next, '{'):], "next", m.id)
			wellFormed(t, errorMessage(m.id, gqlerror.List{coded(CodeInternal, m.id)}), "error", m.id)
		default:
			t.Fatalf("took %q for a type", m.kind)
		}
	})
}

func wellFormed(t *testing.T, text []byte, kind, id string) {
	t.Helper()
	var m struct{ Type, ID string }
	if err := json.Unmarshal(text, &m); err != nil || m.Type != kind || m.ID != id {
		t.Fatalf("wrote %s (%v), want %s of %q", text, err, kind, id)
	}
}

func FuzzDecodeParams(f *testing.F) {
	for _, text := range []string{
		`{"query":"{ a }"}`, `{"query":"{ a }","variables":{"n":12345678901234567890},"operationName":"A","extensions":{}}`,
		`{"query":5}`, `{"variables":[]}`, `null`, `[]`, `{"query":"{ a }"} {}`, `{"extensions":{"persistedQuery":{}}}`, `{"query":"`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		params, err := decodeParams(data)
		if err != nil {
			presentable(t, err)
			return
		}
		if !json.Valid(data) || !utf8.Valid(data) {
			t.Fatal("took it for JSON")
		}
		if params.Query == "" && params.Extensions["persistedQuery"] == nil {
			t.Fatal("took nothing for a query")
		}
		if _, err := json.Marshal(params); err != nil {
			t.Fatalf("cannot be written again: %v", err)
		}
	})
}

func TestParamsKeepNumbersAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	params, err := decodeParams([]byte(`{"query":"{ a }","variables":{"n":9007199254740993}}`))
	if err != nil || params.Variables["n"] != json.Number("9007199254740993") {
		t.Errorf("got %v, %v", params, err)
	}
}

func FuzzDecodeQuery(f *testing.F) {
	for _, text := range []string{
		`query={a}`, `query={a}&variables={"a":1}&extensions={}&operationName=A`, `query=%7Ba%7D&variables=[]`, `query=%ff`, `variables=null&query={a}`, ``,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		params, err := decodeQuery(values)
		if err != nil {
			presentable(t, err)
			return
		}
		if params.Query != values.Get("query") || params.OperationName != values.Get("operationName") {
			t.Fatalf("read %q and %q", params.Query, params.OperationName)
		}
	})
}

// presentable errors are whole sentences of ours, and short, whatever was sent.
func presentable(t *testing.T, err error) {
	t.Helper()
	if _, ours := err.(sentence); !ours || !strings.HasSuffix(err.Error(), ".") || len(err.Error()) > 100 {
		t.Fatalf("%q is not for clients", err)
	}
}
