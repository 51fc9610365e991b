package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
)

func TestWebSocketHandshake(t *testing.T) {
	t.Run("prefers the modern subprotocol", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			for _, offer := range [][]string{{subprotocol}, {subprotocol, "graphql-ws"}, {"graphql-ws", subprotocol}} {
				dialer := h.dialer()
				dialer.Subprotocols = offer
				sock, _, err := dialer.Dial("ws://parley.example/graphql", nil)
				if err != nil {
					t.Fatalf("offered %v: %v", offer, err)
				}
				if sock.Subprotocol() != subprotocol {
					t.Errorf("offered %v, got %q", offer, sock.Subprotocol())
				}
				_ = sock.Close()
			}
		})
	})
	refused := func(name string, status int, change func(*websocket.Dialer, http.Header)) {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				dialer, header := serve(t, WebSocketConfig{Origins: []string{"https://app.example.com"}}).dialer(), http.Header{}
				change(dialer, header)
				_, resp, err := dialer.Dial("ws://parley.example/graphql", header)
				if !errors.Is(err, websocket.ErrBadHandshake) || resp.StatusCode != status || !strings.Contains(resp.Header.Get("Content-Type"), "json") {
					t.Errorf("got %v, %v", err, resp)
				}
			})
		})
	}
	offer := func(protocols ...string) func(*websocket.Dialer, http.Header) {
		return func(d *websocket.Dialer, _ http.Header) { d.Subprotocols = protocols }
	}
	origin := func(value string) func(*websocket.Dialer, http.Header) {
		return func(_ *websocket.Dialer, h http.Header) { h.Set("Origin", value) }
	}
	refused("refuses the legacy subprotocol", http.StatusBadRequest, offer("graphql-ws"))
	refused("refuses other subprotocols", http.StatusBadRequest, offer("chat-v7", "GRAPHQL-TRANSPORT-WS"))
	refused("refuses no subprotocol", http.StatusBadRequest, offer())
	refused("refuses a foreign origin", http.StatusForbidden, origin("https://evil.example"))
	refused("refuses a look-alike of a listed origin", http.StatusForbidden, origin("https://app.example.com.evil.example"))
	refused("refuses a look-alike of our own", http.StatusForbidden, origin("https://parley.example.evil.example"))
	refused("refuses a listed origin without its encryption", http.StatusForbidden, origin("http://app.example.com"))
	refused("refuses the origin null", http.StatusForbidden, origin("null"))
	refused("refuses an origin that is none", http.StatusForbidden, origin("://"))
	for name, origin := range map[string]string{"a listed origin": "https://app.example.com", "our own host": "https://parley.example", "no browser": ""} {
		t.Run("welcomes "+name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				h := serve(t, WebSocketConfig{Origins: []string{"https://app.example.com"}})
				p := h.dial(t, "Origin", origin)
				p.greet("ada")
			})
		})
	}
	t.Run("refuses a malformed one", func(t *testing.T) {
		t.Parallel()
		r := get(nil)
		for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Protocol": subprotocol, "Sec-WebSocket-Version": "7"} {
			r.Header.Set(name, value)
		}
		a := ask(t, HTTP{}, post(query(`{ hello }`))) // only for its recorder
		a.Body.Reset()
		NewWebSocket(WebSocketConfig{}).Do(a, r, newToy().executor())
		if !strings.Contains(a.Body.String(), CodeBadRequest) {
			t.Errorf("got %s", a.Body)
		}
	})
}

