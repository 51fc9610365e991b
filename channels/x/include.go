package x

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"parley/channels"
	"parley/models"
)

// includes are the people, posts and files an answer or event speaks of. They are a courtesy: what cannot be read of them
// is left out and costs no message.
type includes struct {
	people people
	posts  map[string]post
	files  map[string]media
}

func readIncludes(raw json.RawMessage) includes {
	var parts struct{ Users, Tweets, Media json.RawMessage }
	_ = json.Unmarshal(raw, &parts)
	with := includes{people: people{}, posts: map[string]post{}, files: map[string]media{}}
	for _, u := range listOf[user](parts.Users) {
		with.people[string(u.ID)] = u
	}
	for _, p := range listOf[post](parts.Tweets) {
		with.posts[string(p.ID)] = p
	}
	for _, m := range listOf[media](parts.Media) {
		with.files[m.Key] = m
	}
	return with
}

func (i includes) media(keys []string) []media {
	var found []media
	for _, key := range keys {
		if m, ok := i.files[key]; ok {
			found = append(found, m)
		}
	}
	return found
}

// listOf reads what it can. X wraps the things it includes into "data" in some events.
func listOf[T any](raw json.RawMessage) []T {
	elements, _ := channels.Elements(raw)
	var list []T
	for _, element := range elements {
		var thing T
		if json.Unmarshal(unwrapped(element), &thing) == nil {
			list = append(list, thing)
		}
	}
	return list
}

func unwrapped(raw json.RawMessage) json.RawMessage {
	var wrapper struct{ Data json.RawMessage }
	if json.Unmarshal(raw, &wrapper) == nil && len(wrapper.Data) > 0 {
		return wrapper.Data
	}
	return raw
}

// user is a person on X, in the words of both API versions.
type user struct {
	ID         channels.Identifier
	IDString   string `json:"id_str"`
	Name       string
	Username   string
	ScreenName string `json:"screen_name"`
}

type people map[string]user

// readPeople reads users that are listed by their ids.
func readPeople(raw json.RawMessage) people {
	var byID map[string]json.RawMessage
	_ = json.Unmarshal(raw, &byID)
	who := people{}
	for id, element := range byID {
		var u user
		if json.Unmarshal(unwrapped(element), &u) == nil {
			who[id] = u
		}
	}
	return who
}

func (p people) author(id string) models.Author {
	u := p[id]
	return models.Author{ID: id, Name: u.Name, Handle: cmp.Or(u.Username, u.ScreenName)}
}

// media is a file, in the words of both API versions.
type media struct {
	Key      string `json:"media_key"`
	ID       string `json:"id_str"`
	Type     string
	Link     string `json:"url"`             // in v2 the file itself; before, the short link in the text
	Picture  string `json:"media_url_https"` // before v2
	Preview  string `json:"preview_image_url"`
	Variants []variant
	Video    struct{ Variants []variant } `json:"video_info"` // before v2
}

type variant struct {
	ContentType string `json:"content_type"`
	Rate        int64  `json:"bit_rate"`
	OldRate     int64  `json:"bitrate"`
	URL         string
}

func (m media) attachment() models.Attachment {
	a := models.Attachment{Kind: models.Image, URL: m.Picture, MediaID: cmp.Or(m.Key, m.ID)}
	if a.URL == "" && m.Key != "" {
		a.URL = m.Link
	}
	if m.Type == "video" || m.Type == "animated_gif" {
		a.Kind, a.Animated = models.Video, m.Type == "animated_gif"
		if best := bestOf(append(m.Variants, m.Video.Variants...)); best.URL != "" {
			a.URL, a.MIMEType = best.URL, best.ContentType
		}
	}
	return a
}

// bestOf is the film with the most data; lists of pieces for streaming are not files.
func bestOf(variants []variant) variant {
	var best variant
	for _, v := range variants {
		if v.ContentType == "video/mp4" && (best.URL == "" || v.Rate+v.OldRate > best.Rate+best.OldRate) {
			best = v
		}
	}
	return best
}

func attachments(files []media) []models.Attachment {
	var list []models.Attachment
	for i, m := range files {
		a := m.attachment()
		a.Position = i
		list = append(list, a)
	}
	return list
}

// plainText undoes the only three escapes X makes in a text.
var plainText = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace

// instant is a time as API v2 or the API before it writes it. Zero when there is none.
type instant struct{ time.Time }

// UnmarshalJSON accepts RFC 3339, the older API's long form, and milliseconds.
func (i *instant) UnmarshalJSON(raw []byte) error {
	text := strings.Trim(string(raw), `"`)
	for _, form := range []string{time.RFC3339, time.RubyDate} {
		if at, err := time.Parse(form, text); err == nil {
			i.Time = at.UTC()
			return nil
		}
	}
	var m channels.Moment
	if err := m.UnmarshalJSON(raw); err != nil {
		return err
	}
	i.Time = m.Time
	return nil
}
