package simulator

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// find looks for a post among those that stand: ours, and what customers said.
func (u *xAccount) find(id string) *utterance {
	if r := u.board.standing(id); r != nil {
		return r
	}
	p, known := u.account.posts[id]
	if !known {
		return nil
	}
	author := p.Author
	if author == "" {
		author = u.UserID
	}
	return &utterance{id: p.ID, author: author, post: p.ID, text: p.Text, at: p.At}
}

// surface is where a post stands: under one of ours, or elsewhere.
func (u *xAccount) surface(r *utterance) Surface {
	if root := u.find(r.post); root != nil && root.author != u.UserID {
		return Mention
	}
	return Comment
}

// username is how an author is called in public.
func (u *xAccount) username(id string) string {
	if id == u.UserID {
		return u.Username
	}
	if c, known := u.account.customers[id]; known && c.Username != "" {
		return c.Username
	}
	return "user" + id
}

// answerTo begins a reply: X puts before it whom it answers.
func (d *xNetwork) answerTo(u *xAccount, to *utterance, author, text string, now time.Time) utterance {
	lead := ""
	if to.author != author {
		lead = "@" + u.username(to.author) + " "
	}
	return utterance{
		id: d.ids.next(now), author: author, post: to.post, parent: to.id,
		text: lead + text, lead: len(lead), at: now,
	}
}

// publish says something in public: a reply, or a post of its own.
func (d *xNetwork) publish(u *xAccount, _ *http.Request, asked xRequest, now time.Time) (Sent, object, error) {
	if asked.Text == "" && len(asked.Media.IDs) == 0 {
		return Sent{}, nil, xInvalid("A post needs a text or media.")
	}
	if xWeight(asked.Text) > xPostMost {
		return Sent{}, nil, xInvalid("Your post text is too long.")
	}
	sent := Sent{Kind: Text, Surface: Comment, Text: asked.Text, Target: asked.Reply.To}
	for _, id := range asked.Media.IDs {
		kind, err := d.uploaded(u, id, now)
		if err != nil {
			return Sent{}, nil, err
		}
		sent.Kind, sent.Media = kind, id
	}
	id, err := d.post(u, &sent, now)
	if err != nil {
		return Sent{}, nil, err
	}
	return sent, object{"id": id, "text": u.find(id).text, "edit_history_tweet_ids": []string{id}}, nil
}

func (d *xNetwork) post(u *xAccount, sent *Sent, now time.Time) (string, error) {
	if sent.Target == "" {
		sent.MessageID = d.ids.next(now)
		u.account.publish(&Post{ID: sent.MessageID, Text: sent.Text, At: now})
		return sent.MessageID, nil
	}
	to := u.find(sent.Target)
	if to == nil {
		return "", xForbidden("You attempted to reply to a Post that is deleted or not visible to you.")
	}
	if c, known := u.account.customers[to.author]; known && c.blocked {
		return "", Failure{Class: Permission}
	}
	said := d.answerTo(u, to, u.UserID, sent.Text, now)
	said.file = sent.Media
	u.board.add(said)
	sent.MessageID, sent.Surface = said.id, u.surface(to)
	if to.author != u.UserID {
		sent.Recipient = to.author
	}
	return said.id, nil
}

func (d *xNetwork) removePost(u *xAccount, r *http.Request, _ xRequest, now time.Time) (Sent, object, error) {
	id := r.PathValue("id")
	found := u.find(id)
	if found == nil {
		return Sent{}, nil, xMissing("Could not find tweet with id: [" + id + "].")
	}
	if found.author != u.UserID {
		return Sent{}, nil, xForbidden("You are not authorized to delete this Post.")
	}
	sent := Sent{Kind: Delete, Surface: u.surface(found), Target: id}
	if _, ours := u.account.posts[id]; ours {
		delete(u.account.posts, id)
		found = u.board.add(*found)
	}
	found.gone, found.changedAt = true, now
	return sent, object{"deleted": true}, nil
}

// hide hides a reply under a post of ours, or shows it again.
func (d *xNetwork) hide(u *xAccount, r *http.Request, asked xRequest, _ time.Time) (Sent, object, error) {
	id := r.PathValue("id")
	found := u.board.standing(id)
	if asked.Hidden == nil {
		return Sent{}, nil, xInvalid("Say whether hidden is true or false.")
	}
	if found == nil {
		return Sent{}, nil, xMissing("Could not find tweet with id: [" + id + "].")
	}
	root := u.find(found.post)
	if root == nil || root.author != u.UserID || root.id == id {
		return Sent{}, nil, xForbidden("You may hide replies in your own conversations alone.")
	}
	found.hidden = *asked.Hidden
	sent := Sent{Kind: Unhide, Surface: Comment, Recipient: found.author, Target: id}
	if found.hidden {
		sent.Kind = Hide
	}
	return sent, object{"hidden": found.hidden}, nil
}

// tweet is a post as the API describes it.
func (u *xAccount) tweet(r *utterance) object {
	length := utf8.RuneCountInString(r.text)
	t := object{
		"id": r.id, "text": r.text, "author_id": r.author, "conversation_id": r.post, "created_at": xTime(r.at),
		"edit_history_tweet_ids": []string{r.id}, "display_text_range": []int{r.lead, length},
		"edit_controls": object{
			"edits_remaining": 5, "edits_remaining_str": "5", "is_edit_eligible": r.parent == "",
			"editable_until": xTime(r.at.Add(time.Hour)),
		},
		"lang": "und", "paid_partnership": false, "possibly_sensitive": false, "reply_settings": "everyone",
	}
	if r.parent != "" {
		t["in_reply_to_tweet_id"] = r.parent
		t["referenced_tweets"] = []object{{"type": "replied_to", "id": r.parent}}
		if to := u.find(r.parent); to != nil {
			t["in_reply_to_user_id"] = to.author
		}
	}
	if r.quotes != "" {
		t["referenced_tweets"] = []object{{"type": "quoted", "id": r.quotes}}
	}
	if r.file != "" {
		t["attachments"] = object{"media_keys": []string{"3_" + r.file}}
	}
	if named := u.named(r.text); named != nil {
		t["entities"] = object{"mentions": named}
	}
	return t
}

// named is where a text names our account.
func (u *xAccount) named(text string) []object {
	mention := "@" + u.Username
	before, _, found := strings.Cut(strings.ToLower(text), strings.ToLower(mention))
	if !found {
		return nil
	}
	start := utf8.RuneCountInString(before)
	end := start + utf8.RuneCountInString(mention)
	return []object{{
		"start": start, "start_str": strconv.Itoa(start), "end": end, "end_str": strconv.Itoa(end),
		"username": u.Username, "id": u.UserID,
	}}
}
