package models

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"

	"github.com/pressly/goose/v3"
)

// Ready reports whether the database answers and has all that this version expects. A newer schema is fine: another
// version is being rolled out beside this one.
func (s *Store) Ready(ctx context.Context) error {
	expected, err := newestMigration()
	if err != nil {
		return err
	}
	var applied int64
	row := s.pool.QueryRowContext(ctx, `SELECT max(version_id) FROM `+goose.DefaultTablename+` WHERE is_applied`)
	if err := row.Scan(&applied); err != nil {
		return fmt.Errorf("look for migrations: %w", err)
	}
	if applied < expected {
		return fmt.Errorf("look for migrations: %d of %d are there", applied, expected)
	}
	return nil
}

// newestMigration is the number of the last migration of this version.
var newestMigration = sync.OnceValues(func() (newest int64, err error) {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	for _, file := range files {
		version, err := goose.NumericComponent(file.Name())
		if err != nil {
			return 0, fmt.Errorf("read migrations: %w", err)
		}
		newest = max(newest, version)
	}
	return newest, nil
})

// Pool tells how the connections are used.
func (s *Store) Pool() sql.DBStats { return s.pool.Stats() }

// CountDue counts what is due of each kind, up to a number: those who have more are as late.
func (s *Store) CountDue(ctx context.Context, kinds []JobKind, most int) (map[JobKind]int, error) {
	var counts []string
	for _, kind := range kinds {
		q := queues[kind]
		counts = append(counts, fmt.Sprintf(
			`SELECT '%[1]s' AS kind, count(*) AS n FROM (SELECT FROM %[2]s WHERE %[3]s <= @now ORDER BY %[3]s LIMIT @most) AS due`, kind, q.table, q.dueAt))
	}
	var found []struct {
		Kind JobKind
		N    int
	}
	err := s.db.WithContext(ctx).Raw(strings.Join(counts, " UNION ALL "),
		sql.Named("now", s.clock.Now()), sql.Named("most", most)).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("count what is due: %w", err)
	}
	due := make(map[JobKind]int, len(found))
	for _, f := range found {
		due[f.Kind] = f.N
	}
	return due, nil
}
