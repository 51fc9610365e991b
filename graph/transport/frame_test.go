package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// clientFrame writes a frame as a client does: masked.
func clientFrame(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := [4]byte{1, 2, 3, 4}
	b = append(b, mask[:]...)
	masked := bytes.Clone(payload)
	unmask(masked, mask)
	return append(b, masked...)
}

type heardFrame struct {
	opcode byte
	data   string
	tooBig bool
}

// feedBy hands data over in pieces of n bytes.
func feedBy(f *frames, data []byte, n int) (heard []heardFrame, err error) {
	for len(data) > 0 && err == nil {
		piece := bytes.Clone(data[:min(n, len(data))])
		data = data[len(piece):]
		err = f.feed(piece, func(opcode byte, data []byte) bool {
			heard = append(heard, heardFrame{opcode, string(data), data == nil})
			return true
		})
	}
	return heard, err
}

func TestFrames(t *testing.T) {
	t.Parallel()
	const final, part = 0x80, 0
	long := bytes.Repeat([]byte("x"), 70_000)
	for name, test := range map[string]struct {
		sent [][]byte
		want []heardFrame
	}{
		"one message":            {[][]byte{clientFrame(final|1, []byte("hi"))}, []heardFrame{{1, "hi", false}}},
		"an empty message":       {[][]byte{clientFrame(final|1, nil)}, []heardFrame{{1, "", false}}},
		"an empty one in pieces": {[][]byte{clientFrame(part|1, nil), clientFrame(final, nil)}, []heardFrame{{1, "", false}}},
		"two messages":           {[][]byte{clientFrame(final|1, []byte("a")), clientFrame(final|2, []byte("b"))}, []heardFrame{{1, "a", false}, {2, "b", false}}},
		"a message in pieces, and a ping between": {
			[][]byte{clientFrame(part|1, []byte("a")), clientFrame(final|9, []byte("p")), clientFrame(part, []byte("b")), clientFrame(final, []byte("c"))},
			[]heardFrame{{9, "p", false}, {1, "abc", false}},
		},
		"lengths of two and of eight bytes": {
			[][]byte{clientFrame(final|1, long[:300]), clientFrame(final|1, long)},
			[]heardFrame{{1, string(long[:300]), false}, {1, string(long), false}},
		},
		"a message over the limit, skipped": {
			[][]byte{clientFrame(final|1, append(long, long...)), clientFrame(final|1, []byte("next"))},
			[]heardFrame{{1, "", true}, {1, "next", false}},
		},
		"pieces over the limit, skipped": {
			[][]byte{clientFrame(part|1, long), clientFrame(part, long), clientFrame(part, long), clientFrame(final, long), clientFrame(final|1, []byte("next"))},
			[]heardFrame{{1, "", true}, {1, "next", false}},
		},
	} {
		for _, n := range []int{1, 3, 1 << 20} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				f := frames{limit: 100_000}
				heard, err := feedBy(&f, bytes.Join(test.sent, nil), n)
				if err != nil || len(heard) != len(test.want) {
					t.Fatalf("heard %d messages, %v", len(heard), err)
				}
				for i := range heard {
					if heard[i] != test.want[i] {
						t.Errorf("heard %.80v, want %.80v", heard[i], test.want[i])
					}
				}
				if f.rest != nil || f.message != nil {
					t.Error("keeps what is over")
				}
			})
		}
	}
	for name, sent := range map[string][]byte{
		"that is not masked":              {0x81, 1, 'x'},
		"of an extension":                 clientFrame(0xc1, nil),
		"that goes on with nothing":       clientFrame(0x80, nil),
		"that begins within another":      append(clientFrame(1, nil), clientFrame(0x81, nil)...),
		"of an unknown kind":              clientFrame(0x83, nil),
		"of control, in pieces":           clientFrame(9, nil),
		"of control, and too long":        clientFrame(0x89, long[:126]),
		"that is eight exabytes, at once": append([]byte{0x89, 0xff}, bytes.Repeat([]byte{0xff}, 12)...),
	} {
		t.Run("refuses a frame "+name, func(t *testing.T) {
			t.Parallel()
			if heard, err := feedBy(&frames{limit: 100}, sent, len(sent)); !errors.Is(err, errProtocol) || len(heard) > 0 {
				t.Errorf("heard %v, %v", heard, err)
			}
		})
	}
}

// FuzzFrames holds that how a stream is cut into pieces changes nothing, and that nothing is kept beyond the limit.
func FuzzFrames(f *testing.F) {
	f.Add(append(clientFrame(0x81, []byte(`{"type":"ping"}`)), clientFrame(0x89, []byte("p"))...), 3)
	f.Add(append(clientFrame(1, []byte("a")), clientFrame(0x80, bytes.Repeat([]byte("b"), 200))...), 1)
	f.Add([]byte{0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, 5)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		whole, pieces := frames{limit: 100}, frames{limit: 100}
		heard, err := feedBy(&whole, data, max(len(data), 1))
		again, errAgain := feedBy(&pieces, data, 1+abs(n)%7)
		if (err == nil) != (errAgain == nil) || len(heard) != len(again) {
			t.Fatalf("heard %v, %v, and in pieces %v, %v", heard, err, again, errAgain)
		}
		for i := range heard {
			if heard[i] != again[i] || len(heard[i].data) > max(100, maxControl) {
				t.Errorf("heard %v, and in pieces %v", heard[i], again[i])
			}
		}
		if kept := len(pieces.rest) + len(pieces.message); kept > 300 {
			t.Errorf("keeps %d bytes", kept)
		}
	})
}

func abs(n int) int { return max(n, -(n + 1)) }

func TestAnswerToClose(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]int{
		"": 1000, "\x03\xe8": 1000, "\x03\xe9bye": 1001, "\x0b\xb8": 3000, "\x11\x94": 4500,
		"\x03": 1002, "\x03\xe7": 1002, "\x03\xed": 1002, "\x03\xf7": 1002, "\x13\x88": 1002,
	} {
		if code, _ := answerTo([]byte(payload)); code != want {
			t.Errorf("%x is answered with %d, want %d", payload, code, want)
		}
	}
}
