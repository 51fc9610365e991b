package models_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"parley/models"
)

// collector keeps every event the bell rang for, and looks whether it could be read by then.
type collector struct {
	mu     sync.Mutex
	rung   []models.Event
	unseen []string
}

func (c *collector) listen(store *models.Store) {
	store.OnCommit(func(organizationID string, events []models.Event) {
		var readable []models.Event
		err := store.Read(context.Background(), models.System(organizationID), models.ViewInbox, func(tx *models.Tx) (err error) {
			readable, err = tx.EventsAfter(events[0].Seq-1, len(events))
			return err
		})
		c.mu.Lock()
		defer c.mu.Unlock()
		c.rung = append(c.rung, events...)
		if err != nil || len(readable) != len(events) || readable[0].Seq != events[0].Seq {
			c.unseen = append(c.unseen, fmt.Sprintf("%v: %v, %v", events, readable, err))
		}
	})
}

func (c *collector) all() []models.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rung
}

var errUndo = errors.New("undo")

// writer makes commits of one to three events each; one in ten is rolled back, some of these by a panic.
type writer struct {
	w         *world
	name      string
	random    *rand.Rand
	committed []string // what its events say, in order
}

func (wr *writer) write(ctx context.Context) error {
	for i := range 25 {
		var said []string
		for j := range 1 + wr.random.IntN(3) {
			said = append(said, fmt.Sprintf("%s/%d/%d", wr.name, i, j))
		}
		fate := wr.random.IntN(20)
		err := wr.once(ctx, said, fate)
		switch {
		case fate <= 1 && !errors.Is(err, errUndo):
			return fmt.Errorf("rolled back with %w", err)
		case fate <= 1:
		case err != nil:
			return err
		default:
			wr.committed = append(wr.committed, said...)
		}
	}
	return nil
}

func (wr *writer) once(ctx context.Context, said []string, fate int) (err error) {
	defer func() {
		if recover() != nil {
			err = errUndo
		}
	}()
	return wr.w.store.Do(ctx, models.System(wr.w.org.ID), models.KeepTheClock, func(tx *models.Tx) error {
		for _, s := range said {
			tx.Record(models.Event{Type: models.MessageAdded, MessageID: s})
		}
		switch fate {
		case 0:
			panic("undo")
		case 1:
			return errUndo
		default:
			return nil
		}
	})
}

