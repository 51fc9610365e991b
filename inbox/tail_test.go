package inbox

import (
	"testing"

	"parley/models"
)

func numbered(from, to int64) (events []models.Event) {
	for seq := from; seq <= to; seq++ {
		events = append(events, models.Event{Seq: seq})
	}
	return events
}

// holds fails the test unless the tail has exactly the events from the one behind seq to the last.
func holds(t *testing.T, tail *tail, seq, last int64) {
	t.Helper()
	events, _, reaches := tail.after(seq)
	if !reaches || int64(len(events)) != last-seq || tail.last() != last {
		t.Fatalf("behind %d it has %d events up to %d (reaches: %v), want them up to %d", seq, len(events), tail.last(), reaches, last)
	}
	for i, e := range events {
		if e.Seq != seq+1+int64(i) {
			t.Fatalf("event %d stands where %d belongs", e.Seq, seq+1+int64(i))
		}
	}
}

func TestTailAdd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		offered [][]models.Event // to a tail that reaches from 10 to 12
		taken   bool             // the last of them
		last    int64
	}{
		"takes what is next":               {[][]models.Event{numbered(13, 14)}, true, 14},
		"takes what is new of an overlap":  {[][]models.Event{numbered(11, 15)}, true, 15},
		"takes nothing twice":              {[][]models.Event{numbered(13, 13), numbered(13, 13)}, true, 13},
		"takes nothing older":              {[][]models.Event{numbered(3, 9)}, true, 12},
		"refuses what is behind a gap":     {[][]models.Event{numbered(14, 15)}, false, 12},
		"takes it once the gap is closed":  {[][]models.Event{numbered(14, 15), numbered(13, 13), numbered(14, 15)}, true, 15},
		"takes a whole page after its gap": {[][]models.Event{numbered(15, 15), numbered(13, 600)}, true, 600},
		"takes nothing for news":           {[][]models.Event{nil}, true, 12},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tail := newTail(10)
			tail.add(numbered(11, 12))
			var taken bool
			for _, events := range c.offered {
				taken = tail.add(events)
			}
			if taken != c.taken {
				t.Errorf("taken: %v", taken)
			}
			holds(t, tail, 10, c.last)
		})
	}
}

func TestTailMemory(t *testing.T) {
	t.Parallel()
	tail := newTail(0)
	tail.add(numbered(1, 3))
	kept, _, _ := tail.after(0)
	for seq := int64(4); seq <= 5*tailLength; seq += 3 {
		tail.add(numbered(seq, seq+2))
		if last := tail.last(); last%11 == 0 {
			holds(t, tail, max(0, last-tailLength), last)
		}
		if n := int64(len(tail.events)); n > 2*tailLength {
			t.Fatalf("it keeps %d events", n)
		}
	}
	if _, _, reaches := tail.after(0); reaches {
		t.Error("it claims to reach back to the beginning")
	}
	for i, e := range kept {
		if e.Seq != int64(i+1) {
			t.Errorf("what a follower was given has become %v", kept)
		}
	}
}

func TestTailNews(t *testing.T) {
	t.Parallel()
	rung := func(news <-chan struct{}) bool {
		select {
		case <-news:
			return true
		default:
			return false
		}
	}
	tail := newTail(5)
	_, news, _ := tail.after(5)
	tail.add(numbered(4, 5))
	tail.add(numbered(7, 7))
	if rung(news) {
		t.Error("it rang without news")
	}
	tail.add(numbered(6, 6))
	if !rung(news) {
		t.Error("it did not ring")
	}
	_, news, _ = tail.after(6)
	tail.skip(20)
	if !rung(news) {
		t.Error("it did not tell that the log went on elsewhere")
	}
	if _, _, reaches := tail.after(6); reaches {
		t.Error("it claims to reach back over what it skipped")
	}
	holds(t, tail, 20, 20)
	if events, _, reaches := tail.after(25); !reaches || len(events) > 0 {
		t.Errorf("to a follower ahead of it, it gives %v", events)
	}
}

func TestTailOffers(t *testing.T) {
	t.Parallel()
	t.Run("beyond its room make it look for the rest", func(t *testing.T) {
		t.Parallel()
		tail := newTail(0)
		room := cap(tail.offers)
		for seq := range room + 50 { // nobody takes them
			tail.offer(numbered(int64(seq+1), int64(seq+1)))
		}
		if len(tail.poke) != 1 {
			t.Fatal("nothing tells it to look")
		}
		for range room {
			tail.add(<-tail.offers)
		}
		if !tail.lacks() {
			t.Errorf("it reaches to %d and lacks nothing", tail.last())
		}
	})
	t.Run("are not hidden by an older call to look", func(t *testing.T) {
		t.Parallel()
		tail := newTail(0)
		tail.expect(3)
		tail.expect(7)
		tail.expect(5)
		tail.add(numbered(1, 6))
		if len(tail.poke) != 1 || !tail.lacks() {
			t.Error("it does not know that there is a seventh")
		}
		tail.add(numbered(7, 7))
		if tail.lacks() {
			t.Error("it lacks something although it has all")
		}
	})
}
