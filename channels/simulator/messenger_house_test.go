package simulator_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"parley/channels/simulator"
)

// house is a server in place of ours that visitors of widgets come to.
type house struct {
	*httptest.Server
	secret string // of the sites
	polite bool   // it answers every message

	mu       sync.Mutex
	visits   int
	guests   map[string]*guest // by token
	known    map[string]*guest // by the customer the site vouches for
	uploads  map[string][]byte
	asked    map[string]chan request // by path below the widget
	answers  map[string][]http.HandlerFunc
	streams  chan struct{} // closed to break them
	messages int
}

// guest is somebody and what happened to them; the place of an event is its number.
type guest struct {
	id      string
	happens []string // "message {…}"
	changed chan struct{}
}

// request is what a visitor asked.
type request struct {
	header http.Header
	query  string
	raw    []byte
	json   map[string]any
}

func newHouse(t *testing.T, secret string) *house {
	h := &house{
		secret: secret, guests: map[string]*guest{}, known: map[string]*guest{}, uploads: map[string][]byte{},
		asked: map[string]chan request{}, answers: map[string][]http.HandlerFunc{}, streams: make(chan struct{}),
	}
	for _, path := range []string{"sessions", "messages", "history", "events", "read", "typing", "uploads", "file"} {
		h.asked[path] = make(chan request, 1000)
	}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

// next is what was asked next at a path.
func (h *house) next(t *testing.T, path string) request {
	t.Helper()
	select {
	case r := <-h.asked[path]:
		return r
	case <-soon(t).Done():
		t.Fatalf("nobody asked %s", path)
		return request{}
	}
}

// answersOnce replaces the next answer at a path.
func (h *house) answersOnce(path string, f http.HandlerFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers[path] = append(h.answers[path], f)
}

// breaks ends all streams without a word.
func (h *house) breaks() {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.streams)
	h.streams = make(chan struct{})
}

// ends ends all sessions.
func (h *house) ends() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.guests)
}

// happens lets something happen to everybody who is here, and to whomever the site vouched for.
func (h *house) happens(name, data string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := map[*guest]bool{}
	for _, list := range []map[string]*guest{h.guests, h.known} {
		for _, g := range list {
			if !seen[g] {
				g.happen(name + " " + data)
			}
			seen[g] = true
		}
	}
}

func (g *guest) happen(event string) {
	g.happens = append(g.happens, event)
	close(g.changed)
	g.changed = make(chan struct{})
}

// says lets the team write.
func (h *house) says(id, text string) {
	h.happens("message", fmt.Sprintf(`{"id":%q,"from":"team","text":%q,"attachments":[]}`, id, text))
}

func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	path := strings.TrimPrefix(r.URL.Path, "/messenger/wgt_shop/")
	switch {
	case r.Method == http.MethodPut:
		path = "file"
	case path == "messages" && r.Method == http.MethodGet:
		path = "history"
	}
	asked := request{header: r.Header.Clone(), query: r.URL.RawQuery, raw: raw}
	_ = json.Unmarshal(raw, &asked.json)
	h.mu.Lock()
	if h.asked[path] == nil {
		h.mu.Unlock()
		refuse(w, http.StatusNotFound, "NOT_FOUND")
		return
	}
	var instead http.HandlerFunc
	if list := h.answers[path]; len(list) > 0 {
		instead, h.answers[path] = list[0], list[1:]
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	g := h.guests[token]
	h.mu.Unlock()
	h.asked[path] <- asked
	switch {
	case instead != nil:
		instead(w, r)
	case path == "sessions":
		h.begin(w, asked)
	case path == "file":
		h.keep(r.URL.Path, raw)
		w.WriteHeader(http.StatusNoContent)
	case g == nil:
		refuse(w, http.StatusUnauthorized, "UNAUTHENTICATED")
	default:
		h.serve(w, r, path, asked, g)
	}
}

