package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

const (
	tikTokTextMost = 1200 // characters of a comment
	tikTokPageMost = 30   // comments of a page, and ids of a question
)

// unique is how TikTok names an author: our account not by the id it is called with.
func (b *tikTokAccount) unique(author string) string {
	if author == b.BusinessID {
		return "uid-" + b.BusinessID
	}
	return author
}

// video is a video of the account.
func (b *tikTokAccount) video(id string) (*Post, error) {
	post, known := b.account.posts[id]
	if !known {
		return nil, tikTokInvalid("The video does not exist or is not the account's.")
	}
	return post, nil
}

// comment is one under a video of the account.
func (b *tikTokAccount) comment(asked tikTokRequest) (*utterance, error) {
	c := b.board.standing(asked.Comment)
	if c == nil || asked.Video != "" && c.post != asked.Video {
		return nil, tikTokInvalid("The comment does not exist.")
	}
	return c, nil
}

func checkTikTokText(text string) error {
	if text == "" || utf8.RuneCountInString(text) > tikTokTextMost {
		return tikTokInvalid("text: length must be between 1 and 1200.")
	}
	return nil
}

func (d *tikTok) create(b *tikTokAccount, asked tikTokRequest, now time.Time) (Sent, object, error) {
	video, err := b.video(asked.Video)
	if err == nil {
		err = checkTikTokText(asked.Text)
	}
	if err != nil {
		return Sent{}, nil, err
	}
	return d.speak(b, Sent{Target: video.ID}, utterance{post: video.ID}, asked.Text, now)
}

// reply answers a comment; an answer to an answer stands under the same comment.
func (d *tikTok) reply(b *tikTokAccount, asked tikTokRequest, now time.Time) (Sent, object, error) {
	c, err := b.comment(asked)
	if err == nil {
		_, err = b.video(asked.Video)
	}
	if err == nil {
		err = checkTikTokText(asked.Text)
	}
	if err != nil {
		return Sent{}, nil, err
	}
	sent := Sent{Target: c.id}
	if c.author != b.BusinessID {
		sent.Recipient = c.author
	}
	return d.speak(b, sent, utterance{post: c.post, parent: topmost(c)}, asked.Text, now)
}

func (d *tikTok) speak(b *tikTokAccount, sent Sent, said utterance, text string, now time.Time) (Sent, object, error) {
	said.id, said.author, said.text, said.at = d.ids.next(now), b.BusinessID, text, now
	sent.Kind, sent.Surface, sent.Text, sent.MessageID = Text, Comment, text, said.id
	return sent, b.describe(b.board.add(said)), nil
}

func (d *tikTok) hide(b *tikTokAccount, asked tikTokRequest, _ time.Time) (Sent, object, error) {
	c, err := b.comment(asked)
	if err != nil {
		return Sent{}, nil, err
	}
	kind, known := map[string]Kind{"HIDE": Hide, "UNHIDE": Unhide}[asked.Action]
	if !known {
		return Sent{}, nil, tikTokInvalid("action must be HIDE or UNHIDE.")
	}
	c.hidden = kind == Hide
	return Sent{Kind: kind, Surface: Comment, Recipient: c.author, Target: c.id}, object{}, nil
}

func (d *tikTok) like(b *tikTokAccount, asked tikTokRequest, _ time.Time) (Sent, object, error) {
	c, err := b.comment(asked)
	if err != nil {
		return Sent{}, nil, err
	}
	kind, known := map[string]Kind{"LIKE": Like, "UNLIKE": Unlike}[asked.Action]
	if !known {
		return Sent{}, nil, tikTokInvalid("action must be LIKE or UNLIKE.")
	}
	c.liked = kind == Like
	return Sent{Kind: kind, Surface: Comment, Recipient: c.author, Target: c.id}, object{}, nil
}

// remove deletes a comment of ours, and nobody else's.
func (d *tikTok) remove(b *tikTokAccount, asked tikTokRequest, now time.Time) (Sent, object, error) {
	c, err := b.comment(asked)
	if err != nil {
		return Sent{}, nil, err
	}
	if c.author != b.BusinessID {
		return Sent{}, nil, Failure{Class: Permission}
	}
	b.takeDown(c, now)
	return Sent{Kind: Delete, Surface: Comment, Target: c.id}, object{}, nil
}

