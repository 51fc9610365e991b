package simulator

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
)

// grant is an account's leave for our app to act for it: a token that opens it, and one that buys the next.
// Nothing but Faults.TokenExpired or a renewal ends an access token here, whatever its expires_in says.
type grant struct {
	access  string
	refresh string
}

// opens reports whether a token is the grant's.
func (g *grant) opens(token string) bool { return sameToken(token, g.access) }

// renewsWith reports whether a token buys the next one.
func (g *grant) renewsWith(token string) bool { return sameToken(token, g.refresh) }

// renew gives the account a new access token: the old one is void, and with it the fault that it expired.
func (g *grant) renew(a *account, access string) {
	g.access = access
	a.faults.TokenExpired = false
}

func newToken() string { return rand.Text() + rand.Text() }

// sameToken compares in constant time; an empty token is nobody's.
func sameToken(given, known string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(known))
	return known != "" && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
