package embeddedtest

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"parley/embedded/internal/child"
)

// Redis returns the URL of an empty Redis that stop, or the end of this process, removes.
// With PARLEY_TEST_REDIS_URL it returns that one, whatever it holds, and stop does nothing.
func Redis() (url string, stop func(), err error) {
	if url := os.Getenv("PARLEY_TEST_REDIS_URL"); url != "" {
		return url, func() {}, nil
	}
	r, err := StartRedis()
	if err != nil {
		return "", nil, err
	}
	return r.URL(), r.Stop, nil
}

// RedisServer is a real Redis for tests that take it away. Its methods may be called from several goroutines.
type RedisServer struct {
	program string
	dir     string

	mu      sync.Mutex
	process *child.Process
}

// StartRedis returns when the server answers. It listens on a unix socket only and keeps nothing on disk.
func StartRedis() (*RedisServer, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, errors.New("redis-server is not in PATH: install it (Debian and Ubuntu: apt install redis-server; " +
			"Fedora and RHEL: dnf install redis; macOS: brew install redis) or set PARLEY_TEST_REDIS_URL to a server that runs")
	}
	dir, err := os.MkdirTemp("", "parley-redis-")
	if err != nil {
		return nil, fmt.Errorf("make directory for the test redis: %w", err)
	}
	r := &RedisServer{program: program, dir: dir}
	if err := r.Restart(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return r, nil
}

// URL is for go-redis and stays the same over Kill and Restart.
func (r *RedisServer) URL() string { return "unix://" + r.socket() }

func (r *RedisServer) socket() string { return filepath.Join(r.dir, "redis.sock") }

// Kill ends the server as a crash would, and returns when it is gone.
func (r *RedisServer) Kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kill()
}

func (r *RedisServer) kill() {
	if r.process == nil {
		return
	}
	_ = r.process.Signal(syscall.SIGKILL)
	<-r.process.Done()
	r.process = nil
}

// Restart kills the server if it runs and starts it again, empty, at the same URL.
func (r *RedisServer) Restart() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kill()

	log, err := os.Create(filepath.Join(r.dir, "redis.log"))
	if err != nil {
		return fmt.Errorf("open log of the test redis: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(r.program, "--port", "0", "--unixsocket", r.socket(), "--unixsocketperm", "700",
		"--save", "", "--appendonly", "no", "--dir", r.dir, "--daemonize", "no", "--loglevel", "warning")
	cmd.Stdout, cmd.Stderr = log, log
	if r.process, err = child.Start(cmd, syscall.SIGKILL); err != nil {
		return fmt.Errorf("run redis-server: %w", err)
	}
	if err := r.awaitPong(); err != nil {
		r.kill()
		text, _ := os.ReadFile(log.Name())
		return fmt.Errorf("start redis-server: %w\n%s", err, text)
	}
	return nil
}

// Stop kills the server and removes its files. It may be called again.
func (r *RedisServer) Stop() {
	r.Kill()
	os.RemoveAll(r.dir)
}

func (r *RedisServer) awaitPong() error {
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	timeout := time.After(limit)
	for {
		if r.pong() {
			return nil
		}
		select {
		case <-again.C:
		case <-r.process.Done():
			return fmt.Errorf("it ended at once: %v", r.process.Err())
		case <-timeout:
			return errors.New("it does not answer")
		}
	}
}

func (r *RedisServer) pong() bool {
	conn, err := net.Dial("unix", r.socket())
	if err != nil {
		return false
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	line, _ := bufio.NewReader(conn).ReadString('\n')
	return line == "+PONG\r\n"
}
