package inboxtest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"parley/embedded/embeddedtest"
	"parley/models"
)

var server string

// Main runs a package's tests on a real PostgreSQL: func TestMain(m *testing.M) { inboxtest.Main(m) }.
func Main(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	url, stop, err := embeddedtest.Postgres()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer stop()
	server = url
	defer shelf.drop()
	return m.Run()
}

// shelf holds places no test uses. To tidy one up takes a tenth of the time to make one.
var shelf places

type places struct {
	mu   sync.Mutex
	all  []*place
	free []*place
}

// place is where a test happens: a database of its own, empty but for its schema, with a store and a clock.
type place struct {
	name, url string
	store     *models.Store
	clock     *Clock
	broken    bool
}

// takePlace gives a test a place, until it ends.
func takePlace(t testing.TB) *place {
	t.Helper()
	p, err := shelf.take()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shelf.putBack(p); err != nil {
			t.Error(err)
		}
	})
	return p
}

func (s *places) take() (*place, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.free) - 1; last >= 0 {
		p := s.free[last]
		s.free = s.free[:last]
		return p, nil
	}
	name, url, err := embeddedtest.Template(server)
	if err != nil {
		return nil, err
	}
	p := &place{name: name, url: url, clock: &Clock{now: Start}}
	s.all = append(s.all, p)
	p.store, err = openStore(url, p.clock)
	return p, err
}

func (s *places) putBack(p *place) error {
	if p.broken {
		return nil
	}
	if err := p.tidyUp(); err != nil {
		return fmt.Errorf("tidy up after the test: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, p)
	return nil
}

func (p *place) tidyUp() error {
	p.clock.Set(Start)
	p.store.OnCommit(func(string, []models.Event) {})
	// Without its triggers a table asks no other one: they can be emptied in any order.
	return execute(p.url, `SET lock_timeout = '10s'`, `SET session_replication_role = 'replica'`, `
		DO $$
		DECLARE
			name TEXT;
		BEGIN
			FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'goose_db_version' LOOP
				EXECUTE format('DELETE FROM %I', name);
			END LOOP;
		END $$`)
}

func (s *places) drop() {
	for _, p := range s.all {
		if p.store != nil {
			_ = p.store.Close()
		}
		if err := execute(server, "DROP DATABASE "+p.name+" WITH (FORCE)"); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

func openStore(url string, clock *Clock) (*models.Store, error) {
	cipher, err := models.NewCipher(make([]byte, 32))
	if err != nil {
		return nil, err
	}
	return models.Open(context.Background(), models.Config{
		URL: url, Clock: clock, Cipher: cipher, Rules: models.DefaultRules(), MaxConnections: 20,
	})
}

func execute(address string, statements ...string) error {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	for _, statement := range statements {
		if _, err := c.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
