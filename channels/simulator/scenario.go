package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Scenario is a conversation as a script: what customers do, what we are expected to answer, and what goes wrong
// meanwhile.
type Scenario struct {
	Name  string `json:"name"`
	About string `json:"about,omitempty"`
	// Accounts gives accounts names of its own: "shop" for "facebook", or for "FACEBOOK:102030405060708". Without
	// one, a step says which in the same way.
	Accounts map[string]string `json:"accounts,omitempty"`
	// Customers are the people by the names the steps give them.
	Customers map[string]ScenarioCustomer `json:"customers"`
	Steps     []Step                      `json:"steps"`
}

// ScenarioCustomer is a person and the account they write to.
type ScenarioCustomer struct {
	Account string `json:"account"`
	Customer
}

// Step is one thing that happens; exactly one of its parts is set, beside a note.
type Step struct {
	Note string `json:"note,omitempty"`

	// What customers do.
	Write   *Deed `json:"write,omitempty"`
	Comment *Deed `json:"comment,omitempty"`
	React   *Deed `json:"react,omitempty"`
	Edit    *Deed `json:"edit,omitempty"`
	Delete  *Deed `json:"delete,omitempty"`
	Read    *Deed `json:"read,omitempty"`
	Press   *Deed `json:"press,omitempty"`
	Block   *Deed `json:"block,omitempty"`
	Unblock *Deed `json:"unblock,omitempty"`

	// What we are expected to do.
	Expect *Expectation `json:"expect,omitempty"`
	Told   *Told        `json:"told,omitempty"`

	// What happens around them.
	Post    *ScenarioPost   `json:"post,omitempty"`
	Faults  *ScenarioFaults `json:"faults,omitempty"`
	Flush   *ScenarioFlush  `json:"flush,omitempty"`
	Advance Span            `json:"advance,omitzero"`
	Idle    Span            `json:"idle,omitzero"`
}

// Deed is what a customer does.
type Deed struct {
	// Customer is who, by their name in the scenario.
	Customer string `json:"customer"`
	// Kind is what they write; a text when empty.
	Kind    Kind    `json:"kind,omitempty"`
	Surface Surface `json:"surface,omitempty"`
	Text    string  `json:"text,omitempty"`
	Media   *Media  `json:"media,omitempty"`
	Emoji   string  `json:"emoji,omitempty"`
	Payload string  `json:"payload,omitempty"`
	// Post is the id of a post that an earlier step made known.
	Post string `json:"post,omitempty"`
	// Target is the message it is about, by the name an earlier step gave it.
	Target string `json:"target,omitempty"`
	// As names what was done for later steps.
	As string `json:"as,omitempty"`
	// Leave goes on without waiting for our webhook's answer.
	Leave bool `json:"leave,omitempty"`
}

// Expectation is a message or an action of ours that must come, or must not.
type Expectation struct {
	// Account is whose it is; that of To when empty.
	Account string `json:"account,omitempty"`
	// To is the customer it is for; anybody when empty.
	To string `json:"to,omitempty"`
	// Kind is what it is; any message when empty.
	Kind Kind `json:"kind,omitempty"`
	// Contains is a part of its text, Matches a regular expression that its text fulfils.
	Contains string `json:"contains,omitempty"`
	Matches  string `json:"matches,omitempty"`
	// Target is the message it is about, by the name an earlier step gave it.
	Target string `json:"target,omitempty"`
	// Within is how long it may take; 30 seconds when zero.
	Within Span `json:"within,omitzero"`
	// Never turns it round: within that time no such thing may come.
	Never bool `json:"never,omitempty"`
	// As names it for later steps.
	As string `json:"as,omitempty"`
}

// Told is a webhook that we must have accepted since the scenario began.
type Told struct {
	Account string `json:"account"`
	// Event begins the name of what it tells, as GET /simulator/deliveries lists it.
	Event string `json:"event"`
	// Times is how often; once when zero.
	Times int `json:"times,omitempty"`
	// Within is how long it may take; 30 seconds when zero.
	Within Span `json:"within,omitzero"`
}

// ScenarioPost makes something known to comment on.
type ScenarioPost struct {
	Account string `json:"account"`
	Post
}

// ScenarioFaults gives an account these habits, and failures, in place of those it had.
type ScenarioFaults struct {
	Account string `json:"account"`
	faultWords
}

// ScenarioFlush delivers what waits for an account's batch to fill.
type ScenarioFlush struct {
	Account string `json:"account"`
}

// mostSteps bounds a scenario.
const mostSteps = 1000

// ReadScenario reads a scenario from JSON. It refuses what it does not know or what cannot be played, with the number
// of the step.
func ReadScenario(r io.Reader) (Scenario, error) {
	var read struct {
		Scenario
		Steps []json.RawMessage `json:"steps"` // before those of the Scenario
	}
	if err := readStrict(r, &read); err != nil {
		return Scenario{}, fmt.Errorf("read scenario: %w", err)
	}
	sc := read.Scenario
	if len(read.Steps) == 0 || len(read.Steps) > mostSteps {
		return Scenario{}, fmt.Errorf("read scenario: it has between 1 and %d steps, not %d", mostSteps, len(read.Steps))
	}
	sc.Steps = make([]Step, len(read.Steps))
	for i, raw := range read.Steps {
		if err := readStrict(bytes.NewReader(raw), &sc.Steps[i]); err != nil {
			return Scenario{}, fmt.Errorf("read scenario: step %d: %w", i+1, err)
		}
	}
	if err := sc.check(); err != nil {
		return Scenario{}, fmt.Errorf("read scenario: %w", err)
	}
	return sc, nil
}

func readStrict(r io.Reader, v any) error {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows its end")
	}
	return nil
}
