package simulator

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// graphLinkValid is how long a link to a file can be fetched.
const graphLinkValid = 24 * time.Hour

// graphMID makes a message id in the network's shape.
func graphMID(platform Platform) string {
	if platform == Instagram {
		return "aWdfZAG1faXRlbToxOk" + rand.Text()
	}
	return "m_" + rand.Text() + rand.Text()
}

// keep stores a file and returns the link to it, which whoever knows it may fetch for a day. With mu held.
func (g *graph) keep(p *graphAccount, file Media, now time.Time) string {
	stored := g.sim.media.keep(rand.Text(), p.account.Account, file, now)
	path := "/" + strings.ToLower(string(p.account.Platform)) + "/attachments/" + stored.id
	return g.sim.link(path + "?oe=" + strconv.FormatInt(now.Add(graphLinkValid).Unix(), 16))
}

// storyLink is the picture of a story.
func (g *graph) storyLink(p *graphAccount, id string, now time.Time) string {
	if story := p.account.posts[id]; story != nil && story.Permalink != "" {
		return story.Permalink
	}
	return g.keep(p, samples()[Image], now)
}

// download hands out a file that was sent, to anyone who has the link, as Meta's content network does.
func (g *graph) download(w http.ResponseWriter, r *http.Request) {
	g.sim.mu.Lock()
	stored, known := g.sim.media.items[r.PathValue("id")]
	ours := stored.owner.Platform == Facebook || stored.owner.Platform == Instagram
	g.sim.mu.Unlock()
	expires, err := strconv.ParseInt(r.URL.Query().Get("oe"), 16, 64)
	if !known || !ours || err != nil || g.sim.config.Now().After(time.Unix(expires, 0)) {
		http.Error(w, "URL signature expired", http.StatusForbidden)
		return
	}
	stored.serve(w)
}
