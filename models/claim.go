package models

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// Job is one due row.
type Job struct {
	OrganizationID string
	ID             string
}

// JobKind names what can be due.
type JobKind string

// The rows that are jobs.
const (
	DueMessages    JobKind = "messages"    // to be sent
	DueWindows     JobKind = "windows"     // conversations whose window is to be announced
	DueInboxes     JobKind = "inboxes"     // organizations whose activity is to be looked at
	DueLogs        JobKind = "logs"        // organizations with events to forget
	DueQuarantined JobKind = "quarantined" // to be taken in
	DueActions     JobKind = "actions"     // to be done on a platform
	DuePosts       JobKind = "posts"       // to be looked up on a platform
	DuePolls       JobKind = "polls"       // channels to ask their platform for news
	DueTokens      JobKind = "tokens"      // channels whose access token is to be renewed
	DueMedia       JobKind = "media"       // files to be fetched from their platform, or deleted
)

// queue is where rows of a kind wait.
type queue struct {
	table, dueAt, organization string
	and                        string // what else must hold of a row that is taken
}

var queues = map[JobKind]queue{
	DueMessages:    {"messages", "due_at", "organization_id", oldestOf("messages", "conversation_id")},
	DueWindows:     {"conversations", "window_due_at", "organization_id", ""},
	DueInboxes:     {"organizations", "inactivity_due_at", "id", ""},
	DueLogs:        {"organizations", "events_due_at", "id", ""},
	DueQuarantined: {"quarantine", "due_at", "organization_id", ""},
	DueActions:     {"message_actions", "due_at", "organization_id", oldestOf("message_actions", "message_id")},
	DuePosts:       {"posts", "due_at", "organization_id", ""},
	DuePolls:       {"channels", "poll_due_at", "organization_id", ""},
	DueTokens:      {"channels", "token_due_at", "organization_id", ""},
	DueMedia:       {"media", "due_at", "organization_id", ""},
}

// oldestOf lets only the oldest waiting row of a line be taken: replies of a conversation keep their order.
func oldestOf(table, line string) string {
	return fmt.Sprintf(`AND NOT EXISTS (
		SELECT FROM %[1]s earlier
		WHERE earlier.organization_id = due.organization_id AND earlier.%[2]s = due.%[2]s
		  AND earlier.due_at IS NOT NULL AND earlier.id < due.id)`, table, line)
}

// Claim takes at most limit due rows for the length of the lease, by pushing their time ahead. Two workers never take one
// row, and a worker that dies gives its rows back when the lease is over. What is due first is taken first, whichever
// organization it belongs to; of a line (a conversation's messages, a channel's quarantine) only the oldest row is.
func (s *Store) Claim(ctx context.Context, kind JobKind, limit int, lease time.Duration) ([]Job, error) {
	q, known := queues[kind]
	if !known {
		return nil, fmt.Errorf("claim %s: there is no such kind", kind)
	}
	statement := q.claim()
	if kind == DueQuarantined {
		statement = claimQuarantined
	}
	now := s.clock.Now()
	var jobs []Job
	err := s.db.WithContext(ctx).Raw(statement,
		sql.Named("now", now), sql.Named("limit", limit), sql.Named("lease", now.Add(lease))).Scan(&jobs).Error
	if err != nil {
		return nil, fmt.Errorf("claim %s: %w", kind, err)
	}
	return jobs, nil
}

// claim reads along the index of due rows and stops at the limit. Rows of one instant have no order: it would have to be
// made by sorting all of them.
func (q queue) claim() string {
	return fmt.Sprintf(`
		WITH taken AS (
			SELECT %[3]s AS organization_id, id FROM %[1]s due WHERE %[2]s <= @now %[4]s
			ORDER BY %[2]s LIMIT @limit FOR UPDATE SKIP LOCKED)
		UPDATE %[1]s row SET %[2]s = @lease FROM taken
		WHERE row.%[3]s = taken.organization_id AND row.id = taken.id
		RETURNING taken.organization_id, taken.id`, q.table, q.dueAt, q.organization, q.and)
}

// claimQuarantined steps from the first row of a channel to the first of the next: it costs channels, however much each has
// kept. An inbox that comes back makes all of it due at once, to be taken in one after the other.
const claimQuarantined = `
	WITH RECURSIVE heads AS (
		(SELECT organization_id, channel_id, id, due_at FROM quarantine WHERE due_at IS NOT NULL
			ORDER BY organization_id, channel_id, id LIMIT 1)
		UNION ALL
		SELECT next.* FROM heads, LATERAL (
			SELECT organization_id, channel_id, id, due_at FROM quarantine
			WHERE due_at IS NOT NULL AND (organization_id, channel_id) > (heads.organization_id, heads.channel_id)
			ORDER BY organization_id, channel_id, id LIMIT 1) next),
	oldest AS MATERIALIZED (SELECT organization_id, id FROM heads WHERE due_at <= @now ORDER BY due_at),
	taken AS (
		SELECT due.organization_id, due.id FROM oldest JOIN quarantine due USING (organization_id, id)
		WHERE due.due_at <= @now LIMIT @limit FOR UPDATE OF due SKIP LOCKED)
	UPDATE quarantine row SET due_at = @lease FROM taken
	WHERE row.organization_id = taken.organization_id AND row.id = taken.id
	RETURNING taken.organization_id, taken.id`

// DueBy returns those of the kinds that have rows which are due at an instant, in one statement.
func (s *Store) DueBy(ctx context.Context, at time.Time, kinds []JobKind) (due []JobKind, err error) {
	var looks []string
	for _, kind := range kinds {
		q := queues[kind]
		looks = append(looks, fmt.Sprintf(`(SELECT '%[1]s' FROM %[2]s WHERE %[3]s <= @at ORDER BY %[3]s LIMIT 1)`, kind, q.table, q.dueAt))
	}
	err = s.db.WithContext(ctx).Raw(strings.Join(looks, " UNION ALL "), sql.Named("at", at)).Scan(&due).Error
	if err != nil {
		return nil, fmt.Errorf("look what is due: %w", err)
	}
	return due, nil
}

// NextDue is when the next row of a kind becomes due that is not due yet; nil if none does. Claimed rows are among them:
// they are due again when their lease is over.
func (s *Store) NextDue(ctx context.Context, kind JobKind) (*time.Time, error) {
	q := queues[kind]
	var next []time.Time
	err := s.db.WithContext(ctx).Raw(fmt.Sprintf(`SELECT %[2]s FROM %[1]s WHERE %[2]s > ? ORDER BY %[2]s LIMIT 1`, q.table, q.dueAt),
		s.clock.Now()).Scan(&next).Error
	if err != nil {
		return nil, fmt.Errorf("look when %s are due: %w", kind, err)
	}
	if len(next) == 0 {
		return nil, nil
	}
	return &next[0], nil
}
