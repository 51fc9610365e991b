package transport

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// porter lets everybody in: a token "phone of ada" is the subject "phone of ada" of the owner "ada".
func porter(ctx context.Context, token string) (context.Context, Session, error) {
	return ctx, Session{Subject: token, Owner: token[len("phone of "):]}, nil
}

// slowPorter says who waits for it before it lets them in.
func slowPorter() (porter Authenticate, asked chan struct{}, answer chan struct{}) {
	asked, answer = make(chan struct{}), make(chan struct{})
	return func(ctx context.Context, token string) (context.Context, Session, error) {
		asked <- struct{}{}
		<-answer
		return ctx, Session{Subject: token, Owner: "ada"}, nil
	}, asked, answer
}

func subjects(of interface {
	Subjects() iter.Seq2[string, string]
}) (all []string) {
	for owner, subject := range of.Subjects() {
		all = append(all, owner+": "+subject)
	}
	slices.Sort(all)
	return all
}

func TestWebSocketRevoke(t *testing.T) {
	t.Run("closes the sockets of a token within a second, and nobody else's", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{Authenticate: porter})
			phone, again, watch, ben := h.greet(t, "phone of ada"), h.greet(t, "phone of ada"), h.greet(t, "watch of ada"), h.greet(t, "phone of ben")
			start := time.Now()
			h.ws.Revoke("ada", "phone of ada")
			for _, p := range []*peer{phone, again} {
				if why := p.expectClose(CloseForbidden); why != "Token revoked" || time.Since(start) > time.Second {
					t.Errorf("closed with %q after %s", why, time.Since(start))
				}
			}
			pass(time.Second)
			watch.expectQuiet()
			h.ws.Revoke("ada", "")
			watch.expectClose(CloseForbidden)
			pass(time.Second)
			ben.expectQuiet()
		})
	})
	t.Run("leaves what runs its last word", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			live := &stage{}
			h := serve(t, WebSocketConfig{Authenticate: porter, Live: live})
			p := h.greet(t, "phone of ada")
			p.subscribe("1", `subscription { said }`)
			stream := live.stream(t)
			h.ws.Revoke("ada", "phone of ada")
			stream.End(gqlerror.List{coded("ACCESS_REVOKED", "No more.")})
			if code := p.expectError("1"); code != "ACCESS_REVOKED" {
				t.Errorf("ended with %s", code)
			}
			p.expectClose(CloseForbidden)
		})
	})
	t.Run("lets nobody in who was just found to be welcome", func(t *testing.T) {
		for _, subject := range []string{"phone of ada", ""} {
			inTimeOf(t, subject, func(t *testing.T) {
				porter, asked, answer := slowPorter()
				h := serve(t, WebSocketConfig{Authenticate: porter})
				p := h.dial(t)
				p.say(`{"type":"connection_init","payload":{"Authorization":"Bearer phone of ada"}}`)
				<-asked
				h.ws.Revoke("ada", subject)
				close(answer)
				if why := p.expectClose(CloseForbidden); why != "Token revoked" || len(p.heard) > 0 {
					t.Errorf("closed with %q after %d messages", why, len(p.heard))
				}
			})
		}
	})
	t.Run("lets an owner who has come back in, a while after", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{Authenticate: porter})
			h.ws.Revoke("ada", "")
			pass(revokedFor)
			h.greet(t, "watch of ada").expectQuiet()
		})
	})
	t.Run("is asked only about who is there, each once", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			h := serve(t, WebSocketConfig{Authenticate: porter})
			h.dial(t)
			p, _, _ := h.greet(t, "phone of ada"), h.greet(t, "phone of ada"), h.greet(t, "phone of ben")
			if got := subjects(h.ws); !slices.Equal(got, []string{"ada: phone of ada", "ben: phone of ben"}) {
				t.Errorf("there are %q", got)
			}
			h.ws.Revoke("ada", "")
			p.expectClose(CloseForbidden)
			pass(closeGrace + 2*glance)
			if got := subjects(h.ws); !slices.Equal(got, []string{"ben: phone of ben"}) {
				t.Errorf("there are %q", got)
			}
		})
	})
}

// inTimeOf is inTime for one case of several.
func inTimeOf(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { inTime(t, test) })
}

func TestStreamsRevoke(t *testing.T) {
	subscription := func(accept, token string) *http.Request {
		return post(query(`subscription { said }`), "Accept", accept, "Authorization", "Bearer "+token)
	}
	for name, accept := range map[string]string{"server-sent events": mediaEvents, "parts": apollo} {
		inTimeOf(t, "cuts "+name+" within a second, after their last word, and nobody else's", func(t *testing.T) {
			s := openStream(t, StreamsConfig{HTTP: HTTP{Authenticate: porter}}, subscription(accept, "phone of ada"))
			revoked := s.stream(t)
			other, err := s.client.RoundTrip(absolute(subscription(accept, "phone of ben")))
			if err != nil {
				t.Fatal(err)
			}
			defer other.Body.Close()
			if got := subjects(s.transport); !slices.Equal(got, []string{"ada: phone of ada", "ben: phone of ben"}) {
				t.Errorf("there are %q", got)
			}
			start := time.Now()
			s.transport.Revoke("ada", "phone of ada")
			revoked.Next([]byte(`{"data":{"said":"the last"}}`))
			rest, err := io.ReadAll(s.body)
			if err != nil || !strings.Contains(string(rest), "the last") || strings.Contains(string(rest), "complete") || strings.HasSuffix(string(rest), "--\r\n") || time.Since(start) > time.Second {
				t.Errorf("after %s: %q, %v", time.Since(start), rest, err)
			}
			s.stream(t).Next([]byte(`{"data":{"said":"more"}}`))
			s.stream(t).End(nil)
			if heard, err := io.ReadAll(other.Body); err != nil || !strings.Contains(string(heard), "more") {
				t.Errorf("the other heard %q, %v", heard, err)
			}
			synctest.Wait()
			if got := subjects(s.transport); len(got) > 0 {
				t.Errorf("there are still %q", got)
			}
		})
	}
	inTimeOf(t, "lets nobody in who was just found to be welcome", func(t *testing.T) {
		porter, asked, answer := slowPorter()
		streams := NewStreams(StreamsConfig{HTTP: HTTP{Authenticate: porter}})
		go func() {
			<-asked
			streams.Revoke("ada", "")
			close(answer)
		}()
		got := httptest.NewRecorder()
		Handler{Executor: newToy().executor(), Transports: []graphql.Transport{streams}}.ServeHTTP(got, subscription(mediaEvents, "phone of ada"))
		if got.Code != http.StatusUnauthorized {
			t.Errorf("answered %d %s", got.Code, got.Body)
		}
	})
}
