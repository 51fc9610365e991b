package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// Dialect is how the sockets of a swarm speak with their server.
type Dialect struct {
	// Subprotocol is asked for in the handshake; empty asks for none.
	Subprotocol string
	// Greet is what socket number i, which listens to a topic, says after the handshake, one after the other.
	Greet func(i, topic int) []Greeting

	ping, pong string   // of the protocol itself, above those of websockets
	ends       []string // in a frame without a message: the server will send nothing more
	hasCursors bool
	joins      bool // a frame may hold several lines, pings among them
}

// Greeting is said by a client, and answered by a text that contains something; empty is not answered.
type Greeting struct{ Say, Await string }

// Subscription is one GraphQL subscription of many sockets.
type Subscription struct {
	// Token is what socket number i signs in with; empty: a stranger.
	Token func(i int) string
	// Document subscribes to a topic by the variables of the topic.
	Document  string
	Variables func(topic int) map[string]any
}

// GraphQL is graphql-transport-ws.
func GraphQL(s Subscription) Dialect {
	return Dialect{
		Subprotocol: "graphql-transport-ws",
		Greet: func(i, topic int) []Greeting {
			payload := map[string]any{}
			if token := s.Token(i); token != "" {
				payload["Authorization"] = "Bearer " + token
			}
			id := fmt.Sprintf("%08x-7a1b-4c2d-8e3f-%012x", i, i) // as long as those that clients make
			return []Greeting{
				{encode(map[string]any{"type": "connection_init", "payload": payload}), `"connection_ack"`},
				{encode(map[string]any{"type": "subscribe", "id": id, "payload": map[string]any{
					"query": s.Document, "variables": s.Variables(topic),
				}}), ""},
			}
		},
		ping: `"type":"ping"`, pong: `{"type":"pong"}`,
		ends:       []string{`"type":"error"`, `"type":"complete"`},
		hasCursors: true,
	}
}

// Centrifuge is the JSON protocol of the library of that name.
func Centrifuge() Dialect {
	return Dialect{
		Greet: func(_, topic int) []Greeting {
			return []Greeting{
				{`{"id":1,"connect":{}}`, `"connect"`},
				{`{"id":2,"subscribe":{"channel":"inbox:` + strconv.Itoa(topic) + `"}}`, `"subscribe"`},
			}
		},
		ping: "{}", pong: "{}",
		joins: true,
	}
}

// Bare names its topic and listens.
func Bare() Dialect {
	return Dialect{Greet: func(_, topic int) []Greeting {
		return []Greeting{{`{"topic":"` + strconv.Itoa(topic) + `"}`, ""}}
	}}
}

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode a greeting: %v", err)) // maps of strings
	}
	return string(b)
}

// answer is what to say to a frame; over says why nothing more will come. Only a frame without a message says that.
func (d *Dialect) answer(payload []byte, hasMessage bool) (reply, over string) {
	if hasMessage && !d.joins {
		return "", ""
	}
	if d.ping != "" && d.pings(payload) {
		return d.pong, ""
	}
	for _, end := range d.ends {
		if !hasMessage && bytes.Contains(payload, []byte(end)) {
			return "", string(payload[:min(len(payload), 200)])
		}
	}
	return "", ""
}

// pings looks for the ping among what a frame joins, or in the frame.
func (d *Dialect) pings(payload []byte) bool {
	if !d.joins {
		return bytes.Contains(payload, []byte(d.ping))
	}
	for part := range bytes.SplitSeq(payload, []byte("\n")) {
		if string(bytes.TrimSpace(part)) == d.ping {
			return true
		}
	}
	return false
}
