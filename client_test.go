package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

type object = map[string]any

// post asks a server, by its token if there is one, and returns data; errors fail the test.
func post(t *testing.T, s *served, query string, variables object) object {
	t.Helper()
	body, err := json.Marshal(object{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if s.token != "" {
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Data   object
		Errors []object
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || len(answer.Errors) > 0 {
		t.Fatalf("%s: %v %v", query, err, answer.Errors)
	}
	return answer.Data
}

// at walks into decoded JSON.
func at(v any, path ...string) any {
	for _, step := range path {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// stream is one subscription over a socket of its own.
type stream struct {
	t      *testing.T
	socket *websocket.Conn
}

// greet opens a socket and introduces itself with a payload.
func greet(t *testing.T, s *served, payload object) *stream {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	socket, _, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(s.url, "http")+"/graphql", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	st := &stream{t: t, socket: socket}
	st.write(object{"type": "connection_init", "payload": payload})
	return st
}

func subscribe(t *testing.T, s *served, query string, variables object) *stream {
	t.Helper()
	st := greet(t, s, object{"Authorization": "Bearer " + s.token})
	if ack := st.read(); ack["type"] != "connection_ack" {
		t.Fatalf("the socket answered %v", ack)
	}
	st.write(object{"type": "subscribe", "id": "1", "payload": object{"query": query, "variables": variables}})
	return st
}

func (s *stream) write(message object) {
	s.t.Helper()
	if err := s.socket.WriteJSON(message); err != nil {
		s.t.Fatal(err)
	}
}

const patience = 30 * time.Second

func (s *stream) read() object {
	s.t.Helper()
	_ = s.socket.SetReadDeadline(time.Now().Add(patience))
	var message object
	if err := s.socket.ReadJSON(&message); err != nil {
		s.t.Fatalf("read from the socket: %v", err)
	}
	return message
}

// next returns the next event that fits.
func (s *stream) next(fits func(event any) bool) any {
	s.t.Helper()
	for {
		message := s.read()
		if message["type"] != "next" {
			s.t.Fatalf("the stream said %v", message)
		}
		if event := at(message, "payload", "data", "inboxEvents"); fits(event) {
			return event
		}
	}
}

func is(typename string) func(any) bool {
	return func(event any) bool { return at(event, "__typename") == typename }
}

func said(text string) func(any) bool {
	return func(event any) bool { return at(event, "message", "text") == text && is("MessageAdded")(event) }
}

// closeCode reads until the server closes the socket.
func (s *stream) closeCode() int {
	s.t.Helper()
	_ = s.socket.SetReadDeadline(time.Now().Add(patience))
	for {
		_, _, err := s.socket.ReadMessage()
		if closed, ok := err.(*websocket.CloseError); ok {
			return closed.Code
		}
		if err != nil {
			s.t.Fatalf("the socket ended with %v", err)
		}
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}
