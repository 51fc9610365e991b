package models_test

import (
	"context"
	"strings"
	"testing"

	"parley/models"
)

// crowd fills two organizations with ten thousand conversations each, and a few things to be done.
func crowd(t testing.TB, w, other *world) {
	t.Helper()
	c := w.raw()
	// Faster, where the login may: checks of references are not what is looked at here.
	_, _ = c.Exec(context.Background(), `SET session_replication_role = replica`)
	for _, o := range []*world{w, other} {
		for _, statement := range []string{
			`INSERT INTO contacts SELECT $1, 'con_' || lpad(n::text, 32, '0'), 'Contact ' || n, $3::timestamptz
				FROM generate_series(1, 10000) n WHERE $2 <> ''`,
			`INSERT INTO contact_identities (organization_id, id, contact_id, channel_id, external_id, name, created_at)
				SELECT $1, 'idn_' || lpad(n::text, 32, '0'), 'con_' || lpad(n::text, 32, '0'), $2, 'phone' || n, 'Contact ' || n, $3::timestamptz
				FROM generate_series(1, 10000) n`,
			`INSERT INTO conversations (organization_id, id, channel_id, platform, contact_id, identity_id, surface, thread_key, status,
					status_changed_at, last_activity_at, created_at, waiting_since, window_expires_at, window_due_at, assignee_user_id)
				SELECT $1, 'cnv_' || lpad(n::text, 32, '0'), $2, 'WHATSAPP', 'con_' || lpad(n::text, 32, '0'), 'idn_' || lpad(n::text, 32, '0'),
					'PRIVATE_MESSAGE', 'phone' || n, (ARRAY['NEW', 'PENDING', 'RESOLVED', 'RESOLVED'])[1 + n % 4],
					$3, $3::timestamptz - n * INTERVAL '1 minute', $3,
					CASE n % 4 WHEN 0 THEN $3::timestamptz - n * INTERVAL '1 minute' END, $3::timestamptz + (n % 2000) * INTERVAL '1 minute',
					$3::timestamptz + (n % 2000) * INTERVAL '1 minute', $4
				FROM generate_series(1, 10000) n`,
			`INSERT INTO messages (organization_id, id, conversation_id, channel_id, external_id, direction, visibility, text, created_at, status, due_at)
				SELECT $1, 'msg_' || lpad(n::text, 32, '0'), 'cnv_' || lpad(n::text, 32, '0'), $2, 'x' || n,
					CASE WHEN n % 10 = 0 THEN 'OUTBOUND' ELSE 'INBOUND' END, 'PRIVATE', 'tulip' || n || ' and more', $3,
					CASE WHEN n % 10 = 0 THEN 'QUEUED' END, CASE WHEN n % 10 = 0 THEN $3::timestamptz + n * INTERVAL '1 second' END
				FROM generate_series(1, 3000) n`,
			`INSERT INTO events (organization_id, seq, type, at, actor_kind) SELECT $1, n, 'MESSAGE_ADDED', $3::timestamptz, 'SYSTEM'
				FROM generate_series(1, 3000) n WHERE $2 <> ''`,
			`INSERT INTO quarantine (organization_id, id, channel_id, reason, element_count, content_hash, received_at, due_at)
				SELECT $1, 'qua_' || n, $2, 'REFUSED', 1, n::text::bytea, $3, CASE WHEN n % 10 = 0 THEN $3::timestamptz + n * INTERVAL '1 second' END
				FROM generate_series(1, 2000) n`,
		} {
			args := []any{o.org.ID, o.channel.ID, o.clock.Now()}
			if strings.Contains(statement, "$4") {
				args = append(args, o.agent.UserID)
			}
			if _, err := c.Exec(context.Background(), statement, args...); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	_, err := c.Exec(context.Background(), `ANALYZE`)
	must(t, err)
}

// TestPlans holds the statements of the busiest paths to their indexes, behind the wall as in life.
func TestPlans(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	other := w.neighbour()
	crowd(t, w, other)
	second := w.list(t, models.ConversationFilter{}, models.NewestActivity, models.Page{}).PageInfo.EndCursor
	later := w.list(t, models.ConversationFilter{}, models.OldestWaiting, models.Page{}).PageInfo.EndCursor
	list := func(f models.ConversationFilter, s models.ConversationSort, p models.Page) func(*models.Tx) error {
		return func(tx *models.Tx) error { _, err := tx.ListConversations(f, s, p); return err }
	}
	status := models.ConversationFilter{Statuses: []models.ConversationStatus{models.New}}

	for _, test := range []struct {
		name  string
		table string
		index string
		ask   func(*models.Tx) error
	}{
		{"the inbox", "conversations", "conversations_newest", list(models.ConversationFilter{}, models.NewestActivity, models.Page{})},
		{"its second page", "conversations", "conversations_newest", list(models.ConversationFilter{}, models.NewestActivity, models.Page{After: second})},
		{"the page before", "conversations", "conversations_newest", list(models.ConversationFilter{}, models.NewestActivity, models.Page{Last: ptr(25), Before: second})},
		{"a status", "conversations", "conversations_status_newest", list(status, models.NewestActivity, models.Page{})},
		{"a status, second page", "conversations", "conversations_status_newest", list(status, models.NewestActivity, models.Page{After: second})},
		{"two open statuses", "conversations", "conversations_open_newest", list(models.ConversationFilter{
			Statuses: []models.ConversationStatus{models.New, models.Pending}}, models.NewestActivity, models.Page{})},
		{"those that wait", "conversations", "conversations_waiting", list(models.ConversationFilter{}, models.OldestWaiting, models.Page{})},
		{"those that wait, second page", "conversations", "conversations_waiting", list(models.ConversationFilter{}, models.OldestWaiting, models.Page{After: later})},
		{"windows to come", "conversations", "conversations_window", list(models.ConversationFilter{}, models.WindowExpiresIn, models.Page{})},
		{"a timeline", "messages", "messages_timeline", func(tx *models.Tx) error {
			_, err := tx.ListMessages("cnv_"+strings.Repeat("0", 31)+"7", models.Page{})
			return err
		}},
		{"the log", "events", "events_pkey", func(tx *models.Tx) error { _, err := tx.EventsAfter(2000, 100); return err }},
	} {
		t.Run(test.name+" is read from "+test.index, func(t *testing.T) {
			statements, err := w.store.Statements(func(s *models.Store) error {
				return s.Read(context.Background(), w.owner, models.ViewInbox, test.ask)
			})
			must(t, err)
			wantPlan(t, w, w.org.ID, statementOn(t, statements, test.table), test.index)
		})
	}

	t.Run("search uses both of its indexes", func(t *testing.T) {
		body := texts(t, w.raw(), `SELECT prosrc FROM pg_proc WHERE proname = 'search_conversations'`)[0]
		body = strings.ReplaceAll(body, "@@ words", "@@ to_tsquery('simple', 'tulip77:*')")
		body = strings.ReplaceAll(body, "current_setting('app.organization_id')", "'"+w.org.ID+"'")
		plan := explain(t, w, "", body)
		for _, index := range []string{"messages_search", "contact_identities_search"} {
			if !strings.Contains(plan, index) {
				t.Errorf("%s is not in\n%s", index, plan)
			}
		}
	})
}

// statementOn finds the one statement that reads a table.
func statementOn(t *testing.T, statements []string, table string) string {
	t.Helper()
	for _, s := range statements {
		if strings.Contains(s, `FROM "`+table+`"`) || strings.Contains(s, " "+table+" WHERE") {
			return s
		}
	}
	t.Fatalf("none of %q reads %s", statements, table)
	return ""
}

// wantPlan checks that a statement reads its rows in order from an index, with no sorting.
func wantPlan(t *testing.T, w *world, organizationID, statement, index string) {
	t.Helper()
	plan := explain(t, w, organizationID, statement)
	if !strings.Contains(plan, " using "+index+" ") || strings.Contains(plan, "Sort") || strings.Contains(plan, "Seq Scan") {
		t.Errorf("%s\nis planned as\n%s", statement, plan)
	}
	// A cursor is where the index is entered, not what its rows are filtered by: else later pages cost more and more.
	if strings.Contains(statement, ", id) ") && !strings.Contains(plan, "(ROW(") || strings.Contains(plan, "Filter: (ROW(") {
		t.Errorf("%s\nfilters by its cursor\n%s", statement, plan)
	}
}

// explain asks for the plan of a statement: behind an organization's wall, or outside of all.
func explain(t *testing.T, w *world, organizationID, statement string) string {
	t.Helper()
	c := w.raw()
	query := c.Query
	if organizationID != "" {
		query = behindTheWall(t, c, organizationID).Query
	}
	rows, err := query(context.Background(), "EXPLAIN "+statement)
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
