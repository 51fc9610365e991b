package simulator

import (
	"net/http"
	"net/url"
	"strconv"
)

// describe is a comment as the API shows it. With mu held.
func (d *linkedIn) describe(p *linkedInPage, c *utterance) object {
	actor := linkedInURN(c.author)
	likes := 0
	if c.liked {
		likes = 1
	}
	said := object{
		"id": c.id, "$URN": commentURN(c), "commentUrn": commentURN(c), "object": c.post, "actor": actor,
		"message":      object{"text": c.text, "attributes": []object{}},
		"created":      object{"actor": actor, "time": c.at.UnixMilli()},
		"lastModified": object{"actor": actor, "time": c.changedAt.UnixMilli()},
		"likesSummary": object{
			"selectedLikes": []object{}, "likedByCurrentUser": c.liked, "aggregatedTotalLikes": likes, "totalLikes": likes,
		},
	}
	if parent := p.board.find(c.parent); parent != nil {
		said["parentComment"] = commentURN(parent)
	}
	if c.file != "" {
		said["content"] = []object{{
			"type": "IMAGE", "url": d.sim.link("/linkedin/media/" + c.file),
			"entity": object{"digitalmediaAsset": "urn:li:digitalmediaAsset:" + c.file},
		}}
	}
	return said
}

func (d *linkedIn) comment(w http.ResponseWriter, r *http.Request, mine []*linkedInPage) {
	d.sim.mu.Lock()
	p, _, _, err := thread(mine, r.PathValue("urn"))
	var said object
	if err == nil {
		var c *utterance
		if c, err = p.own(r); err == nil {
			said = d.describe(p, c)
		}
	}
	d.sim.mu.Unlock()
	if err != nil {
		refuseLinkedIn(w, err)
		return
	}
	d.sim.slow(r, p.account)
	answerJSON(w, http.StatusOK, said)
}

// comments lists those directly under a post or a comment, the oldest first.
func (d *linkedIn) comments(w http.ResponseWriter, r *http.Request, mine []*linkedInPage) {
	d.sim.mu.Lock()
	p, post, above, err := thread(mine, r.PathValue("urn"))
	list := []object{}
	if err == nil {
		parent := ""
		if above != nil {
			parent = above.id
		}
		for _, c := range p.board.where(func(c *utterance) bool { return c.post == activityURN(post) && c.parent == parent }) {
			list = append(list, d.describe(p, c))
		}
	}
	d.sim.mu.Unlock()
	if err != nil {
		refuseLinkedIn(w, err)
		return
	}
	d.sim.slow(r, p.account)
	answerJSON(w, http.StatusOK, restliPage(list, r.URL.Query()))
}

// restliPage cuts out what start and count ask for.
func restliPage(list []object, query url.Values) object {
	start, _ := strconv.Atoi(query.Get("start"))
	count, err := strconv.Atoi(query.Get("count"))
	if err != nil || count < 1 || count > 100 {
		count = 10
	}
	start = min(max(start, 0), len(list))
	page := list[start:min(start+count, len(list))]
	return object{
		"paging":   object{"start": start, "count": count, "total": len(list), "links": []object{}},
		"elements": page,
	}
}
