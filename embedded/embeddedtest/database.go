package embeddedtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Database makes a database of the test's own in the server, dropped when the test ends. With a template it begins as
// a copy of that one, to which nobody may be connected.
func Database(t testing.TB, server, template string) (address string) {
	t.Helper()
	name := newName()
	statement := "CREATE DATABASE " + name
	if template != "" {
		statement += " TEMPLATE " + template
	}
	if err := administer(server, statement); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := administer(server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return Named(server, name)
}

// Template makes a database for others to begin as copies of.
func Template(server string) (name, address string, err error) {
	name = newName()
	return name, Named(server, name), administer(server, "CREATE DATABASE "+name)
}

// Named is the address of another database in the same server.
func Named(server, name string) string {
	address, err := url.Parse(server)
	if err != nil {
		panic(fmt.Sprintf("address of the test server: %v", err))
	}
	address.Path = "/" + name
	return address.String()
}

func newName() string {
	random := make([]byte, 8)
	_, _ = rand.Read(random) // never fails
	return "test_" + hex.EncodeToString(random)
}

func administer(server, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	connection, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("connect to the test server: %w", err)
	}
	defer connection.Close(ctx)
	if _, err := connection.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
