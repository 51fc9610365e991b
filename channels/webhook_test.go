package channels

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/models"
)

// plainAdapter speaks a platform whose signature is the word "signed" and whose body is the text of one message.
type plainAdapter struct {
	platform models.Platform
	panics   bool
}

func (a plainAdapter) Platform() models.Platform { return a.platform }

func (a plainAdapter) Verify(d Delivery, _ *Account) error {
	switch d.Header.Get("Signature") {
	case "":
		return ErrUnsigned
	case "signed":
		return nil
	default:
		return ErrNotSigned
	}
}

func (a plainAdapter) Parse(d Delivery, _ *Account) Parsed {
	if a.panics {
		panic("cannot read: " + string(d.Body))
	}
	switch text := string(d.Body); text {
	case "nothing":
		return Parsed{}
	case "gibberish":
		return Parsed{Unreadable: []error{errors.New("gibberish")}}
	default:
		return Parsed{Inbound: []models.Inbound{{Kind: models.InboundUtterance, AccountID: "acc", ExternalID: "ext-1", Text: text}}}
	}
}

func (plainAdapter) Send(context.Context, Account, Outbound) (Sent, error) { return Sent{}, nil }

// politeAdapter shakes hands.
type politeAdapter struct{ plainAdapter }

func (politeAdapter) Handshake(query url.Values, _ *Account) (string, error) {
	if query.Get("token") != "ours" {
		return "", errors.New("not ours")
	}
	return query.Get("challenge"), nil
}

// addressedAdapter learns the account from the address and acknowledges what it is given.
type addressedAdapter struct {
	plainAdapter
	acknowledge func(context.Context, Account, models.Inbound) error
}

func (addressedAdapter) WebhookNamesAccount() {}

// Verify accepts whatever carries the secret of the account, and everything if there is no account: the handler must
// not rely on the adapter alone.
func (a addressedAdapter) Verify(d Delivery, account *Account) error {
	if account == nil {
		return a.plainAdapter.Verify(d, nil)
	}
	if d.Header.Get("Signature") != account.Credentials.WebhookSecret {
		return ErrNotSigned
	}
	return nil
}

func (a addressedAdapter) Acknowledge(ctx context.Context, account Account, in models.Inbound) error {
	return a.acknowledge(ctx, account, in)
}

type received struct {
	platform models.Platform
	delivery Delivery
	parsed   Parsed
}

// recordingInbox keeps what it receives. It knows one account, acc.
type recordingInbox struct {
	mu         sync.Mutex
	deliveries []received
	receiveErr error
	accountErr error
}

func (i *recordingInbox) Account(_ context.Context, _ models.Platform, id string) (*Account, error) {
	if i.accountErr != nil {
		return nil, i.accountErr
	}
	if len(id) > 256 || strings.ContainsRune(id, 0) {
		return nil, errors.New("the database cannot look for this")
	}
	if id != "acc" {
		return nil, fmt.Errorf("look for %d characters: %w", len(id), ErrUnknownAccount)
	}
	return &Account{ID: "acc", Credentials: models.Credentials{WebhookSecret: "acc's secret"}}, nil
}

func (i *recordingInbox) Receive(_ context.Context, p models.Platform, d Delivery, parsed Parsed) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.deliveries = append(i.deliveries, received{p, d, parsed})
	return i.receiveErr
}

func (i *recordingInbox) all() []received {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.deliveries
}

var noon = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

type stage struct {
	*Webhooks
	inbox *recordingInbox
	log   *bytes.Buffer
}

