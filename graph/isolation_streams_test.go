package graph_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"parley/models"
)

// TestIsolationOfStreams follows, wherever a subscription takes an id, what the viewer must not see, while it happens: the
// stream must be as for what does not exist.
func TestIsolationOfStreams(t *testing.T) {
	t.Parallel()
	w, _ := newWalk(t)
	for _, r := range w.routes(w.SubscriptionType.Name) {
		for _, p := range w.places(r.field()) {
			t.Run(r.String()+" "+p.String(), func(t *testing.T) {
				ask := &asking{walk: w, route: r, document: w.document("subscription", r)}
				for _, s := range w.strangers {
					ask.follow(t, s, p)
				}
			})
		}
	}
}

const allMessages = `subscription ($o: ID!, $after: String) { inboxEvents(organizationId: $o, after: $after) { ... on MessageAdded { message { text } } } }`

// listening is many streams over one socket, and what they said.
type listening struct {
	*websocket.Conn
	said map[string][]byte // by stream
}

func (o *tenant) listen(t *testing.T, v models.Viewer) *listening {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	c, _, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(o.server.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	l := &listening{c, map[string][]byte{}}
	l.say(t, object{"type": "connection_init", "payload": object{"Authorization": "Bearer " + o.session(v)}})
	l.until(t, "connection_ack", func() bool { return true })
	return l
}

func (l *listening) say(t *testing.T, message object) {
	t.Helper()
	if err := l.WriteJSON(message); err != nil {
		t.Fatal(err)
	}
}

// follow begins a stream and gives it a name.
func (l *listening) follow(t *testing.T, name, document string, variables object) {
	t.Helper()
	l.say(t, object{"type": "subscribe", "id": name, "payload": object{"query": document, "variables": variables}})
}

// until reads up to a message of a type; without a type, as soon as done.
func (l *listening) until(t *testing.T, kind string, done func() bool) {
	t.Helper()
	for kind != "" || !done() {
		_ = l.SetReadDeadline(time.Now().Add(30 * time.Second))
		_, raw, err := l.ReadMessage()
		if err != nil {
			t.Fatalf("%v, after %s", err, l.said)
		}
		var message struct{ Type, ID string }
		if err := json.Unmarshal(raw, &message); err != nil {
			t.Fatal(err)
		}
		if message.ID != "" {
			l.said[message.ID] = append(l.said[message.ID], raw...)
		}
		if kind != "" && message.Type == kind {
			return
		}
	}
}

func (ask *asking) follow(t *testing.T, s stranger, p place) {
	t.Helper()
	other := s.behind
	right := ask.rightKinds(t, p)[0]
	now := func(o *tenant) string { return models.EventCursor(int64(o.LogEnd())) }
	beginning := now(s.own)
	theirs := other.listen(t, other.Owner)
	theirs.follow(t, "all", allMessages, object{"o": other.Org.ID, "after": now(other)})
	happens(s.own, other, "past")

	l := s.own.listen(t, s.viewer)
	var strange, own []string
	try := func(id string) string {
		c := &call{schema: ask.schema, field: ask.route.field(), own: s.own, place: p, id: id}
		variables := c.variables()
		for _, arg := range ask.route.field().Args {
			if arg.Name == "after" {
				variables["after"] = beginning
			}
		}
		l.follow(t, id, ask.document, variables)
		return id
	}
	for kind, ids := range s.hidden {
		strange = append(strange, try(ids[0]), try(absent(kind)))
	}
	for _, id := range s.own.things[right] {
		own = append(own, try(id))
	}
	l.follow(t, "all", allMessages, object{"o": s.own.Org.ID, "after": beginning})
	happens(s.own, other, "present")

	theirs.until(t, "", func() bool { return bytes.Contains(theirs.said["all"], []byte("the present")) })
	// What an argument names must exist; a filter is asked about nothing in particular.
	refused := len(p.path) == 1
	l.until(t, "", func() bool {
		return bytes.Contains(l.said["all"], []byte("the present")) &&
			(refused && l.heard(strange) == len(strange) || !refused && l.heard(own) > 0)
	})
	l.say(t, object{"type": "ping"})
	l.until(t, "pong", nil)

	s.mustNotLearn(t, l.said["all"])
	for kind, ids := range s.hidden {
		hidden, nothing := l.of(ids[0]), l.of(absent(kind))
		if !bytes.Equal(hidden, nothing) || refused != bytes.Contains(hidden, []byte(`"NOT_FOUND"`)) || !refused && len(hidden) > 0 {
			t.Errorf("%s follows %s = %s and hears\n%s\nof what does not exist\n%s", s.name, p, ids[0], hidden, nothing)
		}
		s.mustNotLearn(t, hidden)
	}
	for _, id := range own {
		if bytes.Contains(l.said[id], []byte(`"type":"error"`)) {
			t.Errorf("%s follows their own %s and hears %s", s.name, id, l.said[id])
		}
	}
}

// happens lets a customer write to each.
func happens(own, other *tenant, when string) {
	for _, o := range []*tenant{other, own} {
		o.CustomerWrites(o.name+"-4917", o.name+" in the "+when)
	}
}

// heard counts the streams that said something.
func (l *listening) heard(streams []string) (n int) {
	for _, id := range streams {
		if len(l.said[id]) > 0 {
			n++
		}
	}
	return n
}

// of is what a stream said, but for its name.
func (l *listening) of(id string) []byte {
	return bytes.ReplaceAll(l.said[id], []byte(id), []byte("ID"))
}