func TestWebSocketGreeting(t *testing.T) {
	for name, c := range map[string]struct{ header, payload, viewer string }{
		"nobody":                                {"", `{}`, `null`},
		"nobody, by null":                       {"", `null`, `null`},
		"a token in Authorization":              {"", `{"Authorization":"Bearer ada"}`, `"Ada"`},
		"a token in authorization":              {"", `{"authorization":"bearer ada","other":[1]}`, `"Ada"`},
		"a bare token":                          {"", `{"token":"ada"}`, `"Ada"`},
		"a token in the upgrade":                {"Bearer ada", `{}`, `"Ada"`},
		"the payload, where the upgrade errs":   {"Bearer eve", `{"token":"ada"}`, `"Ada"`},
		"the payload, where the upgrade has no": {"Basic eve", `{"token":"ada"}`, `"Ada"`},
	} {
		t.Run("lets in "+name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				h := serve(t, WebSocketConfig{})
				p := h.dialDeaf(t)
				if c.header != "" {
					p = h.dialDeaf(t, "Authorization", c.header)
				}
				p.listen()
				p.say(`{"type":"connection_init","payload":` + c.payload + `}`)
				p.expect(`{"type":"connection_ack"}`)
				p.subscribe("1", `{ viewer }`)
				p.expect(next("1", `{"viewer":`+c.viewer+`}`), complete("1"))
			})
		})
	}
	for name, payload := range map[string]string{
		"a bad token":                    `{"Authorization":"Bearer eve"}`,
		"a bad bare token":               `{"token":"eve"}`,
		"an empty token":                 `{"token":""}`,
		"two tokens":                     `{"token":"ada eve"}`,
		"a token that is no text":        `{"token":5}`,
		"an authorization of no scheme":  `{"Authorization":"ada"}`,
		"an authorization of null":       `{"Authorization":null}`,
		"a bad token before a good one":  `{"Authorization":"Bearer eve","token":"ada"}`,
		"another scheme of authorizaton": `{"Authorization":"Basic ada"}`,
	} {
		t.Run("closes with 4403 on "+name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				p := serve(t, WebSocketConfig{}).dialDeaf(t)
				p.say(`{"type":"connection_init","payload":` + payload + `}`)
				p.subscribe("1", `{ hello }`)
				p.listen()
				p.expectClose(CloseForbidden)
				if len(p.heard) > 0 {
					t.Errorf("but first said %s", <-p.heard)
				}
			})
		})
	}
	t.Run("asks to come back when it cannot tell", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			p := h.dial(t)
			p.say(`{"type":"connection_init","payload":{"token":"unlucky"}}`)
			p.expectClose(websocket.CloseTryAgainLater)
			if !strings.Contains(h.log.String(), "connection refused") || strings.Contains(h.log.String(), "unlucky") {
				t.Errorf("logged %s", h.log)
			}
		})
	})
	t.Run("closes with 4408 when nobody introduces himself", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{InitTimeout: 3 * time.Second}).dial(t)
			start := time.Now()
			p.say(`{"type":"ping"}`)
			p.expect(`{"type":"pong"}`)
			p.expectClose(CloseInitTimeout)
			if time.Since(start) != 3*time.Second {
				t.Errorf("after %v", time.Since(start))
			}
		})
	})
	t.Run("closes with 4408 when it takes too long to tell", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{Authenticate: func(ctx context.Context, _ string) (context.Context, Session, error) {
				<-ctx.Done()
				return nil, Session{}, ctx.Err()
			}})
			p := h.dial(t)
			p.say(`{"type":"connection_init"}`)
			p.expectClose(CloseInitTimeout)
			if h.log.Len() > 0 {
				t.Errorf("logged %s", h.log)
			}
		})
	})
	t.Run("closes with 4429 on a second one", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{}).greet(t, "ada")
			p.say(`{"type":"connection_init"}`)
			p.expectClose(CloseInitTwice)
		})
	})
	t.Run("closes with 4401 on an operation before it", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{}).dial(t)
			p.subscribe("1", `{ hello }`)
			p.expectClose(CloseUnauthorized)
		})
	})
	t.Run("needs no one to authenticate", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			var nobody Authenticate
			p := serve(t, WebSocketConfig{Authenticate: nobody.check}).greet(t, "")
			p.subscribe("1", `{ hello }`)
			p.expect(next("1", `{"hello":"world"}`))
		})
	})
	t.Run("gives a subject so many sockets", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{MaxSockets: 2})
			first, _ := h.greet(t, "ada"), h.greet(t, "ada")
			h.greet(t, "") // who is nobody is not counted
			third := h.dial(t)
			third.say(`{"type":"connection_init","payload":{"token":"ada"}}`)
			third.expectClose(websocket.CloseTryAgainLater)

			first.leave()
			h.greet(t, "ada")
		})
	})
}

