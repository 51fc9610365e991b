package tiktok

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"parley/channels"
	"parley/models"
)

// facts are what every mention of a comment says. Ids are numbers above 2^53 in events, and texts in lists.
type facts struct {
	ID     channels.Identifier `json:"comment_id"`
	Video  channels.Identifier `json:"video_id"`
	Parent channels.Identifier `json:"parent_comment_id"` // of a reply
	Author channels.Identifier `json:"unique_identifier"`
	User   channels.Identifier `json:"user_id"` // the author's id before there was a unique_identifier
	Text   string
	Owner  bool // the account itself wrote it; lists say so
}

// tell puts the facts into our words. Who wrote it decides the direction.
func (f facts) tell(in models.Inbound) (models.Inbound, error) {
	if f.ID == "" || f.Video == "" {
		return models.Inbound{}, errors.New("comment without an id or on no video")
	}
	in.ExternalID = string(f.ID)
	in.ThreadKey = string(f.Video) + ":" + string(f.root())
	in.Post = &models.PostFacts{ExternalID: string(f.Video)}
	if f.isReply() {
		in.ReplyToExternalID = string(f.Parent)
	}
	in.Author.ID = string(f.Author)
	if in.Author.ID == "" {
		in.Author.ID = string(f.User)
	}
	in.Text = f.Text
	if f.Owner || in.Author.ID == in.AccountID {
		in.Direction, in.Echo = models.OutboundMessage, true
	}
	return in, nil
}

func (f facts) isReply() bool { return f.Parent != "" && f.Parent != "0" && f.Parent != f.ID }

// root is the comment a thread hangs on: TikTok's replies have no replies of their own.
func (f facts) root() channels.Identifier {
	if f.isReply() {
		return f.Parent
	}
	return f.ID
}

// update is what happened to a comment.
type update struct {
	facts
	Type   string          `json:"comment_type"`
	Action string          `json:"comment_action"`
	At     channels.Moment `json:"timestamp"`
}

var actions = map[string]models.InboundKind{
	"insert":              models.InboundUtterance,
	"delete":              models.InboundDeletion,
	"set_to_hidden":       models.InboundHidden,
	"set_to_friends_only": models.InboundHidden, // from all who are not the author's friends
	"set_to_public":       models.InboundShown,
}

func (e event) readComment() (*models.Inbound, error) {
	var u update
	if err := e.open(&u); err != nil {
		return nil, err
	}
	kind, known := actions[u.Action]
	if !known {
		return nil, errors.New("something unheard of happened to a comment")
	}
	in, err := u.tell(e.about())
	if err != nil {
		return nil, err
	}
	in.Kind = kind
	if !u.At.IsZero() {
		in.At = u.At.Time
	}
	if kind != models.InboundUtterance {
		in.Text = "" // of the comment as it was; nothing is said
		return &in, nil
	}
	isLost := u.Type == "reply" && !u.isReply() // from its thread
	in.Incomplete = in.Text == "" || in.Author.ID == "" || isLost
	return &in, nil
}

// listed is a comment as a list describes it.
type listed struct {
	facts
	At       channels.Moment `json:"create_time"`
	Username string
	Name     string `json:"display_name"`
	Image    string `json:"image_url"`
	Pinned   bool
	Replies  json.RawMessage `json:"reply_list"`
}

func (l listed) tell(accountID string) (models.Inbound, error) {
	in, err := l.facts.tell(models.Inbound{
		Kind: models.InboundUtterance, AccountID: accountID, Surface: models.Comment,
		Direction: models.InboundMessage, At: l.At.Time,
	})
	if err != nil {
		return models.Inbound{}, err
	}
	in.Author.Name, in.Author.Handle = l.Name, l.Username
	if l.Image != "" {
		in.Attachments = []models.Attachment{{Kind: models.Image, URL: l.Image}}
	}
	return in, nil
}

// page is one answer with comments.
type page struct {
	Comments json.RawMessage
	paging
}

// paging is how every list goes on.
type paging struct {
	Cursor  channels.Identifier
	HasMore json.RawMessage `json:"has_more"`
}

func (p paging) hasMore() bool {
	more := strings.TrimSpace(string(p.HasMore))
	return p.Cursor != "" && (more == "true" || more == "1")
}

// read calls each with every comment of the page, and the replies behind it.
func (p page) read(each func(l listed, isReply bool) error) channels.Parsed {
	var parsed channels.Parsed
	walk(p.Comments, &parsed, func(l listed) error {
		if err := each(l, false); err != nil {
			return err
		}
		walk(l.Replies, &parsed, func(reply listed) error { return each(reply, true) })
		return nil
	})
	return parsed
}

func walk(list json.RawMessage, parsed *channels.Parsed, each func(listed) error) {
	elements, err := channels.Elements(list)
	if err != nil {
		parsed.Unreadable = append(parsed.Unreadable, fmt.Errorf("read comments: %w", err))
		return
	}
	for _, element := range elements {
		var l listed
		if err := json.Unmarshal(element, &l); err != nil {
			parsed.Unreadable = append(parsed.Unreadable, fmt.Errorf("read listed comment: %w", err))
			continue
		}
		if err := each(l); err != nil {
			parsed.Unreadable = append(parsed.Unreadable, fmt.Errorf("read listed comment: %w", err))
		}
	}
}
