package media

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// How long an address is good for, at least.
const (
	ForViewers   = time.Hour
	ForPlatforms = 24 * time.Hour
)

// Purpose is what an address lets its holder do.
type Purpose string

// An address is for one thing only.
const (
	Download Purpose = "download"
	Upload   Purpose = "upload"
)

// Errors of addresses.
var (
	ErrNotOurs = errors.New("this address was not signed here")
	ErrExpired = errors.New("this address has expired")
)

// Ref names a file and what an address of it is for.
type Ref struct {
	Purpose        Purpose
	OrganizationID string
	ID             string
}

// Signer makes addresses of files that cannot be guessed, changed or used for longer than they say.
type Signer struct {
	key  []byte
	base string
}

// NewSigner signs with a secret, for a server that is reached at base, which has no slash at its end.
func NewSigner(secret, base string) *Signer { return &Signer{key: []byte(secret), base: base} }

// Address is where a file can be had, or brought to, until an instant.
func (s *Signer) Address(r Ref, until time.Time) string {
	expires := strconv.FormatInt(until.Unix(), 10)
	query := url.Values{"org": {r.OrganizationID}, "expires": {expires}, "signature": {s.sign(r, expires)}}
	return s.base + "/media/" + url.PathEscape(r.ID) + "?" + query.Encode()
}

// Lasting is an instant at least d from now. It stays the same for a while, so that a file asked for twice has one address
// and is fetched once.
func Lasting(d time.Duration, now time.Time) time.Time {
	step := d / 4
	return now.Add(d).Truncate(step).Add(step)
}

// Verify returns what an address is of and until when it is good, or ErrNotOurs, or ErrExpired for one that was.
func (s *Signer) Verify(p Purpose, id string, query url.Values, now time.Time) (Ref, time.Time, error) {
	r := Ref{Purpose: p, OrganizationID: query.Get("org"), ID: id}
	expires := query.Get("expires")
	if !hmac.Equal([]byte(s.sign(r, expires)), []byte(query.Get("signature"))) {
		return Ref{}, time.Time{}, ErrNotOurs
	}
	seconds, err := strconv.ParseInt(expires, 10, 64)
	if err != nil {
		return Ref{}, time.Time{}, ErrNotOurs
	}
	until := time.Unix(seconds, 0)
	if !now.Before(until) {
		return Ref{}, time.Time{}, ErrExpired
	}
	return r, until, nil
}

// sign covers every part with its length, so that none can lend to its neighbour.
func (s *Signer) sign(r Ref, expires string) string {
	var text strings.Builder
	for _, part := range []string{string(r.Purpose), r.OrganizationID, r.ID, expires} {
		text.WriteString(strconv.Itoa(len(part)) + ":" + part)
	}
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(text.String()))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
