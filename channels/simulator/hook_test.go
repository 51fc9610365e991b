package simulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
)

// hook is our webhook: it keeps what was delivered and answers as it is told.
type hook struct {
	*httptest.Server
	got chan delivered

	mu     sync.Mutex
	answer http.HandlerFunc
}

type delivered struct {
	path   string
	url    string // as it was called
	query  url.Values
	header http.Header
	raw    []byte
	json   map[string]any
}

func newHook(t *testing.T) *hook {
	h := &hook{got: make(chan delivered, 1000)}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		d := delivered{path: r.URL.Path, url: "http://" + r.Host + r.RequestURI, query: r.URL.Query(), header: r.Header.Clone(), raw: raw}
		_ = json.Unmarshal(raw, &d.json)
		h.mu.Lock()
		answer := h.answer
		h.mu.Unlock()
		h.got <- d
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) answersWith(f http.HandlerFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = f
}

func (h *hook) next(t *testing.T) delivered {
	t.Helper()
	select {
	case d := <-h.got:
		return d
	case <-soon(t).Done():
		t.Fatal("no webhook arrived")
		return delivered{}
	}
}

func (h *hook) empty(t *testing.T) {
	t.Helper()
	select {
	case d := <-h.got:
		t.Fatalf("a webhook nobody expected: %s", d.raw)
	default:
	}
}

// status is the one state a WhatsApp webhook tells.
func (d delivered) status(t *testing.T) map[string]any {
	t.Helper()
	list, ok := at(t, d.json, "entry", 0, "changes", 0, "value", "statuses").([]any)
	if !ok || len(list) != 1 {
		t.Fatalf("no status in %s", d.raw)
	}
	return list[0].(map[string]any)
}

// message is the one message a WhatsApp webhook tells.
func (d delivered) message(t *testing.T) map[string]any {
	t.Helper()
	m, ok := at(t, d.json, "entry", 0, "changes", 0, "value", "messages", 0).(map[string]any)
	if !ok {
		t.Fatalf("no message in %s", d.raw)
	}
	return m
}
