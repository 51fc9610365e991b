package simulator

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// legacy is a private message as events tell it, which is not how the API lists it.
func (d *xNetwork) legacy(u *xAccount, c *customer, said object) object {
	text, sender := said["text"], said["sender_id"].(string)
	recipient := u.UserID
	if sender == u.UserID {
		recipient = c.ID
	}
	at, _ := time.Parse(time.RFC3339, said["created_at"].(string))
	data := object{"text": text, "entities": object{
		"hashtags": []object{}, "symbols": []object{}, "user_mentions": []object{}, "urls": []object{},
	}}
	if media, has := said["attachments"].(object); has {
		id := strings.TrimPrefix(media["media_keys"].([]string)[0], "3_")
		data["attachment"] = object{"type": "media", "media": object{
			"id": id, "id_str": id, "media_url_https": d.sim.link("/x/dm/media/" + id), "type": d.fileType(id),
		}}
	}
	return object{
		"direct_message_events": []object{{
			"type": "message_create", "id": said["id"], "created_timestamp": strconv.FormatInt(at.UnixMilli(), 10),
			"message_create": object{
				"target": object{"recipient_id": recipient}, "sender_id": sender, "message_data": data,
			},
		}},
		"users": object{
			c.ID:     object{"data": u.person(c.ID)},
			u.UserID: object{"data": u.person(u.UserID)},
		},
	}
}

// heard is an event, if anybody subscribed for its kind.
func (d *xNetwork) heard(u *xAccount, kind string, payload, includes object) *event {
	if !d.hears(u, kind) {
		return nil
	}
	e := d.activity(u, kind, payload, includes)
	return &e
}

// activity is an event in the envelope of the X Activity API. Half of the ids of deliveries are below zero.
func (d *xNetwork) activity(u *xAccount, kind string, payload, includes object) event {
	data := object{
		"event_uuid": strconv.FormatInt(int64(rand.Uint64()), 10),
		"filter":     object{"user_id": u.UserID}, "event_type": kind, "payload": payload,
	}
	if includes != nil {
		data["includes"] = includes
	}
	if s := d.subscription(u, kind); s != nil && s.tag != "" {
		data["tag"] = s.tag
	}
	return event{name: kind, value: object{"data": data}}
}

// around is whom and what an event about a post comes with.
func (d *xNetwork) around(u *xAccount, r *utterance) object {
	includes := object{"users": u.people([]string{r.author, u.UserID}), "tweets": []object{u.tweet(r)}}
	if r.quotes != "" {
		includes = object{}
	}
	if r.file != "" {
		includes["media"] = d.files([]string{r.file}, "/x/media/")
	}
	return includes
}

// wrapped names people as events about deletions do.
func (u *xAccount) wrapped(id string) object {
	return object{"users": []object{{"data": u.person(id)}}}
}

func (u *xAccount) nameOf(id string) string {
	if id == u.UserID {
		return u.Name
	}
	if c, known := u.account.customers[id]; known && c.Name != "" {
		return c.Name
	}
	return "User " + id
}

func (u *xAccount) person(id string) object {
	return object{
		"id": id, "name": u.nameOf(id), "username": u.username(id), "created_at": "2026-04-20T19:55:59.000Z",
		"protected": false, "verified": false, "is_identity_verified": false, "url": "",
		"profile_image_url": "https://pbs.twimg.com/profile_images/0000000000000000001/example_normal.jpg",
	}
}

func (u *xAccount) people(ids []string) []object {
	list := []object{}
	for _, id := range ids {
		list = append(list, u.person(id))
	}
	return list
}
