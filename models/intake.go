package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"

	"parley/telemetry/span"
)

// Intake is the inside of the door for what several deliveries say at once: a Tx, and statements that read and write for
// all of them. What is written waits for the next statements that read, or for the commit.
type Intake struct {
	*Tx

	ctx     context.Context
	conn    *sql.Conn
	inside  *gorm.DB  // the Tx's, once its transaction has begun
	waiting pgx.Batch // statements that go with the next ones
	written made      // rows that are written with the next statements
}

// TakeIn is Do for what a platform says of an organization's channels. It holds the channels: no other delivery for one of
// them is taken in at the same time. Nothing is asked of the Tx before the first Read or Flush.
func (s *Store) TakeIn(ctx context.Context, organizationID string, channelIDs []string, fn func(*Intake) error) (err error) {
	ctx, step := span.Start(ctx, "transaction")
	defer func() { step.End(err) }()
	for attempt := 1; ; attempt++ {
		events, err := s.tryTakeIn(ctx, organizationID, channelIDs, func(in *Intake) error {
			in.lastTry = attempt == tries
			return fn(in)
		})
		if isContention(overtakenIntake(err)) && attempt < tries {
			continue
		}
		if err != nil {
			return err
		}
		s.ring(ctx, organizationID, events)
		return nil
	}
}

// overtakenIntake says what a row means here that was not there when it was looked for: another transaction was first.
func overtakenIntake(err error) error {
	for _, key := range []string{
		"contact_identities_external_key", "contact_identities_alt_key", "conversations_open_key", "messages_external_key",
	} {
		if violates(err, key) {
			return ErrOvertaken
		}
	}
	return err
}

// opening raises the wall, and waits until nobody else takes in anything on these channels: everybody takes them in this
// order. The database would plan for the arguments of every group anew, as plans for short arrays look cheaper; but planning
// costs more than doing it, and the plans are the same.
const opening = `
	SELECT
		set_config('role', 'parley_app', TRUE),
		set_config('app.organization_id', $1, TRUE),
		set_config('plan_cache_mode', 'force_generic_plan', TRUE),
		(SELECT count(pg_advisory_xact_lock(hashtextextended(id, 0))) FROM unnest($2::text[]) AS id)`

func (s *Store) tryTakeIn(
	ctx context.Context, organizationID string, channelIDs []string, fn func(*Intake) error,
) (events []Event, err error) {
	viewer := FromPlatform(organizationID)
	access, err := entrance{}.admit(viewer, ReceiveFromPlatform) // what a platform may do is not looked up
	if err != nil {
		return nil, err
	}
	err = s.db.WithContext(ctx).Connection(func(db *gorm.DB) (err error) {
		in := &Intake{ctx: ctx, conn: db.Statement.ConnPool.(*sql.Conn), inside: withTurns(db)}
		in.Tx = &Tx{Viewer: viewer, Access: access, Now: s.clock.Now(), Rules: s.rules, store: s, cipher: s.cipher}
		in.waiting.Queue("BEGIN")
		in.waiting.Queue(opening, organizationID, channelIDs)
		defer func() { err = errors.Join(err, in.undo()) }()
		if err := fn(in); err != nil {
			return err
		}
		events, err = in.commit()
		return err
	})
	return events, err
}

// send has the waiting statements done, in one round trip.
func (in *Intake) send() error {
	err := in.conn.Raw(func(conn any) error {
		return conn.(*stdlib.Conn).Conn().SendBatch(in.ctx, &in.waiting).Close()
	})
	in.waiting, in.db = pgx.Batch{}, in.inside
	return err
}

// Flush writes what is to be written, for those who read it by other ways.
func (in *Intake) Flush() error {
	if err := in.queueWritten(); err != nil {
		return err
	}
	if in.waiting.Len() > 0 {
		if err := in.send(); err != nil {
			return fmt.Errorf("write what was said: %w", err)
		}
	}
	return in.attach()
}

// commit writes the rest, numbers the events last, and commits, in one round trip.
func (in *Intake) commit() ([]Event, error) {
	if len(in.written.attached) > 0 {
		if err := in.Flush(); err != nil {
			return nil, err
		}
	}
	if err := in.queueWritten(); err != nil {
		return nil, err
	}
	if err := in.queueEvents(); err != nil {
		return nil, err
	}
	var tag string
	in.waiting.Queue("COMMIT").Exec(func(done pgconn.CommandTag) error {
		tag = done.String()
		return nil
	})
	if err := in.send(); err != nil {
		return nil, fmt.Errorf("commit what was said: %w", err)
	}
	if tag != "COMMIT" {
		return nil, fmt.Errorf("commit what was said: the database answered %s", tag)
	}
	return in.events, nil
}

var loggedEvents = sheetOf[Event](
	"type", "at", "actor_kind", "actor_id", "conversation_id", "channel_id", "message_id", "data")

var insertEvents = `
	WITH numbered AS (
		UPDATE organizations SET last_event_seq = last_event_seq + $2::bigint WHERE id = $1 RETURNING last_event_seq - $2::bigint AS before
	), written AS (
		INSERT INTO events (organization_id, seq, ` + loggedEvents.names() + `)
		SELECT $1, numbered.before + source.place, ` + loggedEvents.values() + `
		FROM numbered, ` + loggedEvents.source(3) + ` WITH ORDINALITY AS source (` + loggedEvents.names() + `, place)
	)
	SELECT before FROM numbered`

// queueEvents numbers the events like Tx.number does, and writes them, in one statement.
func (in *Intake) queueEvents() error {
	if len(in.events) == 0 {
		return nil
	}
	rows := make([]*Event, len(in.events))
	for i := range in.events {
		rows[i] = &in.events[i]
	}
	arrays, err := loggedEvents.arrays(rows)
	if err != nil {
		return err
	}
	args := append([]any{in.Viewer.OrganizationID, len(rows)}, arrays...)
	in.waiting.Queue(insertEvents, args...).QueryRow(func(row pgx.Row) error {
		var before int64
		if err := row.Scan(&before); err != nil {
			return fmt.Errorf("number events: %w", err)
		}
		for i := range rows {
			rows[i].Seq = before + 1 + int64(i)
		}
		return nil
	})
	return nil
}

// undo ends a transaction that was not committed. A connection that cannot do that is thrown away.
func (in *Intake) undo() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(in.ctx), 5*time.Second)
	defer cancel()
	return in.conn.Raw(func(conn any) error {
		c := conn.(*stdlib.Conn).Conn()
		if c.IsClosed() || c.PgConn().TxStatus() == 'I' {
			return nil
		}
		if _, err := c.Exec(ctx, "ROLLBACK"); err != nil {
			return fmt.Errorf("undo: %w", errors.Join(err, c.Close(ctx)))
		}
		return nil
	})
}
