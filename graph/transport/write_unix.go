//go:build unix

package transport

import "syscall"

// tryWrite writes what the network takes without waiting.
func (c *conn) tryWrite(b []byte) (n int, err error) {
	if c.raw == nil {
		return 0, nil
	}
	gone := c.raw.Write(func(fd uintptr) bool {
		for {
			if n, err = syscall.Write(int(fd), b); err != syscall.EINTR {
				return true
			}
		}
	})
	switch {
	case gone != nil:
		return 0, gone
	case err == syscall.EAGAIN:
		return 0, nil
	}
	return n, err
}
