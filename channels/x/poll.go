package x

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"parley/channels"
)

var _ channels.Poller = (*Adapter)(nil)

const (
	firstReach = 24 * time.Hour
	// A poll reads at most so many pages of each list: direct messages are limited to 15 calls in 15 minutes. What is
	// older than the last of them is not asked for again.
	pagesPerPoll = 10
)

// mark is the newest we know of each list.
type mark struct {
	Direct  string `json:"dm,omitempty"`
	Mention string `json:"mention,omitempty"`
}

// Poll asks for direct messages and mentions since the mark, and returns them as they happened, the oldest first.
// Conversations of groups are in the lists, unlike in X's deliveries.
func (a *Adapter) Poll(ctx context.Context, account channels.Account, last string, now time.Time) (channels.Polled, error) {
	var m mark
	if last != "" {
		if err := json.Unmarshal([]byte(last), &m); err != nil {
			return channels.Polled{}, fmt.Errorf("read the mark of the last poll: %w", err)
		}
	}
	since := now.Add(-firstReach)
	var direct, mentions reader
	var err error
	if m.Direct, err = a.pollDirect(ctx, account, &direct, m.Direct, since); err != nil {
		return channels.Polled{}, channels.Repeatable(err)
	}
	if m.Mention, err = a.pollMentions(ctx, account, &mentions, m.Mention, since); err != nil {
		return channels.Polled{}, channels.Repeatable(err)
	}
	next, err := json.Marshal(m)
	if err != nil {
		return channels.Polled{}, fmt.Errorf("write the mark: %w", err)
	}
	polled := channels.Polled{Mark: string(next)}
	for _, r := range []reader{direct, mentions} {
		parsed := r.parsed()
		slices.Reverse(parsed.Inbound)
		polled.Inbound = append(polled.Inbound, parsed.Inbound...)
		polled.Unreadable = append(polled.Unreadable, parsed.Unreadable...)
	}
	return polled, nil
}

// fields are what we want to know of everything that is listed or looked up.
func fields() url.Values {
	return url.Values{
		"user.fields":  {"name,username"},
		"media.fields": {"media_key,type,url,preview_image_url,variants"},
		"tweet.fields": {"author_id,conversation_id,created_at,in_reply_to_user_id,referenced_tweets,note_tweet,attachments"},
	}
}

// pollDirect walks back until it meets what we know: this list cannot be asked for what is newer than something.
func (a *Adapter) pollDirect(
	ctx context.Context, account channels.Account, r *reader, newest string, since time.Time,
) (string, error) {
	query := fields()
	query.Del("tweet.fields")
	query.Set("dm_event.fields", "id,event_type,text,sender_id,dm_conversation_id,created_at,participant_ids,attachments")
	query.Set("event_types", "MessageCreate,ParticipantsJoin,ParticipantsLeave")
	query.Set("expansions", "sender_id,attachments.media_keys")
	query.Set("max_results", "100")
	known := newest
	isNew := func(id string, at time.Time) bool {
		return known != "" && isOlder(known, id) || known == "" && !at.Before(since)
	}
	for range pagesPerPoll {
		answer, err := a.list(ctx, account, "/2/dm_events", query)
		if err != nil {
			return "", err
		}
		var found reader
		p, err := found.directPage(subject{account: account.ID}, answer.Body)
		if err != nil {
			return "", channels.NotUnderstood(answer, err)
		}
		r.unreadable = append(r.unreadable, found.unreadable...)
		fresh := 0
		for _, in := range found.inbound {
			if !isNew(in.ExternalID, in.At) {
				continue
			}
			r.inbound = append(r.inbound, in)
			fresh++
			if newest == "" || isOlder(newest, in.ExternalID) {
				newest = in.ExternalID
			}
		}
		if p.Meta.Next == "" || fresh == 0 {
			break
		}
		query.Set("pagination_token", p.Meta.Next)
	}
	return newest, nil
}

func (a *Adapter) pollMentions(
	ctx context.Context, account channels.Account, r *reader, newest string, since time.Time,
) (string, error) {
	query := fields()
	query.Set("expansions", "author_id,referenced_tweets.id,referenced_tweets.id.author_id,attachments.media_keys")
	query.Set("max_results", "100")
	if newest == "" {
		query.Set("start_time", since.UTC().Format(time.RFC3339))
	} else {
		query.Set("since_id", newest)
	}
	for range pagesPerPoll {
		answer, err := a.list(ctx, account, "/2/users/"+url.PathEscape(account.ID)+"/mentions", query)
		if err != nil {
			return "", err
		}
		before := len(r.inbound)
		p, err := r.mentionPage(subject{account: account.ID}, answer.Body)
		if err != nil {
			return "", channels.NotUnderstood(answer, err)
		}
		for _, in := range r.inbound[before:] {
			if newest == "" || isOlder(newest, in.ExternalID) {
				newest = in.ExternalID
			}
		}
		if p.Meta.Next == "" {
			break
		}
		query.Set("pagination_token", p.Meta.Next)
	}
	return newest, nil
}

func (a *Adapter) list(ctx context.Context, account channels.Account, path string, query url.Values) (channels.Answer, error) {
	return a.ask(ctx, request{method: http.MethodGet, path: path, query: query, token: account.Credentials.AccessToken})
}
