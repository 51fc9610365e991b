// Package embedded gives a machine that has none configured its own PostgreSQL and Redis.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"parley/embedded/internal/child"
)

// Config says where and how PostgreSQL runs.
type Config struct {
	// Dir keeps the data, the log and the locks; see DataDir for a place that root can use, too.
	Dir string
	// Durable keeps what is committed, whatever crashes; without it commits are faster, for tests.
	Durable bool
	// MaxConnections is PostgreSQL's own default when zero.
	MaxConnections int
	// Logger hears about starts and stops; nil is silence.
	Logger *slog.Logger

	search []string // instead of PATH and the usual packages
}

// Postgres is a PostgreSQL server of our own. It ends with us, even when we are killed.
type Postgres struct {
	cluster  *cluster
	process  *child.Process
	lock     *os.File
	stopping atomic.Bool
	done     chan struct{}
	err      error
}

// StartPostgres returns when the server answers and its database exists; the first start creates both.
// It waits for the remains of a run that was killed, and is refused while another parley uses cfg.Dir.
// The end of ctx ends a start that is still under way, and means nothing afterwards.
func StartPostgres(ctx context.Context, cfg Config) (*Postgres, error) {
	began := time.Now()
	c, err := prepare(ctx, cfg)
	if err != nil {
		return nil, err
	}
	lock, err := lockServer(filepath.Join(c.Dir, "server.lock"), c.account)
	if err != nil {
		return nil, err
	}
	process, err := c.start(ctx)
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("start postgres in %s: %w", c.Dir, err)
	}
	c.Logger.Info("postgres is ready", "dir", c.Dir, "version", c.binaries.major, "took", time.Since(began).Round(time.Millisecond))

	p := &Postgres{cluster: c, process: process, lock: lock, done: make(chan struct{})}
	go p.watch()
	return p, nil
}

// URL is for pgx: user parley, a superuser, in database parley, over a unix socket that only we can enter.
func (p *Postgres) URL() string { return p.cluster.url("parley") }

// Stop ends all sessions and the server, and returns when it is gone. It may be called again.
// When ctx ends first the server is stopped at once: a durable one loses nothing, but its next start takes longer.
func (p *Postgres) Stop(ctx context.Context) error {
	p.stopping.Store(true)
	err := end(ctx, p.process)
	<-p.done
	return err
}

// Done is closed when the server has ended, whether by Stop or by itself.
func (p *Postgres) Done() <-chan struct{} { return p.done }

// Err is nil while the server runs and after Stop; otherwise it says how the server ended by itself.
func (p *Postgres) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// The lock is released last: who waits for Done can start again.
func (p *Postgres) watch() {
	defer close(p.done)
	defer p.lock.Close()

	exit := p.process.Err()
	if filepath.Dir(p.cluster.socketDir) != p.cluster.Dir {
		os.Remove(p.cluster.socketDir)
	}
	if p.stopping.Load() {
		p.cluster.Logger.Info("postgres stopped", "dir", p.cluster.Dir)
		return
	}
	if exit == nil {
		exit = errors.New("exit status 0")
	}
	p.err = withTail(fmt.Errorf("postgres ended by itself: %w", exit), p.cluster.logPath())
}

// end asks for a fast shutdown, then for an immediate one, and is sure to return without the process.
func end(ctx context.Context, process *child.Process) error {
	_ = process.Signal(syscall.SIGINT)
	select {
	case <-process.Done():
		return nil
	case <-ctx.Done():
	}
	_ = process.Signal(syscall.SIGQUIT)
	kill := time.AfterFunc(patience, func() { _ = process.Signal(syscall.SIGKILL) })
	defer kill.Stop()
	<-process.Done()
	return fmt.Errorf("stop postgres: stopped at once, the next start recovers: %w", ctx.Err())
}

// url names the port, or PGPORT would.
func (c *cluster) url(database string) string {
	query := url.Values{"host": {c.socketDir}, "port": {"5432"}, "user": {superuser}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + query.Encode()
}
