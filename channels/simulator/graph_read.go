package simulator

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// read answers for whatever an id names: an account, a person, a post, a remark.
func (g *graph) read(c graphCall) {
	id, fields := c.r.PathValue("id"), c.parameters.values["fields"]
	if id == "refresh_access_token" { // it can be asked for with a version, too
		g.refresh(c)
		return
	}
	if p := c.named(id); p != nil {
		g.answerSelf(c, p, fields)
		return
	}
	p, found := g.find(c, id)
	if p == nil {
		refuseGraph(c.w, graphMissing(id))
		return
	}
	if fields == "" {
		fields = p.network.unasked()
	}
	g.answerRead(c, p, func() object { return pick(found, fields) })
}

// find looks among what the caller's accounts know.
func (g *graph) find(c graphCall, id string) (*graphAccount, object) {
	g.sim.mu.Lock()
	defer g.sim.mu.Unlock()
	for _, p := range c.mine {
		if post := p.account.posts[id]; post != nil {
			return p, p.network.post(p, *post, nil)
		}
		if r, known := p.remarks.items[id]; known && r.isPost() {
			post, by, _ := p.findPost(id)
			return p, p.network.post(p, post, by)
		} else if known && !(r.elsewhere && p.account.Platform == Instagram) {
			return p, p.network.remark(p, r)
		}
		if person, known := p.account.customers[id]; known && !person.WroteAt.IsZero() {
			return p, p.network.person(person)
		}
	}
	return nil, nil
}

// answerSelf: what an account was named in is read through the account.
func (g *graph) answerSelf(c graphCall, p *graphAccount, fields string) {
	var answer object
	var missing string
	g.sim.mu.Lock()
	if fields == "" {
		fields = "name"
	}
	all := p.network.self(p)
	for _, f := range readFields(fields) {
		if f.name != "mentioned_comment" && f.name != "mentioned_media" {
			continue
		}
		if r, known := p.remarks.items[f.argument]; known && r.surface == Mention && r.isPost() == (f.name == "mentioned_media") {
			all[f.name] = p.mentioned(r)
		} else {
			missing = f.argument
		}
	}
	answer = pick(all, fields)
	g.sim.mu.Unlock()
	if missing != "" {
		p.refuse(c.w, graphMissing(missing))
		return
	}
	g.answerRead(c, p, func() object { return answer })
}

func (p *graphAccount) mentioned(r *graphRemark) object {
	if !r.isPost() {
		return p.network.remark(p, r)
	}
	post, by, _ := p.findPost(r.id)
	return p.network.post(p, post, by)
}

// answerRead answers with what found, called with mu held, says.
func (g *graph) answerRead(c graphCall, p *graphAccount, found func() object) {
	g.sim.mu.Lock()
	answer := found()
	g.sim.mu.Unlock()
	g.sim.slow(c.r, p.account)
	answerJSON(c.w, http.StatusOK, answer)
}

// list is what was said under a post or in answer to a comment.
func (g *graph) list(c graphCall) {
	id, fields := c.r.PathValue("id"), c.parameters.values["fields"]
	p, ok := g.holder(c, id)
	if !ok {
		return
	}
	if fields == "" {
		fields = p.network.unasked()
	}
	g.answerRead(c, p, func() object {
		data := []object{}
		for _, r := range p.remarks.list(id) {
			data = append(data, pick(p.network.remark(p, r), fields))
		}
		return object{"data": data}
	})
}

// conversations lists who wrote in private, unless the account keeps that from apps.
func (g *graph) conversations(c graphCall) {
	p, ok := c.self()
	if !ok {
		return
	}
	if p.closed {
		g.sim.slow(c.r, p.account)
		p.refuse(c.w, graphAccessClosed)
		return
	}
	g.answerRead(c, p, func() object {
		data := []object{}
		for _, person := range p.account.customers {
			if len(person.messages) > 0 {
				data = append(data, p.conversation(person))
			}
		}
		slices.SortFunc(data, func(a, b object) int { return strings.Compare(a["id"].(string), b["id"].(string)) })
		return object{"data": data}
	})
}

func (p *graphAccount) conversation(c *customer) object {
	return object{
		"id":           "t_" + c.ID,
		"updated_time": graphTime(c.messages[len(c.messages)-1].at),
		"participants": object{"data": []object{pick(p.network.person(c), "name,username"), pick(p.network.self(p), "name,username")}},
	}
}

// graphTime is a time as the Graph API writes it.
func graphTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05+0000") }
