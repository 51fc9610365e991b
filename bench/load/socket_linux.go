package load

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// bindAddressNoPort lets the kernel choose the port when it knows the other end, so that one port serves many.
const bindAddressNoPort = 24

func lateBinding(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, bindAddressNoPort, 1)
	})
	return errors.Join(err, failed)
}

// detach takes a connection out of the runtime's hands: what is left is its descriptor.
func detach(c net.Conn) (fd int, err error) {
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return -1, err
	}
	var failed error
	err = raw.Control(func(old uintptr) { fd, failed = syscall.Dup(int(old)) })
	if err := errors.Join(err, failed); err != nil {
		return -1, fmt.Errorf("detach a socket: %w", err)
	}
	syscall.CloseOnExec(fd)
	return fd, c.Close()
}

// narrow makes the kernel keep little for a socket that nobody reads.
func narrow(fd int) error {
	return syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096)
}

// poller tells which of its descriptors have something to read.
type poller struct {
	epoll  int
	events [512]syscall.EpollEvent
}

func newPoller() (*poller, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make epoll: %w", err)
	}
	return &poller{epoll: epoll}, nil
}

func (p *poller) add(fd, number int) error {
	return syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(number)})
}

// ready looks without waiting, and returns the numbers of the descriptors.
func (p *poller) ready(numbers []int) ([]int, error) {
	n, err := syscall.EpollWait(p.epoll, p.events[:], 0)
	if err != nil && !errors.Is(err, syscall.EINTR) {
		return nil, fmt.Errorf("poll sockets: %w", err)
	}
	for _, event := range p.events[:max(n, 0)] {
		numbers = append(numbers, int(event.Fd))
	}
	return numbers, nil
}

func (p *poller) close() { _ = syscall.Close(p.epoll) }

// receive reads what is there; n is 0 when that is nothing.
func receive(fd int, b []byte) (n int, err error) {
	n, err = syscall.Read(fd, b)
	switch {
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		return 0, nil
	case err != nil:
		return 0, err
	case n == 0:
		return 0, errors.New("the server hung up")
	}
	return n, nil
}

func transmit(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := syscall.Write(fd, b)
		if err != nil && !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		b = b[max(n, 0):]
	}
	return nil
}

func hangUp(fd int) { _ = syscall.Close(fd) }

// nap keeps the thread: a sleep of the runtime's would hand it to somebody else.
func nap(d time.Duration) {
	span := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&span, nil)
}

// cpu is what this process has used so far.
func cpu() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
