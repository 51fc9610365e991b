package simulator

import (
	"bytes"
	"net/http"
	"time"
)

// news is one thing an app can subscribe to: something in a thread of messages, or a change.
type news struct {
	name      string
	field     string
	at        time.Time
	messaging object
	value     object
}

// messaging is news in the thread of a customer, who did it.
func (c *customer) messaging(name, field string, a *account, at time.Time, what object) news {
	what["sender"], what["recipient"] = object{"id": c.ID}, object{"id": a.ID}
	what["timestamp"] = at.UnixMilli()
	return news{name: name, field: field, at: at, messaging: what}
}

// batches is Meta's bound of updates in one body.
func (g *graph) batches() int { return 1000 }

// body puts every message into an entry of its own and two changes into one, so that a batch has several entries,
// some of several changes.
func (g *graph) body(a *account, events []event) []byte {
	p := g.of(a)
	var entries []object
	var open object // the entry that takes one more change
	for _, e := range events {
		n := e.value.(news)
		if open != nil && n.value != nil {
			open["changes"] = append(open["changes"].([]object), n.change())
			open = nil
			continue
		}
		entry := p.entry(n)
		entries = append(entries, entry)
		if open = nil; entry["changes"] != nil {
			open = entry
		}
	}
	about, _ := p.network.webhook()
	body := encode(object{"object": about, "entry": entries})
	return bytes.ReplaceAll(body, []byte("/"), []byte(`\/`)) // a slash stands only in strings, and Meta escapes it
}

// entry: of messages Meta says the time in milliseconds, of changes in seconds.
func (p *graphAccount) entry(n news) object {
	entry := object{"id": p.account.ID, "time": n.at.Unix()}
	switch {
	case n.messaging != nil:
		entry["time"], entry["messaging"] = n.at.UnixMilli(), []object{n.messaging}
	case p.flat:
		entry["field"], entry["value"] = n.field, n.value
	default:
		entry["changes"] = []object{n.change()}
	}
	return entry
}

func (n news) change() object { return object{"field": n.field, "value": n.value} }

func (g *graph) target(a *account, body []byte) (target, bool) {
	_, path := g.of(a).network.webhook()
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", "facebookexternalua")
	header.Set("X-Hub-Signature-256", hubSignature(g.sim.config.MetaAppSecret, body))
	return target{url: g.sim.webhookURL + path, header: header}, g.sim.webhookURL != ""
}
