package simulator

import (
	"strconv"
	"strings"
	"time"
)

// InstagramAccount is a professional account on Instagram.
type InstagramAccount struct {
	ID       string // 17841…
	Username string
	Name     string // the username when empty
	// PageID is the Facebook page an account of Facebook Login is linked to: it can be called by either id, and its
	// changes are told in a list. Without it the account is one of Instagram Login, each change told by itself.
	PageID      string
	AccessToken string
	// MessagesClosed says that apps may not see the account's private messages, a setting in the app.
	MessagesClosed bool
	// NeedsSubscription delivers no webhooks until POST …/subscribed_apps; else all are delivered from the start.
	NeedsSubscription bool
}

// instagram is the network of professional accounts. Mentions and moderation are told of by ids, or not at all.
type instagram struct{}

// AddInstagramAccount adds an account, or changes one that is there; what was said on it stays. Media to comment on
// are made known with AddPost. It panics without an id or a token. A customer's ID is the same in private and public.
func (s *Simulator) AddInstagramAccount(of InstagramAccount) Account {
	if of.ID == "" || of.AccessToken == "" {
		panic("simulator: an Instagram account needs an ID and an AccessToken")
	}
	if of.Name == "" {
		of.Name = of.Username
	}
	p := &graphAccount{
		network: instagram{}, ids: []string{of.ID}, username: of.Username, appID: metaApp, tokens: []string{of.AccessToken},
		closed: of.MessagesClosed, flat: of.PageID == "", subscribed: !of.NeedsSubscription,
	}
	if of.PageID != "" {
		p.ids = append(p.ids, of.PageID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.graph.add(p, Account{Platform: Instagram, ID: of.ID}, of.Name)
}

func (instagram) webhook() (about, path string) { return "instagram", "/webhooks/instagram" }

// limits: Instagram counts a message in bytes.
func (instagram) limits() graphLimits {
	return graphLimits{
		text:    func(text string) bool { return len(text) <= 1000 },
		comment: 2200, images: 10, hide: "hide",
		outsideWindow: graphError{status: 400, code: 10, subcode: 2534022,
			message: "(#10) This message is sent outside of allowed window."},
	}
}

// attachments: the one sticker is a heart, which has no file.
func (instagram) attachments(kind Kind, link string) []object {
	if kind == Sticker {
		return []object{{"type": "like_heart"}}
	}
	name := map[Kind]string{Image: "image", Video: "video", Audio: "audio", Voice: "audio", Document: "file"}[kind]
	return []object{{"type": name, "payload": object{"url": link}}}
}

func (instagram) replyTo(mid string) object { return object{"mid": mid} }

func (instagram) told(_ *customer, in Inbound, mid string, edits int, _ time.Time) (news, bool) {
	switch in.Kind {
	case Button:
		return news{name: "postback", field: "messaging_postbacks", messaging: object{
			"postback": object{"mid": mid, "title": in.Text, "payload": in.Payload}}}, true
	case Reaction:
		return news{name: "reaction", field: "message_reactions", messaging: object{"reaction": reactionTo(mid, in.Emoji)}}, true
	case Edit:
		return news{name: "edit", field: "message_edit", messaging: object{
			"message_edit": object{"mid": mid, "text": in.Text, "num_edit": strconv.Itoa(edits)}}}, true
	case Revoke:
		return news{name: "unsend", field: "messages", messaging: object{"message": object{"mid": mid, "is_deleted": true}}}, true
	case Seen:
		return news{name: "read", field: "messaging_seen", messaging: object{"read": object{"mid": mid}}}, true
	}
	return news{}, false
}

func (instagram) states() []string { return []string{"echo", "read"} }

// receipt: Instagram says which message was seen, and its echoes come among the messages.
func (instagram) receipt(a *account, sent Sent, state string, at time.Time) news {
	if state == "read" {
		return seenBy(a, sent, "read", "messaging_seen", at, object{"read": object{"mid": sent.MessageID}})
	}
	return echo(a, sent, "messages")
}

func (instagram) unasked() string { return "timestamp,text" }

func (instagram) person(c *customer) object {
	return object{"id": c.ID, "name": c.Name, "username": c.instagramName(), "follower_count": 128,
		"is_user_follow_business": true, "is_business_follow_user": false, "is_verified_user": false}
}

// instagramName is who somebody is on Instagram, where everybody has a username.
func (c *customer) instagramName() string {
	switch {
	case c.Username != "":
		return c.Username
	case c.Name != "":
		return strings.ReplaceAll(strings.ToLower(c.Name), " ", ".")
	}
	return "user" + c.ID
}

func (instagram) self(p *graphAccount) object {
	return object{"id": p.account.ID, "user_id": p.account.ID, "username": p.username, "name": p.account.name,
		"account_type": "BUSINESS"}
}
