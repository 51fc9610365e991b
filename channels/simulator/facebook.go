package simulator

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// metaApp is the app our webhooks and echoes are for unless an account names another.
const metaApp = "1517776481860111"

// FacebookPage is a page: its Messenger inbox and what is said under its posts.
type FacebookPage struct {
	ID          string
	Name        string
	Username    string
	AccessToken string
	// AppID is our app's id, which echoes carry; one of the simulator's own when empty.
	AppID string
	// MessagesClosed says that apps may not see the page's private messages.
	MessagesClosed bool
	// NeedsSubscription delivers no webhooks until POST …/subscribed_apps; else all are delivered from the start.
	NeedsSubscription bool
}

// facebook is the network of pages.
type facebook struct{ graph *graph }

// AddFacebookPage adds a page, or changes one that is there; what was said on it stays. Posts to comment on are made
// known with AddPost, their ids {page}_{post} as Facebook's. It panics without an id or a token.
//
// A customer's ID is the page-scoped one, which private messages carry. In public they go by FacebookPublicID.
func (s *Simulator) AddFacebookPage(page FacebookPage) Account {
	if page.ID == "" || page.AccessToken == "" {
		panic("simulator: a Facebook page needs an ID and an AccessToken")
	}
	if page.AppID == "" {
		page.AppID = metaApp
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.graph.add(&graphAccount{
		network: facebook{s.graph}, ids: []string{page.ID}, username: page.Username, appID: page.AppID,
		tokens: []string{page.AccessToken}, closed: page.MessagesClosed, subscribed: !page.NeedsSubscription,
	}, Account{Platform: Facebook, ID: page.ID}, page.Name)
}

// FacebookPublicID is the id a person comments and posts under; to a page's inbox the same person is their
// page-scoped id. Only the answer to a private reply tells that the two are one.
func FacebookPublicID(pageScopedID string) string { return "10" + pageScopedID }

func (facebook) webhook() (about, path string) { return "page", "/webhooks/facebook" }

func (facebook) limits() graphLimits {
	return graphLimits{
		text:    func(text string) bool { return utf8.RuneCountInString(text) <= 2000 },
		comment: 8000, images: 30, hide: "is_hidden", likes: true, edits: true,
		outsideWindow: graphFailures[OutsideWindow],
	}
}

// attachments: until the end of August 2026 a sticker is told twice, as the picture it is and as itself.
func (facebook) attachments(kind Kind, link string) []object {
	if kind == Sticker {
		payload := object{"url": link, "sticker_id": json.Number("144885035685763")}
		return []object{{"type": "image", "payload": payload}, {"type": "sticker", "payload": payload}}
	}
	name := map[Kind]string{Image: "image", Video: "video", Audio: "audio", Voice: "audio", Document: "file"}[kind]
	return []object{{"type": name, "payload": object{"url": link}}}
}

func (facebook) replyTo(mid string) object { return object{"mid": mid, "is_self_reply": false} }

// told: Messenger says nothing of messages that are taken back.
func (facebook) told(_ *customer, in Inbound, mid string, edits int, now time.Time) (news, bool) {
	switch in.Kind {
	case Button:
		return news{name: "postback", field: "messaging_postbacks", messaging: object{
			"postback": object{"mid": mid, "title": in.Text, "payload": in.Payload}}}, true
	case Reaction:
		return news{name: "reaction", field: "message_reactions", messaging: object{"reaction": reactionTo(mid, in.Emoji)}}, true
	case Edit:
		return news{name: "edit", field: "message_edits", messaging: object{
			"message_edit": object{"mid": mid, "text": in.Text, "num_edit": edits}}}, true
	case Seen:
		return news{name: "read", field: "message_reads", messaging: object{"read": object{"watermark": now.UnixMilli()}}}, true
	}
	return news{}, false
}

func (facebook) states() []string { return []string{"echo", "delivered", "read"} }

func (n facebook) receipt(a *account, sent Sent, state string, at time.Time) news {
	switch state {
	case "delivered":
		return seenBy(a, sent, "delivered", "message_deliveries", at, object{
			"delivery": object{"mids": []string{sent.MessageID}, "watermark": at.UnixMilli()}})
	case "read":
		return seenBy(a, sent, "read", "message_reads", at, object{"read": object{"watermark": at.UnixMilli()}})
	}
	told := echo(a, sent, "message_echoes")
	said := told.messaging["message"].(object)
	said["app_id"] = json.Number(n.graph.of(a).appID)
	if sent.Reference != "" {
		said["metadata"] = sent.Reference
	}
	return told
}

func (facebook) unasked() string { return "name,message,created_time" }

func (facebook) person(c *customer) object {
	first, last, _ := strings.Cut(c.Name, " ")
	return object{"id": c.ID, "name": c.Name, "first_name": first, "last_name": last}
}

func (n facebook) self(p *graphAccount) object {
	page := object{"id": p.account.ID, "name": p.account.name, "category": "Shop", "link": facebookLink(p.account.ID)}
	if p.username != "" {
		page["username"] = p.username
	}
	for id, other := range n.graph.accounts {
		if id.Platform == Instagram && len(other.ids) > 1 && other.ids[1] == p.account.ID {
			page["instagram_business_account"] = object{"id": id.ID, "username": other.username}
		}
	}
	return page
}

func facebookLink(path string) string { return "https://www.facebook.com/" + path }
