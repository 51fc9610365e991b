package rig

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// address is that of another database on the same server.
func (p *Postgres) address(database string) (string, error) {
	u, err := url.Parse(p.admin)
	if err != nil {
		return "", fmt.Errorf("read database address: %w", err)
	}
	u.Path = "/" + database
	return u.String(), nil
}

// Words are an address in the form of words with values, which some programs want.
func Words(address string) (string, error) {
	c, err := pgx.ParseConfig(address)
	if err != nil {
		return "", fmt.Errorf("read database address: %w", err)
	}
	words := fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=disable", c.Host, c.Port, c.User, c.Database)
	if c.Password != "" {
		words += " password=" + c.Password
	}
	return words, nil
}

// Program is a tool of the server's, such as pgbench.
func (p *Postgres) Program(ctx context.Context, name string, args ...string) *exec.Cmd {
	path := filepath.Join(p.bin, name)
	if _, err := os.Stat(path); err != nil {
		path = name
	}
	return exec.CommandContext(ctx, path, args...)
}