func TestWebSocketCrowd(t *testing.T) {
	inTime(t, func(t *testing.T) {
		h := serve(t, WebSocketConfig{MaxStrangers: 2})
		first, _ := h.dial(t), h.dial(t)
		_, resp, err := h.dialer().Dial("ws://parley.example/graphql", nil)
		if err == nil || resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
			t.Fatalf("a third stranger got %v, %v", err, resp)
		}
		first.greet("ada") // who is known makes room
		h.dial(t)
		pass(11 * time.Second) // who never says a word makes room, too
		h.dial(t)
		h.dial(t)
	})
}

// leave closes in good manners, and waits for the server to hang up.
func (p *peer) leave() {
	p.t.Helper()
	if err := p.sock.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Time{}); err != nil {
		p.t.Fatalf("leave: %v", err)
	}
	p.expectClose(websocket.CloseNormalClosure)
	if _, err := p.sock.NetConn().Read(make([]byte, 1)); err != io.EOF {
		p.t.Fatalf("after taking leave: %v", err)
	}
	pass(time.Second)
}

func TestWebSocketMalformed(t *testing.T) {
	for name, text := range map[string]string{
		"not JSON":                      `{"type":`,
		"an array":                      `[]`,
		"a scalar":                      `"hello"`,
		"null":                          `null`,
		"no type":                       `{"id":"1"}`,
		"an unknown type":               `{"type":"nope"}`,
		"a type of the server":          `{"type":"next","id":"1","payload":{}}`,
		"the legacy start":              `{"type":"start","id":"1","payload":{"query":"{ hello }"}}`,
		"two messages in one":           `{"type":"ping"}{"type":"ping"}`,
		"not UTF-8":                     "{\"type\":\"ping\",\"payload\":{\"a\":\"\xff\"}}",
		"ping with a scalar":            `{"type":"ping","payload":"x"}`,
		"pong with an array":            `{"type":"pong","payload":[]}`,
		"complete without id":           `{"type":"complete"}`,
		"subscribe without id":          `{"type":"subscribe","payload":{"query":"{ hello }"}}`,
		"subscribe with an empty id":    `{"type":"subscribe","id":"","payload":{"query":"{ hello }"}}`,
		"subscribe with a null id":      `{"type":"subscribe","id":null,"payload":{"query":"{ hello }"}}`,
		"subscribe with a number id":    `{"type":"subscribe","id":1,"payload":{"query":"{ hello }"}}`,
		"subscribe with an endless id":  `{"type":"subscribe","id":"` + strings.Repeat("x", 256) + `","payload":{"query":"{ hello }"}}`,
		"subscribe without payload":     `{"type":"subscribe","id":"1"}`,
		"subscribe with a null payload": `{"type":"subscribe","id":"1","payload":null}`,
		"subscribe without query":       `{"type":"subscribe","id":"1","payload":{}}`,
		"subscribe with a query of 5":   `{"type":"subscribe","id":"1","payload":{"query":5}}`,
		"subscribe with bad variables":  `{"type":"subscribe","id":"1","payload":{"query":"{ hello }","variables":[]}}`,
		"subscribe with bad extensions": `{"type":"subscribe","id":"1","payload":{"query":"{ hello }","extensions":"x"}}`,
		"subscribe with a name of 5":    `{"type":"subscribe","id":"1","payload":{"query":"{ hello }","operationName":5}}`,
	} {
		t.Run("closes with 4400 on "+name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				p := serve(t, WebSocketConfig{}).greet(t, "ada")
				p.say(text)
				p.expectClose(CloseBadRequest)
			})
		})
	}
	for name, text := range map[string]string{"not JSON": `{"type":`, "a payload that is no map": `{"type":"connection_init","payload":"x"}`} {
		t.Run("closes with 4400 before the greeting on "+name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				p := serve(t, WebSocketConfig{}).dial(t)
				p.say(text)
				p.expectClose(CloseBadRequest)
			})
		})
	}
	t.Run("closes with 4400 on bytes", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{}).greet(t, "ada")
			if err := p.sock.WriteMessage(websocket.BinaryMessage, []byte(`{"type":"ping"}`)); err != nil {
				t.Fatal(err)
			}
			p.expectClose(CloseBadRequest)
		})
	})
	t.Run("closes with 1009 on a message over the limit", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{MaxMessage: 1000}).greet(t, "ada")
			fits := `{"type":"ping","payload":{"pad":"` + strings.Repeat("x", 1000-len(`{"type":"ping","payload":{"pad":""}}`)) + `"}}`
			p.say(fits)
			p.expect(strings.Replace(fits, "ping", "pong", 1))
			p.say(fits + " ")
			p.expectClose(websocket.CloseMessageTooBig)
		})
	})
	t.Run("does nothing more of what was asked for", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			p := h.dialDeaf(t)
			p.say(`{"type":"connection_init"}`)
			p.say(`{"type":"nope"}`)
			p.subscribe("1", `subscription { said }`)
			p.listen()
			p.expectClose(CloseBadRequest)
			if len(h.entered) > 0 {
				t.Error("subscribed after all")
			}
		})
	})
	t.Run("reads on until the peer has heard why", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{}).dialDeaf(t)
			p.say(`{"type":"nope"}`)
			p.say(strings.Repeat("x", 1<<20)) // held up for ever, were it not read
			p.listen()
			p.expectClose(CloseBadRequest)
		})
	})
}

