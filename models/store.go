// Package models is what is true: the nouns of the product, their rules, and the door to the database.
package models

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"parley/telemetry/span"
)

// Store is the door: all work on an organization happens inside its Do and Read.
type Store struct {
	db          *gorm.DB
	pool        *sql.DB
	clock       Clock
	cipher      *Cipher
	rules       Rules
	bell        func(organizationID string, events []Event)
	directories *directories

	told func(statement string, args []any) // hears of statements gorm does not make; nil: nobody does
}

// Config says where the store lives and what it needs.
type Config struct {
	URL            string // of PostgreSQL 15 or newer
	MaxConnections int    // 0: 20
	Clock          Clock
	Cipher         *Cipher
	Rules          Rules
}

// Open connects to the database and brings its schema up to date.
func Open(ctx context.Context, c Config) (*Store, error) {
	dsn, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("read database address: %w", err)
	}
	setDefault(dsn.RuntimeParams, "application_name", "parley")
	setDefault(dsn.RuntimeParams, "timezone", "UTC")
	setDefault(dsn.RuntimeParams, "statement_timeout", "30s")
	setDefault(dsn.RuntimeParams, "idle_in_transaction_session_timeout", "60s")
	pool := stdlib.OpenDB(*dsn)
	if c.MaxConnections == 0 {
		c.MaxConnections = 20
	}
	pool.SetMaxOpenConns(c.MaxConnections)
	pool.SetMaxIdleConns(c.MaxConnections)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := migrate(ctx, pool); err != nil {
		return nil, closing(pool, err)
	}
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: pool}), &gorm.Config{
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		Logger:                 logger.Discard, // statements carry customers' words; errors are wrapped and returned
	})
	if err != nil {
		return nil, closing(pool, fmt.Errorf("open database: %w", err))
	}
	if err := oneAtATime(db); err != nil {
		return nil, closing(pool, err)
	}
	return &Store{db: db, pool: pool, clock: c.Clock, cipher: c.Cipher, rules: c.Rules, directories: newDirectories(), bell: func(string, []Event) {}}, nil
}

func setDefault(params map[string]string, key, value string) {
	if _, set := params[key]; !set {
		params[key] = value
	}
}

func closing(pool *sql.DB, err error) error {
	_ = pool.Close() // the first error is the one to tell
	return err
}

// Close gives the connections back. Nothing may be inside the door any more.
func (s *Store) Close() error { return s.pool.Close() }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.pool.PingContext(ctx) }

// Now is the instant of the store's clock.
func (s *Store) Now() time.Time { return s.clock.Now() }

// Rules are the numbers the store works with.
func (s *Store) Rules() Rules { return s.rules }

// OnCommit has ring called after every commit that recorded events, in the goroutine that committed. It must not
// block for long, and may fail: the log is the truth. To be set before the store is used.
func (s *Store) OnCommit(ring func(organizationID string, events []Event)) { s.bell = ring }

// ring tells of events that were committed, and of the step that did it.
func (s *Store) ring(ctx context.Context, organizationID string, events []Event) {
	if len(events) == 0 {
		return
	}
	if step := span.Parent(ctx); step != "" {
		for i := range events {
			events[i].Trace = step
		}
	}
	s.bell(organizationID, events)
}

// tries is how often Do runs a transaction that collides with others.
const tries = 5

// Do changes an organization: one transaction, behind the tenant wall, if the viewer may do the action. Events that
// fn records are numbered last and committed with its changes, then the bell rings. If transactions collide, fn runs
// again: it must have no effect but on its Tx. An error of fn undoes everything.
func (s *Store) Do(ctx context.Context, viewer Viewer, action Action, fn func(*Tx) error) (err error) {
	ctx, step := span.Start(ctx, "transaction")
	defer func() { step.End(err) }()
	for attempt := 1; ; attempt++ {
		events, err := s.try(ctx, viewer, action, func(tx *Tx) error {
			tx.lastTry = attempt == tries
			return fn(tx)
		})
		if isContention(err) && attempt < tries {
			continue
		}
		if err != nil {
			return viewer.explain(err)
		}
		s.ring(ctx, viewer.OrganizationID, events)
		return nil
	}
}

func (s *Store) try(ctx context.Context, viewer Viewer, action Action, fn func(*Tx) error) ([]Event, error) {
	var events []Event
	err := s.db.WithContext(ctx).Transaction(func(db *gorm.DB) error {
		tx, err := s.enter(db, viewer, action)
		if err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		events, err = tx.number()
		return err
	})
	if err != nil {
		return nil, err
	}
	return events, nil
}

// Read looks at an organization: everything fn reads is one snapshot, behind the same wall and the same permission.
func (s *Store) Read(ctx context.Context, viewer Viewer, action Action, fn func(*Tx) error) error {
	tx, err := s.OpenRead(ctx, viewer, action)
	if err != nil {
		return err
	}
	defer tx.Close()
	return fn(tx)
}

// enter passes the door of a transaction that may change things.
func (s *Store) enter(db *gorm.DB, viewer Viewer, action Action) (*Tx, error) {
	now := s.clock.Now()
	var found entrance
	err := db.Raw(entering, viewer.asks(now)...).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("enter organization: %w", err)
	}
	access, err := found.admit(viewer, action)
	if err != nil {
		return nil, err
	}
	return &Tx{
		Viewer: viewer, Access: access, Now: now, Rules: s.rules, store: s, db: withTurns(db), cipher: s.cipher,
	}, nil
}

// explain tells a person whose text the database cannot keep; a platform's is quarantined.
func (v Viewer) explain(err error) error {
	if v.Kind == ActorUser && IsUnkeepableText(err) {
		return Refuse(InvalidInput, "", "Text cannot contain NUL characters.")
	}
	return err
}

// access is what the viewer may do after what the door found.
func (v Viewer) access(found entrance) (Access, error) {
	switch {
	case v.OrganizationID == "":
		return Access{}, Refuse(Unauthenticated, "", "Sign in first.")
	case v.Kind == ActorSystem:
		return accessOf(systemRole, allScopes), nil
	case v.Kind == ActorPlatform:
		return accessOf(platformRole, allScopes), nil
	case v.sight != Access{}:
		return v.sight, nil
	case found.Role == nil:
		return Access{}, Refuse(Unauthenticated, "", "You do not belong to this organization any more.")
	case v.TokenID != "" && !found.Token:
		return Access{}, Refuse(Unauthenticated, "", "This token was revoked or has expired.")
	default:
		return accessOf(*found.Role, scopesIn(found.Scopes)).within(found.Channels), nil
	}
}
