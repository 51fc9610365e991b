package linkedin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"parley/channels"
	"parley/models"
)

var _ channels.Poller = (*Adapter)(nil)

const (
	firstReach   = 24 * time.Hour
	longestReach = 60 * 24 * time.Hour // LinkedIn keeps notifications for so long
	overlap      = 5 * time.Minute     // for what LinkedIn lists late
	perPage      = 50
	pagesPerPoll = 20
)

// Poll asks for the notifications since the mark, which is a time in milliseconds. They come as they are delivered, the
// oldest first.
func (a *Adapter) Poll(ctx context.Context, account channels.Account, mark string, now time.Time) (channels.Polled, error) {
	since := now.Add(-firstReach)
	if mark != "" {
		last, err := strconv.ParseInt(mark, 10, 64)
		if err != nil {
			return channels.Polled{}, fmt.Errorf("read the mark of the last poll: %w", err)
		}
		since = time.UnixMilli(last).Add(-overlap)
	}
	if oldest := now.Add(-longestReach); since.Before(oldest) {
		since = oldest
	}
	var r reader
	for n := range pagesPerPoll {
		more, err := a.pollPage(ctx, account, &r, since, now, n*perPage)
		if err != nil {
			return channels.Polled{}, channels.Repeatable(err)
		}
		if !more {
			break
		}
	}
	parsed := r.parsed()
	parsed.Inbound = slices.DeleteFunc(parsed.Inbound, func(in models.Inbound) bool { return in.AccountID != account.ID })
	slices.SortStableFunc(parsed.Inbound, func(one, other models.Inbound) int { return one.At.Compare(other.At) })
	return channels.Polled{Parsed: parsed, Mark: strconv.FormatInt(now.UnixMilli(), 10)}, nil
}

func (a *Adapter) pollPage(
	ctx context.Context, account channels.Account, r *reader, since, now time.Time, start int,
) (more bool, err error) {
	answer, err := a.call(ctx, account, request{
		method: http.MethodGet, path: "/rest/organizationalEntityNotifications",
		query: fmt.Sprintf("q=criteria&actions=List(COMMENT,ADMIN_COMMENT,COMMENT_EDIT,COMMENT_DELETE,SHARE_MENTION)"+
			"&organizationalEntity=%s&timeRange=(start:%d,end:%d)&start=%d&count=%d",
			escaped(account.ID), since.UnixMilli(), now.UnixMilli(), start, perPage),
	})
	if err != nil {
		return false, err
	}
	document, err := channels.Document(answer.Body)
	var page struct{ Elements []json.RawMessage }
	if err == nil {
		err = json.Unmarshal(document, &page)
	}
	if err != nil {
		return false, channels.NotUnderstood(answer, fmt.Errorf("read notifications: %w", err))
	}
	for _, element := range page.Elements {
		r.notifications(element)
	}
	return len(page.Elements) >= perPage, nil
}