func TestWebSocketOperations(t *testing.T) {
	t.Run("answers a query, then completes it", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{}).greet(t, "ada")
			for range 3 {
				p.say(`{"id":"1","type":"subscribe","payload":{"query":"query($t: String!) { viewer echo(text: $t) }","variables":{"t":"\u0141"},"operationName":null,"extensions":null}}`)
				p.expect(next("1", `{"viewer":"Ada","echo":"Ł"}`), complete("1"))
			}
			p.expectQuiet()
		})
	})
	t.Run("answers a mutation, and those who wait for it hear of it", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			hearer, speaker := h.greet(t, "ada"), h.greet(t, "")
			for _, id := range []string{"a", "b"} {
				hearer.subscribe(id, `subscription { said }`)
				await(t, h.entered, "said")
			}
			speaker.subscribe("1", `mutation { say(text: "hi") }`)
			speaker.expect(next("1", `{"say":"hi"}`), complete("1"))
			got := map[string]bool{hearer.next(): true, hearer.next(): true}
			if !got[next("a", `{"said":"hi"}`)] || !got[next("b", `{"said":"hi"}`)] {
				t.Errorf("heard %v", got)
			}
		})
	})
	for name, c := range map[string]struct{ payload, code string }{
		"a syntax error":                 {`{"query":"{"}`, "GRAPHQL_PARSE_FAILED"},
		"a field that is not there":      {`{"query":"{ nope }"}`, "GRAPHQL_VALIDATION_FAILED"},
		"an operation that is not there": {`{"query":"query A { hello }","operationName":"B"}`, "GRAPHQL_VALIDATION_FAILED"},
		"a variable of the wrong type":   {`{"query":"query($t: String!) { echo(text: $t) }","variables":{"t":{}}}`, "GRAPHQL_VALIDATION_FAILED"},
		"a refused subscription":         {`{"query":"subscription { refused }"}`, "REFUSED"},
		"a panic":                        {`{"query":"{ panics }"}`, CodeInternal},
	} {
		t.Run("ends with an error and no more on "+name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				p := serve(t, WebSocketConfig{}).greet(t, "ada")
				p.say(`{"id":"1","type":"subscribe","payload":` + c.payload + `}`)
				if code := p.expectError("1"); code != c.code {
					t.Errorf("code %q, want %q", code, c.code)
				}
				p.expectQuiet()
				p.subscribe("1", `{ hello }`)
				p.expect(next("1", `{"hello":"world"}`), complete("1"))
			})
		})
	}
	t.Run("sends errors of fields beside data", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{}).greet(t, "ada")
			p.subscribe("1", `{ hello broken }`)
			p.expect(`{"id":"1","type":"next","payload":{"errors":[{"message":"broken on purpose","path":["broken"],"extensions":{"code":"BROKEN"}}],"data":{"hello":"world","broken":null}}}`, complete("1"))
			p.subscribe("1", `subscription { flaky }`)
			p.expect(`{"id":"1","type":"next","payload":{"errors":[{"message":"broken on purpose"}],"data":{"flaky":null}}}`, complete("1"))
		})
	})
	t.Run("sends every event of a stream, then completes it", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{}).greet(t, "ada")
			p.subscribe("1", `subscription { n: count(to: 3) }`)
			p.expect(next("1", `{"n":1}`), next("1", `{"n":2}`), next("1", `{"n":3}`), complete("1"))
		})
	})
	t.Run("gives each response a context that ends with it", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			var seen []context.Context
			h.exec.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
				for _, earlier := range seen {
					if earlier.Err() == nil {
						t.Error("the context of an earlier response is still alive")
					}
				}
				seen = append(seen, ctx)
				if ctx.Err() != nil || ctx.Value(viewerKey{}) != "Ada" {
					t.Error("the context is none of the operation's")
				}
				return next(ctx)
			})
			p := h.greet(t, "ada")
			p.subscribe("1", `subscription { count(to: 2) }`)
			p.expect(next("1", `{"count":1}`), next("1", `{"count":2}`), complete("1"))
			if len(seen) != 3 {
				t.Errorf("asked for %d responses, want two and the end", len(seen))
			}
		})
	})
	t.Run("stops at the client's word, and is silent about it", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			p := h.greet(t, "ada")
			p.subscribe("1", `subscription { said }`)
			await(t, h.entered, "said")
			p.say(complete("1"))
			await(t, h.left, "said")
			h.toy.say("unheard")
			p.expectQuiet()
		})
	})
	t.Run("frees an id at once at the client's word", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			p := h.greet(t, "ada")
			for i := range 20 {
				p.subscribe("1", `subscription { said }`)
				await(t, h.entered, "said")
				text := fmt.Sprint(i)
				h.toy.say(text)
				p.expect(next("1", `{"said":"`+text+`"}`))
				p.say(complete("1"))
			}
			p.subscribe("1", `{ hello }`)
			p.expect(next("1", `{"hello":"world"}`), complete("1"))
		})
	})
	t.Run("does not mind a complete of nothing, or a pong", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{}).greet(t, "ada")
			p.say(complete("never"))
			p.say(`{"type":"pong"}`)
			p.expectQuiet()
		})
	})
	t.Run("closes with 4409 on an id in use", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			p := h.greet(t, "ada")
			p.subscribe("1", `subscription { said }`)
			await(t, h.entered, "said")
			p.subscribe("1", `{ hello }`)
			p.expectClose(CloseDuplicateID)
			await(t, h.left, "said")
		})
	})
	t.Run("answers many at once, each its own", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{}).greet(t, "ada")
			got := map[string]bool{}
			for i := range 50 {
				p.subscribe(fmt.Sprint(i), fmt.Sprintf(`{ n%d: hello }`, i))
			}
			for range 100 {
				got[p.next()] = true
			}
			for i := range 50 {
				if id := fmt.Sprint(i); !got[next(id, fmt.Sprintf(`{"n%d":"world"}`, i))] || !got[complete(id)] {
					t.Errorf("%s got no answer of its own", id)
				}
			}
		})
	})
	t.Run("allows so many on a socket", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{MaxOperations: 2})
			p := h.greet(t, "ada")
			for _, id := range []string{"1", "2"} {
				p.subscribe(id, `subscription { said }`)
				await(t, h.entered, "said")
			}
			p.subscribe("3", `{ hello }`)
			if code := p.expectError("3"); code != CodeTooManyOperations {
				t.Errorf("code %q", code)
			}
			p.say(complete("1"))
			await(t, h.left, "said")
			p.subscribe("3", `{ hello }`)
			p.expect(next("3", `{"hello":"world"}`), complete("3"))
		})
	})
	t.Run("counts those that were given up and have not ended", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{MaxOperations: 2})
			p := h.greet(t, "ada")
			for range 4 {
				p.subscribe("1", `subscription { clings }`)
				await(t, h.entered, "clings")
				p.say(complete("1"))
			}
			p.subscribe("1", `{ hello }`)
			if code := p.expectError("1"); code != CodeTooManyOperations {
				t.Errorf("code %q", code)
			}
			close(h.letGo)
		})
	})
	t.Run("ends a query that takes too long", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{OperationTimeout: time.Minute}).greet(t, "ada")
			start := time.Now()
			p.subscribe("1", `{ waits }`)
			if text := p.next(); !strings.Contains(text, "waited in vain") || time.Since(start) != time.Minute {
				t.Errorf("heard %s after %v", text, time.Since(start))
			}
			p.expect(complete("1"))
		})
	})
	t.Run("ends with the connection", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{OperationTimeout: time.Hour})
			p := h.greet(t, "ada")
			p.subscribe("1", `{ waits }`)
			await(t, h.entered, "waits")
			p.subscribe("2", `subscription { said }`)
			await(t, h.entered, "said")
			_ = p.sock.Close() // without a word
			left := map[string]bool{<-h.left: true, <-h.left: true}
			if !left["waits"] || !left["said"] {
				t.Errorf("only %v ended", left)
			}
		})
	})
	t.Run("takes a middleware that never stops refusing at its first word", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			h.exec.AroundOperations(func(ctx context.Context, _ graphql.OperationHandler) graphql.ResponseHandler {
				return func(ctx context.Context) *graphql.Response { return graphql.ErrorResponse(ctx, "no") }
			})
			p := h.greet(t, "ada")
			p.subscribe("1", `subscription { said }`)
			p.expectError("1")
			p.expectQuiet()
		})
	})
	t.Run("takes one answer to a query, were there more", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			h.exec.AroundOperations(func(ctx context.Context, _ graphql.OperationHandler) graphql.ResponseHandler {
				return func(context.Context) *graphql.Response { return &graphql.Response{Data: []byte(`{}`)} }
			})
			p := h.greet(t, "ada")
			p.subscribe("1", `{ hello }`)
			p.expect(next("1", `{}`), complete("1"))
			p.expectQuiet()
		})
	})
}

