package workers_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"parley/inbox/inboxtest"
	"parley/models"
	"parley/workers"
)

// BenchmarkDueWindows lets two processes announce windows out of a million timers, or PARLEY_BENCH_TIMERS, of ten
// organizations: one in a hundred at once, and five hundred in a second. PARLEY_TEST_DATABASE_URL names a server that
// syncs its files; the tests' own does not.
func BenchmarkDueWindows(b *testing.B) {
	timers := 1_000_000
	if said := os.Getenv("PARLEY_BENCH_TIMERS"); said != "" {
		timers, _ = strconv.Atoi(said)
	}
	w := inboxtest.New(b)
	plant(w, timers)
	one, first := process(w, models.SystemClock{}, time.Second)
	two, second := process(w, models.SystemClock{}, time.Second)
	heard := bells(one, two)
	start(b, first, second)
	far := time.Now().Add(24 * time.Hour)

	b.Run("one in a hundred at once", func(b *testing.B) {
		var late []time.Duration
		for b.Loop() {
			b.StopTimer()
			ripen(w, far, timers/100, time.Now(), 0)
			b.StartTimer()
			for _, crew := range []*workers.Crew{first, second} {
				crew.Wake(models.DueWindows)
			}
			late = append(late, await(b, heard, timers/100)...)
		}
		b.ReportMetric(float64(len(late))/b.Elapsed().Seconds(), "rows/s")
		report(b, late)
	})
	b.Run("five hundred a second", func(b *testing.B) {
		var late []time.Duration
		for b.Loop() {
			rows := min(timers/100, 5000)
			ripen(w, far, rows, time.Now().Add(20*time.Second), 2*time.Millisecond) // to choose them takes a while
			late = append(late, await(b, heard, rows)...)
		}
		report(b, late)
	})
}

// plant makes conversations of ten organizations whose windows are announced the day after tomorrow.
func plant(w *inboxtest.World, conversations int) {
	w.T.Helper()
	owners := []*inboxtest.World{w}
	for i := range 9 {
		owners = append(owners, w.Neighbour(fmt.Sprint(900+i)))
	}
	for i, o := range owners {
		c := o.CustomerWrites("491701", "hello?")
		w.Break(fmt.Sprintf(`SET session_replication_role = replica;
			INSERT INTO conversations (organization_id, id, channel_id, platform, contact_id, identity_id, surface, thread_key, status,
				status_changed_at, last_activity_at, created_at, window_expires_at, window_due_at)
			SELECT organization_id, 'cnv_' || lpad(n::text, 32, '0'), channel_id, platform, contact_id, identity_id, surface, 'timer ' || n,
				(ARRAY['NEW', 'PENDING', 'RESOLVED'])[1 + n %% 3], created_at, created_at + n * INTERVAL '1 second', created_at, due + INTERVAL '2 hours', due
			FROM (SELECT c.*, n, now() + INTERVAL '2 days' + n * INTERVAL '30 milliseconds' AS due
				FROM conversations c, generate_series(%d, %d) n WHERE c.id = '%s') timers`,
			conversations/10*i+1, conversations/10*(i+1), c.ID))
	}
	w.Break(`UPDATE conversations SET window_due_at = NULL WHERE id NOT LIKE 'cnv_0000%'`)
	w.Break(`VACUUM ANALYZE`)
}

// ripen makes rows due from an instant on, one after the other, taking some of every organization.
func ripen(w *inboxtest.World, far time.Time, rows int, from time.Time, apart time.Duration) {
	w.T.Helper()
	w.Break(fmt.Sprintf(`
		WITH ripe AS (SELECT organization_id, id, row_number() OVER (ORDER BY md5(id)) - 1 AS n
			FROM (SELECT organization_id, id FROM conversations WHERE window_due_at > '%[1]s' AND window_notice = '' ORDER BY md5(id) LIMIT %[2]d) picked)
		UPDATE conversations c
		SET window_due_at = '%[3]s'::timestamptz + n * INTERVAL '%[4]d microseconds',
			window_expires_at = '%[3]s'::timestamptz + n * INTERVAL '%[4]d microseconds' + INTERVAL '2 hours'
		FROM ripe WHERE c.organization_id = ripe.organization_id AND c.id = ripe.id`,
		far.UTC().Format(time.RFC3339Nano), rows, from.UTC().Format(time.RFC3339Nano), apart.Microseconds()))
}

// await hears of so many windows, none twice, and returns how late each was committed.
func await(b *testing.B, heard <-chan committed, rows int) (late []time.Duration) {
	b.Helper()
	told := make(map[string]bool, rows)
	for len(late) < rows {
		e := <-heard
		if e.Type != models.WindowClosingSoon { // these inboxes have long been left alone
			continue
		}
		if told[e.ConversationID] {
			b.Fatalf("%s was announced twice", e.ConversationID)
		}
		told[e.ConversationID] = true
		late = append(late, e.at.Sub(e.Data.ExpiresAt.Add(-models.DefaultRules().WindowLead)))
	}
	return late
}

func report(b *testing.B, late []time.Duration) {
	slices.Sort(late)
	for name, at := range map[string]int{"p50-late-ms": len(late) / 2, "p99-late-ms": len(late) * 99 / 100, "max-late-ms": len(late) - 1} {
		b.ReportMetric(float64(late[at].Microseconds())/1000, name)
	}
}
