package simulator

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// encode writes JSON the way the platforms do: in ASCII alone, everything else escaped.
func encode(value any) []byte {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", value, err)) // we built it of strings and numbers
	}
	out := make([]byte, 0, len(raw)+len(raw)/8)
	for len(raw) > 0 {
		r, size := utf8.DecodeRune(raw)
		raw = raw[size:]
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// answerJSON answers in one piece, so that the answer is whole before anything that follows it.
func answerJSON(w http.ResponseWriter, status int, value any) {
	body := encode(value)
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// units is the length of a text as Telegram counts it.
func units(text string) int {
	n := 0
	for _, r := range text {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

// digits returns n random digits that do not start with 0. Ids are random, not counted: a world that is
// started anew must not repeat those a database still holds.
func digits(n int) string {
	span := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n-1)), nil)
	v, err := rand.Int(rand.Reader, new(big.Int).Mul(span, big.NewInt(9)))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return v.Add(v, span).String()
}

// hearHost notes how the simulator is called.
func (s *Simulator) hearHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.host = r.Host
		s.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// link is the address of something the simulator serves. With mu held.
func (s *Simulator) link(path string) string {
	switch {
	case s.config.BaseURL != "":
		return strings.TrimSuffix(s.config.BaseURL, "/") + path
	case s.host != "":
		return "http://" + s.host + path
	}
	return "http://localhost" + path
}
