package simulator

import "time"

// receipts: our own words come back first, in private and under our own posts.
func (g *graph) receipts(sent Sent) []string {
	p := g.accounts[sent.Account]
	r, public := p.remarks.items[sent.MessageID]
	switch {
	case sent.Kind == Reaction:
		return nil
	case public:
		if n, told := p.network.remarked(p, r, "add", r.at); !told || !p.wants(n) {
			return nil
		}
		return []string{"echo"}
	}
	var wanted []string
	for _, state := range p.network.states() {
		if p.wants(p.network.receipt(p.account, sent, state, sent.At)) {
			wanted = append(wanted, state)
		}
	}
	return wanted
}

func (g *graph) receipt(a *account, sent Sent, state string, _ *Failure, at time.Time) event {
	p := g.of(a)
	var n news
	if r, public := p.remarks.items[sent.MessageID]; public {
		n, _ = p.network.remarked(p, r, "add", r.at)
	} else {
		n = p.network.receipt(a, sent, state, at)
	}
	return event{name: n.name, value: n}
}

// echo is one of our messages as both networks hand it back: the account writes, the person is written to.
func echo(a *account, sent Sent, field string) news {
	said := object{"is_echo": true, "mid": sent.MessageID}
	if c, known := a.customers[sent.Recipient]; known {
		if m := c.message(sent.MessageID); m != nil {
			for key, value := range m.content {
				said[key] = value
			}
		}
	}
	return news{name: "echo", field: field, at: sent.At, messaging: object{
		"sender": object{"id": a.ID}, "recipient": object{"id": sent.Recipient},
		"timestamp": sent.At.UnixMilli(), "message": said,
	}}
}

// seenBy is news of the person a message was for.
func seenBy(a *account, sent Sent, name, field string, at time.Time, what object) news {
	what["sender"], what["recipient"] = object{"id": sent.Recipient}, object{"id": a.ID}
	what["timestamp"] = at.UnixMilli()
	return news{name: name, field: field, at: at, messaging: what}
}
