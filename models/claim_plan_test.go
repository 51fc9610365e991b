package models_test

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/models"
)

// timers fills every table of due rows with ten thousand that wait for a later time and a hundred that are due, at one instant. A channel's
// quarantine is due as a whole.
func timers(t testing.TB, w *world) {
	t.Helper()
	c := w.raw()
	// Faster, where the login may: checks of references are not what is looked at here.
	_, _ = c.Exec(context.Background(), `SET session_replication_role = replica`)
	const due = `CASE WHEN n <= 100 THEN $1::timestamptz ELSE $1::timestamptz + n * INTERVAL '1 minute' END`
	for _, statement := range []string{
		`INSERT INTO organizations (id, name, inbox_opened_at, created_at, inactivity_due_at, events_due_at)
			SELECT 'org_' || n, 'Shop', $1, $1, ` + due + `, ` + due + ` FROM generate_series(1, 10100) n WHERE $2 || $3 <> ''`,
		`INSERT INTO channels (organization_id, id, platform, account_id, name, status, credentials, created_at, poll_due_at, token_due_at)
			SELECT $2, 'chn_' || n, 'WHATSAPP', n, 'Shop', 'CONNECTED', '', $1, ` + due + `, ` + due + `
			FROM generate_series(1, 10100) n WHERE $3 <> ''`,
		`INSERT INTO contacts (organization_id, id, created_at) SELECT $2, 'con_1', $1::timestamptz WHERE $3 <> ''`,
		`INSERT INTO contact_identities (organization_id, id, contact_id, channel_id, external_id, created_at)
			SELECT $2, 'idn_1', 'con_1', $3, '491701', $1::timestamptz`,
		`INSERT INTO conversations (organization_id, id, channel_id, platform, contact_id, identity_id, surface, thread_key, status,
				status_changed_at, last_activity_at, created_at, window_expires_at, window_due_at)
			SELECT $2, 'cnv_' || n, $3, 'WHATSAPP', 'con_1', 'idn_1', 'PRIVATE_MESSAGE', n, 'NEW', $1, $1, $1, $1, ` + due + `
			FROM generate_series(1, 10100) n`,
		`INSERT INTO messages (organization_id, id, conversation_id, channel_id, direction, visibility, created_at, status, due_at)
			SELECT $2, 'msg_' || n, 'cnv_' || n, $3, 'OUTBOUND', 'PRIVATE', $1, 'QUEUED', ` + due + `
			FROM generate_series(1, 10100) n`,
		`INSERT INTO message_actions (organization_id, id, message_id, kind, status, created_at, due_at)
			SELECT $2, 'act_' || n, 'msg_' || n, 'HIDE', 'QUEUED', $1, ` + due + ` FROM generate_series(1, 10100) n WHERE $3 <> ''`,
		`INSERT INTO posts (organization_id, id, channel_id, external_id, created_at, due_at)
			SELECT $2, 'pst_' || n, $3, n, $1, ` + due + ` FROM generate_series(1, 10100) n`,
		`INSERT INTO media (organization_id, id, channel_id, kind, status, created_at, due_at)
			SELECT $2, 'med_' || n, $3, 'IMAGE', 'PENDING', $1, ` + due + ` FROM generate_series(1, 10100) n`,
		`INSERT INTO quarantine (organization_id, id, channel_id, reason, element_count, content_hash, received_at, due_at)
			SELECT $2, 'qua_' || lpad(n::text, 6, '0'), CASE WHEN n % 2 = 0 THEN $3 ELSE 'chn_' || n % 40 END, 'REFUSED', 1, n::text::bytea, $1, $1
			FROM generate_series(1, 10100) n`,
	} {
		if _, err := c.Exec(context.Background(), statement, w.clock.Now(), w.org.ID, w.channel.ID); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	_, err := c.Exec(context.Background(), `ANALYZE`)
	must(t, err)
}

// TestClaimPlans holds the statements of the workers to what they take, however much waits.
func TestClaimPlans(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	timers(t, w)
	indexes := map[models.JobKind]string{
		models.DueMessages: "messages_due", models.DueWindows: "conversations_window_due", models.DueInboxes: "organizations_inactivity_due",
		models.DueLogs: "organizations_events_due", models.DueQuarantined: "quarantine_queue", models.DueActions: "message_actions_due",
		models.DuePosts: "posts_due", models.DuePolls: "channels_poll_due", models.DueTokens: "channels_token_due", models.DueMedia: "media_due",
	}
	t.Run("what is due of all kinds is a step of each away", func(t *testing.T) {
		plan := w.planOf(t, func(s *models.Store) error {
			_, err := s.DueBy(context.Background(), w.clock.Now(), slices.Collect(maps.Keys(indexes)))
			return err
		})
		if most := mostRows(t, plan); most > len(indexes) || strings.Contains(plan, "Seq Scan") {
			t.Errorf("%d rows are read at once in\n%s", most, plan)
		}
	})
	for kind, index := range indexes {
		t.Run(string(kind)+" are claimed along "+index, func(t *testing.T) {
			const limit = 10
			plan := w.planOf(t, func(s *models.Store) error {
				_, err := s.Claim(context.Background(), kind, limit, time.Minute)
				return err
			})
			// The quarantine steps through the 21 channels that have something.
			if most := mostRows(t, plan); most > 2*limit+2 || !strings.Contains(plan, index) || strings.Contains(plan, "Seq Scan") {
				t.Errorf("%d rows are read at once in\n%s", most, plan)
			}
		})
		t.Run("the next of "+string(kind)+" is one step away", func(t *testing.T) {
			plan := w.planOf(t, func(s *models.Store) error {
				_, err := s.NextDue(context.Background(), kind)
				return err
			})
			if most := mostRows(t, plan); most > 1 || strings.Contains(plan, "Seq Scan") {
				t.Errorf("%d rows are read at once in\n%s", most, plan)
			}
		})
	}
}

// planOf does once more what fn asked of the store last, undoes it, and returns how the database did it.
func (w *world) planOf(t *testing.T, fn func(*models.Store) error) string {
	return w.planOfThe(t, "", fn)
}

// planOfThe is planOf for the last statement that has the words.
func (w *world) planOfThe(t *testing.T, words string, fn func(*models.Store) error) string {
	t.Helper()
	ctx := context.Background()
	statements, err := w.store.Statements(fn)
	must(t, err)
	statements = slices.DeleteFunc(statements, func(s string) bool { return !strings.Contains(s, words) })
	if len(statements) == 0 {
		t.Fatalf("nothing was asked with %q", words)
	}
	tx, err := w.raw().Begin(ctx)
	must(t, err)
	defer func() { _ = tx.Rollback(ctx) }()
	rows, err := tx.Query(ctx, "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) "+statements[len(statements)-1])
	must(t, err)
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var line string
		must(t, rows.Scan(&line))
		plan.WriteString(line + "\n")
	}
	must(t, rows.Err())
	return plan.String()
}

var (
	rowsRead    = regexp.MustCompile(`actual rows=(\d+) loops=(\d+)`)
	rowsRemoved = regexp.MustCompile(`Rows Removed by [A-Za-z ]+: (\d+)`)
)

// mostRows is how many rows the busiest step of a plan read, wanted or not.
func mostRows(t *testing.T, plan string) (most int) {
	t.Helper()
	number := func(digits string) int {
		n, err := strconv.Atoi(digits)
		must(t, err)
		return n
	}
	for _, read := range rowsRead.FindAllStringSubmatch(plan, -1) {
		most = max(most, number(read[1])*number(read[2]))
	}
	for _, removed := range rowsRemoved.FindAllStringSubmatch(plan, -1) {
		most = max(most, number(removed[1]))
	}
	if most == 0 && !strings.Contains(plan, "loops=") {
		t.Fatalf("no rows are told in\n%s", plan)
	}
	return most
}
