package simulator

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// mostWithin is how long one step may wait.
const mostWithin = time.Hour

// platforms are those a scenario can name.
var platforms = []Platform{Facebook, Instagram, X, LinkedIn, WhatsApp, Messenger, TikTok, WeChat, Telegram, SMS}

// scenarioCheck goes through a scenario before it is played.
type scenarioCheck struct {
	Scenario
	names map[string]bool // given so far
	posts map[string]bool
}

// check finds what no world could play.
func (sc Scenario) check() error {
	c := scenarioCheck{sc, map[string]bool{}, map[string]bool{}}
	for name, account := range sc.Accounts {
		if _, _, err := selectAccount(account); err != nil {
			return fmt.Errorf("account %q: %w", name, err)
		}
	}
	for name, person := range sc.Customers {
		if err := c.account(person.Account); err != nil {
			return fmt.Errorf("customer %q: %w", name, err)
		}
		if person.ID == "" {
			return fmt.Errorf("customer %q has no id", name)
		}
	}
	for i, step := range sc.Steps {
		if err := c.step(step); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}

func (c *scenarioCheck) step(step Step) error {
	names := step.parts()
	if len(names) != 1 {
		return fmt.Errorf("a step does one thing, not %d: %s", len(names), strings.Join(names, ", "))
	}
	if _, deed := step.deed(); deed != nil {
		return c.deed(names[0], *deed)
	}
	switch {
	case step.Expect != nil:
		return c.expectation(*step.Expect)
	case step.Told != nil:
		if step.Told.Event == "" {
			return errors.New("told needs the event")
		}
		return errors.Join(c.account(step.Told.Account), within(step.Told.Within))
	case step.Post != nil:
		c.posts[step.Post.ID] = true
		return c.account(step.Post.Account)
	case step.Faults != nil:
		return c.account(step.Faults.Account)
	case step.Flush != nil:
		return c.account(step.Flush.Account)
	case step.Idle != 0:
		return within(step.Idle)
	}
	if step.Advance < 0 {
		return errors.New("the clock moves forward only")
	}
	return nil
}

func (c *scenarioCheck) deed(name string, deed Deed) error {
	if _, known := c.Customers[deed.Customer]; !known {
		return fmt.Errorf("there is no customer %q", deed.Customer)
	}
	if deed.Kind != "" && name != "write" && name != "comment" {
		return fmt.Errorf("%s is a kind of its own", name)
	}
	if deed.Post != "" && !c.posts[deed.Post] {
		return fmt.Errorf("no step before it makes the post %q known", deed.Post)
	}
	return errors.Join(c.target(deed.Target), c.give(deed.As))
}

func (c *scenarioCheck) expectation(e Expectation) error {
	if e.To != "" {
		if _, known := c.Customers[e.To]; !known {
			return fmt.Errorf("there is no customer %q", e.To)
		}
	}
	if e.Account != "" || e.To == "" {
		if err := c.account(e.Account); err != nil {
			return err
		}
	}
	if _, err := regexp.Compile(e.Matches); err != nil {
		return fmt.Errorf("matches: %w", err)
	}
	if e.Never && e.As != "" {
		return errors.New("what never comes cannot be named")
	}
	return errors.Join(within(e.Within), c.target(e.Target), c.give(e.As))
}

func (c *scenarioCheck) target(name string) error {
	if name != "" && !c.names[name] && !c.posts[name] {
		return fmt.Errorf("nothing before it is called %q", name)
	}
	return nil
}

func (c *scenarioCheck) give(name string) error {
	if name == "" {
		return nil
	}
	if c.names[name] {
		return fmt.Errorf("two things are called %q", name)
	}
	c.names[name] = true
	return nil
}

func (c *scenarioCheck) account(name string) error {
	if _, named := c.Accounts[name]; named {
		return nil
	}
	_, _, err := selectAccount(name)
	return err
}

// selectAccount reads "facebook", or "facebook:102030405060708".
func selectAccount(name string) (Platform, string, error) {
	platform, id, _ := strings.Cut(name, ":")
	for _, p := range platforms {
		if strings.EqualFold(platform, string(p)) {
			return p, id, nil
		}
	}
	return "", "", fmt.Errorf("%q is neither a platform nor a name of an account", name)
}

func within(d Span) error {
	if d < 0 || time.Duration(d) > mostWithin {
		return fmt.Errorf("a step waits at most %s", mostWithin)
	}
	return nil
}

// deed is what a customer does in the step, and its kind unless they say it themselves.
func (step Step) deed() (Kind, *Deed) {
	for _, d := range []struct {
		kind Kind
		deed *Deed
	}{
		{Text, step.Write}, {Text, step.Comment}, {Reaction, step.React}, {Edit, step.Edit}, {Revoke, step.Delete},
		{Seen, step.Read}, {Button, step.Press}, {Block, step.Block}, {Unblock, step.Unblock},
	} {
		if d.deed != nil {
			return d.kind, d.deed
		}
	}
	return "", nil
}

// parts names everything a step does.
func (step Step) parts() []string {
	var names []string
	for _, part := range []struct {
		name string
		set  bool
	}{
		{"write", step.Write != nil}, {"comment", step.Comment != nil}, {"react", step.React != nil},
		{"edit", step.Edit != nil}, {"delete", step.Delete != nil}, {"read", step.Read != nil},
		{"press", step.Press != nil}, {"block", step.Block != nil}, {"unblock", step.Unblock != nil},
		{"expect", step.Expect != nil}, {"told", step.Told != nil}, {"post", step.Post != nil},
		{"faults", step.Faults != nil}, {"flush", step.Flush != nil}, {"advance", step.Advance != 0},
		{"idle", step.Idle != 0},
	} {
		if part.set {
			names = append(names, part.name)
		}
	}
	return names
}
