package simulator

import "net/http"

// update hides a comment, shows it again, or puts a comment of ours in other words.
func (g *graph) update(c graphCall) {
	id := c.r.PathValue("id")
	p, ok := g.holder(c, id)
	if !ok {
		return
	}
	limits := p.network.limits()
	switch {
	case c.parameters.has(limits.hide):
		kind, verb := Unhide, "unhide"
		if c.parameters.isTrue(limits.hide) {
			kind, verb = Hide, "hide"
		}
		g.moderate(c, p, Sent{Kind: kind, Target: id}, verb)
	case limits.edits && c.parameters.has("message"):
		g.moderate(c, p, Sent{Kind: Edit, Target: id, Text: c.parameters.values["message"]}, "edited")
	default:
		p.refuse(c.w, graphInvalid("The parameters change nothing here"))
	}
}

// like: Instagram has no such endpoint.
func (g *graph) like(kind Kind) func(graphCall) {
	return func(c graphCall) {
		p, ok := g.holder(c, c.r.PathValue("id"))
		if !ok {
			return
		}
		if !p.network.limits().likes {
			p.refuse(c.w, graphMissing(c.r.PathValue("id")+"/likes"))
			return
		}
		g.moderate(c, p, Sent{Kind: kind, Target: c.r.PathValue("id")}, "")
	}
}

// remove takes a comment or a visitor's post away.
func (g *graph) remove(c graphCall) {
	if p, ok := g.holder(c, c.r.PathValue("id")); ok {
		g.moderate(c, p, Sent{Kind: Delete, Target: c.r.PathValue("id")}, "remove")
	}
}

// moderate does something to a remark and tells of it with a verb, if the network has one for it.
func (g *graph) moderate(c graphCall, p *graphAccount, action Sent, verb string) {
	err := g.sim.act(c.r, p.account, func() ([]Sent, error) {
		r, known := p.remarks.items[action.Target]
		if !known {
			return nil, graphMissing(action.Target)
		}
		if err := r.allows(action.Kind); err != nil {
			return nil, err
		}
		now := g.sim.config.Now()
		r.become(action.Kind, action.Text, now, &p.remarks)
		action.Surface = r.surface
		if r.author != nil {
			action.Recipient = r.author.ID
		}
		if verb != "" {
			if e := p.announce(r, verb, now); e != nil {
				g.sim.emit(p.account, *e)
			}
		}
		return []Sent{action}, nil
	})
	if err != nil {
		p.refuse(c.w, err)
		return
	}
	answerJSON(c.w, http.StatusOK, object{"success": true})
}

// allows: words are their author's; only what stands under a post of ours is ours to hide or delete.
func (r *graphRemark) allows(kind Kind) error {
	ours := r.author == nil
	switch {
	case kind == Edit && !ours,
		kind == Delete && r.elsewhere && !ours,
		(kind == Hide || kind == Unhide) && (r.elsewhere || r.isPost()):
		return graphFailures[Permission]
	}
	return nil
}
