package transport

import (
	"errors"
	"os"
	"sync"
	"syscall"
)

// watcher waits for all sockets at once, by epoll, so that one whose peer is silent costs neither a goroutine nor a
// buffer. The runtime's own poller watches them too, for writing; the two do not disturb each other.
type watcher struct {
	epoll *os.File

	mu    sync.Mutex
	conns map[uint64]*conn
}

func newWatcher() (*watcher, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil { // os.NewFile lets the runtime wait for what does not block
		return nil, errors.Join(err, syscall.Close(fd))
	}
	return &watcher{epoll: os.NewFile(uintptr(fd), "epoll"), conns: make(map[uint64]*conn)}, nil
}

// run has every socket read when there is something to read, until stop.
func (w *watcher) run() {
	raw, err := w.epoll.SyscallConn()
	if err != nil {
		return
	}
	events := make([]syscall.EpollEvent, 128)
	for err == nil {
		n := 0
		err = raw.Read(func(fd uintptr) bool {
			n, _ = syscall.EpollWait(int(fd), events, 0)
			return n > 0
		})
		for _, e := range events[:max(n, 0)] {
			w.ready(number(e))
		}
	}
}

func (w *watcher) stop() { _ = w.epoll.Close() }

// watch has c read from now on, and reports whether it can.
func (w *watcher) watch(c *conn) bool {
	w.mu.Lock()
	w.conns[c.number] = c
	w.mu.Unlock()
	if !c.watchedBy(w) {
		w.forget(c)
		return true // it is over already
	}
	if w.arm(c, syscall.EPOLL_CTL_ADD) != nil {
		w.forget(c)
		return false
	}
	return true
}

func (w *watcher) forget(c *conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, c.number)
}

// arm asks to be told once. A socket has one reader at a time: the next is told when this one is done.
func (w *watcher) arm(c *conn, operation int) (err error) {
	event := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLONESHOT}
	event.Fd, event.Pad = int32(uint32(c.number)), int32(uint32(c.number>>32))
	gone := c.raw.Control(func(fd uintptr) {
		err = syscall.EpollCtl(int(w.epoll.Fd()), operation, int(fd), &event)
	})
	return errors.Join(gone, err)
}

// number is which connection an event is about. A descriptor would not do: the next socket may have the same.
func number(e syscall.EpollEvent) uint64 { return uint64(uint32(e.Pad))<<32 | uint64(uint32(e.Fd)) }

func (w *watcher) ready(number uint64) {
	w.mu.Lock()
	c := w.conns[number]
	w.mu.Unlock()
	if c == nil || !c.begin() {
		return
	}
	go func() {
		defer c.work.Done()
		w.read(c)
	}()
}

var readBuffers = sync.Pool{New: func() any { b := make([]byte, 16<<10); return &b }}

// read takes what the socket has now.
func (w *watcher) read(c *conn) {
	buf := readBuffers.Get().(*[]byte)
	defer readBuffers.Put(buf)
	var n int
	var err error
	gone := c.raw.Read(func(fd uintptr) bool {
		for {
			if n, err = syscall.Read(int(fd), *buf); err != syscall.EINTR {
				return true
			}
		}
	})
	switch {
	case gone == nil && err == syscall.EAGAIN:
	case gone != nil || err != nil || n == 0:
		c.cut()
		return
	case !c.arrived((*buf)[:n]):
		return
	}
	if w.arm(c, syscall.EPOLL_CTL_MOD) != nil {
		c.cut()
	}
}
