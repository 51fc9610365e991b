package models

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
)

// entering raises the wall, for the limited a higher one, and asks, in one statement, who the viewer is and how far the
// organization is. Its lookups are of this organization by their own text, as they are planned before the role changes.
const (
	entering = "SELECT " + raising + ", " + asking

	raising = `
		set_config('role', CASE WHEN seen.channels IS NULL THEN 'parley_app' ELSE 'parley_limited' END, TRUE),
		set_config('app.organization_id', $1, TRUE),
		set_config('app.channels', COALESCE(seen.channels, ''), TRUE)`
	asking = `
		m.role,
		t.id IS NOT NULL AS token,
		array_to_string(t.scopes, ',') AS scopes,
		seen.channels,
		o.last_event_seq AS log_end,
		o.forgotten_event_seq AS log_forgotten,
		d.version AS directory
	FROM (SELECT) AS door
	LEFT JOIN memberships m ON m.organization_id = $1 AND m.user_id = $2 AND m.removed_at IS NULL
	LEFT JOIN tokens t ON t.organization_id = $1 AND t.id = $3 AND t.user_id = $2
		AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $4)
	LEFT JOIN organizations o ON o.id = $1
	LEFT JOIN directories d ON d.organization_id = $1
	CROSS JOIN LATERAL (SELECT COALESCE($5::text, array_to_string(m.channel_ids, ',')) AS channels) AS seen`
)

// asks is what entering asks with.
func (v Viewer) asks(now time.Time) []any {
	return []any{v.OrganizationID, v.UserID, v.TokenID, now, v.sight.limit()}
}

// entrance is what the door finds.
type entrance struct {
	Role         *Role
	Token        bool
	Scopes       *string // of the token; nil: all
	Channels     *string // ids; nil: all
	LogEnd       *int64
	LogForgotten *int64
	Directory    *int64
}

// read takes what entering answers.
func (e *entrance) read(row interface{ Scan(...any) error }) error {
	var nothing any
	return row.Scan(&nothing, &nothing, &nothing, &e.Role, &e.Token, &e.Scopes, &e.Channels, &e.LogEnd, &e.LogForgotten, &e.Directory)
}

// admit lets the viewer in if they may do the action.
func (e entrance) admit(viewer Viewer, action Action) (Access, error) {
	access, err := viewer.access(e)
	if err != nil {
		return Access{}, err
	}
	if err := access.check(action); err != nil {
		return Access{}, err
	}
	return access, nil
}

// snapshot is a connection on which a read-only transaction looks at one state of the database.
type snapshot struct {
	conn *sql.Conn
	turn *sync.Mutex // see turns.go
	over bool        // see Glance

	logEnd    int64 // the number of the newest event
	directory int64 // the version
}

const (
	beginReading = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`
	endReading   = `ROLLBACK`
)

// OpenRead is Read for callers whose work is not one function. The Tx must be closed.
func (s *Store) OpenRead(ctx context.Context, viewer Viewer, action Action) (*Tx, error) {
	return s.openRead(ctx, viewer, action, &pgx.Batch{})
}

// openRead opens, and asks something else on the way in. Its answer is worth nothing if the door refuses.
func (s *Store) openRead(ctx context.Context, viewer Viewer, action Action, along *pgx.Batch) (*Tx, error) {
	conn, err := s.pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin reading: %w", err)
	}
	tx := s.reader(viewer)
	tx.snapshot.conn = conn
	tx.db = takingTurns(s.over(ctx, conn), tx.snapshot.turn)
	if err := tx.enter(ctx, action, along); err != nil {
		tx.Close()
		return nil, err
	}
	return tx, nil
}

// reader is a Tx that has to enter.
func (s *Store) reader(viewer Viewer) *Tx {
	return &Tx{
		Viewer: viewer, Now: s.clock.Now(), Rules: s.rules, cipher: s.cipher, store: s, snapshot: &snapshot{turn: &sync.Mutex{}},
	}
}

// Standing is what a viewer is to an organization, and how far its log reaches.
type Standing struct {
	Access       Access
	LogEnd       int64 // the number of the newest event
	LogForgotten int64 // the last number no longer kept
}

// Stand asks the door whether the viewer may do the action, without going in.
func (s *Store) Stand(ctx context.Context, viewer Viewer, action Action) (Standing, error) {
	var found entrance
	row := s.pool.QueryRowContext(ctx, entering, viewer.asks(s.clock.Now())...)
	if err := found.read(row); err != nil {
		return Standing{}, fmt.Errorf("ask the door: %w", err)
	}
	access, err := found.admit(viewer, action)
	if err != nil {
		return Standing{}, err
	}
	standing := Standing{Access: access}
	if found.LogEnd != nil && found.LogForgotten != nil {
		standing.LogEnd, standing.LogForgotten = *found.LogEnd, *found.LogForgotten
	}
	return standing, nil
}

// over makes gorm speak on one connection.
func (s *Store) over(ctx context.Context, conn *sql.Conn) *gorm.DB {
	db := s.db.Session(&gorm.Session{NewDB: true, Context: ctx})
	db.Statement.ConnPool = conn
	return db
}

// enter begins the transaction, passes the door and asks what is asked along, in one round trip.
func (tx *Tx) enter(ctx context.Context, action Action, along *pgx.Batch) error {
	var found entrance
	batch := &pgx.Batch{}
	batch.Queue(beginReading)
	batch.Queue(entering, tx.Viewer.asks(tx.Now)...).QueryRow(func(row pgx.Row) error {
		return found.read(row)
	})
	batch.QueuedQueries = append(batch.QueuedQueries, along.QueuedQueries...)
	err := tx.snapshot.use(func(c *pgx.Conn) error { return c.SendBatch(ctx, batch).Close() })
	if err != nil {
		return fmt.Errorf("enter organization: %w", err)
	}
	return tx.stepIn(found, action)
}

// stepIn takes over what the door found, and lets the viewer in if they may do the action.
func (tx *Tx) stepIn(found entrance, action Action) (err error) {
	tx.Access, err = found.admit(tx.Viewer, action)
	if found.LogEnd != nil {
		tx.snapshot.logEnd = *found.LogEnd
	}
	if found.Directory != nil {
		tx.snapshot.directory = *found.Directory
	}
	return err
}

// use lends the connection to fn, alone.
func (s *snapshot) use(fn func(*pgx.Conn) error) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	return s.conn.Raw(func(driver any) error { return fn(driver.(*stdlib.Conn).Conn()) })
}

// closing is how long ending a transaction may take before its connection is given up.
const closingPatience = 5 * time.Second

// Close ends a Tx of OpenRead.
func (tx *Tx) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), closingPatience)
	defer cancel()
	// A connection on which this fails is not used again: the pool looks.
	_ = tx.snapshot.use(func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, endReading)
		return err
	})
	_ = tx.snapshot.conn.Close()
}
