package inbox

import (
	"context"
	"log/slog"
	"sync"

	"parley/models"
)

// tailLength is how many of the newest events a tail keeps at least.
const tailLength = 1024

// tail is the newest part of one organization's log, in memory. One goroutine writes it, followers read it.
type tail struct {
	followers int // guarded by the Feed

	offers chan []models.Event
	poke   chan struct{}
	done   context.Context
	stop   context.CancelFunc

	mu     sync.Mutex
	start  int64          // the number before events[0]
	events []models.Event // without holes; only ever appended to, so followers may keep what they were given
	end    int64          // how far the log is known to reach
	news   chan struct{}  // closed when there is more
}

func newTail(last int64) *tail {
	done, stop := context.WithCancel(context.Background())
	return &tail{
		offers: make(chan []models.Event, 256), poke: make(chan struct{}, 1), done: done, stop: stop,
		start: last, news: make(chan struct{}),
	}
}

// offer hands over events that were committed. It never waits.
func (t *tail) offer(events []models.Event) {
	select {
	case t.offers <- events:
	default:
		t.expect(events[len(events)-1].Seq)
	}
}

// expect says that the log reaches to end.
func (t *tail) expect(end int64) {
	t.mu.Lock()
	t.end = max(t.end, end)
	t.mu.Unlock()
	select {
	case t.poke <- struct{}{}:
	default: // one is waiting already
	}
}

func (t *tail) run(store *models.Store, organizationID string, log *slog.Logger) {
	for {
		var err error
		select {
		case <-t.done.Done():
			return
		case events := <-t.offers:
			if !t.add(events) {
				err = t.read(store, organizationID)
			}
		case <-t.poke:
			if t.lacks() {
				err = t.read(store, organizationID)
			}
		}
		if err != nil && t.done.Err() == nil {
			log.Warn("read the log: trying again at the next tick", "organization", organizationID, "error", err)
		}
	}
}

// add appends what is new. It returns false if something is missing before it.
func (t *tail) add(events []models.Event) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := t.start + int64(len(t.events))
	for len(events) > 0 && events[0].Seq <= last {
		events = events[1:]
	}
	if len(events) == 0 {
		return true
	}
	if events[0].Seq != last+1 {
		return false
	}
	t.events = append(t.events, events...)
	if extra := len(t.events) - tailLength; extra >= tailLength {
		t.events = append(make([]models.Event, 0, 2*tailLength), t.events[extra:]...)
		t.start += int64(extra)
	}
	t.wake()
	return true
}

// wake tells the followers to look. The lock must be held.
func (t *tail) wake() {
	close(t.news)
	t.news = make(chan struct{})
}

// read takes from the database what is missing.
func (t *tail) read(store *models.Store, organizationID string) error {
	for {
		last, forgotten := t.last(), int64(0)
		var events []models.Event
		err := store.Read(t.done, models.System(organizationID), models.ViewInbox, func(tx *models.Tx) (err error) {
			if forgotten, _, err = tx.LogBounds(); err != nil {
				return err
			}
			events, err = tx.EventsAfter(max(last, forgotten), historyPage)
			return err
		})
		if err != nil {
			return err
		}
		if forgotten > last {
			t.skip(forgotten)
		}
		if len(events) == 0 {
			return nil
		}
		t.add(events)
	}
}

// skip goes on behind seq, as what was missing up to there has been forgotten: followers who needed it are told so.
func (t *tail) skip(seq int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.start, t.events = seq, nil
	t.wake()
}

func (t *tail) last() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.start + int64(len(t.events))
}

func (t *tail) lacks() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.end > t.start+int64(len(t.events))
}

// after returns the events behind seq and a channel that closes when there are more. It reports false if the tail does
// not reach back so far.
func (t *tail) after(seq int64) (events []models.Event, more <-chan struct{}, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if seq < t.start {
		return nil, nil, false
	}
	from := min(seq-t.start, int64(len(t.events)))
	return t.events[from:len(t.events):len(t.events)], t.news, true
}
