package simulator

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// tell turns what a customer did into an event of the X Activity API; what they read and that they type into one
// of the Account Activity API before it. X keeps blocks to itself, and deleted messages.
func (d *xNetwork) tell(a *account, c *customer, in Inbound) (*event, string, error) {
	u, now := d.accounts[a.Account], d.sim.config.Now()
	switch in.Kind {
	case Block, Unblock:
		return nil, "", nil
	case Seen, Typing:
		return d.tellPresence(u, c, in, now)
	case Revoke:
		return d.tellRevoke(u, c, in, now)
	case Text, Image, Video:
	default:
		return nil, "", fmt.Errorf("customers on X know no %q", in.Kind)
	}
	file := ""
	if in.Kind != Text {
		file = d.ids.next(now)
		d.sim.media.keep(file, a.Account, in.file(), now)
	}
	switch in.Surface {
	case Private:
		said := d.say(u, c, c.ID, in.Text, file, now)
		return d.heard(u, "dm.received", d.legacy(u, c, said), nil), said["id"].(string), nil
	case Mention:
		return d.tellMention(u, c, in, file, now)
	case Comment:
		return d.tellReply(u, c, in, file, now)
	}
	return nil, "", fmt.Errorf("X has no %q", in.Surface)
}

// tellMention: a mention of a post is a quotation.
func (d *xNetwork) tellMention(u *xAccount, c *customer, in Inbound, file string, now time.Time) (*event, string, error) {
	id := d.ids.next(now)
	said := utterance{id: id, author: c.ID, post: id, text: in.Text, file: file, at: now}
	kind := "post.mention.create"
	if in.Post != "" {
		if _, known := u.account.posts[in.Post]; !known {
			return nil, "", fmt.Errorf("no post %s to quote", in.Post)
		}
		kind, said.quotes = "post.quote.create", in.Post
	} else if u.named(in.Text) == nil {
		said.text = strings.TrimSpace("@" + u.Username + " " + in.Text)
	}
	u.board.add(said)
	return d.heard(u, kind, u.tweet(&said), d.around(u, &said)), id, nil
}

// tellReply: only answers to what we wrote are pushed; those to others must be searched for.
func (d *xNetwork) tellReply(u *xAccount, c *customer, in Inbound, file string, now time.Time) (*event, string, error) {
	target := in.Target
	if target == "" {
		target = in.Post
	}
	to := u.find(target)
	if to == nil {
		return nil, "", fmt.Errorf("no post %q to comment on", target)
	}
	said := d.answerTo(u, to, c.ID, in.Text, now)
	said.file = file
	u.board.add(said)
	if to.author != u.UserID {
		return nil, said.id, nil
	}
	includes := object{}
	if file != "" {
		includes["media"] = d.files([]string{file}, "/x/media/")
	}
	return d.heard(u, "post.reply.create", u.tweet(&said), includes), said.id, nil
}

func (d *xNetwork) tellRevoke(u *xAccount, c *customer, in Inbound, now time.Time) (*event, string, error) {
	if c.message(in.Target) != nil {
		c.forget(in.Target)
		return nil, in.Target, nil
	}
	said := u.board.standing(in.Target)
	if said == nil || said.author != c.ID {
		return nil, "", fmt.Errorf("no post %s of theirs to delete", in.Target)
	}
	said.gone, said.changedAt = true, now
	return d.heard(u, "post.delete", object{"id": said.id, "author_id": c.ID}, u.wrapped(c.ID)), said.id, nil
}

// tellPresence speaks as the Account Activity API did, whose bodies old subscribers still get.
func (d *xNetwork) tellPresence(u *xAccount, c *customer, in Inbound, now time.Time) (*event, string, error) {
	said := object{
		"created_timestamp": strconv.FormatInt(now.UnixMilli(), 10), "sender_id": c.ID,
		"target": object{"recipient_id": u.UserID},
	}
	kind, list := "dm.indicate_typing", "direct_message_indicate_typing_events"
	if in.Kind == Seen {
		last := u.lastTo(c, in.Target)
		if last == "" {
			return nil, "", errors.New("no message of ours to read")
		}
		kind, list = "dm.read", "direct_message_mark_read_events"
		said["last_read_event_id"] = last
	}
	if !d.hears(u, kind) {
		return nil, "", nil
	}
	users := object{c.ID: d.legacyUser(u, c.ID), u.UserID: d.legacyUser(u, u.UserID)}
	return &event{name: kind, value: object{"for_user_id": u.UserID, list: []object{said}, "users": users}}, "", nil
}

// lastTo is the message of ours they read up to: the named one, or the newest.
func (u *xAccount) lastTo(c *customer, target string) string {
	if m := c.message(target); m != nil && m.ours {
		return target
	}
	last := ""
	for _, m := range c.messages {
		if m.ours {
			last = m.id
		}
	}
	return last
}

func (d *xNetwork) legacyUser(u *xAccount, id string) object {
	return object{
		"id": id, "created_timestamp": "1422556069340", "name": u.nameOf(id), "screen_name": u.username(id),
	}
}
