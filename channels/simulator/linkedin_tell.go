package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// jsonNumber is an id that is a number in JSON.
func jsonNumber(digits string) json.Number { return json.Number(digits) }

// tell turns what a customer did into a notification. LinkedIn's private messages have no public API.
func (d *linkedIn) tell(a *account, c *customer, in Inbound) (*event, string, error) {
	p, now := d.pages[a.Account], d.sim.config.Now()
	switch in.Kind {
	case Block, Unblock:
		return nil, "", nil
	case Edit, Revoke:
		return d.tellChange(p, c, in, now)
	case Like:
		post, known := p.activity(in.Post)
		if !known {
			return nil, "", fmt.Errorf("no post %q to like", in.Post)
		}
		id := fmt.Sprintf("urn:li:like:(%s,%s)", linkedInURN(c.ID), activityURN(post))
		return d.notify(p, "LIKE", p.about(post, object{"generatedActivity": id}), now), id, nil
	case Text, Image:
	default:
		return nil, "", fmt.Errorf("customers on LinkedIn know no %q", in.Kind)
	}
	switch in.Surface {
	case Comment:
		return d.tellComment(p, c, in, now)
	case Mention:
		return d.tellMention(p, c, in, now)
	}
	return nil, "", errors.New("customers on LinkedIn comment and mention, nothing else")
}

func (d *linkedIn) tellComment(p *linkedInPage, c *customer, in Inbound, now time.Time) (*event, string, error) {
	under := in.Post
	if under == "" {
		under = in.Target
	}
	_, post, parent, err := thread([]*linkedInPage{p}, under)
	if err != nil {
		return nil, "", fmt.Errorf("no post %q to comment on", under)
	}
	if in.Target != "" {
		if _, _, parent, err = thread([]*linkedInPage{p}, in.Target); err != nil {
			return nil, "", fmt.Errorf("no comment %s to answer", in.Target)
		}
	}
	said := utterance{id: d.ids.next(now), author: c.ID, post: activityURN(post), text: in.Text, at: now}
	if parent != nil {
		said.parent = topmost(parent)
	}
	if in.Kind == Image {
		said.file = d.sim.media.keep("C4E"+newToken()[:20], p.account.Account, in.file(), now).id
	}
	made := p.board.add(said)
	return d.notify(p, "COMMENT", p.decorated(post, made), now), commentURN(made), nil
}

// tellMention: the post that names us is somebody else's, and we learn its text from the notification.
func (d *linkedIn) tellMention(p *linkedInPage, c *customer, in Inbound, now time.Time) (*event, string, error) {
	id := d.ids.next(now)
	text := in.Text
	if !strings.Contains(text, p.Organization) {
		text = strings.TrimSpace(text + " @[" + p.Name + "](" + p.Organization + ")")
	}
	post := &Post{ID: "urn:li:share:" + id, Text: text, Author: c.ID, At: now}
	p.account.publish(post)
	category := "NONE"
	if in.Kind == Image {
		category = "IMAGE"
	}
	share := object{"entity": post.ID, "owner": linkedInURN(c.ID), "text": text, "mediaCategory": category}
	value := p.about(post, object{
		"generatedActivity": post.ID, "decoratedGeneratedActivity": object{"share": share},
	})
	value["decoratedSourcePost"] = share
	return d.notify(p, "SHARE_MENTION", value, now), post.ID, nil
}

func (d *linkedIn) tellChange(p *linkedInPage, c *customer, in Inbound, now time.Time) (*event, string, error) {
	_, post, said, err := thread([]*linkedInPage{p}, in.Target)
	if err != nil || said == nil || said.author != c.ID {
		return nil, "", fmt.Errorf("no comment %s of theirs to %s", in.Target, in.Kind)
	}
	if in.Kind == Revoke {
		p.takeDown(said, now)
		return d.notify(p, "COMMENT_DELETE", p.about(post, object{"generatedActivity": short(said)}), now), in.Target, nil
	}
	said.text, said.changedAt = in.Text, now
	return d.notify(p, "COMMENT_EDIT", p.decorated(post, said), now), in.Target, nil
}

// short is a comment's id as generatedActivity has it.
func short(c *utterance) string { return strings.Replace(commentURN(c), "(urn:li:", "(", 1) }

// decorated tells a comment with its words, but not which comment it answers: that must be asked for.
func (p *linkedInPage) decorated(post *Post, c *utterance) object {
	return p.about(post, object{
		"generatedActivity": short(c),
		"decoratedGeneratedActivity": object{"comment": object{
			"owner": linkedInURN(c.author), "entity": commentURN(c), "object": c.post, "text": c.text,
		}},
	})
}

// about adds the post something happened to.
func (p *linkedInPage) about(post *Post, told object) object {
	told["sourcePost"] = activityURN(post)
	told["decoratedSourcePost"] = object{
		"owner": p.authorOf(post), "mediaCategory": "NONE", "text": post.Text,
		"entity": strings.Replace(activityURN(post), ":activity:", ":share:", 1),
	}
	return told
}

// notify files a notification, and tells it unless the page's subscription ended.
func (d *linkedIn) notify(p *linkedInPage, action string, told object, now time.Time) *event {
	e := d.notification(p, action, told, now)
	if p.asked && p.webhook == "" {
		return nil
	}
	return &e
}

func (d *linkedIn) notification(p *linkedInPage, action string, told object, now time.Time) event {
	told["action"], told["lastModifiedAt"] = action, now.UnixMilli()
	told["notificationId"] = jsonNumber(digits(12))
	told["organizationalEntity"], told["subscriber"] = p.Organization, p.Member
	p.told = keepNewest(append(p.told, told), mostUtterances)
	return event{name: action, value: told}
}

// receipts: what our page did comes back as what its administrator did.
func (d *linkedIn) receipts(sent Sent) []string {
	p := d.pages[sent.Account]
	if p.asked && p.webhook == "" {
		return nil
	}
	switch sent.Kind {
	case Text:
		return []string{"ADMIN_COMMENT"}
	case Edit:
		return []string{"COMMENT_EDIT"}
	case Delete:
		return []string{"COMMENT_DELETE"}
	}
	return nil
}

func (d *linkedIn) receipt(a *account, sent Sent, action string, _ *Failure, at time.Time) event {
	p, id := d.pages[a.Account], sent.MessageID
	if id == "" {
		id = sent.Target
	}
	parts := linkedInComment.FindStringSubmatch(id)
	c := p.board.find(parts[2])
	post, known := p.activity("urn:li:activity:" + parts[1])
	if c == nil || !known { // forgotten meanwhile
		post = &Post{ID: "urn:li:activity:" + parts[1]}
		c = &utterance{id: parts[2], author: p.Organization, post: post.ID, text: sent.Text}
	}
	if action == "COMMENT_DELETE" {
		return d.notification(p, action, p.about(post, object{"generatedActivity": short(c)}), at)
	}
	return d.notification(p, action, p.decorated(post, c), at)
}
