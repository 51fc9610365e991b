package simulator_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/channels/simulator"
)

func TestVisitor(t *testing.T) {
	t.Parallel()
	t.Run("writes, is answered, and reads", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, shopWidget)
		id := s.does(simulator.Inbound{Text: "Habt ihr geöffnet?"})

		begun, said := s.house.next(t, "sessions"), s.house.next(t, "messages")
		same(t, "customer", at(t, begun.json, "identity", "id"), any("customer-42"))
		same(t, "name", at(t, begun.json, "identity", "name"), any("Jana Vogt"))
		same(t, "origin", said.header.Get("Origin"), "https://shop.example")
		same(t, "page", said.json["pageUrl"], any("https://shop.example/"))
		same(t, "text", said.json["text"], any("Habt ihr geöffnet?"))
		same(t, "id", any(id), any("vis_1:"+said.json["clientMessageId"].(string)))

		s.house.says("msg_1", "Gern!")
		got := s.sent(1)[0]
		want := simulator.Sent{Account: s.shop, MessageID: "msg_1", Recipient: "customer-42", Kind: simulator.Text, Text: "Gern!", At: s.clock.Now()}
		same(t, "answer", got, want)
		same(t, "read", s.house.next(t, "read").json["upTo"], any("msg_1"))
		if err := s.Idle(soon(t)); err != nil {
			t.Fatal("the stream keeps the world from being idle: ", err)
		}
		log := s.Deliveries(s.shop)
		same(t, "log", len(log), 2)
		same(t, "first", log[0].Events[0], "message text")
		same(t, "second", log[1].Events[0], "status read")
		same(t, "accepted", log[0].Done && log[1].Done && log[1].Body == `{"upTo":"msg_1"}`, true)
	})
	t.Run("is anonymous where the site does not vouch, and has no origin in an app", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, simulator.MessengerWidget{Key: "wgt_shop"})
		s.does(simulator.Inbound{Text: "Hallo?"})
		begun, said := s.house.next(t, "sessions"), s.house.next(t, "messages")
		same(t, "session", string(begun.raw), "{}")
		same(t, "origin", said.header.Get("Origin")+begun.header.Get("Origin"), "")
		same(t, "page", said.json["pageUrl"], any(nil))
	})
	t.Run("sends a file with words", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, shopWidget)
		s.does(simulator.Inbound{Kind: simulator.Voice, Text: "Hör mal", Media: &simulator.Media{Data: []byte("OggS….")}})
		asked, brought, said := s.house.next(t, "uploads"), s.house.next(t, "file"), s.house.next(t, "messages")
		same(t, "name", asked.json["filename"], any("voice.ogg"))
		same(t, "type", asked.json["mime"], any("audio/ogg"))
		same(t, "size", asked.json["sizeBytes"], any(float64(len("OggS…."))))
		same(t, "file", string(brought.raw), "OggS….")
		same(t, "file's type", brought.header.Get("Content-Type"), "audio/ogg")
		same(t, "no token for others", brought.header.Get("Authorization"), "")
		same(t, "upload", at(t, said.json, "attachments", 0, "uploadId"), any("up_1"))
		same(t, "words", said.json["text"], any("Hör mal"))
	})
	t.Run("types", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, shopWidget)
		s.does(simulator.Inbound{Kind: simulator.Typing})
		same(t, "typing", string(s.house.next(t, "typing").raw), "{}")
	})
	t.Run("sees files, changes and what the team does", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, shopWidget)
		s.does(simulator.Inbound{Text: "Hallo?"})
		s.house.happens("typing", `{"lastsMs":8000}`)
		s.house.happens("read", `{"upTo":"vis_1:1"}`)
		s.house.happens("message", `{"id":"msg_1","from":"team","text":"Hier","attachments":[{"kind":"IMAGE","url":"https://f/1"},{"kind":"FILE","url":"https://f/2"}]}`)
		s.house.happens("messageChanged", `{"id":"msg_1","from":"team","text":"Bitte","editedAt":"2026-08-03T09:00:00Z"}`)
		s.house.happens("message", `not JSON`)
		s.house.happens("dance", `{"id":"msg_1"}`)
		s.house.happens("messageChanged", `{"id":"msg_1","from":"team","text":"","deletedAt":"2026-08-03T09:00:00Z"}`)
		s.house.says("msg_2", "Ende")
		var got []string
		for _, sent := range append(s.sent(3), s.Actions(s.shop)...) {
			got = append(got, strings.Join([]string{string(sent.Kind), sent.MessageID, sent.Text, sent.Media, sent.Target}, "|"))
		}
		same(t, "seen", strings.Join(got, "\n"), strings.Join([]string{
			"image|msg_1|Hier|https://f/1|", "document|msg_1||https://f/2|", "text|msg_2|Ende||",
			"typing||||", "read||||vis_1:1", "edit||Bitte||msg_1", "delete||||msg_1",
		}, "\n"))
	})
}

