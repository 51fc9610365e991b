package transport

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// stage is a Live that the test speaks through.
type stage struct {
	mu      sync.Mutex
	streams []Stream
	stopped int
}

func (s *stage) Subscribe(_ context.Context, _ graphql.GraphExecutor, _ *graphql.OperationContext, to Stream) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams = append(s.streams, to)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stopped++
	}
}

func (s *stage) stream(t *testing.T) Stream {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.streams) == 0 {
		t.Fatal("nobody subscribed")
	}
	return s.streams[len(s.streams)-1]
}

// streamed serves one request in a test's own time and returns what was answered when it is over.
type streamed struct {
	*stage
	transport *Streams
	client    *http.Transport
	body      *bufio.Reader
	resp      *http.Response
	quit      context.CancelFunc
}

func openStream(t *testing.T, config StreamsConfig, r *http.Request) *streamed {
	t.Helper()
	s := &streamed{stage: &stage{}}
	config.Live = s.stage
	s.transport = NewStreams(config)
	p := pipes{make(chan net.Conn), make(chan struct{})}
	server := &http.Server{Handler: Handler{Executor: newToy().executor(), Transports: []graphql.Transport{s.transport, HTTP{}}}, WriteTimeout: time.Second}
	served := make(chan error)
	go func() { served <- server.Serve(p) }()
	client := &http.Transport{DialContext: p.dial}
	ctx, quit := context.WithCancel(context.Background())
	s.quit = quit
	r = absolute(r)
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", "text/event-stream")
	}
	s.client = client
	resp, err := client.RoundTrip(r.WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	s.resp, s.body = resp, bufio.NewReader(resp.Body)
	t.Cleanup(func() {
		quit()
		_ = resp.Body.Close()
		client.CloseIdleConnections()
		_ = server.Close()
		_ = <-served
	})
	return s
}

// absolute is a request as a client sends it.
func absolute(r *http.Request) *http.Request {
	r.URL.Scheme, r.URL.Host, r.RequestURI = "http", "parley.example", ""
	return r
}

// again sends another request to the same server.
func (s *streamed) again(t *testing.T, r *http.Request) *http.Response {
	t.Helper()
	resp, err := s.client.RoundTrip(absolute(r))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp
}

// event reads the next event, without its comments.
func (s *streamed) event(t *testing.T) (kind, data string) {
	t.Helper()
	for {
		line, err := s.body.ReadString('\n')
		if err != nil {
			return "", err.Error()
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		switch name {
		case "event":
			kind = strings.TrimSpace(value)
		case "data":
			data = strings.TrimSpace(value)
		}
		if line == "\n" && kind != "" {
			return kind, data
		}
	}
}

func (s *streamed) expect(t *testing.T, wantKind, wantData string) {
	t.Helper()
	if kind, data := s.event(t); kind != wantKind || !strings.Contains(data, wantData) {
		t.Fatalf("heard %s %s, want %s %s", kind, data, wantKind, wantData)
	}
}

func TestServerSentEvents(t *testing.T) {
	subscription := func() *http.Request { return post(query(`subscription { said }`)) }
	t.Run("streams a subscription, and completes it", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			s := openStream(t, StreamsConfig{}, subscription())
			if s.resp.StatusCode != 200 || s.resp.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" || s.resp.Header.Get("X-Accel-Buffering") != "no" {
				t.Errorf("answered %v", s.resp)
			}
			s.stream(t).Next([]byte(`{"data":{"said":"a"}}`))
			s.stream(t).Next([]byte(`{"data":{"said":"b"}}`))
			s.expect(t, "next", `{"data":{"said":"a"}}`)
			s.expect(t, "next", `{"data":{"said":"b"}}`)
			for start := time.Now(); time.Since(start) < time.Minute; { // longer than any timeout of the server
				if line, err := s.body.ReadString('\n'); err != nil || line != ":\n" && line != "\n" {
					t.Fatalf("a silent stream says %q, %v", line, err)
				}
			}
			s.stream(t).End(gqlerror.List{coded("ACCESS_REVOKED", "No more.")})
			s.expect(t, "next", `"code":"ACCESS_REVOKED"`)
			s.expect(t, "complete", "")
		})
	})
	t.Run("answers a query, and completes it", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			s := openStream(t, StreamsConfig{}, post(query(`{ hello }`)))
			s.expect(t, "next", `{"data":{"hello":"world"}}`)
			s.expect(t, "complete", "")
			if _, data := s.event(t); data != "EOF" {
				t.Errorf("went on with %s", data)
			}
		})
	})
	t.Run("says what is wrong with a document", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			s := openStream(t, StreamsConfig{}, post(query(`{ nope }`)))
			s.expect(t, "next", `"errors"`)
			s.expect(t, "complete", "")
		})
	})
	for name, test := range map[string]struct {
		r      *http.Request
		status int
	}{
		"a mutation by GET":     {get(map[string][]string{"query": {`mutation { say(text: "x") }`}}), http.StatusMethodNotAllowed},
		"a bad token":           {post(query(`{ hello }`), "Authorization", "Bearer bad"), http.StatusUnauthorized},
		"a form":                {post("query={hello}", "Content-Type", "application/x-www-form-urlencoded"), http.StatusUnsupportedMediaType},
		"who prefers an answer": {post(query(`subscription { said }`), "Accept", "application/json, text/event-stream;q=0.5"), http.StatusNotAcceptable},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s := openStream(t, StreamsConfig{HTTP: HTTP{Authenticate: doorman}}, test.r)
				if s.resp.StatusCode != test.status || !strings.HasPrefix(s.resp.Header.Get("Content-Type"), "application/") {
					t.Errorf("answered %v", s.resp)
				}
			})
		})
	}
	t.Run("gives up its subscription when the client is gone", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			s := openStream(t, StreamsConfig{}, subscription())
			s.stream(t)
			s.quit()
			_ = s.resp.Body.Close()
			synctest.Wait()
			if s.stopped != 1 {
				t.Errorf("stopped %d subscriptions", s.stopped)
			}
		})
	})
	t.Run("is cut, without complete, at shutdown and when the token expires", func(t *testing.T) {
		for _, by := range []string{"shutdown", "expiry"} {
			t.Run(by, func(t *testing.T) {
				inTime(t, func(t *testing.T) {
					config := StreamsConfig{HTTP: HTTP{Authenticate: func(ctx context.Context, _ string) (context.Context, Session, error) {
						return ctx, Session{ExpiresAt: time.Now().Add(time.Hour), Subject: "ada"}, nil
					}}}
					s := openStream(t, config, subscription())
					s.stream(t)
					if by == "shutdown" {
						s.transport.EndStreams()
					}
					if kind, data := s.event(t); kind != "" || data != "EOF" {
						t.Errorf("heard %s %s", kind, data)
					}
				})
			})
		}
	})
	t.Run("is cut, without complete, when its client is too slow, and delays nobody", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			s := openStream(t, StreamsConfig{MaxQueue: 1 << 10}, subscription())
			start := time.Now()
			for range 1000 {
				s.stream(t).Next([]byte(`{"data":{"said":"` + strings.Repeat("x", 100) + `"}}`))
			}
			if s.stream(t).Room(context.Background()) == nil || time.Since(start) != 0 {
				t.Error("there was room, or it took time")
			}
			for {
				kind, data := s.event(t)
				if kind == "complete" {
					t.Fatal("completed")
				}
				if kind == "" {
					t.Log(data)
					return
				}
			}
		})
	})
}
