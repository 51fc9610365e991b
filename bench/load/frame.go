package load

import "encoding/binary"

// The kinds of websocket frames a client meets.
const (
	continued = 0x0
	text      = 0x1
	closing   = 0x8
	ping      = 0x9
	pong      = 0xA
)

// appendFrame adds a whole message as a client sends it. The mask is all zeros, so that the payload stays as it is.
func appendFrame(b []byte, kind byte, payload []byte) []byte {
	b = append(b, 0x80|kind)
	switch size := len(payload); {
	case size < 126:
		b = append(b, 0x80|byte(size))
	case size <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(size))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(size))
	}
	b = append(b, 0, 0, 0, 0)
	return append(b, payload...)
}

// cutFrame takes the first frame off what a server sent. It is not ok until all of the frame is there.
func cutFrame(b []byte) (kind byte, payload, rest []byte, ok bool) {
	if len(b) < 2 {
		return 0, nil, b, false
	}
	start, size := 2, uint64(b[1]&0x7f)
	switch {
	case size == 126 && len(b) >= 4:
		start, size = 4, uint64(binary.BigEndian.Uint16(b[2:]))
	case size == 127 && len(b) >= 10:
		start, size = 10, binary.BigEndian.Uint64(b[2:])
	case size > 125:
		return 0, nil, b, false
	}
	if uint64(len(b)-start) < size {
		return 0, nil, b, false
	}
	end := start + int(size)
	return b[0] & 0x0f, b[start:end], b[end:], true
}
