package embedded

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"parley/embedded/internal/child"
)

const unfinished = "postgres.new-"

// initialize makes the data directory if there is none. It comes to its name in one step, when it is complete:
// what a killed start left is never taken for data.
func (c *cluster) initialize(ctx context.Context, output *os.File) error {
	if err := c.removeUnfinished(); err != nil {
		return err
	}
	if _, err := os.Lstat(c.data); !os.IsNotExist(err) {
		return err
	}
	c.Logger.Info("preparing the database for its first start", "dir", c.Dir)
	dir, err := os.MkdirTemp(c.Dir, unfinished)
	if err != nil {
		return fmt.Errorf("make directory for initdb: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := c.account.own(dir); err != nil {
		return fmt.Errorf("hand over directory for initdb: %w", err)
	}
	if err := c.initdb(ctx, dir, output); err != nil {
		return err
	}
	if err := os.Rename(dir, c.data); err != nil {
		return fmt.Errorf("put the new data in place: %w", err)
	}
	return syncDir(c.Dir)
}

func (c *cluster) removeUnfinished() error {
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		return fmt.Errorf("look for an unfinished start: %w", err)
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), unfinished) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(c.Dir, entry.Name())); err != nil {
			return fmt.Errorf("remove an unfinished start: %w", err)
		}
	}
	return nil
}

// initdb sorts by bytes, which no upgrade of the system changes, and knows the case of every letter where the
// system has such a locale: Debian calls it C.UTF-8, macOS en_US.UTF-8.
func (c *cluster) initdb(ctx context.Context, dir string, output *os.File) error {
	var err error
	for _, letters := range []string{"C.UTF-8", "en_US.UTF-8", "C"} {
		if err = c.tryInitdb(ctx, dir, letters, output); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return withTail(fmt.Errorf("initdb: %w", err), output.Name())
	}
	return nil
}

func (c *cluster) tryInitdb(ctx context.Context, dir, letters string, output *os.File) error {
	args := []string{"-D", dir, "-U", superuser, "--auth=trust", "--encoding=UTF8", "--locale=C", "--lc-ctype=" + letters, "--no-instructions"}
	if !c.Durable {
		args = append(args, "--no-sync")
	}
	cmd := c.command(ctx, "initdb", dir, output, args...)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	process, err := child.Start(cmd, syscall.SIGKILL)
	if err != nil {
		return err
	}
	return process.Err()
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open data directory: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync data directory: %w", err)
	}
	return nil
}
