package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"parley/embedded/internal/child"
)

const superuser = "parley"

// cluster is a data directory and what it takes to run it.
type cluster struct {
	Config
	data      string
	socketDir string
	account   account
	binaries  binaries
}

// prepare finds everything out and changes nothing but the existence of the directories.
func prepare(ctx context.Context, cfg Config) (*cluster, error) {
	if cfg.Dir == "" {
		return nil, errors.New("postgres needs a data directory")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if cfg.Dir, err = filepath.Abs(cfg.Dir); err != nil {
		return nil, fmt.Errorf("find data directory: %w", err)
	}
	c := &cluster{Config: cfg, data: filepath.Join(cfg.Dir, "postgres")}
	if c.account, err = accountFor(c.data); err != nil {
		return nil, err
	}
	made, err := c.madeBy()
	if err != nil {
		return nil, err
	}
	if c.binaries, err = findBinaries(ctx, cfg.search, made, c.account); err != nil {
		return nil, err
	}
	return c, makeDir(c.Dir, c.account)
}

// madeBy is the major version that made the data, 0 when there are none.
func (c *cluster) madeBy() (int, error) {
	text, err := os.ReadFile(filepath.Join(c.data, "PG_VERSION"))
	if os.IsNotExist(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read version of the data: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("read version of the data in %s: %w", c.data, err)
	}
	return major, nil
}

// start expects that no other parley works here.
func (c *cluster) start(ctx context.Context) (*child.Process, error) {
	lock, err := lockCluster(ctx, filepath.Join(c.Dir, "postgres.lock"), c.data, c.account)
	if err != nil {
		return nil, err
	}
	defer lock.Close()

	if c.socketDir, err = makeSocketDir(c.Dir, c.account); err != nil {
		return nil, err
	}
	if err := removeStale(c.data, c.socketDir); err != nil {
		return nil, err
	}
	output, err := openLog(c.logPath(), c.account)
	if err != nil {
		return nil, err
	}
	defer output.Close()

	if err := c.initialize(ctx, output); err != nil {
		return nil, err
	}
	process, err := c.launch(lock, output)
	if err != nil {
		return nil, err
	}
	if err := c.awaitReady(ctx, process); err != nil {
		_ = end(ctx, process)
		return nil, withTail(err, c.logPath())
	}
	return process, nil
}

func (c *cluster) logPath() string { return filepath.Join(c.Dir, "postgres.log") }

func (c *cluster) command(ctx context.Context, program, dir string, output *os.File, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.binaries.path(program), args...)
	cmd.Dir = dir
	// A locale from outside would decide over sorting and the language of the log; macOS needs that there is one.
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + c.binaries.dir + ":/usr/bin:/bin"}
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = c.account.attributes()
	return cmd
}

// launch lets the postmaster inherit the lock. Our log keeps no statements and no rows: whoever sent
// a statement is told what was wrong with it.
func (c *cluster) launch(lock, output *os.File) (*child.Process, error) {
	settings := []string{
		"listen_addresses=",
		"unix_socket_permissions=0700",
		"log_destination=stderr",
		"logging_collector=off",
		"log_min_messages=log",
		"log_min_error_statement=panic",
		"timezone=UTC",
		"log_timezone=UTC",
	}
	if !c.Durable {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	if c.MaxConnections > 0 {
		settings = append(settings, fmt.Sprint("max_connections=", c.MaxConnections))
	}
	args := []string{"-D", c.data, "-k", c.socketDir, "-p", "5432"}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	cmd := c.command(context.Background(), "postgres", c.data, output, args...)
	cmd.ExtraFiles = []*os.File{lock}
	process, err := child.Start(cmd, syscall.SIGINT)
	if err != nil {
		return nil, fmt.Errorf("run postgres: %w", err)
	}
	return process, nil
}

func (c *cluster) awaitReady(ctx context.Context, process *child.Process) error {
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for {
		if now := readPidFile(c.data); now.pid == process.Pid() && now.status == "ready" {
			return c.createDatabase(ctx)
		}
		select {
		case <-again.C:
		case <-process.Done():
			return fmt.Errorf("postgres ended at once: %v", process.Err())
		case <-ctx.Done():
			return fmt.Errorf("wait for postgres: %w", ctx.Err())
		}
	}
}

const unknownDatabase = "3D000"

func (c *cluster) createDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.url("parley"))
	if err == nil {
		return conn.Close(ctx)
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != unknownDatabase {
		return fmt.Errorf("connect to the new postgres: %w", err)
	}
	if conn, err = pgx.Connect(ctx, c.url("postgres")); err != nil {
		return fmt.Errorf("connect to create the database: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE DATABASE parley"); err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	return nil
}
