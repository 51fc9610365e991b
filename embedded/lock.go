package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// lockServer makes sure that one parley at a time works in a data directory. The kernel unlocks when we die.
func lockServer(path string, a account) (*os.File, error) {
	f, err := openLock(path, a)
	if err != nil {
		return nil, err
	}
	if err := tryLock(f); err != nil {
		defer f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			holder, _ := io.ReadAll(io.LimitReader(f, 20))
			return nil, fmt.Errorf("another parley (process %s) is running with this data directory: %s is locked", holder, path)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := errors.Join(f.Truncate(0), writePid(f)); err != nil {
		f.Close()
		return nil, fmt.Errorf("sign %s: %w", path, err)
	}
	return f, nil
}

func openLock(path string, a account) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := a.own(path); err != nil {
		f.Close()
		return nil, fmt.Errorf("hand over lock: %w", err)
	}
	return f, nil
}

func tryLock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

func writePid(f *os.File) error {
	_, err := fmt.Fprint(f, os.Getpid())
	return err
}

const patience = 10 * time.Second

// lockCluster waits until no process of a former run is left. All of them hold this lock, because they inherit
// it from the postmaster; so a crash, a restart of the machine or a reused process id cannot mislead us. A parent
// that was killed may have left them running: they are asked to stop, and pressed when they do not.
func lockCluster(ctx context.Context, path, data string, a account) (*os.File, error) {
	f, err := openLock(path, a)
	if err != nil {
		return nil, err
	}
	pressure := []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL}
	press := time.NewTimer(0)
	defer press.Stop()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()

	for {
		err := tryLock(f)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		select {
		case <-press.C:
			pid := readPidFile(data).pid
			if pid <= 1 || len(pressure) == 0 {
				press.Reset(100 * time.Millisecond)
				continue
			}
			_ = syscall.Kill(pid, pressure[0])
			pressure = pressure[1:]
			press.Reset(patience)
		case <-again.C:
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("wait for the end of a former postgres: %w", ctx.Err())
		}
	}
}

// pidFile is what a postmaster tells about itself in postmaster.pid.
type pidFile struct {
	pid       int
	socketDir string
	status    string
}

func readPidFile(data string) (p pidFile) {
	f, err := os.Open(pidFilePath(data))
	if err != nil {
		return p
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		switch line := strings.TrimSpace(lines.Text()); n {
		case 1:
			p.pid, _ = strconv.Atoi(line)
		case 5:
			p.socketDir = line
		case 8:
			p.status = line
		}
	}
	return p
}

func pidFilePath(data string) string { return filepath.Join(data, "postmaster.pid") }

// removeStale clears what a killed postmaster left. PostgreSQL would do so itself, unless another process
// has its id by now, as is usual after the restart of a container. A postmaster that somebody started by hand
// has another socket: its file stays and stops us.
func removeStale(data, socketDir string) error {
	stale := []string{filepath.Join(socketDir, socketFile), filepath.Join(socketDir, socketFile+".lock")}
	if readPidFile(data).socketDir == socketDir {
		stale = append(stale, pidFilePath(data))
	}
	for _, path := range stale {
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("remove what a former postgres left: %w", err)
		}
	}
	return nil
}
