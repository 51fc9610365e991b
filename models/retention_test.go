package models_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"parley/models"
)

// TestForgetPlans holds the statements of retention to what they drop, however much is kept.
func TestForgetPlans(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	const drop = 100
	for _, statement := range []string{
		`INSERT INTO events (organization_id, seq, type, at, actor_kind)
			SELECT $1, n, 'MESSAGE_ADDED', $2::timestamptz + (n - 1001) * INTERVAL '1 second', 'SYSTEM' FROM generate_series(1, 20000) n`,
		`UPDATE organizations SET last_event_seq = 20000 WHERE id = $1 AND $2::timestamptz IS NOT NULL`,
		`INSERT INTO idempotency_keys SELECT $1, 'usr_1', 'REPLY', n, '', '', $2::timestamptz - INTERVAL '1 day' + (n - 1001) * INTERVAL '1 second'
			FROM generate_series(1, 20000) n`,
		`INSERT INTO early_news SELECT $1, 'nws_' || n, '` + w.channel.ID + `', n, '{}', $2::timestamptz - INTERVAL '7 days' + (n - 1001) * INTERVAL '1 second'
			FROM generate_series(1, 20000) n`,
	} {
		_, err := w.raw().Exec(context.Background(), statement, w.org.ID, w.clock.Now())
		must(t, err)
	}
	_, err := w.raw().Exec(context.Background(), `ANALYZE`)
	must(t, err)
	forget := func(before time.Time) func(*models.Store) error {
		return func(s *models.Store) error {
			err := s.Do(context.Background(), models.System(w.org.ID), models.KeepTheClock, func(tx *models.Tx) error {
				if _, err := tx.ForgetEvents(before, drop); err != nil {
					return err
				}
				if _, err := tx.ForgetStale(drop); err != nil {
					return err
				}
				return errUndo
			})
			if errors.Is(err, errUndo) {
				return nil
			}
			return err
		}
	}
	for name, test := range map[string]struct {
		before time.Time
		on     string
		most   int
	}{
		"events are looked at one by one up to the first young one": {w.clock.Now().Add(-1000 * time.Second), "SELECT seq FROM events", 1},
		"events are looked at a batch at a time":                    {w.clock.Now(), "SELECT seq FROM events", drop},
		"events are dropped a batch at a time":                      {w.clock.Now(), "DELETE FROM events", drop},
		"keys are dropped a batch at a time":                        {w.clock.Now(), "DELETE FROM idempotency_keys", drop},
		"early news are dropped a batch at a time":                  {w.clock.Now(), "DELETE FROM early_news", drop},
	} {
		t.Run(name, func(t *testing.T) {
			plan := w.planOfThe(t, test.on, forget(test.before))
			if most := mostRows(t, plan); most > test.most || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Sort") {
				t.Errorf("%d rows are read at once in\n%s", most, plan)
			}
		})
	}
}
