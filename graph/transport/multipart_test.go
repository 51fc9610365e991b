package transport

import (
	"context"
	"io"
	stdlib "mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// apollo is what clients of Apollo accept.
const apollo = `multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json`

// part reads up to the next boundary, which is when Apollo Client takes what lies before it.
func (s *streamed) part(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	for !strings.HasSuffix(text.String(), "\r\n--graphql") {
		b, err := s.body.ReadByte()
		if err != nil {
			return err.Error() + " after " + text.String()
		}
		text.WriteByte(b)
	}
	return strings.TrimSuffix(text.String(), "\r\n--graphql")
}

func (s *streamed) expectPart(t *testing.T, want string) {
	t.Helper()
	if got := s.part(t); got != "\r\ncontent-type: application/json\r\n\r\n"+want {
		t.Fatalf("got the part %q, want %s", got, want)
	}
}

// expectEnd hears the last boundary and nothing after it, or that there is none.
func (s *streamed) expectEnd(t *testing.T, want string) {
	t.Helper()
	if rest, err := io.ReadAll(s.body); err != nil || string(rest) != want {
		t.Errorf("ended with %q, %v; want %q", rest, err, want)
	}
}

func TestMultipart(t *testing.T) {
	subscription := func() *http.Request { return post(query(`subscription { said }`), "Accept", apollo) }
	t.Run("streams a subscription in parts, with the boundary behind each, and ends with the last boundary", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			s := openStream(t, StreamsConfig{}, subscription())
			if s.resp.StatusCode != 200 || s.resp.Header.Get("Content-Type") != `multipart/mixed;boundary="graphql";subscriptionSpec=1.0` {
				t.Errorf("answered %v", s.resp)
			}
			if first := s.part(t); first != "" {
				t.Errorf("begins with %q", first)
			}
			s.stream(t).Next([]byte(`{"data":{"said":"a"}}`))
			s.expectPart(t, `{"payload":{"data":{"said":"a"}}}`)
			s.stream(t).Next([]byte(`{"errors":[{"message":"no"}],"data":null}`))
			s.expectPart(t, `{"payload":{"errors":[{"message":"no"}],"data":null}}`)
			s.stream(t).End(nil)
			s.expectEnd(t, "--\r\n")
		})
	})
	t.Run("is what any reader of multipart reads", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			s := openStream(t, StreamsConfig{}, subscription())
			s.stream(t).Next([]byte(`{"data":1}`))
			s.stream(t).End(gqlerror.List{coded("GONE", "Over.")})
			var bodies []string
			for reader := stdlib.NewReader(s.body, "graphql"); ; {
				part, err := reader.NextPart()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(part)
				bodies = append(bodies, string(body))
			}
			if want := []string{`{"payload":{"data":1}}`, `{"payload":null,"errors":[{"message":"Over.","extensions":{"code":"GONE"}}]}`}; !slices.Equal(bodies, want) {
				t.Errorf("read %q", bodies)
			}
		})
	})
	t.Run("says that it lives while there is nothing to say", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			s := openStream(t, StreamsConfig{}, subscription())
			s.part(t)
			for start := time.Now(); time.Since(start) < time.Minute; { // longer than any timeout of the server
				s.expectPart(t, "{}")
			}
		})
	})
	t.Run("tells why it ends beside a payload of null", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			s := openStream(t, StreamsConfig{}, subscription())
			s.part(t)
			s.stream(t).End(gqlerror.List{coded("ACCESS_REVOKED", "No more.")})
			s.expectPart(t, `{"payload":null,"errors":[{"message":"No more.","extensions":{"code":"ACCESS_REVOKED"}}]}`)
			s.expectEnd(t, "--\r\n")
		})
	})
	t.Run("is cut, without a last boundary, at shutdown", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			s := openStream(t, StreamsConfig{}, subscription())
			s.part(t)
			s.stream(t)
			s.transport.EndStreams()
			s.expectEnd(t, "")
		})
	})
	t.Run("counts with the server-sent events of its subject", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			ada := HTTP{Authenticate: func(ctx context.Context, _ string) (context.Context, Session, error) {
				return ctx, Session{Subject: "ada"}, nil
			}}
			s := openStream(t, StreamsConfig{HTTP: ada, MaxStreams: 1}, subscription())
			s.stream(t)
			for accept, status := range map[string]int{"text/event-stream": http.StatusTooManyRequests, apollo: http.StatusTooManyRequests} {
				if resp := s.again(t, post(query(`subscription { said }`), "Accept", accept)); resp.StatusCode != status {
					t.Errorf("%s: answered %v", accept, resp)
				}
			}
			if resp := s.again(t, post(query(`{ hello }`), "Accept", apollo)); resp.StatusCode != http.StatusOK {
				t.Errorf("a query: answered %v", resp)
			}
		})
	})
}

