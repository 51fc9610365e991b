package simulator

import (
	"net/http"
	"time"
	"unicode/utf8"
)

// graphWords is what a call says in public.
type graphWords struct{ text, link string }

func (c graphCall) words(p *graphAccount) (graphWords, error) {
	words := graphWords{c.parameters.values["message"], c.parameters.values["attachment_url"]}
	if words.link == "" {
		words.link = c.parameters.values["attachment_id"]
	} else if !isWebAddress(words.link) {
		return words, graphInvalid("Param attachment_url must be a web address")
	}
	most := p.network.limits().comment
	switch {
	case p.account.Platform == Instagram && words.link != "":
		return words, graphInvalid("A comment takes no attachment")
	case words.text == "" && words.link == "":
		return words, graphInvalid("The parameter message is required")
	case utf8.RuneCountInString(words.text) > most:
		return words, graphInvalid("The comment is too long")
	}
	return words, nil
}

// comment answers a comment or a post.
func (g *graph) comment(c graphCall) {
	id := c.r.PathValue("id")
	p, ok := g.holder(c, id)
	if !ok {
		return
	}
	g.serveRemark(c, p, func() (*graphRemark, string, error) {
		if above, known := p.remarks.items[id]; known {
			if above.elsewhere && p.account.Platform == Instagram { // there, mentions are answered at an address of their own
				return nil, "", graphMissing(id)
			}
			return &graphRemark{post: above.post, parent: above.level(), surface: above.surface, elsewhere: above.elsewhere}, id, nil
		}
		post := p.account.posts[id]
		if post == nil {
			return nil, "", graphMissing(id)
		}
		surface := Comment
		if post.Dark {
			surface = AdComment
		}
		return &graphRemark{post: id, surface: surface, elsewhere: post.Author != ""}, id, nil
	})
}

// answerMention comments on somebody else's media that names us, or in answer to a comment there.
func (g *graph) answerMention(c graphCall) {
	p, ok := c.self()
	if !ok {
		return
	}
	media, comment := c.parameters.values["media_id"], c.parameters.values["comment_id"]
	g.serveRemark(c, p, func() (*graphRemark, string, error) {
		r := &graphRemark{post: media, surface: Mention, elsewhere: true}
		if comment == "" {
			if said, known := p.remarks.items[media]; !known || said.surface != Mention {
				return nil, "", graphMissing(media)
			}
			return r, media, nil
		}
		above, known := p.remarks.items[comment]
		if !known || above.surface != Mention || above.post != media {
			return nil, "", graphMissing(comment)
		}
		r.parent = above.level()
		return r, comment, nil
	})
}

// serveRemark says something in public; begin, called with mu held, says where, and what it answers.
func (g *graph) serveRemark(c graphCall, p *graphAccount, begin func() (*graphRemark, string, error)) {
	words, err := c.words(p)
	if err != nil {
		p.refuse(c.w, err)
		return
	}
	g.sim.serveSend(c.w, c.r, p.account, exchange{
		accept: func(now time.Time) (Sent, error) {
			r, answers, err := begin()
			if err != nil {
				return Sent{}, err
			}
			return p.remarkOurs(r, words, answers, now), nil
		},
		answer: func(w http.ResponseWriter, sent Sent) {
			answerJSON(w, http.StatusOK, object{"id": sent.MessageID})
		},
		refuse: p.refuse,
	})
}

// remarkOurs files what we said. With mu held.
func (p *graphAccount) remarkOurs(r *graphRemark, words graphWords, answers string, now time.Time) Sent {
	r.text, r.image, r.at = words.text, words.link, now
	r.id = p.network.remarkID(nil, p.account, r.post, r.surface)
	sent := Sent{MessageID: r.id, Kind: Text, Surface: r.surface, Text: words.text, Media: words.link, Target: answers}
	if words.link != "" {
		sent.Kind = Image
	}
	if above, known := p.remarks.items[answers]; known && above.author != nil {
		sent.Recipient = above.author.ID
	}
	p.remarks.keep(r)
	return sent
}
