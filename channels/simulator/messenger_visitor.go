package simulator

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
)

// visitor is a customer's browser on the pages of a site.
type visitor struct {
	messenger *messenger
	account   *account
	customer  *customer
	widget    *messengerWidget
	token     string // of the session; none before the first deed, and once it is over
	knows     bool   // what was said before they came
}

// visitor finds the customer's browser, or opens one. With mu held.
func (d *messenger) visitor(a *account, c *customer) *visitor {
	widget := d.widgets[a.Account]
	v, known := widget.visitors[c.ID]
	if !known {
		v = &visitor{messenger: d, account: a, customer: c, widget: widget}
		widget.visitors[c.ID] = v
	}
	return v
}

// site is the widget as it is now, and the token the visitor has, if any.
func (v *visitor) site() (MessengerWidget, string) {
	v.messenger.sim.mu.Lock()
	defer v.messenger.sim.mu.Unlock()
	return v.widget.MessengerWidget, v.token
}

var errNotBelieved = messengerError{status: http.StatusOK, code: "identified: false, so the identity secret is another"}

// session returns the token of the visitor's session. A new one follows what happens from now on; of what was said
// before it, the account is taken to have sent what came since the visitor was here first.
func (v *visitor) session(ctx context.Context) (string, error) {
	site, token := v.site()
	if token != "" {
		return token, nil
	}
	asked := object{}
	if site.IdentitySecret != "" {
		asked["identity"] = object{"id": v.customer.ID, "hash": site.vouch(v.customer.ID), "name": v.name()}
	}
	var begun struct {
		Token      string
		Identified bool
	}
	if err := v.messenger.ask(ctx, site, "", http.MethodPost, "sessions", asked, &begun); err != nil {
		return "", err
	}
	if begun.Token == "" {
		return "", errors.New("our server began a session without a token")
	}
	if begun.Identified != (site.IdentitySecret != "") {
		return "", errNotBelieved
	}
	cursor, err := v.load(ctx, begun.Token)
	if err != nil {
		return "", err
	}
	s := v.messenger.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	v.token = begun.Token
	s.stay(func() { v.follow(ctx, begun.Token, cursor) })
	return begun.Token, nil
}

func (v *visitor) name() string {
	v.messenger.sim.mu.Lock()
	defer v.messenger.sim.mu.Unlock()
	return v.customer.Name
}

// vouch is the site's word for who a customer is: HMAC-SHA256 of the id, in hex.
func (w MessengerWidget) vouch(id string) string {
	mac := hmac.New(sha256.New, []byte(w.IdentitySecret))
	mac.Write([]byte(id))
	return hex.EncodeToString(mac.Sum(nil))
}

// leave gives up a session that is over. The next deed begins a new one.
func (v *visitor) leave(token string) {
	v.messenger.sim.mu.Lock()
	defer v.messenger.sim.mu.Unlock()
	if v.token == token {
		v.token = ""
	}
}
