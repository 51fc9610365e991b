package simulator_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/channels/simulator"
)

func readScenario(t *testing.T, text string) simulator.Scenario {
	t.Helper()
	sc, err := simulator.ReadScenario(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// TestShippedScenarios reads all of them, and plays those of the platforms that the stand-in can answer on.
func TestShippedScenarios(t *testing.T) {
	t.Parallel()
	played, platforms := 0, map[string]bool{}
	for _, sc := range simulator.Scenarios() {
		playable := true
		for _, c := range sc.Customers {
			platforms[c.Account] = true
			playable = playable && slices.Contains([]string{"whatsapp", "telegram", "wechat", "sms", "messenger"}, c.Account)
		}
		if !playable {
			continue
		}
		played++
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.waits()
			if err := s.Play(soon(t), sc); err != nil {
				t.Error(err)
			}
		})
	}
	same(t, "platforms", len(platforms), 10)
	same(t, "played", played, 11)
}

func TestReadScenarioRefuses(t *testing.T) {
	t.Parallel()
	const people = `"customers":{"erika":{"account":"whatsapp","id":"493023125001"}}`
	for _, c := range []struct{ name, text, says string }{
		{"a field it does not know", `{"steps":[],"loop":3}`, `unknown field "loop"`},
		{"a field of a step it does not know", `{` + people + `,"steps":[{"idle":"1s"},{"write":{"customer":"erika","txt":"x"}}]}`, `step 2: json: unknown field "txt"`},
		{"a step of two things", `{` + people + `,"steps":[{"idle":"1s","advance":"1h"}]}`, "step 1: a step does one thing, not 2"},
		{"a step of nothing", `{"steps":[{"note":"x"}]}`, "step 1: a step does one thing, not 0"},
		{"somebody it does not know", `{` + people + `,"steps":[{"write":{"customer":"jonas","text":"x"}}]}`, `step 1: there is no customer "jonas"`},
		{"a platform it does not know", `{"steps":[{"flush":{"account":"icq"}}]}`, `step 1: "icq" is neither`},
		{"something not yet named", `{` + people + `,"steps":[{"react":{"customer":"erika","target":"answer","emoji":"👍"}}]}`, `step 1: nothing before it is called "answer"`},
		{"a pattern that is none", `{` + people + `,"steps":[{"expect":{"to":"erika","matches":"("}}]}`, "step 1: matches: "},
		{"a time that is none", `{"steps":[{"advance":"soon"}]}`, `step 1: "soon" is no length of time`},
		{"a clock moved back", `{"steps":[{"advance":"-1h"}]}`, "step 1: the clock moves forward only"},
		{"no steps", `{}`, "between 1 and 1000 steps, not 0"},
		{"two scenarios", `{"steps":[{"idle":"1s"}]}{}`, "something follows its end"},
		{"null", `null`, "not 0"},
	} {
		_, err := simulator.ReadScenario(strings.NewReader(c.text))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestScenarioSaysWhatDidNotComeTrue(t *testing.T) {
	t.Parallel()
	const people = `{"accounts":{"line":"whatsapp:106540352242922"},"customers":{"erika":{"account":"line","id":"493023125001"}},"steps":[`
	for _, c := range []struct{ name, steps, says string }{
		{"another answer", `{"write":{"customer":"erika","text":"Hallo?"}},{"expect":{"to":"erika","contains":"Nein","within":"5s"}}`,
			`step 2: expect: it did not come within 5s; what was sent: text "Gern!" to 493023125001`},
		{"an answer twice over", `{"write":{"customer":"erika","text":"Hallo?"}},{"expect":{"to":"erika"}},{"expect":{"to":"erika","within":"5s"}}`,
			"step 3: expect: it did not come within 5s; nothing else was sent"},
		{"one that must not come", `{"write":{"customer":"erika","text":"Hallo?"}},{"expect":{"to":"erika","never":true}}`, "step 2: expect: it came"},
		{"a receipt that was dropped", `{"faults":{"account":"line","dropReceipts":true}},{"write":{"customer":"erika","text":"Hallo?"}},{"told":{"account":"line","event":"status read","within":"5s"}}`,
			`step 3: told: "status read" was accepted 0 times within 5s, not 1`},
		{"a fault the platform has not", `{"faults":{"account":"line","fail":[{"class":"bad_weather"}]}}`, "step 1: faults: "},
		{"an account nobody has", `{"flush":{"account":"telegram:9"}}`, `step 1: 0 accounts are "telegram:9" here`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.waits()
			err := s.Play(soon(t), readScenario(t, people+c.steps+`]}`))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Error(err)
			}
		})
	}
}

