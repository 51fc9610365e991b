package simulator_test

import (
	"net/http"
	"testing"
	"time"

	"parley/channels/simulator"
)

func (w *world) faults(a simulator.Account, f simulator.Faults) {
	w.t.Helper()
	if err := w.SetFaults(a, f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) fail(a simulator.Account, f simulator.Failure) {
	w.t.Helper()
	if err := w.FailNext(a, f); err != nil {
		w.t.Fatal(err)
	}
}

func TestFailNextOnWhatsApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customerWrites("Hallo?")
	w.faults(w.number, simulator.Faults{DropReceipts: true})
	for _, c := range []struct {
		class     simulator.Class
		status    int
		code      float64
		transient bool
	}{
		{simulator.RateLimited, 429, 130429, false},
		{simulator.AuthExpired, 401, 190, false},
		{simulator.OutsideWindow, 400, 131047, false},
		{simulator.RecipientBlocked, 400, 131050, false},
		{simulator.RecipientUnreachable, 400, 131026, false},
		{simulator.InvalidRequest, 400, 131009, false},
		{simulator.Permission, 403, 10, false},
		{simulator.ChannelRestricted, 403, 131031, false},
		{simulator.Transient, 503, 2, true},
	} {
		t.Run(string(c.class), func(t *testing.T) {
			w.fail(w.number, simulator.Failure{Class: c.class, RetryAfter: 1500 * time.Millisecond})
			got := w.call("POST", messages, token, textTo(erika.ID, "x"))
			same(t, "status", got.status, c.status)
			same(t, "code", at(t, got.json, "error", "code"), any(c.code))
			same(t, "transient", at(t, got.json, "error", "is_transient"), any(c.transient))
			if c.class == simulator.RateLimited {
				same(t, "wait", got.header.Get("Retry-After"), "2")
			}
			same(t, "the next one", w.call("POST", messages, token, textTo(erika.ID, "x")).status, 200)
		})
	}
}

func TestFailNextOnTelegram(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook("")
	w.nicWrites("Hallo")
	for class, code := range map[simulator.Class]int{
		simulator.RateLimited: 429, simulator.AuthExpired: 401, simulator.RecipientBlocked: 403,
		simulator.RecipientUnreachable: 403, simulator.InvalidRequest: 400, simulator.Permission: 403, simulator.Transient: 502,
	} {
		w.fail(w.bot, simulator.Failure{Class: class, Times: 2, RetryAfter: 7 * time.Second})
		for range 2 {
			got := w.call("POST", bot+"sendMessage", "", map[string]any{"chat_id": nic.ID, "text": "x"})
			same(t, string(class), got.status, code)
			same(t, string(class), got.json["error_code"], any(float64(code)))
			if class == simulator.RateLimited {
				same(t, "wait", at(t, got.json, "parameters", "retry_after"), any(7.0))
				same(t, "description", got.json["description"], any("Too Many Requests: retry after 7"))
			}
		}
		w.tell(nic.ID, "geht wieder")
	}
}

func TestFaultsThePlatformDoesNotKnow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if w.FailNext(w.bot, simulator.Failure{Class: simulator.OutsideWindow}) == nil {
		t.Error("Telegram has no window")
	}
	if w.FailNext(w.bot, simulator.Failure{Class: simulator.Transient, AsReceipt: true}) == nil {
		t.Error("Telegram reports no failures later")
	}
	if w.FailNext(w.number, simulator.Failure{Class: "bad_mood"}) == nil {
		t.Error("nobody knows this class")
	}
	if w.SetFaults(w.bot, simulator.Faults{DropReceipts: true}) == nil {
		t.Error("Telegram has no receipts")
	}
	if w.SetFaults(w.bot, simulator.Faults{Batch: 2}) == nil {
		t.Error("Telegram has no batches")
	}
	if w.SetFaults(w.number, simulator.Faults{Copies: 101}) == nil {
		t.Error("so many copies are a flood")
	}
	if w.SetFaults(simulator.Account{Platform: simulator.WhatsApp, ID: "1"}, simulator.Faults{}) == nil {
		t.Error("nobody has this account")
	}
}

func TestFailureReportedLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customerWrites("Hallo?")
	w.fail(w.number, simulator.Failure{Class: simulator.OutsideWindow, AsReceipt: true})

	got := w.call("POST", messages, token, textTo(erika.ID, "x"))

	same(t, "status", got.status, 200)
	status := w.hook.next(t).status(t)
	same(t, "state", status["status"], any("failed"))
	same(t, "code", at(t, status, "errors", 0, "code"), any(131047.0))
	same(t, "title", at(t, status, "errors", 0, "title"), any("Re-engagement message"))
}

func TestAnswerLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook("")
	w.customerWrites("Hallo?")
	w.nicWrites("Hallo?")
	w.fail(w.number, simulator.Failure{Class: simulator.AnswerLost})
	w.fail(w.bot, simulator.Failure{Class: simulator.AnswerLost})

	if got, err := w.tryCall("POST", messages, token, textTo(erika.ID, "verloren")); err == nil {
		t.Errorf("it was answered: %s", got.body)
	}
	if got, err := w.tryCall("POST", bot+"sendMessage", "", map[string]any{"chat_id": nic.ID, "text": "verloren"}); err == nil {
		t.Errorf("it was answered: %s", got.body)
	}

	same(t, "accepted once", len(w.Sent(w.number)), 1)
	same(t, "accepted", w.Sent(w.number)[0].Text, "verloren")
	same(t, "accepted", w.Sent(w.bot)[0].Text, "verloren")
	same(t, "receipt", w.hook.next(t).status(t)["id"], any(w.Sent(w.number)[0].MessageID))
}

func TestTokenExpired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.webhook("")
	w.faults(w.number, simulator.Faults{TokenExpired: true})
	w.faults(w.bot, simulator.Faults{TokenExpired: true})

	_, told := w.customerWrites("Hallo?") // webhooks go on while the token is dead
	same(t, "told", at(t, told.message(t), "text", "body"), any("Hallo?"))
	got := w.call("POST", messages, token, textTo(erika.ID, "x"))
	same(t, "WhatsApp", at(t, got.json, "error", "error_subcode"), any(463.0))
	same(t, "Telegram", w.call("GET", bot+"getMe", "", nil).status, 401)

	w.faults(w.number, simulator.Faults{})
	same(t, "renewed", w.call("POST", messages, token, textTo(erika.ID, "x")).status, 200)
}

func TestLatency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customerWrites("Hallo?")
	w.faults(w.number, simulator.Faults{Latency: 3 * time.Second, DropReceipts: true})
	done := make(chan int, 1)
	go func() {
		got, _ := w.tryCall("POST", messages, token, textTo(erika.ID, "x"))
		done <- got.status
	}()

	same(t, "pause", w.clock.waits(t), 3*time.Second)
	same(t, "accepted meanwhile", len(w.Sent(w.number)), 1)
	select {
	case <-done:
		t.Error("it was answered at once")
	default:
	}
	w.clock.Advance(3 * time.Second)
	same(t, "status", <-done, 200)
}

func TestCopies(t *testing.T) {
	t.Parallel()

	t.Run("are delivered one after the other", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.faults(w.number, simulator.Faults{Copies: 3})
		_, first := w.customerWrites("Hallo?")
		for range 2 {
			same(t, "body", string(w.hook.next(t).raw), string(first.raw))
		}
		w.hook.empty(t)
		log := w.Deliveries(w.number)
		same(t, "copies", len(log), 3)
		same(t, "number", log[2].Copy, 3)
	})

	t.Run("are delivered at the same time if so asked", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.faults(w.number, simulator.Faults{Copies: 3, Together: true})
		release := make(chan struct{})
		w.hook.answersWith(func(http.ResponseWriter, *http.Request) { <-release })
		w.leaves(simulator.Inbound{Account: w.number, Customer: erika, Text: "Hallo?"})
		for range 3 {
			w.hook.next(t) // all three have arrived while none is answered
		}
		close(release)
	})
}

func TestBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.faults(w.number, simulator.Faults{Batch: 3})
	write := func(text string) {
		t.Helper()
		if _, err := w.CustomerWrites(soon(t), simulator.Inbound{Account: w.number, Customer: erika, Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	write("eins")
	write("zwei")
	w.hook.empty(t)
	write("drei")

	told := w.hook.next(t)
	texts := []any{
		at(t, told.json, "entry", 0, "changes", 0, "value", "messages", 0, "text", "body"),
		at(t, told.json, "entry", 0, "changes", 1, "value", "messages", 0, "text", "body"),
		at(t, told.json, "entry", 1, "changes", 0, "value", "messages", 0, "text", "body"),
	}
	for i, want := range []string{"eins", "zwei", "drei"} {
		same(t, "text", texts[i], any(want))
	}

	write("vier")
	if err := w.Flush(w.number); err != nil {
		t.Fatal(err)
	}
	same(t, "flushed", at(t, w.hook.next(t).message(t), "text", "body"), any("vier"))
	write("fünf")
	w.faults(w.number, simulator.Faults{})
	same(t, "let go", at(t, w.hook.next(t).message(t), "text", "body"), any("fünf"))
}
