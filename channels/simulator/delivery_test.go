package simulator_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"parley/channels/simulator"
)

func refusing(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func TestDelivery(t *testing.T) {
	t.Parallel()

	t.Run("is repeated after twice the pause until it is answered with 2xx", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.hook.answersWith(refusing(http.StatusServiceUnavailable))
		w.leaves(simulator.Inbound{Account: w.number, Customer: erika, Text: "Hallo?"})

		first := w.hook.next(t)
		for _, pause := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			same(t, "pause", w.clock.waits(t), pause*time.Second)
			w.clock.Advance(pause * time.Second)
			same(t, "body", string(w.hook.next(t).raw), string(first.raw))
		}
		w.clock.waits(t)
		w.hook.answersWith(refusing(http.StatusNoContent))
		w.clock.Advance(time.Minute)
		w.hook.next(t)
		if err := w.Idle(soon(t)); err != nil {
			t.Fatal(err)
		}

		log := w.Deliveries(w.number)
		if len(log) != 1 || len(log[0].Attempts) != 10 || !log[0].Done {
			t.Fatalf("deliveries: %+v", log)
		}
		same(t, "first answer", log[0].Attempts[0].Status, 503)
		same(t, "last answer", log[0].Attempts[9].Status, 204)
		same(t, "what it told", log[0].Events[0], "message text")
	})

	t.Run("does not follow a redirect", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.hook.answersWith(func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "/elsewhere", http.StatusTemporaryRedirect)
		})
		w.leaves(simulator.Inbound{Account: w.number, Customer: erika, Text: "Hallo?"})
		w.hook.next(t)
		w.clock.waits(t)
		w.hook.empty(t)
		same(t, "answer", w.Deliveries(w.number)[0].Attempts[0].Status, 307)
	})

	t.Run("goes to the new address once webhooks point elsewhere", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.PointWebhooksAt("")
		w.leaves(simulator.Inbound{Account: w.number, Customer: erika, Text: "Hallo?"})
		w.PointWebhooksAt(w.hook.URL)
		w.hook.next(t)
	})

	t.Run("of a Telegram update waits as long as our server asks", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.webhook("")
		w.hook.answersWith(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Retry-After", "17")
			rw.WriteHeader(http.StatusServiceUnavailable)
		})
		w.leaves(simulator.Inbound{Account: w.bot, Customer: nic, Text: "Hallo?"})
		same(t, "pause", w.clock.waits(t), 17*time.Second)
	})

	t.Run("of a Telegram update keeps those of the same chat behind it, and no others", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.webhook("")
		w.hook.answersWith(refusing(http.StatusInternalServerError))
		w.leaves(simulator.Inbound{Account: w.bot, Customer: nic, Text: "eins"})
		same(t, "first", at(t, w.hook.next(t).json, "message", "text"), any("eins"))
		w.clock.waits(t)
		w.hook.answersWith(nil)
		w.leaves(simulator.Inbound{Account: w.bot, Customer: nic, Text: "zwei"})
		w.leaves(simulator.Inbound{Account: w.bot, Customer: nic, Text: "drei"})
		_, other := w.inbound(simulator.Inbound{Account: w.bot, Customer: simulator.Customer{ID: "77"}, Text: "ich"})
		same(t, "the other chat", at(t, other.json, "message", "text"), any("ich"))

		w.clock.Advance(time.Second)

		for _, text := range []string{"eins", "zwei", "drei"} {
			same(t, "next", at(t, w.hook.next(t).json, "message", "text"), any(text))
		}
	})
}

func TestCustomerWritesAnswersWhenWeDid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	release, accepted := make(chan struct{}), atomic.Bool{}
	w.hook.answersWith(func(http.ResponseWriter, *http.Request) {
		<-release
		accepted.Store(true)
	})
	done := make(chan bool, 1)
	go func() {
		_, err := w.CustomerWrites(soon(t), simulator.Inbound{Account: w.number, Customer: erika, Text: "Hallo?"})
		done <- err == nil && accepted.Load()
	}()
	w.hook.next(t)
	close(release)
	if !<-done {
		t.Error("it returned before the webhook answered")
	}
}

func TestCloseAbandonsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hook.answersWith(refusing(http.StatusInternalServerError))
	written := make(chan error, 1)
	go func() {
		_, err := w.CustomerWrites(context.WithoutCancel(t.Context()), simulator.Inbound{Account: w.number, Customer: erika, Text: "Hallo?"})
		written <- err
	}()
	w.clock.waits(t)

	if err := w.Close(soon(t)); err != nil {
		t.Fatal(err)
	}

	if err := <-written; err == nil {
		t.Error("an abandoned delivery counts as delivered")
	}
	if _, err := w.CustomerWrites(soon(t), simulator.Inbound{Account: w.number, Customer: erika, Text: "Hallo?"}); err == nil {
		t.Error("a closed simulator took a message")
	}
}

func TestResetForgetsWhatHappened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook("")
	before, _ := w.nicWrites("Hallo")
	w.tell(nic.ID, "Guten Tag")
	if err := w.SetFaults(w.bot, simulator.Faults{TokenExpired: true}); err != nil {
		t.Fatal(err)
	}
	if err := w.FailNext(w.bot, simulator.Failure{Class: simulator.Transient}); err != nil {
		t.Fatal(err)
	}

	w.Reset()

	same(t, "sent", len(w.Sent(w.bot)), 0)
	same(t, "deliveries", len(w.Deliveries(w.bot)), 0)
	same(t, "customers", len(w.Customers(w.bot)), 1)
	closed := w.call("POST", bot+"sendMessage", "", map[string]any{"chat_id": nic.ID, "text": "x"})
	same(t, "chat", closed.json["description"], any("Bad Request: chat not found"))
	after, _ := w.nicWrites("Hallo")
	if before == after {
		t.Error("an id was given twice")
	}
	w.tell(nic.ID, "Guten Tag")
}

func TestResetAbandonsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hook.answersWith(refusing(http.StatusInternalServerError))
	w.leaves(simulator.Inbound{Account: w.number, Customer: erika, Text: "Hallo?"})
	w.hook.next(t)
	w.clock.waits(t)

	w.Reset()

	if err := w.Idle(soon(t)); err != nil {
		t.Fatal(err)
	}
	w.hook.answersWith(nil)
	_, told := w.customerWrites("Neuer Anfang")
	same(t, "text", at(t, told.message(t), "text", "body"), any("Neuer Anfang"))
}

func TestAwait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customerWrites("Hallo?")
	go func() {
		for _, text := range []string{"eins", "zwei"} {
			_, _ = w.tryCall("POST", messages, token, textTo(erika.ID, text))
		}
	}()
	sent, err := w.Await(soon(t), w.number, 2)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "second", sent[1].Text, "zwei")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Await(ctx, w.number, 3); err == nil {
		t.Error("a third message was never sent")
	}
}
