package simulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"parley/channels/simulator"
)

// reply answers a comment in the platform's own way.
func (s *square) reply(a simulator.Account, token, target string) answered {
	s.t.Helper()
	switch a.Platform {
	case simulator.X:
		return s.ask(a, token, "POST", "/x/2/tweets", map[string]any{"text": "Danke", "reply": map[string]any{"in_reply_to_tweet_id": target}})
	case simulator.LinkedIn:
		return s.ask(a, token, "POST", "/linkedin/rest/"+under(activity), s.says("Danke", target))
	}
	return s.ask(a, token, "POST", "/tiktok/open_api/v1.3/business/comment/reply/create/", s.about(target, "text", "Danke"))
}

func TestFailNextInPublic(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	for a, classes := range map[simulator.Account]map[simulator.Class]int{
		s.x: {simulator.RateLimited: 429, simulator.AuthExpired: 401, simulator.RecipientBlocked: 403, simulator.InvalidRequest: 400,
			simulator.Permission: 403, simulator.ChannelRestricted: 429, simulator.Transient: 503},
		s.page: {simulator.RateLimited: 429, simulator.AuthExpired: 401, simulator.InvalidRequest: 400, simulator.Permission: 403,
			simulator.Transient: 503},
		s.tiktok: {simulator.RateLimited: 40100, simulator.AuthExpired: 40105, simulator.InvalidRequest: 40002,
			simulator.Permission: 40001, simulator.Transient: 50000},
	} {
		access := map[simulator.Platform]string{simulator.X: token, simulator.LinkedIn: "li-1", simulator.TikTok: "tt-1"}[a.Platform]
		target, _ := s.comments(a, "Hallo?", "")
		for class, want := range classes {
			s.fail(a, simulator.Failure{Class: class, RetryAfter: 7 * time.Second})
			got := s.reply(a, access, target)
			if a == s.tiktok {
				same(t, string(class), got.json["code"], any(float64(want)))
				continue
			}
			same(t, string(class), got.status, want)
			if a == s.x && class == simulator.RateLimited {
				same(t, "lifted", got.header.Get("X-Rate-Limit-Reset"), itoa(s.clock.Now().Unix()+7))
				same(t, "date", got.header.Get("Date"), s.clock.Now().Format(http.TimeFormat))
			}
		}
		same(t, "sent meanwhile", len(s.Sent(a)), 0)
		s.reply(a, access, target)
		same(t, "sent then", len(s.Sent(a)), 1)
		if err := s.FailNext(a, simulator.Failure{Class: simulator.Transient, AsReceipt: true}); err == nil {
			t.Errorf("%s reports a failure later", a)
		}
	}
}

func TestAnswerLostOnXEchoes(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	target, _ := s.comments(s.x, "Hallo?", "")
	s.fail(s.x, simulator.Failure{Class: simulator.AnswerLost})
	body := map[string]any{"text": "Danke", "reply": map[string]any{"in_reply_to_tweet_id": target}}
	if _, err := s.tryCall("POST", "/x/2/tweets", token, body); err == nil {
		t.Fatal("it was answered")
	}
	same(t, "echo", at(t, s.hook.next(t).json, "data", "payload", "id"), any(s.Sent(s.x)[0].MessageID))
}

func TestTokensAreRenewed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		platform        simulator.Platform
		access, refresh string
		rotates         bool // a refresh token buys once
	}{
		{simulator.X, token, "x-r", true},
		{simulator.LinkedIn, "li-1", "li-r", false},
		{simulator.TikTok, "tt-1", "tt-r", true},
	} {
		t.Run(string(c.platform), func(t *testing.T) {
			t.Parallel()
			s := newSquare(t)
			a := map[simulator.Platform]simulator.Account{simulator.X: s.x, simulator.LinkedIn: s.page, simulator.TikTok: s.tiktok}[c.platform]
			target, _ := s.comments(a, "Hallo?", "")
			works := func(access string) bool {
				before := len(s.Sent(a))
				s.reply(a, access, target)
				return len(s.Sent(a)) > before
			}
			s.faults(a, simulator.Faults{TokenExpired: true})
			same(t, "the expired token", works(c.access), false)

			same(t, "a wrong refresh token", s.renew(a, "wrong")["access_token"], nil)
			same(t, "which changes nothing", works(c.access), false)
			renewed := s.renew(a, c.refresh)

			same(t, "the new token", works(renewed["access_token"].(string)), true)
			same(t, "the old token", works(c.access), false)
			same(t, "the same refresh token again", s.renew(a, c.refresh)["access_token"] == nil, c.rotates)
			next := s.renew(a, renewed["refresh_token"].(string))
			same(t, "the one that came with it", works(next["access_token"].(string)), true)
		})
	}
}

// renew asks for a new access token and returns what the answer says of it.
func (s *square) renew(a simulator.Account, refresh string) map[string]any {
	s.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {"app"}}
	path := "/x/2/oauth2/token"
	switch a.Platform {
	case simulator.TikTok:
		got := s.onTikTok("POST", "tt_user/oauth2/refresh_token/", map[string]any{"client_id": "app", "client_secret": tikTokSecret,
			"grant_type": "refresh_token", "refresh_token": refresh})
		return got.json["data"].(map[string]any)
	case simulator.LinkedIn:
		path = "/linkedin/oauth/v2/accessToken"
		form.Set("client_secret", linkedInSecret)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.api.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(req).json
}

func TestResetForgetsWhatWasSaid(t *testing.T) {
	t.Parallel()
	s := newSquare(t)
	for _, a := range []simulator.Account{s.x, s.page, s.tiktok} {
		s.comments(a, "Hallo?", "")
	}
	s.Reset()
	same(t, "on X", s.onX("GET", "users/"+xUser+"/mentions", nil).json["data"], nil)
	same(t, "on LinkedIn", at(t, s.onLinkedIn("GET", under(activity), nil).json, "paging", "total"), any(0.0))
	list := s.onTikTok("GET", "business/comment/list/?business_id="+s.tiktok.ID+"&video_id="+video, nil)
	same(t, "on TikTok", len(at(t, list.json, "data", "comments").([]any)), 0)
}