func TestScenarioTakesItsFaultsBack(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.waits()
	broken := readScenario(t, `{"customers":{"erika":{"account":"whatsapp","id":"493023125001"}},"steps":[
		{"faults":{"account":"whatsapp","tokenExpired":true,"fail":[{"class":"transient","times":9}]}},
		{"write":{"customer":"erika","text":"Hallo?"}},
		{"expect":{"to":"erika","within":"5s"}}]}`)
	if s.Play(soon(t), broken) == nil {
		t.Error("an answer came although our token had expired")
	}
	for _, sc := range simulator.Scenarios() {
		if sc.Name == "whatsapp" {
			if err := s.Play(soon(t), sc); err != nil {
				t.Error(err)
			}
		}
	}
}

func (s *stage) post(path, body string) (int, []map[string]any) {
	s.t.Helper()
	resp, err := http.Post(s.api.URL+path, "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	var lines []map[string]any
	for line := range bytes.Lines(raw) {
		var v map[string]any
		if err := json.Unmarshal(line, &v); err != nil {
			s.t.Fatalf("%v: %s", err, raw)
		}
		lines = append(lines, v)
	}
	return resp.StatusCode, lines
}

func TestScenarioControls(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.waits()

	status, lines := s.post("/simulator/scenarios/wechat", "{}")
	same(t, "status", status, http.StatusOK)
	same(t, "lines", len(lines), 8)
	same(t, "first", lines[0]["does"], any("unblock"))
	same(t, "whole", lines[7]["ok"], any(true))

	_, lines = s.post("/simulator/scenarios", `{"name":"mine","customers":{"kim":{"account":"sms","id":"+4915112345678"}},"steps":[
		{"write":{"customer":"kim","text":"Hi"}},{"expect":{"to":"kim","contains":"Nein","within":"5s"}},{"idle":"1s"}]}`)
	same(t, "played until", lines[1]["ok"], any(false))
	same(t, "and no further", len(lines), 3)
	same(t, "whole", lines[2]["ok"], any(false))

	status, lines = s.post("/simulator/scenarios", `{"steps":[{"dance":true}]}`)
	same(t, "a step nobody knows", status, http.StatusBadRequest)
	same(t, "reason", strings.Contains(lines[0]["error"].(string), "step 1"), true)
	status, _ = s.post("/simulator/scenarios/instagram", "{}")
	same(t, "a platform that is not here", status, http.StatusBadRequest)
	status, _ = s.post("/simulator/scenarios/none", "{}")
	same(t, "one that does not exist", status, http.StatusNotFound)

	resp, err := http.Get(s.api.URL + "/simulator/scenarios/wechat")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	sc, err := simulator.ReadScenario(resp.Body)
	same(t, "the file", err == nil && sc.Name == "wechat", true)
}

func TestTravel(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	before := s.clock.Now()
	status, lines := s.post("/simulator/clock", `{"advance":"25h"}`)
	same(t, "status", status, http.StatusOK)
	same(t, "now", lines[0]["now"], any(before.Add(25*time.Hour).Format(time.RFC3339)))
	status, _ = s.post("/simulator/clock", `{"advance":"-1s"}`)
	same(t, "back", status, http.StatusBadRequest)
	same(t, "moved", s.clock.Now(), before.Add(25*time.Hour))

	w := newWorld(t)
	fixed := w.call("POST", "/simulator/clock", "", map[string]any{"advance": "1h"})
	same(t, "a clock of somebody else", fixed.status, http.StatusConflict)
	same(t, "is shown", w.call("GET", "/simulator/clock", "", nil).json["moves"], any(false))
}

// TestShippedScenariosSuitTheirPlatforms plays the customers' part of the others: the platforms know such people, posts
// and deeds.
func TestShippedScenariosSuitTheirPlatforms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddFacebookPage(simulator.FacebookPage{ID: "102030405060708", Name: "Lindenladen", AccessToken: "EAAB-page"})
	w.AddInstagramAccount(simulator.InstagramAccount{ID: "17841400000000001", Username: "lindenladen", AccessToken: "IGAA"})
	w.AddXAccount(simulator.XAccount{UserID: "1146654567674912769", Username: "lindenladen", AccessToken: "x-user"})
	w.AddLinkedInPage(simulator.LinkedInPage{Organization: "2414183", Name: "Lindenladen", AccessToken: "li-page"})
	w.AddTikTokAccount(simulator.TikTokAccount{BusinessID: "-000shop", Name: "lindenladen", AccessToken: "tt-shop"})
	for _, sc := range simulator.Scenarios() {
		if !slices.Contains([]string{"facebook", "instagram", "x", "linkedin", "tiktok"}, sc.Name) {
			continue
		}
		answers := map[string]bool{}
		sc.Steps = slices.DeleteFunc(slices.Clone(sc.Steps), func(step simulator.Step) bool {
			if step.Expect != nil {
				answers[step.Expect.As] = true
			}
			return step.Expect != nil || step.Read != nil || step.React != nil && answers[step.React.Target]
		})
		if err := w.Play(soon(t), sc); err != nil {
			t.Error(err)
		}
	}
}