func TestLogUnderManyWriters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bell := &collector{}
	bell.listen(w.store)
	ctx := patience(t)

	writers := make([]*writer, 16)
	var writing sync.WaitGroup
	var done atomic.Bool
	for i := range writers {
		wr := &writer{w: w, name: fmt.Sprint(i), random: rand.New(rand.NewPCG(uint64(i), 7))}
		writers[i] = wr
		writing.Go(func() {
			if err := wr.write(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	go func() { writing.Wait(); done.Store(true) }()
	read := poll(t, ctx, w, &done)

	t.Run("the numbers have no holes", func(t *testing.T) {
		for i, e := range read {
			if e.Seq != int64(i+1) {
				t.Fatalf("event %d has number %d", i+1, e.Seq)
			}
		}
	})
	t.Run("a polling reader gets what was committed, and nothing else", func(t *testing.T) {
		byWriter := make(map[string][]string)
		for _, e := range read {
			name, _, _ := strings.Cut(e.MessageID, "/")
			byWriter[name] = append(byWriter[name], e.MessageID)
		}
		for _, wr := range writers {
			if !reflect.DeepEqual(byWriter[wr.name], wr.committed) {
				t.Errorf("writer %s committed %v, the log has %v", wr.name, wr.committed, byWriter[wr.name])
			}
		}
	})
	t.Run("the bell rang once for each event, when it could be read", func(t *testing.T) {
		rung := bell.all()
		if len(bell.unseen) > 0 {
			t.Errorf("rung too early: %v", bell.unseen)
		}
		if len(rung) != len(read) {
			t.Fatalf("rang for %d of %d events", len(rung), len(read))
		}
		bySeq := make(map[int64]models.Event, len(rung))
		for _, e := range rung {
			bySeq[e.Seq] = e
		}
		for _, e := range read {
			if bySeq[e.Seq].MessageID != e.MessageID || bySeq[e.Seq].OrganizationID != w.org.ID {
				t.Errorf("the bell said %v of %v", bySeq[e.Seq], e)
			}
		}
	})
}

// poll follows the log as a subscriber would, until all writers are done and everything is read.
func poll(t *testing.T, ctx context.Context, w *world, done *atomic.Bool) (read []models.Event) {
	t.Helper()
	var cursor int64
	for {
		last := done.Load() // taken before reading: what was committed before it is in what follows
		var events []models.Event
		must(t, w.store.Read(ctx, models.System(w.org.ID), models.ViewInbox, func(tx *models.Tx) (err error) {
			events, err = tx.EventsAfter(cursor, 50)
			return err
		}))
		for _, e := range events {
			cursor = e.Seq
		}
		read = append(read, events...)
		if last && len(events) == 0 {
			return read
		}
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()

	t.Run("keeps what the event says, when it happened and who did it", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		status, expires := models.Sent, w.clock.Now().Add(time.Hour)
		said := models.Event{
			Type: models.MessageChanged, ConversationID: "c", ChannelID: "ch", MessageID: "m",
			OrganizationID: "not mine to say", ActorID: "nor this", Seq: 77,
			Data: models.EventData{From: "a", To: "b", Days: 7, Status: &status, ExpiresAt: &expires, Notice: &models.Notice{Type: "t"}},
		}
		must(t, w.store.Do(context.Background(), w.agent, models.Reply, func(tx *models.Tx) error {
			tx.Record(said)
			return nil
		}))
		var got []models.Event
		w.look(func(tx *models.Tx) (err error) { got, err = tx.EventsAfter(0, 10); return err })
		want := said
		want.OrganizationID, want.Seq, want.At, want.ActorKind, want.ActorID = w.org.ID, 1, w.clock.Now(), models.ActorUser, w.agent.UserID
		if len(got) != 1 {
			t.Fatalf("got %v", got)
		}
		got[0].At = got[0].At.UTC()
		if !reflect.DeepEqual(got[0], want) {
			t.Errorf("got %+v\nwant %+v", got[0], want)
		}
	})

	t.Run("says where the log begins and ends, here and outside the door", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.record(3)
		w.look(func(tx *models.Tx) error {
			forgotten, last, err := tx.LogBounds()
			if forgotten != 0 || last != 3 || err != nil {
				t.Errorf("got %d, %d, %v", forgotten, last, err)
			}
			return nil
		})
		ends, err := w.store.LogEnds(context.Background(), []string{w.org.ID, "org_unknown"})
		if !reflect.DeepEqual(ends, map[string]int64{w.org.ID: 3}) || err != nil {
			t.Errorf("got %v, %v", ends, err)
		}
	})
}

// record commits n events.
func (w *world) record(n int) {
	w.t.Helper()
	w.system(func(tx *models.Tx) error {
		for range n {
			tx.Record(models.Event{Type: models.MessageAdded})
		}
		return nil
	})
}

func TestForgetEvents(t *testing.T) {
	t.Parallel()
	forget := func(w *world, before time.Time, limit int64) (gone int64) {
		w.system(func(tx *models.Tx) (err error) { gone, err = tx.ForgetEvents(before, limit); return err })
		return gone
	}
	wantLog := func(t *testing.T, w *world, wantForgotten int64, wantLeft ...int64) {
		t.Helper()
		w.look(func(tx *models.Tx) error {
			forgotten, _, err := tx.LogBounds()
			must(t, err)
			events, err := tx.EventsAfter(0, 100)
			must(t, err)
			left := make([]int64, 0, len(events))
			for _, e := range events {
				left = append(left, e.Seq)
			}
			if forgotten != wantForgotten || !reflect.DeepEqual(left, append([]int64{}, wantLeft...)) {
				t.Errorf("forgotten up to %d, left %v; want %d and %v", forgotten, left, wantForgotten, wantLeft)
			}
			return nil
		})
	}

	t.Run("drops the oldest, at most as many as it may, and says so", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.record(3)
		w.clock.Advance(time.Hour)
		w.record(2)
		now := w.clock.Now()
		if gone := forget(w, now, 2); gone != 2 {
			t.Errorf("dropped %d", gone)
		}
		wantLog(t, w, 2, 3, 4, 5)
		if gone := forget(w, now, 2); gone != 1 {
			t.Errorf("dropped %d", gone)
		}
		wantLog(t, w, 3, 4, 5) // one exactly as old as allowed stays
		if gone := forget(w, now, 2); gone != 0 {
			t.Errorf("dropped %d", gone)
		}
		wantLog(t, w, 3, 4, 5)
		forget(w, now.Add(time.Hour), 100)
		wantLog(t, w, 5)
		if gone := forget(w, now.Add(time.Hour), 100); gone != 0 {
			t.Errorf("dropped %d", gone)
		}
		wantLog(t, w, 5)
	})

	// Time is taken when a transaction begins, its numbers when it ends: they need not agree.
	t.Run("keeps what is young enough, though an older event has a higher number", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.system(func(slow *models.Tx) error {
			w.clock.Advance(time.Hour)
			w.record(1)
			slow.Record(models.Event{Type: models.MessageAdded})
			return nil
		})
		if gone := forget(w, w.clock.Now(), 1); gone != 0 {
			t.Errorf("dropped %d", gone)
		}
		wantLog(t, w, 0, 1, 2)
	})
}

func TestAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bell := &collector{}
	bell.listen(w.store)

	w.system(func(tx *models.Tx) error {
		tx.Record(models.Event{Type: models.MessageAdded, MessageID: "before"})
		must(t, tx.Create(tx.NewTeam("kept")))
		err := tx.Alone(func() error {
			tx.Record(models.Event{Type: models.MessageAdded, MessageID: "undone"})
			must(t, tx.Create(tx.NewTeam("undone")))
			must(t, tx.Alone(func() error {
				tx.Record(models.Event{Type: models.MessageAdded, MessageID: "undone inside"})
				return nil
			}))
			return errUndo
		})
		if !errors.Is(err, errUndo) {
			t.Errorf("returned %v", err)
		}
		// What the database refuses would otherwise end the whole transaction.
		wantState(t, "same name", tx.Alone(func() error { return tx.Create(tx.NewTeam("kept")) }), "23505")
		must(t, tx.Alone(func() error {
			tx.Record(models.Event{Type: models.MessageAdded, MessageID: "after"})
			return tx.Create(tx.NewTeam("also kept"))
		}))
		return nil
	})

	w.look(func(tx *models.Tx) error {
		teams, err := tx.Teams(nil)
		must(t, err)
		if len(teams) != 2 || teams[0].Name != "also kept" || teams[1].Name != "kept" {
			t.Errorf("teams are %v", teams)
		}
		return nil
	})
	var said []string
	for _, e := range bell.all() {
		said = append(said, fmt.Sprint(e.Seq, " ", e.MessageID))
	}
	if !reflect.DeepEqual(said, []string{"1 before", "2 after"}) {
		t.Errorf("the log has %q", said)
	}
}

func TestDo(t *testing.T) {
	t.Parallel()

	t.Run("runs again after a deadlock and records once", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		bell := &collector{}
		bell.listen(w.store)
		a, b := w.conversation("a", nil), w.conversation("b", nil)
		ctx := patience(t)

		var runs atomic.Int32
		var met, working sync.WaitGroup
		met.Add(2)
		collide := func(name string, first, second *models.Conversation) {
			meet := sync.OnceFunc(func() { met.Done(); met.Wait() })
			err := w.store.Do(ctx, models.System(w.org.ID), models.KeepTheClock, func(tx *models.Tx) error {
				runs.Add(1)
				tx.Record(models.Event{Type: models.ConversationRead, MessageID: name})
				if err := tx.Lock(&models.Conversation{}, first.ID); err != nil {
					return err
				}
				meet() // both hold one row and want the other's
				return tx.Lock(&models.Conversation{}, second.ID)
			})
			if err != nil {
				t.Error(err)
			}
		}
		working.Go(func() { collide("ab", a, b) })
		working.Go(func() { collide("ba", b, a) })
		working.Wait()

		if runs.Load() < 3 {
			t.Errorf("ran %d times: nothing collided", runs.Load())
		}
		said := make(map[string]int)
		for _, e := range bell.all() {
			said[e.MessageID]++
		}
		if !reflect.DeepEqual(said, map[string]int{"ab": 1, "ba": 1}) {
			t.Errorf("recorded %v", said)
		}
	})

	t.Run("gives up after five collisions", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		runs := 0
		err := w.store.Do(context.Background(), w.owner, models.ManageChannels, func(*models.Tx) error {
			runs++
			return fmt.Errorf("collide: %w", models.ErrOvertaken)
		})
		if !errors.Is(err, models.ErrOvertaken) || runs != 5 {
			t.Errorf("overtaken: ran %d times, %v", runs, err)
		}
		for code, want := range map[string]int{"40001": 5, "40P01": 5, "23505": 1} {
			runs := 0
			err := w.store.Do(context.Background(), w.owner, models.ManageChannels, func(*models.Tx) error {
				runs++
				return fmt.Errorf("collide: %w", &pgconn.PgError{Code: code})
			})
			wantState(t, "Do", err, code)
			if runs != want {
				t.Errorf("%s: ran %d times, want %d", code, runs, want)
			}
		}
	})

	t.Run("undoes everything on an error or a panic, and gives its connection back", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		bell := &collector{}
		one := openAt(t, w.url, w.clock, 1)
		one.OnCommit(func(_ string, events []models.Event) { bell.rung = append(bell.rung, events...) })
		ctx := patience(t)
		spoil := func(tx *models.Tx) {
			must(t, tx.Create(tx.NewTeam("undone")))
			tx.Record(models.Event{Type: models.MessageAdded})
		}

		err := one.Do(ctx, w.owner, models.ManageChannels, func(tx *models.Tx) error { spoil(tx); return errUndo })
		if !errors.Is(err, errUndo) {
			t.Errorf("returned %v", err)
		}
		func() {
			defer func() {
				if recover() != "oops" {
					t.Error("the panic did not come through")
				}
			}()
			_ = one.Do(ctx, w.owner, models.ManageChannels, func(tx *models.Tx) error { spoil(tx); panic("oops") })
		}()
		func() {
			defer func() { _ = recover() }()
			_ = one.Read(ctx, w.owner, models.ViewInbox, func(*models.Tx) error { panic("oops") })
		}()

		must(t, one.Read(ctx, w.owner, models.ViewInbox, func(tx *models.Tx) error {
			teams, err := tx.Teams(nil)
			_, last, boundsErr := tx.LogBounds()
			if len(teams) != 0 || last != 0 || err != nil || boundsErr != nil {
				t.Errorf("left %v and %d events, %v, %v", teams, last, err, boundsErr)
			}
			return nil
		}))
		if len(bell.rung) > 0 {
			t.Errorf("the bell rang for %v", bell.rung)
		}
	})

	// Postgres keeps no NUL in a text. A person is told; a platform's words are for the quarantine.
	t.Run("tells a person whose text cannot be kept", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		spell := func(v models.Viewer, a models.Action) error {
			return w.store.Do(context.Background(), v, a, func(tx *models.Tx) error { return tx.Create(tx.NewTeam("a\x00b")) })
		}
		wantCode(t, spell(w.owner, models.ManageMembers), models.InvalidInput)
		err := spell(models.FromPlatform(w.org.ID), models.ReceiveFromPlatform)
		wantState(t, "a platform's", err, "22021")
	})

	t.Run("knows what running again cannot help", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		var hopeless []bool
		err := w.store.Do(context.Background(), w.owner, models.ManageChannels, func(tx *models.Tx) error {
			for code, want := range map[string]bool{"22021": true, "22P05": true, "23505": true, "54000": true, "40P01": false, "57014": false} {
				if tx.IsContent(fmt.Errorf("write: %w", &pgconn.PgError{Code: code})) != want {
					t.Errorf("%s: not %t", code, want)
				}
			}
			if tx.IsContent(errUndo) || tx.IsContent(nil) {
				t.Error("taken for something wrong with the content")
			}
			hopeless = append(hopeless, tx.IsContent(models.ErrOvertaken))
			return models.ErrOvertaken
		})
		if !errors.Is(err, models.ErrOvertaken) || !reflect.DeepEqual(hopeless, []bool{false, false, false, false, true}) {
			t.Errorf("got %v, %v", hopeless, err)
		}
	})

	t.Run("does not ring when nothing happened", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.store.OnCommit(func(string, []models.Event) { t.Error("rang") })
		w.system(func(*models.Tx) error { return nil })
	})

	t.Run("has one instant", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		begun := w.clock.Now()
		w.system(func(tx *models.Tx) error {
			w.clock.Advance(time.Hour)
			if !tx.Now.Equal(begun) {
				t.Errorf("now is %v", tx.Now)
			}
			return nil
		})
	})
}

func TestRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	t.Run("is one snapshot", func(t *testing.T) {
		w.look(func(tx *models.Tx) error {
			_, before, err := tx.LogBounds()
			must(t, err)
			w.record(1)
			_, after, err := tx.LogBounds()
			must(t, err)
			events, err := tx.EventsAfter(before, 10)
			must(t, err)
			if before != after || len(events) > 0 {
				t.Errorf("the log went from %d to %d, with %v", before, after, events)
			}
			return nil
		})
	})

	t.Run("cannot change anything", func(t *testing.T) {
		err := w.store.Read(context.Background(), w.owner, models.ViewInbox, func(tx *models.Tx) error {
			return tx.Create(tx.NewTeam("x"))
		})
		wantState(t, "create", err, "25006")
	})

	// The resolvers and loaders of one response share one transaction.
	t.Run("lets many look at once", func(t *testing.T) {
		b := w.furnish()
		tx, err := w.store.OpenRead(patience(t), w.owner, models.ViewInbox)
		must(t, err)
		defer tx.Close()
		looks := []func() error{
			func() error { _, err := tx.Organization(); return err },
			func() error { _, err := tx.Conversations([]string{b.conversation.ID}); return err },
			func() error { _, err := tx.QuarantinedCount(models.HeldUnreadable); return err },
			func() error {
				_, err := tx.ListConversations(models.ConversationFilter{}, models.NewestActivity, models.Page{})
				return err
			},
			func() error { _, err := tx.Matches(b.conversation.ID, models.ConversationFilter{}); return err },
			func() error { return tx.Find(&models.Channel{}, w.channel.ID) },
		}
		var looking sync.WaitGroup
		for i := range 60 {
			looking.Go(func() {
				if err := looks[i%len(looks)](); err != nil {
					t.Errorf("look %d: %v", i%len(looks), err)
				}
			})
		}
		looking.Wait()
	})
}