func TestWebSocketKeepsAlive(t *testing.T) {
	t.Run("pings, and keeps a peer that answers", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{}).dialDeaf(t)
			var mu sync.Mutex
			pings := 0
			answer := p.sock.PingHandler()
			p.sock.SetPingHandler(func(data string) error {
				mu.Lock()
				defer mu.Unlock()
				pings++
				return answer(data)
			})
			p.listen()
			p.greet("ada")
			pass(10*time.Minute + time.Second)
			p.expectQuiet()
			mu.Lock()
			defer mu.Unlock()
			if pings != 40 {
				t.Errorf("pinged %d times", pings)
			}
		})
	})
	t.Run("closes on a peer that does not answer", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{KeepAlive: 15 * time.Second}).dialDeaf(t)
			p.sock.SetPingHandler(func(string) error { return nil })
			p.listen()
			p.greet("ada")
			start := time.Now()
			p.expectClose(CloseResume)
			if time.Since(start) != 30*time.Second {
				t.Errorf("after %v", time.Since(start))
			}
		})
	})
	t.Run("lets go of a peer that vanished", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			p := h.dialDeaf(t)
			p.say(`{"type":"connection_init"}`)
			p.subscribe("1", `subscription { said }`)
			await(t, h.entered, "said")
			start := time.Now()
			await(t, h.left, "said")
			if time.Since(start) > time.Minute {
				t.Errorf("after %v", time.Since(start))
			}
		})
	})
	t.Run("answers pings, of both kinds, at any time", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{}).dialDeaf(t)
			pongs := make(chan string, 1)
			p.sock.SetPongHandler(func(data string) error { pongs <- data; return nil })
			p.listen()
			p.say(`{"type":"ping"}`)
			p.expect(`{"type":"pong"}`)
			p.say(`{"type":"ping","payload":{"n":7}}`)
			p.expect(`{"type":"pong","payload":{"n":7}}`)
			if err := p.sock.WriteControl(websocket.PingMessage, []byte("abc"), time.Time{}); err != nil {
				t.Fatal(err)
			}
			if data := <-pongs; data != "abc" {
				t.Errorf("ponged %q", data)
			}
		})
	})
}

