// Package rig starts and stops what is measured: PostgreSQL, Redis, the product and its peers.
package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a server that runs for us.
type Process struct {
	Name string
	cmd  *exec.Cmd
	log  string
	done chan struct{}
}

// patience is how long a server may take to start or to end.
const patience = 60 * time.Second

// start runs a command whose output goes to a file of its name in dir. What it starts dies with us.
func start(name, dir string, cmd *exec.Cmd) (*Process, error) {
	p := &Process{Name: name, cmd: cmd, log: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	output, err := os.Create(p.log)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", name, err)
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	dieWithUs(cmd.SysProcAttr, syscall.SIGINT)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = cmd.Wait() // whoever misses it reads its log
		close(p.done)
	}()
	return p, nil
}

// ID is the number of the process.
func (p *Process) ID() int { return p.cmd.Process.Pid }

// Stop asks a process to end, and insists after a while.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// awaits waits until a process listens at an address.
func (p *Process) awaits(ctx context.Context, address string) error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-p.done:
			return p.explain("ended at once")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return p.explain("does not listen at " + address)
}

func (p *Process) explain(what string) error {
	said, _ := os.ReadFile(p.log)
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	return fmt.Errorf("%s %s: %s", p.Name, what, strings.Join(lines[max(len(lines)-5, 0):], "\n"))
}

// freeAddress is one nobody listens at.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// Cores are the processors a process may use; none means all of them.
type Cores []int

// The measured server has a core for itself; everything else has another, if the machine has one.
var (
	Measured = Cores{0}
	Rest     = Cores{1}
)

// command runs a program on these cores, with as many threads of Go.
func (c Cores) command(program string, args ...string) *exec.Cmd {
	if len(c) == 0 || !canPin() {
		return exec.Command(program, args...)
	}
	cmd := exec.Command("taskset", append([]string{"-c", c.String(), program}, args...)...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(len(c)))
	return cmd
}

// Pin moves processes that run to these cores, with all their threads.
func (c Cores) Pin(processes ...int) error {
	if !canPin() {
		return nil
	}
	cores := c.String()
	if len(c) == 0 {
		cores = "0-" + strconv.Itoa(cpus()-1)
	}
	var failed error
	for _, id := range processes {
		if out, err := exec.Command("taskset", "-a", "-c", "-p", cores, strconv.Itoa(id)).CombinedOutput(); err != nil {
			failed = errors.Join(failed, fmt.Errorf("pin %d: %w: %s", id, err, out))
		}
	}
	return failed
}

func (c Cores) String() string {
	var numbers []string
	for _, core := range c {
		numbers = append(numbers, strconv.Itoa(core))
	}
	return strings.Join(numbers, ",")
}

// canPin reports whether this machine has a core for the measured server and one for the rest.
func canPin() bool {
	_, err := exec.LookPath("taskset")
	return err == nil && cpus() > 1
}

// cpus is how many processors the machine has; runtime.NumCPU counts those this process may use.
func cpus() int {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return 1
	}
	return strings.Count("\n"+string(info), "\nprocessor")
}
