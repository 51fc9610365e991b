package simulator_test

import (
	"testing"
	"time"

	"parley/channels/simulator"
)

func TestReceiptFaults(t *testing.T) {
	t.Parallel()

	t.Run("reversed", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.customerWrites("Hallo?")
		w.faults(w.number, simulator.Faults{ReceiptsReversed: true})
		w.call("POST", messages, token, textTo(erika.ID, "x"))
		for _, state := range []string{"read", "delivered", "sent"} {
			same(t, "state", w.hook.next(t).status(t)["status"], any(state))
		}
	})

	t.Run("before the answer of the send", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.customerWrites("Hallo?")
		w.faults(w.number, simulator.Faults{ReceiptsFirst: true})
		w.call("POST", messages, token, textTo(erika.ID, "x"))
		same(t, "receipts by then", len(w.hook.got), 3)
	})

	t.Run("delayed", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.customerWrites("Hallo?")
		w.faults(w.number, simulator.Faults{ReceiptDelay: time.Hour})
		w.call("POST", messages, token, textTo(erika.ID, "x"))
		for _, state := range []string{"sent", "delivered", "read"} {
			same(t, "pause", w.clock.waits(t), time.Hour)
			w.hook.empty(t)
			w.clock.Advance(time.Hour)
			same(t, "state", w.hook.next(t).status(t)["status"], any(state))
		}
	})

	t.Run("dropped", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.customerWrites("Hallo?")
		w.faults(w.number, simulator.Faults{DropReceipts: true})
		w.call("POST", messages, token, textTo(erika.ID, "x"))
		if err := w.Idle(soon(t)); err != nil {
			t.Fatal(err)
		}
		w.hook.empty(t)
	})
}
