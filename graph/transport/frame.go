package transport

import (
	"encoding/binary"
	"errors"

	"github.com/gorilla/websocket"
)

// The opcodes of RFC 6455, section 5.2.
const (
	opContinuation byte = 0
	opText         byte = websocket.TextMessage
	opBinary       byte = websocket.BinaryMessage
	opClose        byte = websocket.CloseMessage
	opPing         byte = websocket.PingMessage
	opPong         byte = websocket.PongMessage
)

// maxControl is how many bytes a control frame may carry.
const maxControl = 125

// appendHeader begins a frame of ours: whole, and not masked.
func appendHeader(b []byte, opcode byte, length int) []byte {
	b = append(b, 0x80|opcode)
	switch {
	case length <= maxControl:
		return append(b, byte(length))
	case length <= 0xffff:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(length))
	default:
		return binary.BigEndian.AppendUint64(append(b, 127), uint64(length))
	}
}

var errProtocol = errors.New("not a websocket frame of a client")

// frames takes apart what a peer sends. It keeps what is not whole yet, and nothing else.
type frames struct {
	limit   int    // of a message, in bytes
	rest    []byte // of a frame that has begun
	message []byte // of a message that has begun
	kind    byte   // of that message, 0: none has
	tooBig  bool   // that message is, and the rest of it is skipped
	skip    uint64 // of its present frame
}

// feed takes what arrived and hands over every message and control frame that is whole now, until take has enough. A
// message over the limit is handed over as nil. What is handed over holds until take returns.
func (f *frames) feed(data []byte, take func(opcode byte, data []byte) bool) error {
	begun := f.rest
	if len(begun) > 0 {
		begun = append(begun, data...)
		data = begun
	}
	f.rest = nil
	for {
		skipped := min(f.skip, uint64(len(data)))
		data, f.skip = data[skipped:], f.skip-skipped
		h, ok, err := readHeader(data)
		if err == nil && ok {
			err = f.check(h)
		}
		switch {
		case err != nil:
			return err
		case !ok:
			f.keep(data, begun)
			return nil
		case h.opcode < opClose && (f.tooBig || h.length > uint64(f.limit-len(f.message))):
			data = data[h.size:]
			if !f.refuse(h, take) {
				return nil
			}
			continue
		case uint64(len(data)-h.size) < h.length:
			f.keep(data, begun)
			return nil
		}
		end := h.size + int(h.length)
		payload := data[h.size:end]
		unmask(payload, h.mask)
		data = data[end:]
		if !f.pass(h, payload, take) {
			return nil
		}
	}
}

// refuse skips a frame of a message over the limit, of which it tells once.
func (f *frames) refuse(h header, take func(byte, []byte) bool) bool {
	told := f.tooBig
	f.skip, f.message, f.kind, f.tooBig = h.length, nil, opText, !h.final
	if h.final {
		f.kind = 0
	}
	return told || take(opText, nil)
}

// keep remembers what is not whole. What was kept before only grows, as a frame may come byte by byte.
func (f *frames) keep(data, begun []byte) {
	switch {
	case len(data) == 0:
	case len(data) == len(begun):
		f.rest = begun
	default:
		f.rest = append(make([]byte, 0, len(data)), data...)
	}
}

type header struct {
	opcode byte
	final  bool
	length uint64
	mask   [4]byte
	size   int
}

// readHeader reports false while the header is not whole.
func readHeader(b []byte) (h header, ok bool, err error) {
	if len(b) < 2 {
		return h, false, nil
	}
	h = header{opcode: b[0] & 0x0f, final: b[0]&0x80 != 0, length: uint64(b[1] & 0x7f), size: 2}
	if b[0]&0x70 != 0 || b[1]&0x80 == 0 {
		return h, false, errProtocol // an extension nobody agreed on, or not masked
	}
	switch wide := h.length; {
	case wide == 126 && len(b) >= 4:
		h.length, h.size = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case wide == 127 && len(b) >= 10:
		h.length, h.size = binary.BigEndian.Uint64(b[2:]), 10
	case wide >= 126:
		return h, false, nil
	}
	if len(b) < h.size+4 {
		return h, false, nil
	}
	copy(h.mask[:], b[h.size:])
	h.size += 4
	return h, true, nil
}

func (f *frames) check(h header) error {
	switch h.opcode {
	case opText, opBinary:
		if f.kind != 0 {
			return errProtocol
		}
	case opContinuation:
		if f.kind == 0 {
			return errProtocol
		}
	case opClose, opPing, opPong:
		if !h.final || h.length > maxControl {
			return errProtocol
		}
	default:
		return errProtocol
	}
	return nil
}

// pass hands over what a whole frame completes.
func (f *frames) pass(h header, payload []byte, take func(byte, []byte) bool) bool {
	switch {
	case h.opcode >= opClose:
		return take(h.opcode, payload)
	case h.final && h.opcode != opContinuation:
		return take(h.opcode, payload)
	case h.opcode != opContinuation:
		f.kind = h.opcode
	}
	if f.message = append(f.message, payload...); f.message == nil {
		f.message = []byte{}
	}
	if !h.final {
		return true
	}
	kind, message := f.kind, f.message
	f.kind, f.message = 0, nil
	return take(kind, message)
}

func unmask(b []byte, mask [4]byte) {
	for i := range b {
		b[i] ^= mask[i&3]
	}
}

// answerTo is what a peer's close frame is answered with: its own code, or that there is no such code.
func answerTo(payload []byte) (code int, reason string) {
	if len(payload) == 0 {
		return websocket.CloseNormalClosure, ""
	}
	if len(payload) >= 2 {
		code = int(binary.BigEndian.Uint16(payload))
	}
	switch {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014, code >= 3000 && code <= 4999:
		return code, ""
	default:
		return websocket.CloseProtocolError, "No such close code"
	}
}