func TestWebSocketSlowPeers(t *testing.T) {
	t.Run("are cut, and delay nobody else", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{MaxQueue: 10 << 10})
			slow, quick := h.dialDeaf(t), h.greet(t, "ada")
			slow.say(`{"type":"connection_init"}`)
			for _, p := range []*peer{slow, quick} {
				p.subscribe("1", `subscription { said }`)
				await(t, h.entered, "said")
			}
			start := time.Now()
			text := strings.Repeat("x", 1<<10)
			for range 50 {
				h.toy.say(text)
				quick.expect(next("1", `{"said":"`+text+`"}`))
			}
			await(t, h.left, "said")
			if time.Since(start) != 0 {
				t.Errorf("held up for %v", time.Since(start))
			}
			// It wakes up in time to hear why, after the frame that was on its way.
			slow.listen()
			slow.expectClose(CloseResume)
			if n := len(slow.heard); n != 1 {
				t.Errorf("was sent %d messages more", n)
			}
		})
	})
	t.Run("are let go when they do not even hear that", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{MaxQueue: 1 << 10, WriteTimeout: time.Hour, KeepAlive: time.Hour})
			slow := h.dialDeaf(t)
			slow.say(`{"type":"connection_init"}`)
			slow.subscribe("1", `subscription { said }`)
			await(t, h.entered, "said")
			start := time.Now()
			for range 3 {
				h.toy.say(strings.Repeat("x", 1<<10))
			}
			await(t, h.left, "said")
			slow.expectEmptyServer(h)
			if time.Since(start) > time.Minute {
				t.Errorf("after %v", time.Since(start))
			}
		})
	})
	t.Run("are cut too when they only ping", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{MaxQueue: 1 << 10, MessageBurst: 1000})
			slow := h.dialDeaf(t)
			for range 100 {
				slow.say(`{"type":"ping"}`)
			}
			slow.listen()
			slow.expectClose(CloseResume)
			if n := len(slow.heard); n > 60 { // 1 kB of them, and what was on its way
				t.Errorf("was sent %d pongs", n)
			}
		})
	})
	t.Run("may be sent one answer that is larger than the queue", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{MaxQueue: 1 << 10}).greet(t, "ada")
			text := strings.Repeat("x", 8<<10)
			p.subscribe("1", `{ echo(text: "`+text+`") }`)
			p.expect(next("1", `{"echo":"`+text+`"}`), complete("1"))
		})
	})
	t.Run("are cut while they take a frame too slowly", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{WriteTimeout: 7 * time.Second})
			slow := h.dialDeaf(t)
			slow.say(`{"type":"connection_init"}`)
			slow.subscribe("1", `subscription { said }`)
			await(t, h.entered, "said")
			start := time.Now()
			await(t, h.left, "said")
			if time.Since(start) != 7*time.Second {
				t.Errorf("after %v", time.Since(start))
			}
		})
	})
}