func newStage(t *testing.T, opts WebhookOptions, adapters ...Adapter) *stage {
	t.Helper()
	s := &stage{inbox: &recordingInbox{}, log: &bytes.Buffer{}}
	opts.Now = func() time.Time { return noon }
	logger := slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.Webhooks = NewWebhooks(NewRegistry(adapters...), s.inbox, logger, opts)
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func (s *stage) request(method, target, signature, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if signature != "" {
		r.Header.Set("Signature", signature)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	whatsApp := politeAdapter{plainAdapter{platform: models.WhatsApp}}
	sms := plainAdapter{platform: models.SMS}
	telegram := addressedAdapter{plainAdapter{platform: models.Telegram}, func(context.Context, Account, models.Inbound) error { return nil }}

	for name, c := range map[string]struct {
		method, target, signature, body string
		status                          int
		header                          map[string]string
		answer                          string
		received                        int
	}{
		"a delivery is received": {method: "POST", target: "/webhooks/whatsapp", signature: "signed", body: "hallo", status: 200, received: 1},
		"a delivery with nothing for us is received": {
			method: "POST", target: "/webhooks/whatsapp", signature: "signed", body: "nothing", status: 200, received: 1,
		},
		"what cannot be read is received, to be kept": {
			method: "POST", target: "/webhooks/whatsapp", signature: "signed", body: "gibberish", status: 200, received: 1,
		},
		"refuses another signature":   {method: "POST", target: "/webhooks/whatsapp", signature: "forged", body: "hallo", status: 403},
		"refuses a missing signature": {method: "POST", target: "/webhooks/whatsapp", body: "hallo", status: 401},
		"refuses a body over the limit": {
			method: "POST", target: "/webhooks/whatsapp", signature: "signed", body: strings.Repeat("x", 101), status: 413,
		},
		"takes a body at the limit": {
			method: "POST", target: "/webhooks/whatsapp", signature: "signed", body: strings.Repeat("x", 100), status: 200, received: 1,
		},
		"shakes hands": {
			method: "GET", target: "/webhooks/whatsapp?token=ours&challenge=0042", status: 200, answer: "0042",
			header: map[string]string{"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"},
		},
		"shakes hands in JSON": {
			method: "GET", target: "/webhooks/whatsapp?token=ours&challenge=%7B%7D", status: 200, answer: "{}",
			header: map[string]string{"Content-Type": "application/json"},
		},
		"refuses a stranger's hand": {method: "GET", target: "/webhooks/whatsapp?token=theirs&challenge=1", status: 403},
		"has no hand for some":      {method: "GET", target: "/webhooks/sms", status: 405, header: map[string]string{"Allow": "POST"}},
		"refuses other methods":     {method: "DELETE", target: "/webhooks/whatsapp", status: 405, header: map[string]string{"Allow": "GET, POST"}},

		"knows no other platform":               {method: "POST", target: "/webhooks/myspace", signature: "signed", status: 404},
		"knows platforms in lower case":         {method: "POST", target: "/webhooks/WhatsApp", signature: "signed", status: 404},
		"knows no account where none belongs":   {method: "POST", target: "/webhooks/whatsapp/acc", signature: "signed", status: 404},
		"wants the account where one belongs":   {method: "POST", target: "/webhooks/telegram", signature: "signed", status: 404},
		"receives for the account":              {method: "POST", target: "/webhooks/telegram/acc", signature: "acc's secret", body: "hallo", status: 200, received: 1},
		"refuses another account's secret":      {method: "POST", target: "/webhooks/telegram/acc", signature: "signed", body: "hallo", status: 403},
		"refuses an unknown account alike":      {method: "POST", target: "/webhooks/telegram/other", signature: "wrong", body: "hallo", status: 403},
		"refuses it even if the adapter is off": {method: "POST", target: "/webhooks/telegram/other", signature: "signed", body: "hallo", status: 403},
		"refuses an account no id can be":       {method: "POST", target: "/webhooks/telegram/%00", signature: "signed", body: "hallo", status: 403},
		"refuses an account without end":        {method: "POST", target: "/webhooks/telegram/" + strings.Repeat("a", 300), signature: "signed", body: "hallo", status: 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, WebhookOptions{BodyLimit: 100}, whatsApp, sms, telegram)

			w := s.request(c.method, c.target, c.signature, c.body)

			if w.Code != c.status {
				t.Errorf("status %d, want %d", w.Code, c.status)
			}
			for header, want := range c.header {
				if got := w.Header().Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
			if w.Code == http.StatusOK && w.Body.String() != c.answer {
				t.Errorf("answered %q, want %q", w.Body, c.answer)
			}
			if got := len(s.inbox.all()); got != c.received {
				t.Errorf("%d received, want %d", got, c.received)
			}
		})
	}
}

func TestWebhooksLimitABodyOfUnknownLength(t *testing.T) {
	t.Parallel()
	s := newStage(t, WebhookOptions{BodyLimit: 100}, plainAdapter{platform: models.SMS})
	r := httptest.NewRequest("POST", "/webhooks/sms", strings.NewReader(strings.Repeat("x", 101)))
	r.Header.Set("Signature", "signed")
	r.ContentLength = -1
	w := httptest.NewRecorder()

	s.ServeHTTP(w, r)

	if w.Code != 413 || len(s.inbox.all()) != 0 {
		t.Errorf("status %d, %d received", w.Code, len(s.inbox.all()))
	}
}

func TestWebhooksHandOver(t *testing.T) {
	t.Parallel()

	t.Run("the whole delivery", func(t *testing.T) {
		t.Parallel()
		public := &url.URL{Scheme: "https", Host: "parley.example", Path: "/hooks/"}
		s := newStage(t, WebhookOptions{PublicURL: public}, plainAdapter{platform: models.SMS})

		s.request("POST", "http://10.0.0.7:8080/webhooks/sms?a=1", "signed", "hallo")

		got := s.inbox.all()[0]
		if got.platform != models.SMS || string(got.delivery.Body) != "hallo" || got.parsed.Inbound[0].Text != "hallo" {
			t.Errorf("received %+v", got)
		}
		if got.delivery.Header.Get("Signature") != "signed" || !got.delivery.ReceivedAt.Equal(noon) {
			t.Errorf("received %+v", got.delivery)
		}
		if want := "https://parley.example/hooks/webhooks/sms?a=1"; got.delivery.URL.String() != want {
			t.Errorf("called at %s, want %s", got.delivery.URL, want)
		}
	})

	t.Run("what an adapter panics about, as unreadable", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, WebhookOptions{}, plainAdapter{platform: models.SMS, panics: true})

		w := s.request("POST", "/webhooks/sms", "signed", "a customer's words")

		got := s.inbox.all()
		if w.Code != 200 || len(got) != 1 || len(got[0].parsed.Inbound) != 0 || len(got[0].parsed.Unreadable) != 1 {
			t.Errorf("status %d, received %+v", w.Code, got)
		}
		if log := s.log.String(); !strings.Contains(log, `"platform":"SMS"`) || !strings.Contains(log, `"bytes":18`) {
			t.Errorf("logged %s", log)
		}
	})
}

