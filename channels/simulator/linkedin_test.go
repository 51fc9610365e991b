package simulator_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"parley/channels/simulator"
)

const organization = "urn:li:organization:96000893"

func linkedInDigest(text string) string {
	mac := hmac.New(sha256.New, []byte(linkedInSecret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

func (s *square) onLinkedIn(method, path string, body any, headers ...string) answered {
	s.t.Helper()
	return s.ask(s.page, "li-1", method, "/linkedin/rest/"+path, body, headers...)
}

// under is the path of the comments of a post or a comment.
func under(urn string) string { return "socialActions/" + url.QueryEscape(urn) + "/comments" }

// commentNumber is the comment's own part of its URN.
func commentNumber(urn string) string {
	return strings.TrimSuffix(urn[strings.LastIndex(urn, ",")+1:], ")")
}

func (s *square) says(text, parent string) map[string]any {
	said := map[string]any{"actor": organization, "object": activity, "message": map[string]any{"text": text}}
	if parent != "" {
		said["parentComment"] = parent
	}
	return said
}

func TestLinkedInNotifications(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	id, told := s.comments(s.page, "Schön!", "")
	same(t, "path", told.path, "/webhooks/linkedin")
	same(t, "signature", told.header.Get("X-LI-Signature"), linkedInDigest("hmacsha256="+string(told.raw)))
	likeness(t, "linkedin/comment", told.json)
	entity := at(t, told.json, "notifications", 0, "decoratedGeneratedActivity", "comment", "entity")
	same(t, "entity", entity, any(id))
	same(t, "short", at(t, told.json, "notifications", 0, "generatedActivity"), any(strings.Replace(id, "(urn:li:", "(", 1)))

	by := func(in simulator.Inbound) delivered {
		t.Helper()
		in.Account, in.Customer = s.page, onLinkedIn
		_, told := s.inbound(in)
		return told
	}
	likeness(t, "linkedin/comment_edit", by(simulator.Inbound{Kind: simulator.Edit, Target: id, Text: "Sehr schön!"}).json)
	likeness(t, "linkedin/like_ignored", by(simulator.Inbound{Kind: simulator.Like, Post: activity}).json)
	likeness(t, "linkedin/share_mention", by(simulator.Inbound{Surface: simulator.Mention, Text: "Tolles Fest"}).json)
	gone := by(simulator.Inbound{Kind: simulator.Revoke, Target: id})
	same(t, "deleted", at(t, gone.json, "notifications", 0, "action"), any("COMMENT_DELETE"))
	same(t, "its words", at(t, gone.json, "notifications", 0, "decoratedGeneratedActivity"), nil)
	same(t, "to fetch it", s.onLinkedIn("GET", under(activity)+"/"+commentNumber(id), nil).status, 404)

	s.onLinkedIn("POST", under(activity), s.says("Danke!", ""))
	likeness(t, "linkedin/admin_comment_echo", s.hook.next(t).json)
}

func TestLinkedInBatchesTen(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	if err := s.SetFaults(s.page, simulator.Faults{Batch: 11}); err == nil {
		t.Error("eleven notifications in one body")
	}
	s.faults(s.page, simulator.Faults{Batch: 10})
	for range 10 {
		if _, err := s.CustomerWrites(soon(t), simulator.Inbound{Account: s.page, Customer: onLinkedIn, Surface: simulator.Comment, Post: activity, Text: "Hallo"}); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "notifications", len(at(t, s.hook.next(t).json, "notifications").([]any)), 10)
}

func TestLinkedInComments(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	theirs, _ := s.comments(s.page, "Wann geöffnet?", "")

	got := s.onLinkedIn("POST", under(activity), s.says("Bis acht", theirs))
	same(t, "status", got.status, 201)
	ours := at(t, got.json, "$URN").(string)
	same(t, "id", got.header.Get("X-Restli-Id"), commentNumber(ours))
	s.hook.next(t)
	answer, told := s.comments(s.page, "Danke!", ours)
	same(t, "the parent in a notification", at(t, told.json, "notifications", 0, "decoratedGeneratedActivity", "comment", "parentComment"), nil)

	one := s.onLinkedIn("GET", under(activity)+"/"+commentNumber(answer), nil)
	same(t, "the parent when asked for", at(t, one.json, "parentComment"), any(theirs))
	same(t, "directly under the post", at(t, s.onLinkedIn("GET", under(activity), nil).json, "paging", "total"), any(1.0))
	below := s.onLinkedIn("GET", under(theirs)+"?start=1&count=1", nil)
	same(t, "second under the comment", at(t, below.json, "elements", 0, "id"), any(commentNumber(answer)))
	likeness(t, "linkedin/poll_comments_list", s.onLinkedIn("GET", under(activity), nil).json, "total", "$URN")
	same(t, "who", at(t, s.onLinkedIn("GET", "people/(id:zXxExAmPl8)", nil).json, "localizedLastName"), any("Lindner"))

	path := under(activity) + "/" + commentNumber(ours) + "?actor=" + url.QueryEscape(organization)
	patch := map[string]any{"patch": map[string]any{"message": map[string]any{"$set": map[string]any{"text": "Bis neun"}}}}
	same(t, "edit", s.onLinkedIn("POST", path, patch, "X-RestLi-Method", "PARTIAL_UPDATE").status, 204)
	same(t, "edited", at(t, s.hook.next(t).json, "notifications", 0, "action"), any("COMMENT_EDIT"))
	actor := url.QueryEscape(organization)
	same(t, "like", s.onLinkedIn("POST", "reactions?actor="+actor, map[string]any{"root": answer, "reactionType": "LIKE"}).status, 201)
	key := "reactions/(actor:" + actor + ",entity:" + url.QueryEscape(answer) + ")"
	same(t, "unlike", s.onLinkedIn("DELETE", key, nil).status, 204)
	same(t, "unlike again", s.onLinkedIn("DELETE", key, nil).status, 404)
	same(t, "delete", s.onLinkedIn("DELETE", path, nil).status, 204)
	same(t, "deleted", at(t, s.hook.next(t).json, "notifications", 0, "action"), any("COMMENT_DELETE"))
	same(t, "delete again", s.onLinkedIn("DELETE", path, nil).status, 404)

	sent := s.Sent(s.page)
	want := simulator.Sent{Account: s.page, MessageID: ours, Recipient: onLinkedIn.ID, Kind: simulator.Text, Surface: simulator.Comment, Text: "Bis acht", Target: theirs, At: s.clock.Now()}
	same(t, "sent", sent[0], want)
	same(t, "actions", len(s.Actions(s.page)), 4)
}

func TestLinkedInPicturesAreAskedFor(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	id, told := s.inbound(simulator.Inbound{Account: s.page, Customer: onLinkedIn, Kind: simulator.Image, Surface: simulator.Comment, Post: activity, Text: "so?"})
	likeness(t, "linkedin/comment", told.json)
	got := s.onLinkedIn("GET", under(activity)+"/"+commentNumber(id), nil)
	link := at(t, got.json, "content", 0, "url").(string)
	same(t, "picture", s.ask(s.page, "", "GET", link[strings.Index(link, "/linkedin/"):], nil).header.Get("Content-Type"), "image/jpeg")
	same(t, "post", at(t, s.onLinkedIn("GET", "posts/"+url.QueryEscape(activity), nil).json, "commentary"), any("Neu im Laden"))
}

func TestLinkedInPage(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	same(t, "name", at(t, s.onLinkedIn("GET", "organizations/96000893", nil).json, "localizedName"), any("Lindenladen"))
	roles := s.onLinkedIn("GET", "organizationAcls?q=roleAssignee", nil)
	same(t, "organization", at(t, roles.json, "elements", 0, "organization"), any(organization))
	member := at(t, roles.json, "elements", 0, "roleAssignee").(string)

	key := "eventSubscriptions/(developerApplication:urn%3Ali%3AdeveloperApplication%3A7,user:" + url.QueryEscape(member) +
		",entity:" + url.QueryEscape(organization) + ",eventType:ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS)"
	webhook := map[string]any{"webhook": s.hook.URL + "/hooks/ours"}
	same(t, "an address that proves nothing", s.onLinkedIn("PUT", key, webhook).status, 400)
	s.hook.next(t)
	s.hook.answersWith(func(w http.ResponseWriter, r *http.Request) {
		if code := r.URL.Query().Get("challengeCode"); code != "" {
			_ = json.NewEncoder(w).Encode(map[string]string{"challengeCode": code, "challengeResponse": linkedInDigest(code)})
		}
	})
	same(t, "subscribed", s.onLinkedIn("PUT", key, webhook).status, 204)
	s.hook.next(t)
	_, told := s.comments(s.page, "Hallo", "")
	same(t, "path", told.path, "/hooks/ours")

	same(t, "unsubscribed", s.onLinkedIn("DELETE", key, nil).status, 204)
	if _, err := s.CustomerWrites(soon(t), simulator.Inbound{Account: s.page, Customer: onLinkedIn, Surface: simulator.Comment, Post: activity, Text: "unbemerkt"}); err != nil {
		t.Fatal(err)
	}
	s.hook.empty(t)
	since := s.clock.Now().Add(-time.Minute).UnixMilli()
	missed := s.onLinkedIn("GET", "organizationalEntityNotifications?q=criteria&actions=List(COMMENT,COMMENT_EDIT)&organizationalEntity="+
		url.QueryEscape(organization)+"&timeRange=(start:"+itoa(since)+")", nil)
	same(t, "missed", at(t, missed.json, "elements", 0, "decoratedGeneratedActivity", "comment", "text"), any("unbemerkt"))
	same(t, "in all", at(t, missed.json, "paging", "total"), any(2.0))
}

func TestLinkedInRefuses(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	theirs, _ := s.comments(s.page, "Hallo", "")
	picture := s.says("x", "")
	picture["content"] = []any{map[string]any{"type": "IMAGE"}}
	stranger := s.says("x", "")
	stranger["actor"] = "urn:li:organization:5"
	one := under(activity) + "/" + commentNumber(theirs) + "?actor=" + url.QueryEscape(organization)
	for _, c := range []struct {
		name, method, path string
		body               any
		headers            []string
		status             int
	}{
		{"a call without a version", "GET", "organizations/96000893", nil, []string{"Linkedin-Version", ""}, 400},
		{"a version that is no month", "GET", "organizations/96000893", nil, []string{"Linkedin-Version", "2026-08"}, 426},
		{"a call of the protocol before", "GET", "organizations/96000893", nil, []string{"X-Restli-Protocol-Version", "1.0.0"}, 400},
		{"a URN that is not encoded", "POST", "socialActions/" + activity + "/comments", s.says("x", ""), nil, 400},
		{"an organization of others", "GET", "organizations/5", nil, nil, 403},
		{"to speak for others", "POST", under(activity), stranger, nil, 403},
		{"a post nobody knows", "POST", under("urn:li:activity:1"), s.says("x", ""), nil, 404},
		{"a picture", "POST", under(activity), picture, nil, 403},
		{"a text over 1250 characters", "POST", under(activity), s.says(strings.Repeat("ä", 1251), ""), nil, 400},
		{"to edit their comment", "POST", one, map[string]any{}, []string{"X-RestLi-Method", "PARTIAL_UPDATE"}, 403},
		{"an edit that does not say so", "POST", one, map[string]any{}, nil, 400},
		{"a key that is encoded as a whole", "GET", "people/%28id%3Ax%29", nil, nil, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := s.onLinkedIn(c.method, c.path, c.body, c.headers...)
			same(t, "status", got.status, c.status)
			same(t, "said", got.json["status"], any(float64(c.status)))
		})
	}
}
