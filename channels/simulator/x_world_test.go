package simulator_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/channels/simulator"
)

const (
	xSecret        = "x-consumer-secret"
	xBearer        = "x-app"
	linkedInSecret = "li-client-secret"
	tikTokSecret   = "tt-app-secret"
	xUser          = "1111111111111111111"
	xPost          = "2080761390344937796"
	activity       = "urn:li:activity:7094637247000620418"
	video          = "7239950514210000001"
)

var (
	onX        = simulator.Customer{ID: "2222222222222222222", Name: "Erika Lindner", Username: "erika_l"}
	onLinkedIn = simulator.Customer{ID: "urn:li:person:zXxExAmPl8", Name: "Erika Lindner"}
	onTikTok   = simulator.Customer{ID: "uid-abc", Name: "Erika", Username: "erika"}
)

// square is a world of accounts that are written to in public, each with a post of its own.
type square struct {
	*world
	x, page, tiktok simulator.Account
}

func newSquare(t *testing.T) *square {
	t.Helper()
	w := &world{t: t, clock: newClock(), hook: newHook(t)}
	w.Simulator = simulator.New(simulator.Config{
		WebhookURL: w.hook.URL, XConsumerSecret: xSecret, XBearerToken: xBearer, LinkedInClientSecret: linkedInSecret, TikTokAppSecret: tikTokSecret,
		Now: w.clock.Now, After: w.clock.After,
	})
	s := &square{world: w}
	s.x = w.AddXAccount(simulator.XAccount{UserID: xUser, Username: "linden", Name: "Lindenladen", AccessToken: token, RefreshToken: "x-r"})
	s.page = w.AddLinkedInPage(simulator.LinkedInPage{Organization: "urn:li:organization:96000893", Name: "Lindenladen",
		Member: "urn:li:person:admin1", AccessToken: "li-1", RefreshToken: "li-r"})
	s.tiktok = w.AddTikTokAccount(simulator.TikTokAccount{BusinessID: "tt_business_open_id_001", Name: "Linden Laden",
		AccessToken: "tt-1", RefreshToken: "tt-r"})
	for a, id := range map[simulator.Account]string{s.x: xPost, s.page: activity, s.tiktok: video} {
		if err := w.AddPost(a, simulator.Post{ID: id, Text: "Neu im Laden"}); err != nil {
			t.Fatal(err)
		}
	}
	w.api = httptest.NewServer(w.Handler())
	t.Cleanup(func() {
		if err := w.Close(soon(t)); err != nil {
			t.Error(err)
		}
		w.api.Close()
	})
	return s
}

// ask calls an API with the headers its platform wants.
func (s *square) ask(a simulator.Account, token, method, path string, body any, headers ...string) answered {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	if body == nil {
		raw = nil
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.api.URL+path, bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	switch a.Platform {
	case simulator.TikTok:
		req.Header.Set("Access-Token", token)
	case simulator.LinkedIn:
		req.Header.Set("Linkedin-Version", "202608")
		req.Header.Set("X-Restli-Protocol-Version", "2.0.0")
		fallthrough
	default:
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return s.do(req)
}

func (s *square) do(req *http.Request) answered {
	s.t.Helper()
	resp, err := s.api.Client().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	got := answered{status: resp.StatusCode, header: resp.Header, body: raw}
	if strings.Contains(resp.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(raw, &got.json); err != nil {
			s.t.Fatal(err)
		}
	}
	return got
}

// comments lets somebody comment on our post, or answer a comment under it.
func (s *square) comments(a simulator.Account, text, target string) (string, delivered) {
	s.t.Helper()
	who, post := onX, xPost
	switch a.Platform {
	case simulator.LinkedIn:
		who, post = onLinkedIn, activity
	case simulator.TikTok:
		who, post = onTikTok, video
	}
	return s.inbound(simulator.Inbound{Account: a, Customer: who, Surface: simulator.Comment, Post: post, Text: text, Target: target})
}

// likeness compares what was delivered with a recorded payload: the same fields, but for those left out.
func likeness(t *testing.T, fixture string, got any, without ...string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../../../shared/fixtures", fixture+".json"))
	if err != nil {
		t.Skip("the recorded payloads are not here")
	}
	var recorded any
	if err := json.Unmarshal(raw, &recorded); err != nil {
		t.Fatal(err)
	}
	want, have := fields(recorded, "", without), fields(got, "", without)
	for path, kind := range want {
		same(t, path, have[path], kind)
	}
	for path := range have {
		if want[path] == "" {
			t.Errorf("%s is not in the recording", path)
		}
	}
}
