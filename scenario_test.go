package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/embedded/embeddedtest"
)

// TestScenarios plays a conversation on every platform against the whole server: customers write, an agent takes what they
// wrote and answers, the platform tells what became of the answer. The accidents come last: they change the world.
func TestScenarios(t *testing.T) {
	t.Parallel()
	s := serve(t, testConfig(embeddedtest.Database(t, database, ""), ""))
	agent := hire(t, s)
	defer agent.leave()
	for name, furthest := range map[string]string{
		"facebook": "READ", "instagram": "READ", "x": "READ", "linkedin": "SENT", "tiktok": "SENT",
		"whatsapp": "READ", "telegram": "SENT", "wechat": "SENT", "sms": "DELIVERED", "messenger": "READ",
	} {
		t.Run(name, func(t *testing.T) {
			s.play(t, name)
			agent.tells(t, strings.ToUpper(name), furthest)
		})
	}
	for _, accident := range []string{"duplicates", "reordering", "late-receipts", "expired-token", "rate-limit", "closed-window"} {
		t.Run(accident, func(t *testing.T) {
			s.reset(t)
			s.play(t, accident)
		})
	}
}

// reset makes the simulated platforms forget what customers did and what goes wrong.
func (s *served) reset(t *testing.T) {
	t.Helper()
	response, err := http.Post(s.simulator+"/simulator/reset", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("reset: %d", response.StatusCode)
	}
}

// play lets the simulator play one of its scenarios, and fails with the first step that went wrong.
func (s *served) play(t *testing.T, name string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.simulator+"/simulator/scenarios/"+name, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	last := object{}
	for lines.Scan() {
		last = object{}
		if err := json.Unmarshal(lines.Bytes(), &last); err != nil {
			t.Fatalf("the simulator said %q", lines.Text())
		}
		if last["error"] != nil {
			t.Fatalf("%s", lines.Text())
		}
	}
	if response.StatusCode != http.StatusOK || len(last) == 0 {
		t.Fatalf("the simulator answered %d %v", response.StatusCode, last)
	}
}

// agent takes and answers whatever arrives and can be answered.
type agent struct {
	s    *served
	user string

	working sync.WaitGroup
	leave   func() // ends the agent's work, and waits until what is begun is done
}

func hire(t *testing.T, s *served) *agent {
	t.Helper()
	a := &agent{s: s}
	a.user, _ = at(post(t, s, `{ viewer { user { id } } }`, nil), "viewer", "user", "id").(string)
	events := subscribe(t, s, `subscription ($org: ID!) { inboxEvents(organizationId: $org, filter: {types: [MESSAGE_ADDED]}) {
		__typename ... on MessageAdded { message { direction deletedAt } conversation { id viewerCanReply assignment { user { id } } } } } }`,
		object{"org": s.organization})
	_ = events.socket.SetReadDeadline(time.Time{}) // an agent has patience
	a.leave = func() { _ = events.socket.Close(); a.working.Wait() }
	a.working.Go(func() { a.work(t, events) })
	return a
}

// work goes on until the agent leaves.
func (a *agent) work(t *testing.T, events *stream) {
	for {
		var message object
		if events.socket.ReadJSON(&message) != nil {
			return
		}
		event := at(message, "payload", "data", "inboxEvents")
		if at(event, "message", "direction") != "INBOUND" || at(event, "conversation", "viewerCanReply") != true {
			continue
		}
		id := at(event, "conversation", "id")
		if at(event, "conversation", "assignment") == nil {
			post(t, a.s, `mutation ($id: ID!, $user: ID!) { assignConversation(input: {conversationId: $id, userId: $user}) { userErrors { code } } }`,
				object{"id": id, "user": a.user})
		}
		post(t, a.s, `mutation ($id: ID!) { replyToConversation(input: {conversationId: $id, text: "Gern!"}) { userErrors { code } } }`, object{"id": id})
	}
}

// tells waits until an answer on a platform got as far as the platform tells, and fails unless every conversation there was
// assigned to the agent.
func (a *agent) tells(t *testing.T, platform, furthest string) {
	t.Helper()
	for {
		reached, cursor := a.reached(t, platform)
		if slices.Contains(reached, any(furthest)) {
			return
		}
		events := subscribe(t, a.s, everything, object{"organization": a.s.organization, "after": cursor})
		events.next(func(any) bool { return true })
	}
}

// reached is how far the answers on a platform got, and when that was.
func (a *agent) reached(t *testing.T, platform string) (reached []any, cursor any) {
	t.Helper()
	data := post(t, a.s, `query ($platform: Platform!) { conversations(filter: {platforms: [$platform]}) { eventCursor edges { node {
		surface assignment { user { id } } messages { edges { node { direction text delivery { status failureReason } } } } } } } }`,
		object{"platform": platform})
	conversations, _ := at(data, "conversations", "edges").([]any)
	if len(conversations) == 0 {
		t.Fatal("there is no conversation")
	}
	for _, c := range conversations {
		if at(c, "node", "assignment", "user", "id") != a.user {
			t.Errorf("a conversation on %v is nobody's", at(c, "node", "surface"))
		}
		messages, _ := at(c, "node", "messages", "edges").([]any)
		for _, m := range messages {
			if at(m, "node", "direction") == "OUTBOUND" {
				reached = append(reached, at(m, "node", "delivery", "status"))
				if why := at(m, "node", "delivery", "failureReason"); why != nil && why != "RECIPIENT_BLOCKED" {
					t.Errorf("an answer on %v failed: %v", at(c, "node", "surface"), why)
				}
			}
		}
	}
	return reached, at(data, "conversations", "eventCursor")
}
