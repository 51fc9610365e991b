package linkedin

import (
	"net/url"
	"strings"
)

const (
	commentPrefix      = "urn:li:comment:("
	organizationPrefix = "urn:li:organization:"
)

// comment is what the URN of a comment says: on which post it is, and its number there.
type comment struct {
	object string // the URN of the post, or of its activity
	id     string
}

// readComment reads a comment's URN, long or short: some notifications leave "urn:li:" out within the parentheses.
func readComment(urn string) (comment, bool) {
	inner, isComment := strings.CutPrefix(urn, commentPrefix)
	inner, closed := strings.CutSuffix(inner, ")")
	cut := strings.LastIndex(inner, ",")
	if !isComment || !closed || cut <= 0 || cut == len(inner)-1 {
		return comment{}, false
	}
	c := comment{object: inner[:cut], id: inner[cut+1:]}
	if !strings.HasPrefix(c.object, "urn:") {
		c.object = "urn:li:" + c.object
	}
	return c, true
}

func (c comment) urn() string { return commentPrefix + c.object + "," + c.id + ")" }

// thread is a conversation below a post: with a comment, where there is one, and all answers to it.
type thread struct {
	object string
	root   string // the URN of the first comment; empty below a post that mentions us
}

func (t thread) key() string {
	if t.root == "" {
		return t.object
	}
	return t.object + ":" + t.root
}

func readThread(key string) thread {
	object, root, below := strings.Cut(key, ":"+commentPrefix)
	if !below {
		return thread{object: key}
	}
	return thread{object: object, root: commentPrefix + root}
}

// escaped is a URN in an address: nothing of it may look like the address's own signs.
func escaped(urn string) string { return strings.ReplaceAll(url.QueryEscape(urn), "+", "%20") }

// organization is the URN of a Page, of which people often give the number only.
func organization(id string) string {
	if id == "" || strings.HasPrefix(id, "urn:") {
		return id
	}
	return organizationPrefix + id
}

// number is the last part of a URN.
func number(urn string) string { return urn[strings.LastIndex(urn, ":")+1:] }

// permalink is where people see a post.
func permalink(urn string) string { return "https://www.linkedin.com/feed/update/" + urn }