func TestWebhooksWhileWeCannotReceive(t *testing.T) {
	t.Parallel()
	telegram := addressedAdapter{plainAdapter{platform: models.Telegram}, func(context.Context, Account, models.Inbound) error {
		return errors.New("acknowledged what was not received")
	}}
	for name, broken := range map[string]*recordingInbox{
		"the inbox fails":            {receiveErr: errors.New("database is away")},
		"the account cannot be read": {accountErr: errors.New("database is away")},
	} {
		t.Run("asks for another delivery when "+name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, WebhookOptions{RetryAfter: 7 * time.Second}, telegram)
			s.Webhooks.inbox = broken

			w := s.request("POST", "/webhooks/telegram/acc", "acc's secret", "hallo")

			if w.Code != 503 || w.Header().Get("Retry-After") != "7" {
				t.Errorf("status %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
			}
			if err := s.Close(t.Context()); err != nil || strings.Contains(s.log.String(), "acknowledged what") {
				t.Errorf("close: %v, log: %s", err, s.log)
			}
		})
	}
}

func TestWebhooksLogs(t *testing.T) {
	t.Parallel()
	s := newStage(t, WebhookOptions{}, plainAdapter{platform: models.SMS}, politeAdapter{plainAdapter{platform: models.WhatsApp}})

	s.request("POST", "/webhooks/sms", "signed", "a customer's words")
	s.request("POST", "/webhooks/sms", "a stranger's signature", "a customer's words")
	s.request("GET", "/webhooks/whatsapp?token=a+stranger's+token", "", "")

	s.request("POST", "/webhooks/sms", "signed", "gibberish")

	for _, secret := range []string{"customer", "stranger", "gibberish"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log has %q in it: %s", secret, s.log)
		}
	}
	if got := strings.Count(s.log.String(), "\n"); got != 4 {
		t.Errorf("%d lines, want 4: %s", got, s.log)
	}
	if last := s.log.String(); !strings.Contains(last, `"level":"WARN","msg":"delivery received"`) {
		t.Errorf("what cannot be read passed without a warning: %s", last)
	}
}

