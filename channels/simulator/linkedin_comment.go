package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// linkedInTextMost is the length of a comment in characters.
const linkedInTextMost = 1250

var (
	linkedInComment = regexp.MustCompile(`^urn:li:comment:\((?:urn:li:)?(?:activity|ugcPost):([0-9]+),([0-9]+)\)$`)
	linkedInPerson  = regexp.MustCompile(`^(?:urn:li:(?:person|organization):)?[A-Za-z0-9_-]{1,64}$`)
	linkedInPost    = regexp.MustCompile(`^urn:li:(?:activity|share|ugcPost):([0-9]+)$`)
)

// commentURN is a comment's id in public; on the board it is the number alone.
func commentURN(c *utterance) string { return "urn:li:comment:(" + c.post + "," + c.id + ")" }

// linkedInURN writes a customer's id as LinkedIn does, which may be one already.
func linkedInURN(id string) string {
	if strings.HasPrefix(id, "urn:li:") {
		return id
	}
	return "urn:li:person:" + id
}

func (d *linkedIn) isPerson(id string) bool {
	return linkedInPerson.MatchString(id)
}

// activity is a post of the account by any of its three names; the simulator gives them the same number.
func (p *linkedInPage) activity(urn string) (*Post, bool) {
	parts := linkedInPost.FindStringSubmatch(urn)
	if parts == nil {
		return nil, false
	}
	for _, kind := range []string{"activity", "share", "ugcPost"} {
		if post, known := p.account.posts["urn:li:"+kind+":"+parts[1]]; known {
			return post, true
		}
	}
	return nil, false
}

// activityURN is the name under which people comment on a post.
func activityURN(post *Post) string {
	return "urn:li:activity:" + linkedInPost.FindStringSubmatch(post.ID)[1]
}

// thread is what a path names: a post of these pages, or a comment under one.
func thread(mine []*linkedInPage, urn string) (*linkedInPage, *Post, *utterance, error) {
	for _, p := range mine {
		if post, known := p.activity(urn); known {
			return p, post, nil, nil
		}
		parts := linkedInComment.FindStringSubmatch(urn)
		if parts == nil {
			continue
		}
		if c := p.board.standing(parts[2]); c != nil {
			if post, known := p.activity(c.post); known {
				return p, post, c, nil
			}
		}
	}
	return nil, nil, nil, linkedInMissing("Could not find entity")
}

// surface is where a comment stands: under a post of ours, or one that named us.
func (p *linkedInPage) surface(post *Post) Surface {
	if p.authorOf(post) != p.Organization {
		return Mention
	}
	return Comment
}

// linkedInRequest is the body of any call that does something.
type linkedInRequest struct {
	Actor   string `json:"actor"`
	Object  string `json:"object"`
	Message struct {
		Text string `json:"text"`
	} `json:"message"`
	Content []any  `json:"content"`
	Parent  string `json:"parentComment"`
	Patch   struct {
		Message struct {
			Set struct {
				Text string `json:"text"`
			} `json:"$set"`
		} `json:"message"`
	} `json:"patch"`
	Root     string `json:"root"`
	Reaction string `json:"reactionType"`
}

// linkedInDeed does one thing for a page, with mu held. The utterance is what the answer describes.
type linkedInDeed func(d *linkedIn, p *linkedInPage, r *http.Request, asked linkedInRequest, now time.Time) (Sent, *utterance, error)

// does is the call around a deed: all of them take part in faults. The page is the one that acts.
func (d *linkedIn) does(status int, do linkedInDeed) linkedInCall {
	return func(w http.ResponseWriter, r *http.Request, mine []*linkedInPage) {
		var asked linkedInRequest
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostJSON)).Decode(&asked)
		if err != nil && !errors.Is(err, io.EOF) {
			refuseLinkedIn(w, linkedInIllegal("Cannot parse the body"))
			return
		}
		p, err := acting(mine, r, asked)
		if err != nil {
			refuseLinkedIn(w, err)
			return
		}
		var made object
		d.sim.serveSend(w, r, p.account, exchange{
			accept: func(now time.Time) (Sent, error) {
				sent, c, err := do(d, p, r, asked, now)
				if err == nil && c != nil {
					made = d.describe(p, c)
				}
				return sent, err
			},
			answer: func(w http.ResponseWriter, _ Sent) {
				if status == http.StatusNoContent {
					w.WriteHeader(status)
					return
				}
				if made != nil {
					w.Header().Set("X-Restli-Id", made["id"].(string))
				}
				answerJSON(w, status, made)
			},
			refuse: refuseLinkedIn,
		})
	}
}

// acting is the page that acts: the actor of the body, of the query or of the key, else the only one there is.
func acting(mine []*linkedInPage, r *http.Request, asked linkedInRequest) (*linkedInPage, error) {
	actor := asked.Actor
	if actor == "" {
		actor = r.URL.Query().Get("actor")
	}
	if strings.HasPrefix(r.PathValue("key"), "(") {
		key, err := restliKey(r)
		if err != nil {
			return nil, err
		}
		actor = key["actor"]
	}
	if actor == "" && len(mine) == 1 && r.Header.Get("X-Restli-Method") == "PARTIAL_UPDATE" {
		return mine[0], nil
	}
	return pageOf(mine, actor)
}

// answer is a comment of ours: under a post, or under a comment, which the path or parentComment names.
func (d *linkedIn) answer(p *linkedInPage, r *http.Request, asked linkedInRequest, now time.Time) (Sent, *utterance, error) {
	_, post, parent, err := thread([]*linkedInPage{p}, r.PathValue("urn"))
	if err != nil {
		return Sent{}, nil, err
	}
	if asked.Parent != "" {
		if _, _, parent, err = thread([]*linkedInPage{p}, asked.Parent); err != nil || parent == nil {
			return Sent{}, nil, linkedInMissing("Could not find the parent comment")
		}
	}
	if _, known := p.activity(asked.Object); !known {
		return Sent{}, nil, linkedInIllegal("object is not the post that is commented on")
	}
	if len(asked.Content) > 0 {
		return Sent{}, nil, linkedInDenied("Field Value validation failed in REQUEST_BODY: content")
	}
	if err := checkLinkedInText(asked.Message.Text); err != nil {
		return Sent{}, nil, err
	}
	sent := Sent{Kind: Text, Surface: p.surface(post), Text: asked.Message.Text, Target: post.ID}
	said := utterance{id: d.ids.next(now), author: p.Organization, post: activityURN(post), text: asked.Message.Text, at: now}
	if parent != nil {
		said.parent = topmost(parent)
		sent.Target = commentURN(parent)
		if parent.author != p.Organization {
			sent.Recipient = parent.author
		}
	}
	sent.MessageID = commentURN(&said)
	return sent, p.board.add(said), nil
}

// topmost is the comment that answers are gathered under: LinkedIn shows two levels.
func topmost(c *utterance) string {
	if c.parent != "" {
		return c.parent
	}
	return c.id
}

func checkLinkedInText(text string) error {
	if strings.TrimSpace(text) == "" || utf8.RuneCountInString(text) > linkedInTextMost {
		return linkedInIllegal("message/text :: length is not between 1 and 1250")
	}
	return nil
}