// expectEmptyServer waits until the server has forgotten its last connection.
func (p *peer) expectEmptyServer(h *host) {
	p.t.Helper()
	for range 600 {
		h.ws.mu.Lock()
		open := len(h.ws.conns)
		h.ws.mu.Unlock()
		if open == 0 {
			return
		}
		pass(time.Second)
	}
	p.t.Fatal("the connection is still there after ten minutes")
}

func TestWebSocketFloods(t *testing.T) {
	t.Run("are read at the rate that is allowed", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{MessageRate: 50, MessageBurst: 200}).dial(t)
			p.greet("ada")
			start := time.Now()
			for range 199 {
				p.say(`{"type":"ping"}`)
				p.expect(`{"type":"pong"}`)
			}
			if time.Since(start) != 0 {
				t.Errorf("a burst took %v", time.Since(start))
			}
			for range 500 {
				p.say(`{"type":"ping"}`)
			}
			for range 500 {
				p.expect(`{"type":"pong"}`)
			}
			if took := time.Since(start).Round(time.Millisecond); took != 10*time.Second {
				t.Errorf("500 more took %v", took)
			}
		})
	})
	t.Run("of control frames too", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{MessageRate: 10, MessageBurst: 10}).greet(t, "ada")
			start := time.Now()
			for range 50 {
				for _, kind := range []int{websocket.PingMessage, websocket.PongMessage} {
					if err := p.sock.WriteControl(kind, nil, time.Time{}); err != nil {
						t.Fatal(err)
					}
				}
			}
			if took := time.Since(start); took < 8*time.Second {
				t.Errorf("100 took %v", took)
			}
		})
	})
	t.Run("do not outlast the connection", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{MessageRate: 1, MessageBurst: 1})
			p := h.greet(t, "ada")
			p.say(`{"type":"ping"}`)
			start := time.Now()
			if err := h.ws.Shutdown(context.Background()); err != nil {
				t.Fatal(err)
			}
			if time.Since(start) != 0 {
				t.Errorf("held up for %v", time.Since(start))
			}
		})
	})
}

