package models_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"parley/models"
)

// once does work under a key as a viewer, in a transaction of its own.
func (w *world) once(v models.Viewer, action models.Action, key string, input any, work func(*models.Tx) (string, error)) (result string, err error) {
	err = w.store.Do(context.Background(), v, models.ViewInbox, func(tx *models.Tx) error {
		var err error
		result, err = tx.Once(action, key, input, func() (string, error) { return work(tx) })
		return err
	})
	return result, err
}

// counting is work that says how often it was done.
func counting(n *atomic.Int32) func(*models.Tx) (string, error) {
	return func(*models.Tx) (string, error) { return fmt.Sprint("result ", n.Add(1)), nil }
}

func TestOnce(t *testing.T) {
	t.Parallel()

	t.Run("returns the first result and does the work once", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		var n atomic.Int32
		for range 3 {
			got, err := w.once(w.agent, models.Reply, "k", []string{"input"}, counting(&n))
			if got != "result 1" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		}
		if n.Load() != 1 {
			t.Errorf("worked %d times", n.Load())
		}
	})

	t.Run("returns the first result within one transaction, too", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		var n atomic.Int32
		_, err := w.once(w.agent, models.Reply, "k", 1, func(tx *models.Tx) (string, error) {
			first, err := tx.Once(models.Assign, "k", 1, func() (string, error) { return counting(&n)(tx) })
			must(t, err)
			second, err := tx.Once(models.Assign, "k", 1, func() (string, error) { return counting(&n)(tx) })
			if first != "result 1" || second != first || err != nil {
				t.Errorf("got %q, then %q, %v", first, second, err)
			}
			return "", nil
		})
		must(t, err)
	})

	t.Run("refuses another input", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		var n atomic.Int32
		_, err := w.once(w.agent, models.Reply, "k", map[string]string{"text": "a"}, counting(&n))
		must(t, err)
		got, err := w.once(w.agent, models.Reply, "k", map[string]string{"text": "b"}, counting(&n))
		wantCode(t, err, models.IdempotencyConflict)
		if got != "" || n.Load() != 1 {
			t.Errorf("got %q, worked %d times", got, n.Load())
		}
	})

	t.Run("keys of two users, of two actions and of two organizations do not meet", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		other := w.neighbour()
		var n atomic.Int32
		for i, use := range []func() (string, error){
			func() (string, error) { return w.once(w.agent, models.Reply, "k", 1, counting(&n)) },
			func() (string, error) { return w.once(w.owner, models.Reply, "k", 2, counting(&n)) },
			func() (string, error) { return w.once(w.agent, models.Assign, "k", 3, counting(&n)) },
			func() (string, error) { return other.once(other.agent, models.Reply, "k", 4, counting(&n)) },
			func() (string, error) { return w.once(w.agent, models.Reply, "K", 5, counting(&n)) },
		} {
			got, err := use()
			if want := fmt.Sprint("result ", i+1); got != want || err != nil {
				t.Errorf("got %q, %v; want %q", got, err, want)
			}
		}
	})

	t.Run("without a key the work is done each time", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		var n atomic.Int32
		for i := range 2 {
			got, err := w.once(w.agent, models.Reply, "", 1, counting(&n))
			if want := fmt.Sprint("result ", i+1); got != want || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		}
	})

	t.Run("does not remember refused work", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		_, err := w.once(w.agent, models.Reply, "k", 1, func(*models.Tx) (string, error) {
			return "", models.Refuse(models.ReplyWindowClosed, "", "Closed.")
		})
		wantCode(t, err, models.ReplyWindowClosed)
		var n atomic.Int32
		got, err := w.once(w.agent, models.Reply, "k", 2, counting(&n))
		if got != "result 1" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})

	t.Run("does the work once for two first uses at once", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		var n atomic.Int32
		var using sync.WaitGroup
		for range 8 {
			using.Go(func() {
				got, err := w.once(w.agent, models.Reply, "k", 1, func(tx *models.Tx) (string, error) {
					must(t, tx.Create(tx.NewTeam("made once")))
					return counting(&n)(tx)
				})
				if got != "result 1" || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
			})
		}
		using.Wait()
		if n.Load() != 1 {
			t.Errorf("worked %d times", n.Load())
		}
	})

	t.Run("lets the second do the work that the first could not", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		claimed, proceed := make(chan struct{}), make(chan struct{})
		var using sync.WaitGroup
		using.Go(func() {
			_, err := w.once(w.agent, models.Reply, "k", 1, func(*models.Tx) (string, error) {
				close(claimed)
				<-proceed
				return "", errUndo
			})
			if !errors.Is(err, errUndo) {
				t.Errorf("the first: %v", err)
			}
		})
		<-claimed
		var n atomic.Int32
		using.Go(func() {
			got, err := w.once(w.agent, models.Reply, "k", 2, counting(&n))
			if got != "result 1" || err != nil {
				t.Errorf("the second: %q, %v", got, err)
			}
		})
		awaitBlocked(t, w)
		close(proceed)
		using.Wait()
	})

	t.Run("keeps results sealed, and inputs not at all", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		_, err := w.once(w.agent, models.ManageOwnTokens, "k", "the customer's words", func(*models.Tx) (string, error) {
			return "ply_secret", nil
		})
		must(t, err)
		var row []byte
		must(t, w.raw().QueryRow(context.Background(), `SELECT input_hash || result FROM idempotency_keys WHERE organization_id = $1`, w.org.ID).Scan(&row))
		if len(row) < 32+len("ply_secret") || bytes.Contains(row, []byte("ply_secret")) || bytes.Contains(row, []byte("words")) {
			t.Errorf("kept %q", row)
		}
		// Moved to another user's key, it does not open.
		_, err = w.raw().Exec(context.Background(), `UPDATE idempotency_keys SET user_id = $1 WHERE organization_id = $2`, w.owner.UserID, w.org.ID)
		must(t, err)
		got, err := w.once(w.owner, models.ManageOwnTokens, "k", "the customer's words", func(*models.Tx) (string, error) { return "", nil })
		if err == nil || got != "" {
			t.Errorf("opened as %q", got)
		}
	})

	t.Run("takes keys of up to 200 bytes", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		var n atomic.Int32
		_, err := w.once(w.agent, models.Reply, strings.Repeat("k", 200), 1, counting(&n))
		must(t, err)
		_, err = w.once(w.agent, models.Reply, strings.Repeat("k", 201), 1, counting(&n))
		wantCode(t, err, models.InvalidInput)
	})

	t.Run("is forgotten after its time", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		var n atomic.Int32
		use := func() (string, error) { return w.once(w.agent, models.Reply, "k", 1, counting(&n)) }
		_, err := use()
		must(t, err)
		w.clock.Advance(models.DefaultRules().KeyRetention)
		w.system(func(tx *models.Tx) error {
			_, err := tx.ForgetStale(100)
			return err
		})
		if got, err := use(); got != "result 1" || err != nil {
			t.Errorf("at the last instant: %q, %v", got, err)
		}
		w.clock.Advance(tick)
		w.system(func(tx *models.Tx) error {
			_, err := tx.ForgetStale(100)
			return err
		})
		if got, err := use(); got != "result 2" || err != nil {
			t.Errorf("afterwards: %q, %v", got, err)
		}
	})
}

// awaitBlocked returns once some transaction of the organization's store waits for another.
func awaitBlocked(t testing.TB, w *world) {
	t.Helper()
	c, ctx := w.raw(), patience(t)
	for {
		var blocked bool
		must(t, c.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = $1 AND cardinality(pg_blocking_pids(pid)) > 0)`, w.name).Scan(&blocked))
		if blocked {
			return
		}
	}
}
