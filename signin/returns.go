package signin

import (
	"net/url"
	"slices"
	"strings"
)

// Returns are where a browser may be sent back to with a code: to any page of an origin, or to an app.
type Returns struct {
	Origins []string // of web apps, as browsers name them: https://app.example.com
	Schemes []string // that mobile apps own: com.example.inbox
}

// maxReturn is how long an address may be, for the sake of the cookie it is kept in.
const maxReturn = 1000

// read reads where the browser is to come back to. What is not allowed is not ok.
func (r Returns) read(text string) (address string, ok bool) {
	if len(text) > maxReturn || strings.ContainsFunc(text, misread) {
		return "", false
	}
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Opaque != "" {
		return "", false
	}
	if slices.Contains(r.Schemes, u.Scheme) {
		return u.String(), true
	}
	u.Host = strings.ToLower(u.Host)
	return u.String(), slices.Contains(r.Origins, u.Scheme+"://"+u.Host)
}

// misread reports what browsers may understand otherwise than we do, and what begins a fragment: that is ours.
func misread(c rune) bool { return c <= ' ' || c > '~' || c == '\\' || c == '#' }
