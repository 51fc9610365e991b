package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
)

// graphCall is one call whose token we know.
type graphCall struct {
	w          http.ResponseWriter
	r          *http.Request
	parameters parameters
	// mine are the accounts the token is for, those of the called network first: a page's token is also that of its
	// Instagram account.
	mine []*graphAccount
}

// called finds out who calls, with the token in the header or among the parameters.
func (g *graph) called(platform Platform, do func(graphCall)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, err := readParameters(w, r)
		if err != nil {
			refuseGraph(w, graphInvalid("The parameters cannot be read"))
			return
		}
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			token = p.values["access_token"]
		}
		if proof := p.values["appsecret_proof"]; proof != "" && !g.proves(token, proof) {
			refuseGraph(w, graphInvalid("Invalid appsecret_proof provided in the API argument"))
			return
		}
		mine, expired := g.bearing(token, platform)
		switch {
		case len(mine) == 0:
			refuseGraph(w, graphError{status: 401, code: 190, message: "Invalid OAuth access token - Cannot parse access token"})
		case expired:
			refuseGraph(w, graphFailures[AuthExpired])
		default:
			do(graphCall{w, r, p, mine})
		}
	}
}

func (g *graph) proves(token, proof string) bool {
	mac := hmac.New(sha256.New, []byte(g.sim.config.MetaAppSecret))
	mac.Write([]byte(token))
	return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(proof)) == 1
}

func (g *graph) bearing(token string, platform Platform) (mine []*graphAccount, expired bool) {
	g.sim.mu.Lock()
	defer g.sim.mu.Unlock()
	for _, p := range g.accounts {
		for _, t := range p.tokens {
			if subtle.ConstantTimeCompare([]byte(t), []byte(token)) != 1 {
				continue
			}
			mine, expired = append(mine, p), expired || p.account.faults.TokenExpired
			break
		}
	}
	slices.SortFunc(mine, func(a, b *graphAccount) int {
		if theirs := a.account.Platform == platform; theirs != (b.account.Platform == platform) {
			return map[bool]int{true: -1, false: 1}[theirs]
		}
		return strings.Compare(a.account.ID, b.account.ID)
	})
	return mine, expired
}

// self is the account the address names, or refuses.
func (c graphCall) self() (*graphAccount, bool) {
	id := c.r.PathValue("id")
	if c.parameters.values["platform"] == "instagram" { // a page's address is that of its Instagram account, too
		for _, p := range c.mine {
			if p.account.Platform == Instagram && p.goesBy(id) {
				return p, true
			}
		}
	}
	if p := c.named(id); p != nil {
		return p, true
	}
	refuseGraph(c.w, graphMissing(id))
	return nil, false
}

// goesBy reports whether the id is one of the account's in addresses, where the token's own account is me.
func (p *graphAccount) goesBy(id string) bool { return id == "me" || slices.Contains(p.ids, id) }

// named finds the caller's account of this id.
func (c graphCall) named(id string) *graphAccount {
	for _, p := range c.mine {
		if p.goesBy(id) {
			return p
		}
	}
	return nil
}

// holder is the caller's account that knows the remark or post of an id, or refuses.
func (g *graph) holder(c graphCall, id string) (*graphAccount, bool) {
	g.sim.mu.Lock()
	defer g.sim.mu.Unlock()
	for _, p := range c.mine {
		_, said := p.remarks.items[id]
		_, posted := p.account.posts[id]
		if said || posted {
			return p, true
		}
	}
	refuseGraph(c.w, graphMissing(id))
	return nil, false
}