func TestMultipartAnswersPlainly(t *testing.T) {
	const plain, response = "application/json; charset=utf-8", "application/graphql-response+json; charset=utf-8"
	const both = `multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9`
	for name, test := range map[string]struct {
		r      *http.Request
		status int
		media  string
		body   string
	}{
		"a query":    {post(query(`{ hello }`), "Accept", apollo), http.StatusOK, plain, `{"data":{"hello":"world"}}`},
		"a mutation": {post(query(`mutation { say(text: "x") }`), "Accept", both), http.StatusOK, response, `{"data":{"say":"x"}}`},
		"what is wrong with a document, never with 200": {post(query(`subscription { nope }`), "Accept", apollo), http.StatusBadRequest, plain,
			`"code":"GRAPHQL_VALIDATION_FAILED"`},
		"who asks for increments of a query": {post(query(`{ hello }`), "Accept", "multipart/mixed;deferSpec=20220824,application/json"), http.StatusOK, plain,
			`{"data":{"hello":"world"}}`},
		"who takes nothing but parts": {post(query(`{ hello }`), "Accept", `multipart/mixed;subscriptionSpec="1.0"`), http.StatusNotAcceptable, plain, `"code":"NOT_ACCEPTABLE"`},
		"a stranger":                  {post(query(`subscription { said }`), "Accept", apollo, "Authorization", "Bearer bad"), http.StatusUnauthorized, plain, `"code":"UNAUTHENTICATED"`},
		"who wants another version of the parts": {post(query(`subscription { said }`), "Accept", "multipart/mixed;subscriptionSpec=2.0,application/json"),
			http.StatusNotAcceptable, plain, `"code":"NOT_ACCEPTABLE"`},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s := openStream(t, StreamsConfig{HTTP: HTTP{Authenticate: doorman}}, test.r)
				body, err := io.ReadAll(s.body)
				if err != nil || s.resp.StatusCode != test.status || s.resp.Header.Get("Content-Type") != test.media || !strings.Contains(string(body), test.body) {
					t.Errorf("answered %v %s, %v", s.resp, body, err)
				}
			})
		})
	}
}

func TestFramingOf(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]framing{
		"":                  nil,
		"*/*":               nil,
		"text/*":            nil,
		"text/event-stream": serverSent{},
		apollo:              multipart{},
		"multipart/mixed":   nil,
		"multipart/mixed;deferSpec=20220824, multipart/mixed;subscriptionSpec=1.0":      multipart{},
		"multipart/mixed;subscriptionSpec=1.0;q=0, application/json":                    nil,
		"multipart/mixed;subscriptionSpec=1.0;q=0.5, application/json":                  nil,
		"multipart/mixed;subscriptionSpec=1.0, text/event-stream":                       serverSent{},
		"multipart/mixed;subscriptionSpec=1.0, text/event-stream;q=0.9":                 multipart{},
		"text/event-stream;q=0.5, application/graphql-response+json, multipart/mixed":   nil,
		"text/event-stream, application/graphql-response+json, application/json;q=0.1":  serverSent{},
		"text/event-stream;q=0, multipart/mixed;subscriptionSpec=1.0, application/json": multipart{},
	} {
		t.Run(accept, func(t *testing.T) {
			t.Parallel()
			if got := framingOf([]string{accept}); got != want {
				t.Errorf("got %T", got)
			}
		})
	}
}

func FuzzFramingOf(f *testing.F) {
	for _, accept := range []string{"", apollo, "text/event-stream;q=0.5, */*", "multipart/mixed; subscriptionSpec=\"1.0\"; q=x", ",;=\"\\"} {
		f.Add(accept)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		lower := strings.ToLower(accept)
		switch got := framingOf([]string{accept}); {
		case got == serverSent{} && !strings.Contains(lower, mediaEvents), got == multipart{} && !strings.Contains(lower, mediaParts):
			t.Errorf("%q is answered with %T, of which it does not speak", accept, got)
		}
	})
}
