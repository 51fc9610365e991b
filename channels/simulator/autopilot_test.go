package simulator_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"parley/channels/simulator"
)

// live runs an autopilot for some beats, each answered by us or not, and returns what customers said.
func live(t *testing.T, seed uint64, beats int, reply bool) []string {
	w := newWorld(t)
	for _, person := range simulator.People(simulator.WhatsApp)[:3] {
		if err := w.AddCustomer(w.number, person); err != nil {
			t.Fatal(err)
		}
	}
	w.faults(w.number, simulator.Faults{DropReceipts: true})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- w.Run(ctx, simulator.Autopilot{Every: time.Minute, Random: rand.New(rand.NewPCG(seed, 1))})
	}()
	var said []string
	for range beats {
		w.clock.Advance(w.clock.waits(t))
		m := w.hook.next(t).message(t)
		said = append(said, m["from"].(string)+": "+at(t, m, "text", "body").(string))
		if reply {
			w.call("POST", messages, token, textTo(m["from"].(string), "Gerne!"))
		}
	}
	w.clock.waits(t)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return said
}

func TestAutopilot(t *testing.T) {
	t.Parallel()

	t.Run("says the same with the same source of chance", func(t *testing.T) {
		t.Parallel()
		first, again, other := live(t, 7, 12, true), live(t, 7, 12, true), live(t, 8, 12, true)
		if !slices.Equal(first, again) {
			t.Errorf("%q\n%q", first, again)
		}
		if slices.Equal(first, other) {
			t.Error("another source led to the same conversations")
		}
	})

	t.Run("answers those who answer before anybody else speaks", func(t *testing.T) {
		t.Parallel()
		said := live(t, 3, 2, true)
		same(t, "the second speaker", said[1][:12], said[0][:12])
		if said[0] == said[1] {
			t.Error("the customer repeated themselves")
		}
	})

	t.Run("lets others begin while one waits for us", func(t *testing.T) {
		t.Parallel()
		said := live(t, 3, 3, false)
		speakers := []string{said[0][:12], said[1][:12], said[2][:12]}
		slices.Sort(speakers)
		same(t, "different speakers", len(slices.Compact(speakers)), 3)
	})

	t.Run("lets somebody ask again whom nobody answers", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		if err := w.AddCustomer(w.number, erika); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- w.Run(ctx, simulator.Autopilot{Every: time.Minute, Random: rand.New(rand.NewPCG(5, 1))})
		}()
		w.clock.Advance(w.clock.waits(t))
		w.hook.next(t)
		for asked := false; !asked; {
			w.clock.Advance(w.clock.waits(t))
			select {
			case told := <-w.hook.got:
				same(t, "text", at(t, told.message(t), "text", "body"), any("Hallo? Kommt da noch was?"))
				asked = true
			default:
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})

	t.Run("does not start without customers or chance", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		if w.Run(t.Context(), simulator.Autopilot{}) == nil {
			t.Error("no source of chance")
		}
		if w.Run(t.Context(), simulator.Autopilot{Random: rand.New(rand.NewPCG(1, 1))}) == nil {
			t.Error("no customers")
		}
	})
}
