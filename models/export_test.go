package models

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// What fuzzing reaches directly.
var (
	ParseListCursor = parseCursor
	OrganizationOf  = organizationOf
	SearchWords     = searchWords
)

// Policy is every action with the roles that may do it.
func Policy() map[Action][]Role {
	all := make(map[Action][]Role, len(policy))
	for _, r := range policy {
		all[r.action] = r.roles
	}
	return all
}

// ScopesOfActions is every action with the scope it belongs to.
func ScopesOfActions() map[Action]TokenScope {
	all := make(map[Action]TokenScope, len(policy))
	for _, r := range policy {
		all[r.action] = r.scope
	}
	return all
}

// Entering is what the door asks.
const Entering = entering

// Statements returns what fn makes the database do, with the values written out.
func (s *Store) Statements(fn func(*Store) error) ([]string, error) {
	r := &recorder{Interface: logger.Discard}
	spied := *s
	spied.db = s.db.Session(&gorm.Session{Logger: r})
	spied.told = func(statement string, args []any) {
		r.statements = append(r.statements, s.db.Explain(statement, args...))
	}
	err := fn(&spied)
	return r.statements, err
}

type recorder struct {
	logger.Interface
	statements []string
}

func (r *recorder) Trace(_ context.Context, _ time.Time, statement func() (string, int64), _ error) {
	sql, _ := statement()
	r.statements = append(r.statements, sql)
}