func TestWebhooksAcknowledge(t *testing.T) {
	t.Parallel()

	t.Run("after the answer, with the account", func(t *testing.T) {
		t.Parallel()
		heard := make(chan string, 1)
		answered := make(chan struct{})
		s := newStage(t, WebhookOptions{}, addressedAdapter{plainAdapter{platform: models.Telegram},
			func(_ context.Context, account Account, in models.Inbound) error {
				<-answered // would never come if the answer waited for us
				heard <- account.Credentials.WebhookSecret + " " + in.ExternalID
				return nil
			}})

		w := s.request("POST", "/webhooks/telegram/acc", "acc's secret", "hallo")
		close(answered)

		if w.Code != 200 {
			t.Fatalf("status %d", w.Code)
		}
		if got := <-heard; got != "acc's secret ext-1" {
			t.Errorf("acknowledged %q", got)
		}
	})

	t.Run("an error is logged by ids and changes nothing", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, WebhookOptions{}, addressedAdapter{plainAdapter{platform: models.Telegram},
			func(context.Context, Account, models.Inbound) error { return errors.New("query is too old") }})

		w := s.request("POST", "/webhooks/telegram/acc", "acc's secret", "a customer's words")

		if err := s.Close(t.Context()); err != nil || w.Code != 200 {
			t.Errorf("status %d, close: %v", w.Code, err)
		}
		log := s.log.String()
		if !strings.Contains(log, "query is too old") || !strings.Contains(log, "ext-1") || strings.Contains(log, "customer") {
			t.Errorf("logged %s", log)
		}
	})

	t.Run("no more at once than there are slots", func(t *testing.T) {
		t.Parallel()
		begun, goOn := make(chan struct{}, 2), make(chan struct{})
		s := newStage(t, WebhookOptions{Acknowledging: 1}, addressedAdapter{plainAdapter{platform: models.Telegram},
			func(context.Context, Account, models.Inbound) error {
				begun <- struct{}{}
				<-goOn
				return nil
			}})

		s.request("POST", "/webhooks/telegram/acc", "acc's secret", "one")
		<-begun
		w := s.request("POST", "/webhooks/telegram/acc", "acc's secret", "two")
		close(goOn)

		if err := s.Close(t.Context()); err != nil || w.Code != 200 || len(s.inbox.all()) != 2 || len(begun) != 0 {
			t.Errorf("status %d, %d received, %d more begun, close: %v", w.Code, len(s.inbox.all()), len(begun), err)
		}
		if !strings.Contains(s.log.String(), "acknowledgements dropped") {
			t.Errorf("logged %s", s.log)
		}
	})

	t.Run("none after Close", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, WebhookOptions{}, addressedAdapter{plainAdapter{platform: models.Telegram},
			func(context.Context, Account, models.Inbound) error {
				t.Error("acknowledged after Close")
				return nil
			}})
		if err := s.Close(t.Context()); err != nil {
			t.Fatalf("close: %v", err)
		}
		if w := s.request("POST", "/webhooks/telegram/acc", "acc's secret", "hallo"); w.Code != 200 {
			t.Errorf("status %d", w.Code)
		}
	})

	t.Run("Close cuts short what takes too long, and waits for it", func(t *testing.T) {
		t.Parallel()
		begun, ended := make(chan struct{}), make(chan struct{})
		s := newStage(t, WebhookOptions{AcknowledgeTimeout: time.Hour}, addressedAdapter{plainAdapter{platform: models.Telegram},
			func(ctx context.Context, _ Account, _ models.Inbound) error {
				close(begun)
				<-ctx.Done()
				close(ended)
				return ctx.Err()
			}})
		s.request("POST", "/webhooks/telegram/acc", "acc's secret", "hallo")
		<-begun
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Close(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("close: %v", err)
		}
		select {
		case <-ended:
		default:
			t.Error("Close returned before the acknowledgement ended")
		}
	})
}