func (h *house) serve(w http.ResponseWriter, r *http.Request, path string, asked request, g *guest) {
	switch path {
	case "messages":
		h.hear(w, asked, g)
	case "history":
		h.show(w, g)
	case "events":
		h.stream(w, r, g)
	case "uploads":
		_, _ = fmt.Fprintf(w, `{"uploadId":"up_1","url":"%s/files/up_1"}`, h.URL)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"error":{"code":%q}}`, code)
}

func (h *house) keep(path string, raw []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.uploads[path] = raw
}

func (h *house) begin(w http.ResponseWriter, asked request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.visits++
	g, token := &guest{id: fmt.Sprint("vis_", h.visits), changed: make(chan struct{})}, fmt.Sprint("plv_", h.visits)
	identity, _ := asked.json["identity"].(map[string]any)
	customer, _ := identity["id"].(string)
	mac := hmac.New(sha256.New, []byte(h.secret))
	mac.Write([]byte(customer))
	identified := customer != "" && identity["hash"] == hex.EncodeToString(mac.Sum(nil))
	if identified && h.known[customer] == nil {
		h.known[customer] = g
	}
	if identified {
		g = h.known[customer]
	}
	h.guests[token] = g
	_, _ = fmt.Fprintf(w, `{"token":%q,"visitor":{"id":%q},"identified":%t}`, token, g.id, identified)
}

func (h *house) hear(w http.ResponseWriter, asked request, g *guest) {
	h.mu.Lock()
	defer h.mu.Unlock()
	id := g.id + ":" + asked.json["clientMessageId"].(string)
	g.happen(fmt.Sprintf(`message {"id":%q,"from":"visitor","text":"…","attachments":[]}`, id))
	if h.polite {
		h.messages++
		g.happen(fmt.Sprintf(`message {"id":"msg_%d","from":"team","text":"Gern!","attachments":[]}`, h.messages))
	}
	_, _ = fmt.Fprintf(w, `{"id":%q,"createdAt":"2026-08-03T09:00:00Z","new":1}`, id)
}

func (h *house) show(w http.ResponseWriter, g *guest) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := []string{}
	for _, e := range g.happens {
		if data, isMessage := strings.CutPrefix(e, "message "); isMessage {
			list = append([]string{data}, list...)
		}
	}
	_, _ = fmt.Fprintf(w, `{"messages":[%s],"cursor":"%d"}`, strings.Join(list, ","), len(g.happens))
}

func (h *house) stream(w http.ResponseWriter, r *http.Request, g *guest) {
	after := r.Header.Get("Last-Event-ID")
	if after == "" {
		after = r.URL.Query().Get("after")
	}
	place, _ := strconv.Atoi(after)
	h.mu.Lock()
	broken := h.streams
	h.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = fmt.Fprintf(w, "retry: 2000\nid: %d\n: beat\n\n", place)
	for {
		_ = http.NewResponseController(w).Flush()
		h.mu.Lock()
		fresh, changed := g.happens[place:], g.changed
		h.mu.Unlock()
		for _, e := range fresh {
			place++
			name, data, _ := strings.Cut(e, " ")
			_, _ = fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", place, name, data)
		}
		if len(fresh) > 0 {
			continue
		}
		select {
		case <-changed:
		case <-broken:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// shopWidget is a widget of a site that vouches for its customers.
var shopWidget = simulator.MessengerWidget{
	Key: "wgt_shop", Origin: "https://shop.example", IdentitySecret: "identity-secret-of-the-shop", Name: "Lindenladen",
}

// site is a world with one widget and the house its visitors come to.
type site struct {
	*simulator.Simulator
	t     *testing.T
	clock *clock
	house *house
	shop  simulator.Account
}

func newSite(t *testing.T, widget simulator.MessengerWidget) *site {
	t.Helper()
	s := &site{t: t, clock: newClock(), house: newHouse(t, shopWidget.IdentitySecret)}
	s.Simulator = simulator.New(simulator.Config{WebhookURL: s.house.URL, Now: s.clock.Now, After: s.clock.After})
	s.shop = s.AddMessengerWidget(widget)
	t.Cleanup(func() {
		if err := s.Close(soon(t)); err != nil {
			t.Error(err)
		}
	})
	return s
}

var jana = simulator.Customer{ID: "customer-42", Name: "Jana Vogt"}

// does lets Jana do something and returns its id.
func (s *site) does(in simulator.Inbound) string {
	s.t.Helper()
	in.Account, in.Customer = s.shop, jana
	id, err := s.CustomerWrites(soon(s.t), in)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// sent waits for so many messages of the team.
func (s *site) sent(n int) []simulator.Sent {
	s.t.Helper()
	list, err := s.Await(soon(s.t), s.shop, n)
	if err != nil {
		s.t.Fatal(err)
	}
	same(s.t, "sent", len(list), n)
	return list
}
