package embedded

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const victimDir = "PARLEY_EMBEDDED_VICTIM"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		beVictim(dir)
	}
	os.Exit(m.Run())
}

// beVictim is a server that commits three rows, says so, and waits to be killed.
func beVictim(dir string) {
	ctx := context.Background()
	p, err := StartPostgres(ctx, Config{Dir: dir, Durable: true})
	must(err)
	conn, err := pgx.Connect(ctx, p.URL())
	must(err)
	_, err = conn.Exec(ctx, "CREATE TABLE kept AS SELECT generate_series(1, 3)")
	must(err)
	fmt.Println(readPidFile(p.cluster.data).pid)
	<-p.Done()
	os.Exit(0)
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func startVictim(t *testing.T, dir string) (victim *exec.Cmd, said func() string) {
	t.Helper()
	victim = exec.Command(os.Args[0])
	victim.Env = append(os.Environ(), victimDir+"="+dir)
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(victim) })
	return victim, func() string {
		var line string
		if _, err := fmt.Fscanln(out, &line); err != nil {
			t.Fatalf("the victim did not start: %s %v", line, err)
		}
		return line
	}
}

func kill(victim *exec.Cmd) {
	_ = victim.Process.Kill()
	_ = victim.Wait()
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	timeout := time.After(time.Minute)
	for !is() {
		select {
		case <-again.C:
		case <-timeout:
			t.Fatalf("waited a minute until %s", what)
		}
	}
}

func TestKilledParent(t *testing.T) {
	t.Parallel()

	t.Run("leaves no postgres behind", func(t *testing.T) {
		t.Parallel()
		if runtime.GOOS != "linux" {
			t.Skip("only Linux can promise this")
		}
		dir := dataDir(t)
		victim, said := startVictim(t, dir)
		said()
		lock, err := os.Open(filepath.Join(dir, "postgres.lock"))
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Close()
		if err := tryLock(lock); err == nil {
			t.Fatal("the lock of a running cluster is free")
		}

		kill(victim)
		until(t, "every process of the cluster has ended", func() bool { return tryLock(lock) == nil })
	})

	t.Run("is followed by a start that has every committed row", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		victim, said := startVictim(t, dir)
		said()
		if _, err := StartPostgres(t.Context(), Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "another parley") {
			t.Errorf("a second server beside the living one: %v", err)
		}

		kill(victim)
		began := time.Now()
		p := start(t, Config{Dir: dir})
		t.Logf("start after kill -9 took %v", time.Since(began).Round(time.Millisecond))
		if n := rows(t, p); n != 3 {
			t.Errorf("%d rows, want 3", n)
		}
	})

	t.Run("together with its postgres is followed by a start that recovers", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		victim, said := startVictim(t, dir)
		var postmaster int
		if _, err := fmt.Sscan(said(), &postmaster); err != nil {
			t.Fatal(err)
		}

		if err := syscall.Kill(postmaster, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		kill(victim)
		if n := rows(t, start(t, Config{Dir: dir})); n != 3 {
			t.Errorf("%d rows, want 3", n)
		}
	})

	t.Run("in the middle of initdb is followed by a clean first start", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		victim, _ := startVictim(t, dir)
		until(t, "initdb is at work", func() bool {
			found, _ := filepath.Glob(filepath.Join(dir, unfinished+"*", "postgresql.conf"))
			return len(found) > 0
		})

		kill(victim)
		if n := query[int](t, start(t, Config{Dir: dir}), "SELECT 1"); n != 1 {
			t.Error("no answer")
		}
		if left, _ := filepath.Glob(filepath.Join(dir, unfinished+"*")); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	})
}

func TestOrphan(t *testing.T) {
	t.Parallel()

	t.Run("is stopped by the next start", func(t *testing.T) {
		t.Parallel()
		cfg := Config{Dir: dataDir(t)}
		orphan := start(t, cfg)
		write(t, orphan, 5)
		// This is all that the death of a parent changes where the kernel knows no death signal.
		orphan.lock.Close()

		p := start(t, cfg)
		<-orphan.Done()
		if n := rows(t, p); n != 5 {
			t.Errorf("%d rows, want 5", n)
		}
	})

	t.Run("is not mistaken for the stranger who has its process id now", func(t *testing.T) {
		t.Parallel()
		cfg := Config{Dir: dataDir(t)}
		p := start(t, cfg)
		write(t, p, 5)
		file := pidFilePath(p.cluster.data)
		_, rest, _ := strings.Cut(readFile(t, file), "\n")
		stop(t, p)
		stranger := exec.Command("/bin/sh", "-c", "read forever")
		stranger.Dir = "/"
		stranger.SysProcAttr = p.cluster.account.attributes()
		if _, err := stranger.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		if err := stranger.Start(); err != nil {
			t.Fatal(err)
		}
		defer kill(stranger)
		if err := os.WriteFile(file, fmt.Appendf(nil, "%d\n%s", stranger.Process.Pid, rest), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := p.cluster.account.own(file); err != nil {
			t.Fatal(err)
		}

		if n := rows(t, start(t, cfg)); n != 5 {
			t.Errorf("%d rows, want 5", n)
		}
		if err := stranger.Process.Signal(syscall.Signal(0)); err != nil {
			t.Errorf("the stranger was hurt: %v", err)
		}
	})
}
