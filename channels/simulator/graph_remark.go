package simulator

import (
	"fmt"
	"strings"
	"time"
)

// graphRemark is something said in public: a comment, a visitor's post, a mention.
type graphRemark struct {
	id      string
	post    string // what it stands under; its own id when it is a post
	parent  string // the comment it answers
	surface Surface
	author  *customer // nil when we said it
	text    string
	image   string // links
	video   string
	at      time.Time
	edited  time.Time
	hidden  bool
	liked   bool
	// answered says that it had its one private reply.
	answered bool
	// elsewhere says that it stands under a post that is not ours.
	elsewhere bool
}

func (r *graphRemark) isPost() bool { return r.id == r.post }

// graphRemarks keeps remarks until they are too many; the oldest goes first.
type graphRemarks struct {
	items map[string]*graphRemark
	order []string
}

func (s *graphRemarks) keep(r *graphRemark) {
	s.items[r.id] = r
	s.order = append(s.order, r.id)
	if len(s.order) > mostMessages {
		delete(s.items, s.order[0])
		s.order = s.order[1:]
	}
}

// drop forgets a remark that was taken back; its place in the order stays empty.
func (s *graphRemarks) drop(id string) { delete(s.items, id) }

// list is what was said under a post or in answer to a comment, the oldest first.
func (s *graphRemarks) list(under string) []*graphRemark {
	var found []*graphRemark
	for _, id := range s.order {
		if r := s.items[id]; r != nil && (r.parent == under || r.parent == "" && r.post == under && !r.isPost()) {
			found = append(found, r)
		}
	}
	return found
}

// findPost is a post that was made known, or that a visitor wrote.
func (p *graphAccount) findPost(id string) (Post, *customer, bool) {
	if known := p.account.posts[id]; known != nil {
		return *known, nil, true
	}
	if r, known := p.remarks.items[id]; known && r.isPost() {
		post := Post{ID: id, Text: r.text, At: r.at}
		if r.author != nil {
			post.Author = r.author.ID
		}
		return post, r.author, true
	}
	return Post{}, nil, false
}

func (g *graph) tellPublicly(p *graphAccount, c *customer, in Inbound, now time.Time) (*event, string, error) {
	verbs := map[Kind]string{Edit: "edited", Revoke: "remove", Hide: "hide", Unhide: "unhide"}
	if verb, changes := verbs[in.Kind]; changes {
		r, err := p.change(c, in, now)
		if err != nil {
			return nil, "", err
		}
		return p.announce(r, verb, now), r.id, nil
	}
	r, err := g.newRemark(p, c, in, now)
	if err != nil {
		return nil, "", err
	}
	p.remarks.keep(r)
	return p.announce(r, "add", now), r.id, nil
}

// announce is the event that tells what became of a remark; nil when nobody hears of it.
func (p *graphAccount) announce(r *graphRemark, verb string, now time.Time) *event {
	n, told := p.network.remarked(p, r, verb, now)
	if !told {
		return nil
	}
	return p.event(n)
}

// change is a remark changed by its author, or moderated by somebody elsewhere.
func (p *graphAccount) change(c *customer, in Inbound, now time.Time) (*graphRemark, error) {
	r, known := p.remarks.items[in.Target]
	if !known {
		return nil, fmt.Errorf("no remark %q to %s", in.Target, in.Kind)
	}
	if (in.Kind == Edit || in.Kind == Revoke) && r.author != c {
		return nil, fmt.Errorf("remark %s is not theirs to %s", in.Target, in.Kind)
	}
	r.become(in.Kind, in.Text, now, &p.remarks)
	return r, nil
}

// become makes a change true.
func (r *graphRemark) become(kind Kind, text string, now time.Time, in *graphRemarks) {
	switch kind {
	case Edit:
		r.text, r.edited = text, now
	case Revoke, Delete:
		in.drop(r.id)
	case Hide, Unhide:
		r.hidden = kind == Hide
	case Like, Unlike:
		r.liked = kind == Like
	}
}

func (g *graph) newRemark(p *graphAccount, c *customer, in Inbound, now time.Time) (*graphRemark, error) {
	if p.account.Platform == Instagram && in.Surface == WallPost {
		return nil, fmt.Errorf("nobody posts on an account's wall on Instagram")
	}
	r := &graphRemark{post: in.Post, surface: in.Surface, author: c, text: in.Text, at: now, elsewhere: in.Surface == Mention}
	switch in.Kind {
	case Text:
	case Image, Sticker:
		r.image = g.keep(p, in.file(), now)
	case Video:
		r.video = g.keep(p, in.file(), now)
	default:
		return nil, fmt.Errorf("customers on %s say no %q in public", p.account.Platform, in.Kind)
	}
	if in.Surface == WallPost || in.Surface == Mention && in.Post == "" {
		r.id = p.network.remarkID(c, p.account, "", in.Surface)
		r.post = r.id
		return r, nil
	}
	if _, _, known := p.findPost(in.Post); !known {
		return nil, fmt.Errorf("no post %q to comment on: make it known first", in.Post)
	}
	if in.Target != "" {
		above, known := p.remarks.items[in.Target]
		if !known || above.post != in.Post {
			return nil, fmt.Errorf("no comment %s under post %s to answer", in.Target, in.Post)
		}
		r.parent = above.level()
	}
	r.id = p.network.remarkID(c, p.account, in.Post, in.Surface)
	return r, nil
}

// level is the comment that answers to this one stand under: both networks show two levels, so that an answer to an
// answer stands beside it.
func (r *graphRemark) level() string {
	switch {
	case r.isPost():
		return ""
	case r.parent != "":
		return r.parent
	}
	return r.id
}

// afterLast is what follows the last underscore: the part of an id that belongs to the object alone.
func afterLast(id string) string { return id[strings.LastIndex(id, "_")+1:] }
