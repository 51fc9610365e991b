package main

import (
	"os"
	"regexp"
	"testing"

	"parley/embedded/embeddedtest"
)

// TestIDE runs the tabs that GraphiQL opens with, as a visitor of the demo would.
func TestIDE(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("web/graphiql/examples.ts")
	if err != nil {
		t.Fatal(err)
	}
	tabs := map[string]string{}
	for _, found := range regexp.MustCompile("const (\\w+) = `([^`]*)`;").FindAllStringSubmatch(string(source), -1) {
		tabs[found[1]] = found[2]
	}
	if listed := len(regexp.MustCompile(`query: \w+,`).FindAll(source, -1)); len(tabs) != listed || listed != 3 {
		t.Fatalf("%d documents for %d tabs: run new ones here, too", len(tabs), listed)
	}
	s := serve(t, testConfig(embeddedtest.Database(t, database, ""), ""))
	events := subscribe(t, s, tabs["live"], object{"organizationId": s.organization})
	s.curl(t)
	events.next(said("Do you deliver on Sundays?"))

	page := post(t, s, tabs["newest"], nil)
	conversation, _ := at(page, "conversations", "edges", "0", "node", "id").(string)
	answer := post(t, s, tabs["reply"], object{"input": object{"conversationId": conversation, "text": "Yes, until noon."}})
	if at(answer, "replyToConversation", "message", "text") != "Yes, until noon." {
		t.Errorf("the reply is answered with %v", answer)
	}
	events.next(func(event any) bool { return is("MessageDeliveryChanged")(event) && at(event, "status") == "DELIVERED" })
}
