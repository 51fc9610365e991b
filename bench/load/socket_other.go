//go:build !linux

package load

import (
	"errors"
	"net"
	"syscall"
	"time"
)

// errLinux is what every part of a swarm returns elsewhere: one thread reads ten thousand sockets by epoll.
var errLinux = errors.New("the load client needs Linux")

type poller struct{}

func newPoller() (*poller, error)                      { return nil, errLinux }
func (*poller) add(int, int) error                     { return errLinux }
func (*poller) ready([]int) ([]int, error)             { return nil, errLinux }
func (*poller) close()                                 {}
func lateBinding(_, _ string, _ syscall.RawConn) error { return errLinux }
func detach(net.Conn) (int, error)                     { return -1, errLinux }
func narrow(int) error                                 { return errLinux }
func receive(int, []byte) (int, error)                 { return 0, errLinux }
func transmit(int, []byte) error                       { return errLinux }
func hangUp(int)                                       {}
func nap(d time.Duration)                              { time.Sleep(d) }
func cpu() time.Duration                               { return 0 }
