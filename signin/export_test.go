package signin

import "net/http"

// What tests reach directly.
var (
	ReadReturn = Returns.read
	NewClient  = newClient
)

// How much the tests' time and answers may be.
const (
	Patience  = patience
	MaxAnswer = maxAnswer
)

// Unpack reports whether h takes r's cookie for one of its own.
func Unpack(h *Handler, r *http.Request) bool {
	_, err := h.unpack(r)
	return err == nil
}

// Verified reads an email_verified.
func Verified(text []byte) (bool, error) {
	var v verified
	err := v.UnmarshalJSON(text)
	return bool(v), err
}
