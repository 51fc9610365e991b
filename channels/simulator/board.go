package simulator

import (
	"strconv"
	"time"
)

// mostUtterances is what a board remembers.
const mostUtterances = 10_000

// utterance is one thing said in public, by a customer or by us.
type utterance struct {
	id     string
	author string // a customer's id or our account's
	post   string // the post it stands under
	parent string // the utterance or post it answers; none at the top
	quotes string // a post it quotes
	text   string
	lead   int // characters of the text that only say whom it answers
	file   string
	at     time.Time
	// changedAt is when it was last edited.
	changedAt time.Time
	hidden    bool
	liked     bool
	gone      bool
}

// board is what was said in public around one account, the oldest first; the oldest is forgotten.
type board struct{ said []*utterance }

func (b *board) add(r utterance) *utterance {
	r.changedAt = r.at
	b.said = keepNewest(append(b.said, &r), mostUtterances)
	return &r
}

// find looks among those that were deleted, too.
func (b *board) find(id string) *utterance {
	for i := len(b.said) - 1; i >= 0; i-- {
		if b.said[i].id == id {
			return b.said[i]
		}
	}
	return nil
}

// standing finds one that was not deleted.
func (b *board) standing(id string) *utterance {
	if r := b.find(id); r != nil && !r.gone {
		return r
	}
	return nil
}

// where lists those that stand and fulfil ok, the oldest first.
func (b *board) where(ok func(*utterance) bool) []*utterance {
	var found []*utterance
	for _, r := range b.said {
		if !r.gone && ok(r) {
			found = append(found, r)
		}
	}
	return found
}

// mostPosts is how many posts an account has that it or a customer made here; the oldest goes first.
const mostPosts = 1_000

// publish files a post that was made here.
func (a *account) publish(p *Post) {
	var oldest *Post
	for _, known := range a.posts {
		if oldest == nil || known.At.Before(oldest.At) {
			oldest = known
		}
	}
	if len(a.posts) >= mostPosts {
		delete(a.posts, oldest.ID)
	}
	a.posts[p.ID] = p
}

// snowflakes makes ids of 63 bits that grow with time, as X, LinkedIn and TikTok do.
type snowflakes struct {
	epoch time.Time
	last  int64
}

// next is an id of this moment. It begins at a random place in its millisecond: a world that is started anew must
// not repeat what a database holds.
func (s *snowflakes) next(now time.Time) string {
	chance, _ := strconv.ParseInt(digits(6), 10, 64)
	s.last = max(s.last+1, now.Sub(s.epoch).Milliseconds()<<22|chance)
	return strconv.FormatInt(s.last, 10)
}

// isNumber reports whether an id is a positive number as the platforms write it.
func isNumber(id string) bool {
	n, err := strconv.ParseInt(id, 10, 64)
	return err == nil && n > 0 && strconv.FormatInt(n, 10) == id
}

// isOlder compares two ids that are numbers.
func isOlder(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}
