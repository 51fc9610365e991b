package transport

import (
	"errors"
	"iter"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// lastWord is what a revocation leaves to what runs: an answer, or why a subscription ends, is still heard.
	lastWord = 250 * time.Millisecond
	// revokedFor is how long newcomers of whom a revocation has been heard are turned away: who was found to be welcome
	// just before it may be coming in just after it.
	revokedFor            = 10 * time.Second
	rememberedRevocations = 4096
)

var (
	errNoPlace = errors.New("no place left")
	errRevoked = errors.New("revoked")
)

// guest is a socket or a stream of somebody who was let in.
type guest interface {
	comparable
	// revoke ends it after lastWord. It does not wait.
	revoke()
}

// guests are those whom a transport has let in. It bounds how many a subject has, and finds those a revocation is about.
type guests[G guest] struct {
	limit int // of a subject

	mu       sync.Mutex
	subjects map[string]int
	owners   map[string]map[G]string // the subject of each
	revoked  *lru.Cache[principal, time.Time]
}

// principal is for whom somebody was let in. As one of a revocation it may be without a subject: all of the owner's.
type principal struct{ owner, subject string }

func newGuests[G guest](limit int) *guests[G] {
	revoked, err := lru.New[principal, time.Time](rememberedRevocations)
	if err != nil {
		panic(err) // only a size below one
	}
	return &guests[G]{limit: limit, subjects: make(map[string]int), owners: make(map[string]map[G]string), revoked: revoked}
}

// enter takes g in for its session, unless its subject has no place left or was revoked. Then leave must be called.
func (g *guests[G]) enter(who G, s Session) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.wasRevoked(principal{s.Owner, s.Subject}) || g.wasRevoked(principal{owner: s.Owner}):
		return errRevoked
	case s.Subject != "" && g.subjects[s.Subject] >= g.limit:
		return errNoPlace
	}
	if s.Subject != "" {
		g.subjects[s.Subject]++
	}
	if s.Owner != "" {
		if g.owners[s.Owner] == nil {
			g.owners[s.Owner] = make(map[G]string)
		}
		g.owners[s.Owner][who] = s.Subject
	}
	return nil
}

func (g *guests[G]) wasRevoked(p principal) bool {
	at, known := g.revoked.Get(p)
	return known && time.Since(at) < revokedFor
}

func (g *guests[G]) leave(who G, s Session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s.Subject != "" {
		if g.subjects[s.Subject]--; g.subjects[s.Subject] == 0 {
			delete(g.subjects, s.Subject)
		}
	}
	delete(g.owners[s.Owner], who)
	if len(g.owners[s.Owner]) == 0 {
		delete(g.owners, s.Owner)
	}
}

// count is how many are in that have a subject.
func (g *guests[G]) count() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, of := range g.subjects {
		n += of
	}
	return n
}

// revoke ends what is open for owner by subject, or by any if it is empty, and turns those away who are just coming in.
func (g *guests[G]) revoke(owner, subject string) {
	if owner == "" {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.revoked.Add(principal{owner, subject}, time.Now())
	for who, by := range g.owners[owner] {
		if subject == "" || by == subject {
			who.revoke()
		}
	}
}

// open yields the owner and the subject of those who are in now and can be revoked.
func (g *guests[G]) open() iter.Seq2[string, string] {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make(map[principal]struct{}, len(g.owners))
	for owner, theirs := range g.owners {
		for _, subject := range theirs {
			all[principal{owner, subject}] = struct{}{}
		}
	}
	return func(yield func(string, string) bool) {
		for p := range all {
			if !yield(p.owner, p.subject) {
				return
			}
		}
	}
}
