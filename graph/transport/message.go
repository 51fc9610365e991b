package transport

import (
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// subprotocol is graphql-transport-ws, as described in PROTOCOL.md of https://github.com/enisdenjo/graphql-ws.
const subprotocol = "graphql-transport-ws"

// The close codes of the protocol, and CloseResume of our own. The graphql-ws client reconnects after
// CloseForbidden (asking for fresh connection parameters), CloseInitTimeout, CloseResume and the standard
// codes 1001, 1012 and 1013; the others mean a mistake in the client, and it gives up.
const (
	CloseBadRequest   = 4400
	CloseUnauthorized = 4401
	CloseForbidden    = 4403
	CloseInitTimeout  = 4408
	CloseDuplicateID  = 4409
	CloseInitTwice    = 4429
	// CloseResume ends a connection that did not keep up: connect again and resume from the last cursor.
	CloseResume = 4499
)

const (
	typeInit      = "connection_init"
	typeAck       = "connection_ack"
	typePing      = "ping"
	typePong      = "pong"
	typeSubscribe = "subscribe"
	typeNext      = "next"
	typeError     = "error"
	typeComplete  = "complete"
)

// maxID bounds what a client makes us repeat with every event.
const maxID = 255

// message is what a client said, checked as far as its form goes.
type message struct {
	id      string
	kind    string
	payload json.RawMessage
	// params is what a subscribe message asks for.
	params *graphql.RawParams
}

// decodeMessage reads a message of the client; its errors are reasons to close with.
func decodeMessage(data []byte) (message, error) {
	var raw struct {
		ID      *string         `json:"id"`
		Type    string          `json:"type"`
		Payload json.RawMessage `json:"payload"`
	}
	if decodeJSON(data, &raw) != nil {
		return message{}, sentence("Invalid message")
	}
	m := message{kind: raw.Type, payload: raw.Payload}
	switch m.kind {
	case typeInit, typePing, typePong:
		if !isMap(m.payload) {
			return message{}, sentence("Invalid payload")
		}
		return m, nil
	case typeSubscribe, typeComplete:
		if raw.ID == nil || *raw.ID == "" || len(*raw.ID) > maxID {
			return message{}, sentence("Invalid id")
		}
		m.id = *raw.ID
		return m, m.readParams()
	}
	return message{}, sentence("Invalid type")
}

func (m *message) readParams() error {
	if m.kind != typeSubscribe {
		return nil
	}
	if len(m.payload) == 0 {
		return sentence("Invalid payload")
	}
	params, err := decodeParams(m.payload)
	if err != nil {
		return sentence("Invalid payload")
	}
	m.params = params
	return nil
}

// isMap accepts an object, null or nothing at all.
func isMap(payload json.RawMessage) bool {
	return len(payload) == 0 || payload[0] == '{' || string(payload) == "null"
}

// token finds the bearer token among the parameters of connection_init, or else in the Authorization headers of the upgrade.
func (m message) token(upgrade []string) (string, error) {
	var params map[string]any
	if len(m.payload) > 0 && json.Unmarshal(m.payload, &params) != nil {
		return "", ErrUnauthenticated
	}
	for _, key := range []string{"Authorization", "authorization"} {
		if value, ok := params[key]; ok {
			text, _ := value.(string)
			return bearerToken(text)
		}
	}
	if value, ok := params["token"]; ok {
		text, _ := value.(string)
		return bearerToken("Bearer " + text)
	}
	return bearer(upgrade)
}

func ackMessage() []byte { return []byte(`{"type":"` + typeAck + `"}`) }

func pongMessage(payload json.RawMessage) []byte {
	b := []byte(`{"type":"` + typePong + `"`)
	if len(payload) > 0 {
		b = append(append(b, `,"payload":`...), payload...)
	}
	return append(b, '}')
}

func errorMessage(id string, errs gqlerror.List) []byte {
	return append(appendJSON(openPayload(id, typeError), errs), '}')
}

func completeMessage(id string) []byte { return append(openMessage(id, typeComplete), '}') }

// openPayload begins a message up to where its payload follows; a brace closes it.
func openPayload(id, kind string) []byte { return append(openMessage(id, kind), `,"payload":`...) }

// openMessage begins a message and leaves it open.
func openMessage(id, kind string) []byte {
	b := appendJSON([]byte(`{"id":`), id)
	return append(b, `,"type":"`+kind+`"`...)
}
