package simulator

import (
	"net/http"
	"time"
)

// own finds the comment a path names.
func (p *linkedInPage) own(r *http.Request) (*utterance, error) {
	_, post, _, err := thread([]*linkedInPage{p}, r.PathValue("urn"))
	if err != nil {
		return nil, err
	}
	c := p.board.standing(r.PathValue("id"))
	if c == nil || c.post != activityURN(post) {
		return nil, linkedInMissing("Could not find comment " + r.PathValue("id"))
	}
	return c, nil
}

func (d *linkedIn) edit(p *linkedInPage, r *http.Request, asked linkedInRequest, now time.Time) (Sent, *utterance, error) {
	if r.Header.Get("X-Restli-Method") != "PARTIAL_UPDATE" {
		return Sent{}, nil, linkedInIllegal("POST of a comment needs X-RestLi-Method: PARTIAL_UPDATE")
	}
	c, err := p.own(r)
	if err != nil {
		return Sent{}, nil, err
	}
	if c.author != p.Organization {
		return Sent{}, nil, linkedInDenied("Only its author may edit a comment")
	}
	text := asked.Patch.Message.Set.Text
	if err := checkLinkedInText(text); err != nil {
		return Sent{}, nil, err
	}
	c.text, c.changedAt = text, now
	return Sent{Kind: Edit, Surface: p.surfaceOf(c), Text: text, Target: commentURN(c)}, nil, nil
}

// remove deletes a comment: ours, or anybody's under a post of ours. The answers go with it.
func (d *linkedIn) remove(p *linkedInPage, r *http.Request, _ linkedInRequest, now time.Time) (Sent, *utterance, error) {
	c, err := p.own(r)
	if err != nil {
		return Sent{}, nil, err
	}
	sent := Sent{Kind: Delete, Surface: p.surfaceOf(c), Target: commentURN(c)}
	if c.author != p.Organization {
		sent.Recipient = c.author
	}
	p.takeDown(c, now)
	return sent, nil, nil
}

func (p *linkedInPage) takeDown(c *utterance, now time.Time) {
	c.gone, c.changedAt = true, now
	for _, under := range p.board.where(func(u *utterance) bool { return u.parent == c.id }) {
		under.gone, under.changedAt = true, now
	}
}

func (d *linkedIn) like(p *linkedInPage, _ *http.Request, asked linkedInRequest, _ time.Time) (Sent, *utterance, error) {
	if asked.Reaction != "LIKE" {
		return Sent{}, nil, linkedInIllegal("reactionType is none the simulator knows")
	}
	_, _, c, err := thread([]*linkedInPage{p}, asked.Root)
	if err != nil || c == nil {
		return Sent{}, nil, linkedInMissing("Could not find " + asked.Root)
	}
	c.liked = true
	return Sent{Kind: Like, Surface: p.surfaceOf(c), Recipient: c.author, Target: commentURN(c)}, c, nil
}

func (d *linkedIn) unlike(p *linkedInPage, r *http.Request, _ linkedInRequest, _ time.Time) (Sent, *utterance, error) {
	key, err := restliKey(r)
	if err != nil {
		return Sent{}, nil, err
	}
	_, _, c, err := thread([]*linkedInPage{p}, key["entity"])
	if err != nil || c == nil || !c.liked {
		return Sent{}, nil, linkedInMissing("Could not find the reaction")
	}
	c.liked = false
	return Sent{Kind: Unlike, Surface: p.surfaceOf(c), Recipient: c.author, Target: commentURN(c)}, nil, nil
}

func (p *linkedInPage) surfaceOf(c *utterance) Surface {
	if post, known := p.activity(c.post); known {
		return p.surface(post)
	}
	return Comment
}