// takeDown deletes a comment with the answers under it.
func (b *tikTokAccount) takeDown(c *utterance, now time.Time) {
	c.gone, c.changedAt = true, now
	for _, under := range b.board.where(func(u *utterance) bool { return u.parent == c.id }) {
		under.gone, under.changedAt = true, now
	}
}

// answers are the replies under a comment, the oldest first.
func (b *tikTokAccount) answers(id string) []*utterance {
	return b.board.where(func(u *utterance) bool { return u.parent == id })
}

// describe is a comment as the API lists it.
func (b *tikTokAccount) describe(c *utterance) object {
	name, username := b.Name, b.username()
	if person, known := b.account.customers[c.author]; known {
		name, username = person.Name, person.Username
	}
	status, likes := "PUBLIC", 0
	if c.hidden {
		status = "HIDDEN"
	}
	if c.liked {
		likes = 1
	}
	said := object{
		"comment_id": c.id, "video_id": c.post, "user_id": "u-" + c.author, "unique_identifier": b.unique(c.author),
		"create_time": seconds(c.at), "text": c.text, "likes": likes, "replies": len(b.answers(c.id)),
		"owner": c.author == b.BusinessID, "liked": c.liked, "pinned": false, "status": status,
		"username": username, "display_name": name, "profile_image": "https://p16.tiktokcdn.com/" + c.author,
	}
	if c.parent != "" {
		said["parent_comment_id"] = c.parent
	}
	return said
}

// comments lists those directly under a video, the newest first, or the ones that are named.
func (d *tikTok) comments(r *http.Request, b *tikTokAccount) (object, error) {
	query := r.URL.Query()
	video, err := b.video(query.Get("video_id"))
	if err != nil {
		return nil, err
	}
	ids, err := tikTokList(r, "comment_ids")
	if err != nil {
		return nil, err
	}
	if len(ids) > tikTokPageMost {
		return nil, tikTokInvalid("comment_ids: at most 30.")
	}
	list := b.board.where(func(c *utterance) bool {
		if c.post != video.ID || !statusIs(c, query.Get("status")) {
			return false
		}
		return slices.Contains(ids, c.id) || ids == nil && c.parent == ""
	})
	slices.Reverse(list)
	return b.page(r, list, query.Get("include_replies") == "true")
}

func statusIs(c *utterance, status string) bool {
	switch status {
	case "PUBLIC":
		return !c.hidden
	case "HIDDEN":
		return c.hidden
	}
	return true
}

func (d *tikTok) replies(r *http.Request, b *tikTokAccount) (object, error) {
	query := r.URL.Query()
	c, err := b.comment(tikTokRequest{Video: query.Get("video_id"), Comment: query.Get("comment_id")})
	if err != nil {
		return nil, err
	}
	return b.page(r, b.answers(c.id), false)
}

// page cuts out what cursor and max_count ask for.
func (b *tikTokAccount) page(r *http.Request, list []*utterance, withReplies bool) (object, error) {
	start, count, err := tikTokCursor(r, tikTokPageMost)
	if err != nil {
		return nil, err
	}
	start = min(start, len(list))
	end := min(start+count, len(list))
	comments := []object{}
	for _, c := range list[start:end] {
		said := b.describe(c)
		if withReplies {
			answers := []object{}
			for _, under := range b.answers(c.id) {
				answers = append(answers, b.describe(under))
			}
			said["reply_list"] = answers
		}
		comments = append(comments, said)
	}
	return object{"comments": comments, "cursor": end, "has_more": end < len(list)}, nil
}

// tikTokCursor reads where a page starts and how long it is; 20 when nothing is said.
func tikTokCursor(r *http.Request, most int) (start, count int, err error) {
	count = min(20, most)
	for name, value := range map[string]*int{"cursor": &start, "max_count": &count} {
		given := r.URL.Query().Get(name)
		if given == "" {
			continue
		}
		if *value, err = strconv.Atoi(given); err != nil || *value < 0 {
			return 0, 0, tikTokInvalid(name + " is no number.")
		}
	}
	if count < 1 || count > most {
		return 0, 0, tikTokInvalid("max_count: at most " + strconv.Itoa(most) + ".")
	}
	return start, count, nil
}
