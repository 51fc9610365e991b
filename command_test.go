package main

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"parley/embedded/embeddedtest"
	"parley/models"
)

// operate runs one command of an operator and gives what it printed.
func operate(t *testing.T, config Config, words ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := command(t.Context(), config, words, &out, slog.New(slog.DiscardHandler))
	return out.String(), err
}

func TestCommand(t *testing.T) {
	t.Parallel()
	config := testConfig(embeddedtest.Database(t, database, ""), "")
	config.Demo = "no"
	const signIn = `mutation ($password: String!, $organization: ID!) {
		signIn(input: {email: "Olga@Example.com", password: $password, organizationId: $organization}) {
			viewer { role organization { name plan } } userErrors { code } } }`

	printed, err := operate(t, config, "found", "Flowers", "olga@example.com", "standard")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`organization: (\S+)\nowner: olga@example.com\npassword: (\S+)\n`).FindStringSubmatch(printed)
	if found == nil {
		t.Fatalf("printed %q", printed)
	}
	organization, password := found[1], found[2]
	again, err := operate(t, config, "found", "Bread", "olga@example.com", "enterprise")
	if err != nil || strings.Contains(again, "password") {
		t.Fatalf("a second organization of the same owner: %q, %v", again, err)
	}
	if _, err := operate(t, config, "plan", organization, "enterprise"); err != nil {
		t.Fatal(err)
	}
	first, err := operate(t, config, "member", organization, "anna@example.com", "agent")
	if err != nil || !strings.Contains(first, "password: ") {
		t.Fatalf("a member: %q, %v", first, err)
	}
	second, err := operate(t, config, "member", organization, "anna@example.com", "viewer")
	if err != nil || strings.Contains(second, "password: ") {
		t.Fatalf("the same member again: %q, %v", second, err)
	}
	if _, err := operate(t, config, "member", "org_"+strings.Repeat("0", 32), "anna@example.com", "agent"); models.CodeOf(err) != models.NotFound {
		t.Errorf("a member of nothing: %v", err)
	}

	s := serve(t, config)
	data := post(t, s, signIn, object{"password": password, "organization": organization})

	if at(data, "signIn", "viewer", "role") != "OWNER" || at(data, "signIn", "viewer", "organization", "plan") != "ENTERPRISE" {
		t.Errorf("signed in as %v", data)
	}
	members := post(t, s, `mutation ($input: SignInInput!) { signIn(input: $input) { viewer { role } } }`, object{
		"input": object{"email": "anna@example.com", "password": regexp.MustCompile(`password: (\S+)`).FindStringSubmatch(first)[1]},
	})
	if at(members, "signIn", "viewer", "role") != "AGENT" {
		t.Errorf("the member signed in as %v", members)
	}
	for name, words := range map[string][]string{
		"no such command": {"close", organization}, "too few words": {"plan", organization}, "no such plan": {"plan", organization, "GOLD"},
		"no address": {"found", "Flowers", "olga", "STANDARD"}, "an address with a name": {"found", "Flowers", "O <o@example.com>", "STANDARD"},
		"an owner by the back door": {"member", organization, "o@example.com", "owner"}, "no role": {"member", organization, "o@example.com", "SYSTEM"},
		"no name": {"found", " ", "o@example.com", "STANDARD"},
	} {
		if _, err := operate(t, config, words...); err == nil || !strings.HasPrefix(err.Error(), "usage:") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