func TestWebhooksReadTimeout(t *testing.T) {
	t.Parallel()
	s := newStage(t, WebhookOptions{ReadTimeout: 20 * time.Millisecond}, plainAdapter{platform: models.SMS})
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)

	t.Run("gives up on a body that does not come", func(t *testing.T) {
		t.Parallel()
		connection, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatalf("dial: %v", err)
		}
		t.Cleanup(func() { _ = connection.Close() })
		_ = connection.SetDeadline(time.Now().Add(10 * time.Second)) // of the test, not of the handler
		_, _ = fmt.Fprint(connection, "POST /webhooks/sms HTTP/1.1\r\nHost: x\r\nSignature: signed\r\nContent-Length: 10\r\n\r\nhal")
		answer, err := io.ReadAll(connection)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408") {
			t.Errorf("answered %q, %v", answer, err)
		}
		if len(s.inbox.all()) != 0 {
			t.Error("received half a body")
		}
	})

	t.Run("counts only the time of the body", func(t *testing.T) {
		t.Parallel()
		w := &timedWriter{ResponseRecorder: httptest.NewRecorder()}
		asked := &askingInbox{about: func() bool { return w.deadline.IsZero() }}
		hooks := NewWebhooks(NewRegistry(plainAdapter{platform: models.SMS}), asked, slog.New(slog.DiscardHandler), WebhookOptions{})
		r := httptest.NewRequest("POST", "/webhooks/sms", &askedReader{about: func() { asked.whileReading = !w.deadline.IsZero() }})
		r.Header.Set("Signature", "signed")

		hooks.ServeHTTP(w, r)

		if w.Code != 200 || !asked.whileReading || !asked.whileReceiving {
			t.Errorf("status %d, deadline while reading: %t, none while receiving: %t", w.Code, asked.whileReading, asked.whileReceiving)
		}
	})
}

// timedWriter remembers the deadline of the connection.
type timedWriter struct {
	*httptest.ResponseRecorder
	deadline time.Time
}

func (w *timedWriter) SetReadDeadline(at time.Time) error {
	w.deadline = at
	return nil
}

// askedReader is an empty body that asks something while it is read.
type askedReader struct{ about func() }

func (r *askedReader) Read([]byte) (int, error) {
	r.about()
	return 0, io.EOF
}

// askingInbox asks something while it receives.
type askingInbox struct {
	recordingInbox
	about                        func() bool
	whileReading, whileReceiving bool
}

func (i *askingInbox) Receive(context.Context, models.Platform, Delivery, Parsed) error {
	i.whileReceiving = i.about()
	return nil
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body, signature string
		fault           error
		want            Outcome
	}{
		"received":                  {"hello", "signed", nil, Received},
		"kept though unreadable":    {"gibberish", "signed", nil, Unreadable},
		"refused":                   {"hello", "forged", nil, Refused},
		"to come again after fault": {"hello", "signed", errors.New("no database"), NotReceived},
	} {
		t.Run("tells what was "+name, func(t *testing.T) {
			t.Parallel()
			var told []Outcome
			s := newStage(t, WebhookOptions{Answered: func(_ models.Platform, o Outcome) { told = append(told, o) }}, plainAdapter{platform: "PLAIN"})
			s.inbox.receiveErr = c.fault
			s.request(http.MethodPost, "/webhooks/plain", c.signature, c.body)
			if len(told) != 1 || told[0] != c.want {
				t.Errorf("told %v", told)
			}
		})
	}
}
