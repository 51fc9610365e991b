package simulator

import (
	"crypto/rand"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
)

// tell turns what a customer did into an update. Telegram keeps deletions to itself, and what the bot did
// not ask for in allowed_updates.
func (d *telegram) tell(a *account, c *customer, in Inbound) (*event, string, error) {
	b := d.bots[a.Account]
	now := d.sim.config.Now()
	kind, value, id, err := d.update(b, c, in, now)
	if err != nil || value == nil || !b.webhook.wants(kind) {
		return nil, id, err
	}
	b.lastUpdate++
	update := object{"update_id": b.lastUpdate, kind: value}
	return &event{name: kind, order: c.ID, value: update}, id, nil
}

func (d *telegram) update(b *telegramBot, c *customer, in Inbound, now time.Time) (string, object, string, error) {
	switch in.Kind {
	case Edit:
		m := c.message(in.Target)
		if m == nil || m.ours {
			return "", nil, "", fmt.Errorf("no message %s of theirs to edit", in.Target)
		}
		m.content = maps.Clone(m.content)
		m.content["text"], m.content["edit_date"] = in.Text, now.Unix()
		return "edited_message", m.content, in.Target, nil
	case Reaction:
		return "message_reaction", c.reaction(in, now), in.Target, nil
	case Button:
		value, err := d.press(b, c, in)
		return "callback_query", value, in.Target, err
	case Block, Unblock:
		return "my_chat_member", c.membership(b, in.Kind, now), "", nil
	case Revoke:
		return "", nil, in.Target, nil
	}
	if in.Kind != Text && !in.Kind.isMedia() {
		return "", nil, "", fmt.Errorf("customers on Telegram know no %q", in.Kind)
	}
	content, id := d.say(b, c, in, now)
	return "message", content, id, nil
}

// say files a new message of the customer.
func (d *telegram) say(b *telegramBot, c *customer, in Inbound, now time.Time) (object, string) {
	content := d.newMessage(c, now)
	content["from"] = c.user()
	if in.Kind == Text {
		content["text"] = in.Text
		if strings.HasPrefix(in.Text, "/") {
			command, _, _ := strings.Cut(in.Text, " ")
			content["entities"] = []object{{"type": "bot_command", "offset": 0, "length": units(command)}}
		}
	} else {
		maps.Copy(content, d.fileContent(b, in.Kind, in.file(), now))
		if in.Text != "" {
			content["caption"] = in.Text
		}
	}
	if m := c.message(in.Target); m != nil {
		content["reply_to_message"] = withoutReply(m.content)
	}
	id := fmt.Sprint(content["message_id"])
	c.remember(message{id: id, at: now, content: content})
	return content, id
}

// newMessage begins a message of either side. Ids are counted per chat, from the clock on, because a world
// that is started anew must not repeat what a database holds.
func (d *telegram) newMessage(c *customer, now time.Time) object {
	if c.lastID == 0 {
		c.lastID = d.epoch()
	}
	c.lastID++
	return object{"message_id": c.lastID, "date": now.Unix(), "chat": c.chat()}
}

// withoutReply is a message as it is quoted: a quote quotes nothing.
func withoutReply(content object) object {
	quoted := maps.Clone(content)
	delete(quoted, "reply_to_message")
	return quoted
}

func (c *customer) numericID() int64 {
	id, _ := strconv.ParseInt(c.ID, 10, 64) // isPerson has seen it
	return id
}

func (c *customer) names() object {
	first, last, _ := strings.Cut(c.Name, " ")
	if first == "" {
		first = "User " + c.ID
	}
	names := object{"id": c.numericID(), "first_name": first}
	if last != "" {
		names["last_name"] = last
	}
	if c.Username != "" {
		names["username"] = c.Username
	}
	return names
}

func (c *customer) user() object {
	user := c.names()
	user["is_bot"] = false
	if c.Language != "" {
		user["language_code"] = c.Language
	}
	return user
}

func (c *customer) chat() object {
	chat := c.names()
	chat["type"] = "private"
	return chat
}

func (c *customer) reaction(in Inbound, now time.Time) object {
	id, _ := strconv.ParseInt(in.Target, 10, 64)
	reactions := []object{}
	if in.Emoji != "" {
		reactions = append(reactions, object{"type": "emoji", "emoji": in.Emoji})
	}
	return object{
		"chat": c.chat(), "message_id": id, "user": c.user(), "date": now.Unix(),
		"old_reaction": []object{}, "new_reaction": reactions,
	}
}

// press is a button of one of our messages being pressed.
func (d *telegram) press(b *telegramBot, c *customer, in Inbound) (object, error) {
	m := c.message(in.Target)
	if m == nil || !m.ours {
		return nil, fmt.Errorf("no message %s of ours with a button", in.Target)
	}
	id := strings.ToLower(rand.Text()[:18])
	b.queries = keepNewest(append(b.queries, id), mostMessages)
	return object{
		"id": id, "from": c.user(), "message": m.content, "chat_instance": "-" + digits(18), "data": in.Payload,
	}, nil
}

func (c *customer) membership(b *telegramBot, kind Kind, now time.Time) object {
	before, after := object{"user": b.user(), "status": "member"}, object{"user": b.user(), "status": "kicked", "until_date": 0}
	if kind == Unblock {
		before, after = after, before
	}
	return object{
		"chat": c.chat(), "from": c.user(), "date": now.Unix(), "old_chat_member": before, "new_chat_member": after,
	}
}
