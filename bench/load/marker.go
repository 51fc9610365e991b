package load

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"time"
)

// marker is what every message carries in its text: @@topic.sequence.nanoseconds@@, the last being when it was sent.
type marker struct {
	topic    int
	sequence uint32
	sent     time.Duration // since the Unix epoch
}

var (
	fence     = []byte("@@")
	cursorKey = []byte(`"cursor":"`)
)

// Text is what message number sequence of a topic says: its marker, filled up to 120 bytes.
func Text(topic int, sequence uint32, at time.Time) string {
	const words = "Hello, my order has not arrived yet. Can you tell me where it is, please? Many thanks and kind regards from the customer."
	m := "@@" + strconv.Itoa(topic) + "." + strconv.FormatUint(uint64(sequence), 10) + "." + strconv.FormatInt(at.UnixNano(), 10) + "@@ "
	return m + words[:max(120-len(m), 0)]
}

// cutMarker finds the first marker. What follows it may hold others: one frame may carry several messages.
func cutMarker(b []byte) (m marker, rest []byte, ok bool) {
	for {
		start := bytes.Index(b, fence)
		if start < 0 {
			return m, nil, false
		}
		b = b[start+len(fence):]
		topic, b1, ok1 := cutNumber(b, '.')
		sequence, b2, ok2 := cutNumber(b1, '.')
		sent, b3, ok3 := cutNumber(b2, '@')
		if ok1 && ok2 && ok3 {
			return marker{int(topic), uint32(sequence), time.Duration(sent)}, b3, true
		}
	}
}

func cutNumber(b []byte, end byte) (n int64, rest []byte, ok bool) {
	for i, c := range b {
		switch {
		case c == end:
			return n, b[i+1:], i > 0
		case c < '0' || c > '9':
			return 0, b, false
		}
		n = n*10 + int64(c-'0')
	}
	return 0, b, false
}

// cursorOf reads the place in the event log that a frame names, or 0.
func cursorOf(b []byte) int64 {
	start := bytes.Index(b, cursorKey)
	if start < 0 {
		return 0
	}
	b = b[start+len(cursorKey):]
	end := bytes.IndexByte(b, '"')
	var plain [64]byte
	if end < 0 || end > 64 {
		return 0
	}
	n, err := base64.RawURLEncoding.Decode(plain[:], b[:end])
	number, named := bytes.CutPrefix(plain[:n], []byte("event:"))
	if err != nil || !named {
		return 0
	}
	place, _, ok := cutNumber(append(number, '.'), '.')
	if !ok {
		return 0
	}
	return place
}
