package inbox

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// limits keep one member from having everyone told more than is worth telling.
type limits struct {
	mu      sync.Mutex
	said    *lru.Cache[string, time.Time] // when a deed was reported last
	buckets *lru.Cache[string, bucket]    // of members
}

// bucket is how much a member may still report.
type bucket struct {
	left int
	at   time.Time // when left was right
}

func newLimits() *limits {
	return &limits{said: cacheOf[time.Time](16384), buckets: cacheOf[bucket](16384)}
}

// allow reports whether a deed, or its end, is to be passed on. Of one deed only the end is news for a while.
func (l *limits) allow(organizationID string, d Deed, ended bool, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	about := organizationID + " " + d.member()
	if last, known := l.said.Get(about); !ended && known && now.Sub(last) < d.pause() {
		return false
	}
	if !l.take(organizationID+" "+d.UserID, now) {
		return false
	}
	if ended {
		l.said.Remove(about)
	} else {
		l.said.Add(about, now)
	}
	return true
}

// take takes one from a member's bucket, if there is one left.
func (l *limits) take(member string, now time.Time) bool {
	b, known := l.buckets.Get(member)
	if !known {
		b = bucket{left: deedsAtOnce, at: now}
	}
	if fresh := int(now.Sub(b.at) / deedsEvery); fresh > 0 {
		b.left, b.at = min(b.left+fresh, deedsAtOnce), b.at.Add(time.Duration(fresh)*deedsEvery)
	}
	if b.left == 0 {
		return false
	}
	b.left--
	l.buckets.Add(member, b)
	return true
}
