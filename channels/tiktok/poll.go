package tiktok

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"parley/channels"
	"parley/models"
)

// Limits of one poll. TikTok lets an account list comments forty times a minute.
const (
	maxVideoPages   = 2 // of twenty: the newest videos
	maxCalls        = 30
	maxCommentPages = 3 // of a video, thirty comments each
	reachesBack     = 24 * time.Hour
	overlap         = 15 * time.Minute // TikTok shows a comment up to five minutes late
)

// Poll asks for the newest comments on the newest videos, in case an event got lost. A comment that comes on an old
// video, or in a crowd, is told by its event alone.
func (a *Adapter) Poll(ctx context.Context, account channels.Account, mark string, now time.Time) (channels.Polled, error) {
	since := readMark(mark, now)
	all, err := a.newestVideos(ctx, account)
	if err != nil {
		return channels.Polled{}, err
	}
	p := poll{adapter: a, account: account, since: since}
	for _, v := range all {
		if v.Comments != nil && *v.Comments == 0 {
			continue
		}
		if err := p.video(ctx, string(v.ID)); err != nil {
			return p.brokenOff(err)
		}
	}
	return p.done(writeMark(now.Add(-overlap)), 0), nil
}

func writeMark(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

func readMark(mark string, now time.Time) time.Time {
	seconds, err := strconv.ParseInt(mark, 10, 64)
	if err != nil {
		return now.Add(-reachesBack)
	}
	return time.Unix(seconds, 0)
}

func (a *Adapter) newestVideos(ctx context.Context, account channels.Account) ([]video, error) {
	var all []video
	query := url.Values{}
	for range maxVideoPages {
		list, err := a.videos(ctx, account, query)
		if err != nil {
			return nil, err
		}
		all = append(all, list.read()...)
		if !list.hasMore() {
			break
		}
		query.Set("cursor", string(list.Cursor))
	}
	return all, nil
}

// poll is one under way.
type poll struct {
	adapter *Adapter
	account channels.Account
	since   time.Time
	calls   int
	parsed  channels.Parsed
}

func (p *poll) done(mark string, wait time.Duration) channels.Polled {
	p.parsed.Inbound = channels.Distinct(p.parsed.Inbound)
	return channels.Polled{Parsed: p.parsed, Mark: mark, Wait: wait}
}

// brokenOff keeps what was read before TikTok had enough of us, and leaves the mark where it was.
func (p *poll) brokenOff(err error) (channels.Polled, error) {
	var refused *channels.SendError
	if len(p.parsed.Inbound) > 0 && errors.As(err, &refused) && refused.Reason == models.RateLimited {
		return p.done(writeMark(p.since), refused.RetryAfter), nil
	}
	return channels.Polled{}, err
}

// video reads the newest comments on one video, until they are old.
func (p *poll) video(ctx context.Context, id string) error {
	query := url.Values{
		"video_id": {id}, "sort_field": {"create_time"}, "sort_order": {"desc"},
		"include_replies": {"true"}, "max_count": {"30"},
	}
	for range maxCommentPages {
		if p.calls == maxCalls {
			return nil
		}
		p.calls++
		list, err := p.adapter.comments(ctx, p.account, query)
		if err != nil {
			return err
		}
		if isOld := p.take(list); isOld || !list.hasMore() {
			return nil
		}
		query.Set("cursor", string(list.Cursor))
	}
	return nil
}

// take keeps what is new on a page, and reports whether the rest is old.
func (p *poll) take(list page) (isOld bool) {
	read := list.read(func(l listed, isReply bool) error {
		in, err := l.tell(p.account.ID)
		if err != nil {
			return err
		}
		if in.At.Before(p.since) {
			isOld = isOld || !isReply && !l.Pinned
			return nil
		}
		p.parsed.Inbound = append(p.parsed.Inbound, in)
		return nil
	})
	p.parsed.Unreadable = append(p.parsed.Unreadable, read.Unreadable...)
	return isOld
}
