package simulator

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// xMessageMost is the length of a private message in characters.
const xMessageMost = 10_000

// xConversation is the id of two people's private conversation: the smaller id first.
func xConversation(a, b string) string {
	if isOlder(b, a) {
		a, b = b, a
	}
	return a + "-" + b
}

// recipient is the customer a private message is for. X does not say whether a stranger or their settings were
// in the way.
func (u *xAccount) recipient(r *http.Request) (*customer, error) {
	id := r.PathValue("person")
	if conversation := r.PathValue("conversation"); conversation != "" {
		for _, part := range strings.Split(conversation, "-") {
			if part != u.UserID {
				id = part
			}
		}
		if conversation != xConversation(id, u.UserID) {
			return nil, xForbidden("You are not part of this conversation.")
		}
	}
	c, known := u.account.customers[id]
	if !known {
		return nil, xForbidden("You do not have permission to message one or more of these users.")
	}
	if c.blocked {
		return nil, Failure{Class: RecipientBlocked}
	}
	return c, nil
}

func (d *xNetwork) message(u *xAccount, r *http.Request, asked xRequest, now time.Time) (Sent, object, error) {
	c, err := u.recipient(r)
	if err != nil {
		return Sent{}, nil, err
	}
	if asked.Text == "" && len(asked.Attachments) == 0 {
		return Sent{}, nil, xInvalid("A message needs a text or an attachment.")
	}
	if utf8.RuneCountInString(asked.Text) > xMessageMost || len(asked.Attachments) > 1 {
		return Sent{}, nil, xInvalid("A message has 10000 characters and one attachment at most.")
	}
	sent := Sent{Kind: Text, Recipient: c.ID, Text: asked.Text}
	if len(asked.Attachments) == 1 {
		sent.Media = asked.Attachments[0].MediaID
		if sent.Kind, err = d.uploaded(u, sent.Media, now); err != nil {
			return Sent{}, nil, err
		}
	}
	event := d.say(u, c, u.UserID, asked.Text, sent.Media, now)
	sent.MessageID = event["id"].(string)
	return sent, object{"dm_conversation_id": event["dm_conversation_id"], "dm_event_id": sent.MessageID}, nil
}

// say files a private message of either side, as the API lists it.
func (d *xNetwork) say(u *xAccount, c *customer, sender, text, file string, now time.Time) object {
	content := object{
		"id": d.ids.next(now), "event_type": "MessageCreate", "text": text, "sender_id": sender,
		"dm_conversation_id": xConversation(u.UserID, c.ID), "created_at": xTime(now),
	}
	if file != "" {
		content["attachments"] = object{"media_keys": []string{"3_" + file}}
	}
	c.remember(message{id: content["id"].(string), ours: sender == u.UserID, at: now, content: content})
	return content
}

// removeMessage takes a message of ours away. The other side keeps it.
func (d *xNetwork) removeMessage(u *xAccount, r *http.Request, _ xRequest, _ time.Time) (Sent, object, error) {
	id := r.PathValue("id")
	for _, c := range u.account.customers {
		if m := c.message(id); m != nil {
			if !m.ours {
				return Sent{}, nil, xForbidden("You may delete your own messages alone.")
			}
			c.forget(id)
			return Sent{Kind: Delete, Recipient: c.ID, Target: id}, object{"deleted": true}, nil
		}
	}
	return Sent{}, nil, xMissing("Could not find dm_event with id: [" + id + "].")
}

// events lists the private messages of an account, the newest first.
func (d *xNetwork) events(w http.ResponseWriter, r *http.Request, u *xAccount) {
	query := r.URL.Query()
	d.sim.mu.Lock()
	var list []object
	for _, c := range u.account.customers {
		for _, m := range c.messages {
			if _, listed := m.content["event_type"]; listed {
				list = append(list, m.content)
			}
		}
	}
	page, meta := xPage(list, query)
	chosen := []object{}
	people, files := map[string]bool{}, map[string]bool{}
	for _, e := range page {
		people[e["sender_id"].(string)] = true
		if media, has := e["attachments"].(object); has {
			files[strings.TrimPrefix(media["media_keys"].([]string)[0], "3_")] = true
		}
		chosen = append(chosen, xFields(e, "id event_type text", query.Get("dm_event.fields")))
	}
	includes := object{}
	expansions := strings.Split(query.Get("expansions"), ",")
	if slices.Contains(expansions, "sender_id") {
		includes["users"] = u.people(slices.Sorted(maps.Keys(people)))
	}
	if slices.Contains(expansions, "attachments.media_keys") {
		includes["media"] = d.files(slices.Sorted(maps.Keys(files)), "/x/dm/media/")
	}
	d.sim.mu.Unlock()
	answerX(w, chosen, includes, meta)
}
