package transport

// readBuffer is how many bytes are read at a time from a network that cannot be watched.
const readBuffer = 512

// read takes what the peer sends until it is gone, in a goroutine of the connection's own.
func (c *conn) read() {
	buf := make([]byte, readBuffer)
	for {
		n, err := c.net.Read(buf)
		if n > 0 && !c.arrived(buf[:n]) {
			return
		}
		if err != nil {
			c.cut()
			return
		}
	}
}
