package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Surface is a place on a platform.
type Surface string

// The places. Private is the one of a message that says nothing.
const (
	Private   Surface = ""
	Comment   Surface = "comment"   // on a post of ours
	AdComment Surface = "adComment" // on a dark post of ours
	WallPost  Surface = "wallPost"  // a visitor's post on our page
	Mention   Surface = "mention"   // a post or comment elsewhere that names us
)

// Post is something published that people comment on.
type Post struct {
	ID        string    `json:"id"` // the platform's
	Text      string    `json:"text,omitempty"`
	Permalink string    `json:"permalink,omitempty"`
	Author    string    `json:"author,omitempty"` // who published it; our account when empty
	Dark      bool      `json:"dark,omitempty"`   // an ad no follower sees
	At        time.Time `json:"at,omitzero"`      // the clock's now when zero
}

// AddPost makes a post known on an account, or changes a known one. It is something to comment on; nothing is delivered.
func (s *Simulator) AddPost(id Account, p Post) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.account(id)
	if err != nil {
		return fmt.Errorf("add post: %w", err)
	}
	if p.ID == "" {
		return errors.New("add post: a post has an id")
	}
	if p.At.IsZero() {
		p.At = s.config.Now()
	}
	a.posts[p.ID] = &p
	return nil
}

func (s *Simulator) postPost(w http.ResponseWriter, r *http.Request) {
	var body struct {
		accountName
		Post Post `json:"post"`
	}
	a, ok := s.readControl(w, r, &body, &body.accountName)
	if !ok {
		return
	}
	if err := s.AddPost(a, body.Post); err != nil {
		refuseControl(w, http.StatusBadRequest, err)
		return
	}
	answerJSON(w, http.StatusOK, object{"ok": true})
}
