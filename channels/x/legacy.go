package x

import (
	"cmp"
	"encoding/json"
	"strconv"

	"parley/channels"
)

// legacy reads a body of the Account Activity API: what happened to one account, sorted by kind.
func (r *reader) legacy(raw json.RawMessage) error {
	var body struct {
		ForUserID channels.Identifier `json:"for_user_id"`
		Posts     json.RawMessage     `json:"tweet_create_events"`
		Deletions json.RawMessage     `json:"tweet_delete_events"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return err
	}
	if body.ForUserID == "" {
		return errNobody
	}
	s := subject{account: string(body.ForUserID)}
	if err := r.direct(s, "", raw); err != nil {
		r.cannotRead("direct messages", err)
	}
	r.each("post", body.Posts, func(raw json.RawMessage) error { return r.legacyPost(s, raw) })
	r.each("deletion", body.Deletions, func(raw json.RawMessage) error { return r.legacyDeletion(s, raw) })
	return nil
}

func (r *reader) legacyRevocation(raw json.RawMessage) error {
	var body struct {
		Revoke struct {
			At     instant `json:"date_time"`
			Target struct {
				AppID channels.Identifier `json:"app_id"`
			}
			Source struct {
				UserID channels.Identifier `json:"user_id"`
			}
		}
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return err
	}
	s := subject{account: string(body.Revoke.Source.UserID)}
	return r.add(s.revoked(body.Revoke.At, string(body.Revoke.Target.AppID)))
}

func (r *reader) legacyDeletion(s subject, raw json.RawMessage) error {
	var d struct {
		Status struct {
			ID     channels.Identifier
			UserID channels.Identifier `json:"user_id"`
		}
		At channels.Moment `json:"timestamp_ms"`
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return err
	}
	in, err := s.deleted(string(d.Status.ID), string(d.Status.UserID))
	if in != nil {
		in.At = d.At.Time
	}
	return r.add(in, err)
}

// legacyPost is a post in the words before API v2. Its bare number ids are also there as strings, which are right even
// where somebody on the way read the numbers as floats.
type legacyPost struct {
	ID       string  `json:"id_str"`
	At       instant `json:"created_at"`
	Text     string
	FullText string `json:"full_text"`
	Extended struct {
		FullText string   `json:"full_text"`
		Entities entities `json:"extended_entities"`
	} `json:"extended_tweet"`
	Entities       entities        `json:"extended_entities"`
	ReplyTo        string          `json:"in_reply_to_status_id_str"`
	ReplyToUser    string          `json:"in_reply_to_user_id_str"`
	ConversationID string          `json:"conversation_id_str"`
	QuotedID       string          `json:"quoted_status_id_str"`
	Quoted         json.RawMessage `json:"quoted_status"`
	Reposted       json.RawMessage `json:"retweeted_status"`
	User           user
}

type entities struct{ Media []media }

func (r *reader) legacyPost(s subject, raw json.RawMessage) error {
	var old legacyPost
	if err := json.Unmarshal(raw, &old); err != nil {
		return err
	}
	with := includes{people: people{}, posts: map[string]post{}, files: map[string]media{}}
	p := old.translate(with)
	if len(old.Quoted) > 0 {
		var quoted legacyPost
		if json.Unmarshal(old.Quoted, &quoted) == nil {
			with.posts[quoted.ID] = quoted.translate(with)
		}
	}
	return r.add(s.post(p, with))
}

// translate puts the post into the words of API v2, and what it brings along into with.
func (t legacyPost) translate(with includes) post {
	p := post{
		ID: channels.Identifier(t.ID), At: t.At, Text: cmp.Or(t.Extended.FullText, t.FullText, t.Text), AuthorID: t.User.ID,
		// Where the conversation is not named, a reply's is taken for that of the post it answers.
		ConversationID: channels.Identifier(cmp.Or(t.ConversationID, t.ReplyTo)),
		ReplyTo:        channels.Identifier(t.ReplyTo), ReplyToUser: channels.Identifier(t.ReplyToUser),
	}
	if t.User.IDString != "" {
		p.AuthorID = channels.Identifier(t.User.IDString)
	}
	with.people[string(p.AuthorID)] = t.User
	if t.QuotedID != "" {
		p.References = append(p.References, reference{"quoted", channels.Identifier(t.QuotedID)})
	}
	if len(t.Reposted) > 0 && string(t.Reposted) != "null" {
		p.References = append(p.References, reference{"retweeted", p.ID})
	}
	files := t.Extended.Entities.Media
	if len(files) == 0 {
		files = t.Entities.Media
	}
	for i, m := range files {
		key := t.ID + "/" + strconv.Itoa(i)
		with.files[key] = m
		p.Attachments.MediaKeys = append(p.Attachments.MediaKeys, key)
	}
	return p
}
