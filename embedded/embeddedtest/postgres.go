// Package embeddedtest gives the tests of one package a PostgreSQL and a Redis to themselves, or those that
// PARLEY_TEST_DATABASE_URL and PARLEY_TEST_REDIS_URL name. It is meant for TestMain.
package embeddedtest

import (
	"context"
	"fmt"
	"os"
	"time"

	"parley/embedded"
)

const limit = time.Minute

// Postgres returns the URL of an empty database in a server that stop, or the end of this process, removes.
// With PARLEY_TEST_DATABASE_URL it returns that one, whatever it holds, and stop does nothing.
func Postgres() (url string, stop func(), err error) {
	if url := os.Getenv("PARLEY_TEST_DATABASE_URL"); url != "" {
		return url, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "parley-test-")
	if err != nil {
		return "", nil, fmt.Errorf("make directory for the test database: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	p, err := embedded.StartPostgres(ctx, embedded.Config{Dir: dir, MaxConnections: 200})
	if err != nil {
		os.RemoveAll(dir)
		return "", nil, err
	}
	return p.URL(), func() {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		_ = p.Stop(ctx)
		os.RemoveAll(dir)
	}, nil
}