func TestVisitorComesBack(t *testing.T) {
	t.Parallel()
	t.Run("to the place where the line broke", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, shopWidget)
		s.does(simulator.Inbound{Text: "Hallo?"})
		same(t, "first", s.house.next(t, "events").query, "after=0")
		s.house.says("msg_1", "Gern!")
		s.sent(1)
		s.house.breaks()
		same(t, "pause", s.clock.waits(t), 2*time.Second)
		s.house.says("msg_2", "Bis gleich!")
		s.clock.Advance(2 * time.Second)
		same(t, "place", s.house.next(t, "events").header.Get("Last-Event-ID"), "2")
		same(t, "missed", s.sent(2)[1].Text, "Bis gleich!")
	})
	t.Run("to the history where the place is out of reach", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, shopWidget)
		s.does(simulator.Inbound{Text: "Hallo?"})
		s.house.says("msg_1", "Gern!")
		s.sent(1)
		s.house.answersOnce("history", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"messages":[{"id":"msg_3","from":"team","text":"c"},{"id":"msg_2","from":"team","text":"b"},{"id":"msg_1","from":"team"}],"cursor":"3"}`))
		})
		s.house.happens("reload", `{"cursor":"3"}`)
		list := s.sent(3)
		same(t, "missed", list[1].Text+list[2].Text, "bc")
	})
	t.Run("with a new session when the old one is over", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, shopWidget)
		s.does(simulator.Inbound{Text: "Hallo?"})
		s.house.next(t, "messages")
		s.house.next(t, "events")
		s.house.ends()
		s.house.says("msg_1", "Gern!") // nobody listens but the old stream, which shows it once
		s.does(simulator.Inbound{Text: "Noch da?"})
		first, again := s.house.next(t, "messages"), s.house.next(t, "messages")
		same(t, "one message", first.json["clientMessageId"], again.json["clientMessageId"])
		same(t, "tokens", first.header.Get("Authorization")+" "+again.header.Get("Authorization"), "Bearer plv_1 Bearer plv_2")
		s.house.says("msg_2", "Ja!")
		same(t, "answers", s.sent(2)[1].Text, "Ja!")
	})
	t.Run("no more with a token whose stream was ended", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, shopWidget)
		s.does(simulator.Inbound{Text: "Hallo?"})
		s.house.happens("end", `{"code":"UNAUTHENTICATED"}`)
		for deadline := soon(t); deadline.Err() == nil; { // until the visitor has heard of it
			s.does(simulator.Inbound{Kind: simulator.Typing})
			if s.house.next(t, "typing").header.Get("Authorization") == "Bearer plv_2" {
				break
			}
		}
		same(t, "first", s.house.next(t, "events").header.Get("Authorization"), "Bearer plv_1")
		same(t, "then", s.house.next(t, "events").header.Get("Authorization"), "Bearer plv_2")
	})
	t.Run("as somebody new after a reset, who takes nothing old for news", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, shopWidget)
		s.does(simulator.Inbound{Text: "Hallo?"})
		s.house.says("msg_1", "Gern!")
		s.sent(1)
		s.Reset()
		s.does(simulator.Inbound{Text: "Hallo?"})
		s.house.next(t, "sessions")
		s.house.next(t, "sessions")
		s.house.says("msg_2", "Wieder da?")
		same(t, "news", s.sent(1)[0].MessageID, "msg_2")
	})
}

func TestVisitorAsksAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		once  http.HandlerFunc
		pause time.Duration
	}{
		{"when it was too often", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			refuse(w, http.StatusTooManyRequests, "RATE_LIMITED")
		}, 7 * time.Second},
		{"when we cannot answer", func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, http.StatusServiceUnavailable, "UNAVAILABLE")
		}, time.Second},
		{"when the answer was lost", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, shopWidget)
			s.house.answersOnce("messages", c.once)
			answered := make(chan error, 1)
			go func() {
				_, err := s.CustomerWrites(soon(t), simulator.Inbound{Account: s.shop, Customer: jana, Kind: simulator.Image})
				answered <- err
			}()
			same(t, "pause", s.clock.waits(t), c.pause)
			s.clock.Advance(c.pause)
			if err := <-answered; err != nil {
				t.Fatal(err)
			}
			first, again := s.house.next(t, "messages"), s.house.next(t, "messages")
			same(t, "the same", string(first.raw), string(again.raw))
			s.house.next(t, "uploads")
			same(t, "no second upload", len(s.house.asked["uploads"]), 0)
			same(t, "attempts", len(s.Deliveries(s.shop)[0].Attempts), 2)
		})
	}
}

func TestVisitorIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, shopWidget)
	refused := func(what string, in simulator.Inbound, says string) {
		t.Helper()
		in.Account, in.Customer = s.shop, jana
		if _, err := s.CustomerWrites(soon(t), in); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("in public", simulator.Inbound{Text: "x", Surface: simulator.Comment}, "in private only")
	refused("a sticker", simulator.Inbound{Kind: simulator.Sticker}, `know no "sticker"`)
	refused("an edit", simulator.Inbound{Kind: simulator.Edit, Target: "x", Text: "y"}, "point at no message")
	refused("a block", simulator.Inbound{Kind: simulator.Block}, `know no "block"`)
	refused("reading nothing", simulator.Inbound{Kind: simulator.Seen}, "no message")
	same(t, "all that was asked", len(s.house.asked["sessions"]), 0)

	s.house.answersOnce("messages", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":{"code":"INVALID_INPUT","field":"text"}}`))
	})
	refused("what our server does not take", simulator.Inbound{Text: "x"}, "400 INVALID_INPUT text")
	last := s.Deliveries(s.shop)[0]
	same(t, "log", last.Attempts[0].Status == 400 && !last.Done, true)

	other := shopWidget
	other.IdentitySecret = "another-secret-than-the-shop's"
	s.AddMessengerWidget(other)
	s.Reset()
	refused("a site that vouches wrongly", simulator.Inbound{Text: "x"}, "identity secret")
	other.Key = "wgt_nobody"
	if _, err := s.CustomerWrites(soon(t), simulator.Inbound{Account: s.AddMessengerWidget(other), Customer: jana, Text: "x"}); err == nil || !strings.Contains(err.Error(), "404 NOT_FOUND") {
		t.Errorf("a widget nobody knows: %v", err)
	}
}

