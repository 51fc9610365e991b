package simulator

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// graph is Meta's Graph API as Facebook pages and Instagram accounts share it; what the two say in words of their own
// is in their network. Facts: Meta's Messenger Platform, Instagram Platform and Graph API webhook pages of 2026.
type graph struct {
	sim      *Simulator
	accounts map[Account]*graphAccount
}

// network is what Facebook and Instagram each do in their own way. Everything is called with Simulator.mu held.
type network interface {
	// webhook is what its webhooks say they are about, and where they go.
	webhook() (about, path string)
	// attachments is a file as a message carries it; link is where it can be fetched.
	attachments(kind Kind, link string) []object
	// replyTo points at an earlier message.
	replyTo(mid string) object
	// told is a deed in private, other than words; false when the network keeps it to itself.
	told(c *customer, in Inbound, mid string, edits int, now time.Time) (news, bool)
	// remarked tells of a remark that was added, edited, removed, hidden or shown again; false when the network keeps
	// that to itself.
	remarked(p *graphAccount, r *graphRemark, verb string, now time.Time) (news, bool)
	// remarkID makes the id of a new remark; post is empty for one that is a post itself.
	remarkID(c *customer, a *account, post string, surface Surface) string
	// receipt is a state of one of our private messages, in the order of states.
	receipt(a *account, sent Sent, state string, at time.Time) news
	states() []string

	// person, self, post and remark are what a GET finds; unasked the fields it gives to those who name none.
	person(c *customer) object
	self(p *graphAccount) object
	post(p *graphAccount, post Post, by *customer) object
	remark(p *graphAccount, r *graphRemark) object
	unasked() string

	// limits are what it takes.
	limits() graphLimits
}

// graphLimits is where the two networks differ in what they take.
type graphLimits struct {
	text          func(string) bool // fits into one private message
	comment       int               // characters
	images        int               // in one message
	hide          string            // the parameter that hides a comment
	likes, edits  bool
	outsideWindow graphError
}

// graphAccount is a page or an Instagram account.
type graphAccount struct {
	account    *account
	network    network
	ids        []string // it goes by in addresses
	username   string
	appID      string
	tokens     []string
	closed     bool // apps may not see its private messages
	flat       bool // changes stand in the entry itself
	subscribed bool
	fields     []string // all when empty
	remarks    graphRemarks
}

func newGraph(s *Simulator) *graph { return &graph{sim: s, accounts: map[Account]*graphAccount{}} }

// add makes an account known; what was said on a known one stays.
func (g *graph) add(p *graphAccount, id Account, name string) Account {
	p.account = g.sim.add(id, name, g)
	p.remarks = graphRemarks{items: map[string]*graphRemark{}}
	if known := g.accounts[id]; known != nil {
		p.remarks = known.remarks
	}
	g.accounts[id] = p
	return id
}

// of finds what the Graph API knows of an account. With mu held.
func (g *graph) of(a *account) *graphAccount { return g.accounts[a.Account] }

func (g *graph) serve(mux *http.ServeMux) {
	for platform, base := range map[Platform]string{Facebook: "/facebook/", Instagram: "/instagram/"} {
		serve := func(pattern string, do func(graphCall)) {
			method, path, _ := strings.Cut(pattern, " ")
			mux.HandleFunc(method+" "+base+path, g.sim.whatsApp.trace(g.called(platform, do)))
		}
		serve("POST {version}/{id}/messages", g.messages)
		serve("POST {version}/{id}/comments", g.comment)
		serve("POST {version}/{id}/replies", g.comment)
		serve("POST {version}/{id}/mentions", g.answerMention)
		serve("POST {version}/{id}/likes", g.like(Like))
		serve("DELETE {version}/{id}/likes", g.like(Unlike))
		serve("POST {version}/{id}/subscribed_apps", g.subscribe)
		serve("DELETE {version}/{id}/subscribed_apps", g.unsubscribe)
		serve("GET {version}/{id}/subscribed_apps", g.subscriptions)
		serve("GET {version}/{id}/conversations", g.conversations)
		serve("GET {version}/{id}/comments", g.list)
		serve("GET {version}/{id}/replies", g.list)
		serve("GET {version}/{id}", g.read)
		serve("POST {version}/{id}", g.update)
		serve("DELETE {version}/{id}", g.remove)
		serve("GET refresh_access_token", g.refresh)
		mux.HandleFunc("GET "+base+"attachments/{id}", g.download)
		mux.HandleFunc(base, g.sim.whatsApp.trace(func(w http.ResponseWriter, r *http.Request) {
			refuseGraph(w, graphMissing(r.URL.Path))
		}))
	}
}

// isPerson: page-scoped and Instagram-scoped ids are numbers.
func (g *graph) isPerson(id string) bool {
	return id != "" && len(id) <= 20 && id[0] != '0' && strings.Trim(id, "0123456789") == ""
}

// wants says whether the account asked for such news. Names of fields differ in a plural s between Meta's pages.
func (p *graphAccount) wants(n news) bool {
	if !p.subscribed || p.closed && n.messaging != nil {
		return false
	}
	singular := func(field string) string { return strings.TrimSuffix(strings.TrimSpace(field), "s") }
	return len(p.fields) == 0 || slices.ContainsFunc(p.fields, func(field string) bool {
		return singular(field) == singular(n.field)
	})
}

// event is the news as a webhook of its own; none unless the account asked for it.
func (p *graphAccount) event(n news) *event {
	if !p.wants(n) {
		return nil
	}
	return &event{name: n.name, value: n}
}

// forget: what was said in public happened, so Reset forgets it; what an account is subscribed to stays.
func (g *graph) forget(a *account) { g.of(a).remarks = graphRemarks{items: map[string]*graphRemark{}} }