func TestWebSocketTokenExpires(t *testing.T) {
	until := func(at time.Time) Authenticate {
		return func(ctx context.Context, _ string) (context.Context, Session, error) {
			return ctx, Session{ExpiresAt: at}, nil
		}
	}
	t.Run("and the socket with it", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{Authenticate: until(time.Now().Add(time.Hour))})
			p := h.greet(t, "ada")
			p.subscribe("1", `subscription { said }`)
			await(t, h.entered, "said")
			start := time.Now()
			pass(59 * time.Minute)
			p.expectQuiet()
			p.expectClose(CloseForbidden)
			if time.Since(start) != time.Hour {
				t.Errorf("after %v", time.Since(start))
			}
			await(t, h.left, "said")
		})
	})
	t.Run("before it is even shown", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{Authenticate: until(time.Now())}).dial(t)
			p.say(`{"type":"connection_init"}`)
			p.expectClose(CloseForbidden)
			if len(p.heard) > 0 {
				t.Error("acknowledged")
			}
		})
	})
	t.Run("by the clock that is given", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			later := func() time.Time { return time.Now().Add(24 * time.Hour) }
			p := serve(t, WebSocketConfig{Authenticate: until(later().Add(time.Minute)), Now: later}).greet(t, "ada")
			start := time.Now()
			p.expectClose(CloseForbidden)
			if time.Since(start) != time.Minute {
				t.Errorf("after %v", time.Since(start))
			}
		})
	})
	t.Run("never, unless it says when", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			p := serve(t, WebSocketConfig{}).greet(t, "ada")
			pass(30 * time.Minute)
			p.expectQuiet()
		})
	})
}

func TestWebSocketShutdown(t *testing.T) {
	t.Run("closes every socket with 1001 and waits for its operations", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			peers := []*peer{h.dial(t), h.greet(t, ""), h.greet(t, "ada")}
			peers[2].subscribe("1", `{ waits }`)
			await(t, h.entered, "waits")
			for range 2 {
				if err := h.ws.Shutdown(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			if len(h.left) != 1 {
				t.Error("did not wait for the query")
			}
			for _, p := range peers {
				p.expectClose(websocket.CloseGoingAway)
			}
		})
	})
	t.Run("turns newcomers away", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			if err := h.ws.Shutdown(context.Background()); err != nil {
				t.Fatal(err)
			}
			_, resp, err := h.dialer().Dial("ws://parley.example/graphql", nil)
			if err == nil || resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
				t.Errorf("got %v, %v", err, resp)
			}
		})
	})
	t.Run("sends what was said before", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			p := h.dialDeaf(t)
			p.say(`{"type":"connection_init"}`)
			p.say(`{"type":"ping"}`)
			p.subscribe("1", `subscription { said }`)
			await(t, h.entered, "said")
			p.listen()
			if err := h.ws.Shutdown(context.Background()); err != nil {
				t.Fatal(err)
			}
			p.expect(`{"type":"connection_ack"}`, `{"type":"pong"}`)
			p.expectClose(websocket.CloseGoingAway)
		})
	})
	t.Run("gives up on an operation that does not end", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			p := h.greet(t, "ada")
			p.subscribe("1", `subscription { clings }`)
			await(t, h.entered, "clings")
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if err := h.ws.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("returned %v", err)
			}
			close(h.letGo)
		})
	})
	t.Run("cuts who is left when it must not wait", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			p := h.dialDeaf(t)
			p.say(`{"type":"connection_init"}`)
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if err := h.ws.Shutdown(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("returned %v", err)
			}
			start := time.Now()
			if _, err := io.Copy(io.Discard, p.sock.NetConn()); err != nil || time.Since(start) != 0 {
				t.Errorf("hung up after %v with %v", time.Since(start), err)
			}
		})
	})
	t.Run("cuts a peer that does not take leave", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{})
			h.dialDeaf(t)
			start := time.Now()
			if err := h.ws.Shutdown(context.Background()); err != nil {
				t.Fatal(err)
			}
			if time.Since(start) > closeGrace {
				t.Errorf("took %v", time.Since(start))
			}
		})
	})
}
