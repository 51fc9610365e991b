package simulator

import (
	"crypto/rand"
	"net/http"
	"strings"
)

// graphMostTokens is how many access tokens of one account are good at a time.
const graphMostTokens = 16

// subscribe begins to deliver webhooks, of the named fields alone.
func (g *graph) subscribe(c graphCall) {
	p, ok := c.self()
	if !ok {
		return
	}
	named := c.parameters.values["subscribed_fields"]
	fields := strings.FieldsFunc(named, func(r rune) bool { return strings.ContainsRune(`,[]" `, r) })
	if len(fields) == 0 {
		p.refuse(c.w, graphInvalid("The parameter subscribed_fields is required"))
		return
	}
	g.setSubscription(c, p, true, fields)
}

func (g *graph) unsubscribe(c graphCall) {
	if p, ok := c.self(); ok {
		g.setSubscription(c, p, false, nil)
	}
}

// setSubscription: what a page is subscribed to, its Instagram account is, too; the fields of that one are chosen for
// the app as a whole, where all are.
func (g *graph) setSubscription(c graphCall, named *graphAccount, on bool, fields []string) {
	_ = g.sim.act(c.r, named.account, func() ([]Sent, error) {
		for _, p := range c.mine {
			if !p.goesBy(c.r.PathValue("id")) {
				continue
			}
			if p.subscribed, p.fields = on, fields; p.account.Platform == Instagram && !p.flat {
				p.fields = nil
			}
		}
		return nil, nil
	})
	answerJSON(c.w, http.StatusOK, object{"success": true})
}

func (g *graph) subscriptions(c graphCall) {
	p, ok := c.self()
	if !ok {
		return
	}
	g.answerRead(c, p, func() object {
		apps := []object{}
		if p.subscribed {
			fields := append([]string{}, p.fields...)
			apps = append(apps, object{"id": p.appID, "name": "Simulator", "subscribed_fields": fields})
		}
		return object{"data": apps}
	})
}

// refresh hands out a new token beside the one it is asked with, for another 60 days.
func (g *graph) refresh(c graphCall) {
	p := c.mine[0]
	if p.account.Platform != Instagram || c.parameters.values["grant_type"] != "ig_refresh_token" {
		p.refuse(c.w, graphInvalid("Param grant_type must be ig_refresh_token, and the token that of an Instagram account"))
		return
	}
	token := "IGAA" + rand.Text() + rand.Text()
	_ = g.sim.act(c.r, p.account, func() ([]Sent, error) {
		p.tokens = keepNewest(append(p.tokens, token), graphMostTokens)
		return nil, nil
	})
	answerJSON(c.w, http.StatusOK, object{"access_token": token, "token_type": "bearer", "expires_in": 60 * 24 * 3600})
}
