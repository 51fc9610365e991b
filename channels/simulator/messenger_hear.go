package simulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// teamMessage is a message as the history and the stream show it.
type teamMessage struct {
	ID          string
	From        string
	Text        string
	Attachments []struct{ Kind, URL string }
	DeletedAt   *time.Time
}

// longestHistory is how much of it a visitor looks at.
const longestHistory = 100

// load reads the history and returns the place from which to follow on.
func (v *visitor) load(ctx context.Context, token string) (cursor string, err error) {
	site, _ := v.site()
	var page struct {
		Messages []teamMessage
		Cursor   string
	}
	path := fmt.Sprintf("messages?limit=%d", longestHistory)
	if err := v.messenger.ask(ctx, site, token, http.MethodGet, path, nil, &page); err != nil {
		return "", err
	}
	for _, m := range slices.Backward(page.Messages) { // the newest comes first
		v.hear(ctx, m)
	}
	v.messenger.sim.mu.Lock()
	defer v.messenger.sim.mu.Unlock()
	v.knows = true
	return page.Cursor, nil
}

// hear takes a message of the team, once, as what the account sent. What was said before the visitor came is not news.
func (v *visitor) hear(ctx context.Context, m teamMessage) {
	s := v.messenger.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil || m.From != "team" || v.customer.message(m.ID) != nil {
		return
	}
	now := s.config.Now()
	v.customer.remember(message{id: m.ID, ours: true, at: now})
	if !v.knows || m.DeletedAt != nil {
		return
	}
	for _, sent := range m.sent() {
		v.record(sent, now)
	}
	s.change()
	v.reads(ctx, m.ID)
}

// sent is the message as other platforms would be sent it: every file after the first by itself.
func (m teamMessage) sent() []Sent {
	if len(m.Attachments) == 0 {
		return []Sent{{MessageID: m.ID, Kind: Text, Text: m.Text}}
	}
	var list []Sent
	for i, file := range m.Attachments {
		sent := Sent{MessageID: m.ID, Kind: kindOfFile(file.Kind), Media: file.URL}
		if i == 0 {
			sent.Text = m.Text
		}
		list = append(list, sent)
	}
	return list
}

func kindOfFile(kind string) Kind {
	switch kind {
	case "IMAGE":
		return Image
	case "VIDEO":
		return Video
	case "AUDIO":
		return Audio
	}
	return Document
}

// notice takes what else the team did as an action of the account.
func (v *visitor) notice(ctx context.Context, action Sent) {
	s := v.messenger.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	v.record(action, s.config.Now())
	s.change()
}

func (v *visitor) record(sent Sent, at time.Time) {
	sent.Account, sent.Recipient, sent.At = v.account.Account, v.customer.ID, at
	v.account.record(sent)
}

// see takes one event of the stream. It fails when the stream must not be followed further as it is.
func (v *visitor) see(ctx context.Context, token string, b block) error {
	var told struct {
		teamMessage
		UpTo string
		Code string
	}
	if err := json.Unmarshal([]byte(b.data), &told); err != nil {
		v.messenger.sim.config.Logger.Warn("event of a visitor's stream not understood", "account", v.account.Account, "event", b.name)
		return nil
	}
	switch b.name {
	case "message":
		v.hear(ctx, told.teamMessage)
	case "messageChanged":
		v.change(ctx, told.teamMessage)
	case "read":
		v.notice(ctx, Sent{Kind: MarkRead, Target: told.UpTo})
	case "typing":
		v.notice(ctx, Sent{Kind: Typing})
	case "reload":
		_, err := v.load(ctx, token)
		return err
	case "end":
		return messengerError{status: http.StatusUnauthorized, code: told.Code}
	}
	return nil
}

func (v *visitor) change(ctx context.Context, m teamMessage) {
	switch {
	case m.From != "team":
	case m.DeletedAt != nil:
		v.notice(ctx, Sent{Kind: Delete, Target: m.ID})
	default:
		v.notice(ctx, Sent{Kind: Edit, Target: m.ID, Text: m.Text})
	}
}