func TestVisitorFaults(t *testing.T) {
	t.Parallel()
	s := newSite(t, shopWidget)
	for _, faults := range []simulator.Faults{
		{Latency: time.Second}, {TokenExpired: true}, {Copies: 2}, {Batch: 2}, {ReceiptsFirst: true}, {ReceiptsReversed: true},
	} {
		if s.SetFaults(s.shop, faults) == nil {
			t.Errorf("%+v was taken", faults)
		}
	}
	for _, failure := range []simulator.Failure{{Class: simulator.AnswerLost}, {Class: simulator.Transient}, {Class: simulator.Transient, AsReceipt: true}} {
		if s.FailNext(s.shop, failure) == nil {
			t.Errorf("%+v was taken", failure)
		}
	}
	set := func(faults simulator.Faults) {
		t.Helper()
		if err := s.SetFaults(s.shop, faults); err != nil {
			t.Fatal(err)
		}
	}
	set(simulator.Faults{DropReceipts: true})
	s.does(simulator.Inbound{Text: "Hallo?"})
	s.house.says("msg_1", "Gern!")
	s.sent(1)
	if err := s.Idle(soon(t)); err != nil {
		t.Fatal(err)
	}
	same(t, "unread", len(s.house.asked["read"]), 0)
	s.does(simulator.Inbound{Kind: simulator.Seen})
	same(t, "read by hand", s.house.next(t, "read").json["upTo"], any("msg_1"))

	set(simulator.Faults{ReceiptDelay: 9 * time.Second})
	s.house.says("msg_2", "Bis gleich!")
	same(t, "delay", s.clock.waits(t), 9*time.Second)
	same(t, "not yet", len(s.house.asked["read"]), 0)
	s.clock.Advance(9 * time.Second)
	same(t, "read late", s.house.next(t, "read").json["upTo"], any("msg_2"))
}

func TestVisitorIsAbandoned(t *testing.T) {
	t.Parallel()
	s := newSite(t, shopWidget)
	s.does(simulator.Inbound{Text: "Hallo?"})
	s.house.next(t, "events")
	s.PointWebhooksAt("") // our server is gone
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.CustomerWrites(ctx, simulator.Inbound{Account: s.shop, Customer: jana, Text: "Noch da?"}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := s.Close(soon(t)); err != nil { // with a stream that is open and a message that is waiting
		t.Fatal(err)
	}
	same(t, "attempts", len(s.Deliveries(s.shop)[1].Attempts), 0)
}

func TestAutopilotOutlivesAClosedWidget(t *testing.T) {
	t.Parallel()
	s := newSite(t, shopWidget)
	if err := s.AddCustomer(s.shop, jana); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.house.answersOnce("messages", func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusNotFound, "NOT_FOUND") })
	}
	ctx, end := context.WithCancel(soon(t))
	ended := make(chan error, 1)
	go func() {
		ended <- s.Run(ctx, simulator.Autopilot{Every: time.Second, Random: rand.New(rand.NewPCG(1, 2))})
	}()
	for len(s.house.asked["messages"]) < 4 {
		s.clock.Advance(s.clock.waits(t))
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
