package simulator

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Outcome is how one step of a scenario went.
type Outcome struct {
	Step int    `json:"step"`
	Does string `json:"does"`
	Note string `json:"note,omitempty"`
	OK   bool   `json:"ok"`
	// Error is why not.
	Error string `json:"error,omitempty"`
	// MessageID is the platform's id of what was done or found, where it has one.
	MessageID string `json:"messageId,omitempty"`
	// At is the world's clock once the step was over.
	At time.Time `json:"at"`
}

// play is a scenario on its way.
type play struct {
	Scenario
	sim      *Simulator
	accounts map[string]Account // by what the scenario calls them
	names    map[string]named
	since    map[Account]mark
	posted   int
	troubled map[Account]bool
}

// named is something a step gave a name to, and where it stands.
type named struct {
	id, post string
	surface  Surface
}

// Play plays a scenario step by step and returns the first step's error that does not come true. Faults it set are
// taken back at the end.
func (s *Simulator) Play(ctx context.Context, sc Scenario) error {
	p, err := s.prepare(sc)
	if err != nil {
		return fmt.Errorf("play %s: %w", sc.Name, err)
	}
	if err := p.run(ctx, func(Outcome) {}); err != nil {
		return fmt.Errorf("play %s: %w", sc.Name, err)
	}
	return nil
}

// run plays the steps and reports each.
func (p *play) run(ctx context.Context, report func(Outcome)) error {
	p.begin()
	defer p.tidy()
	for i, step := range p.Steps {
		id, err := p.step(ctx, step)
		outcome := Outcome{Step: i + 1, Does: strings.Join(step.parts(), " "), Note: step.Note, OK: err == nil,
			MessageID: id, At: p.sim.config.Now()}
		if err != nil {
			err = fmt.Errorf("step %d: %s: %w", i+1, outcome.Does, err)
			outcome.Error = err.Error()
		}
		report(outcome)
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *play) tidy() {
	for a := range p.troubled {
		p.sim.behave(a)
	}
}

func (p *play) step(ctx context.Context, step Step) (string, error) {
	if kind, deed := step.deed(); deed != nil {
		return p.do(ctx, step, kind, *deed)
	}
	switch {
	case step.Expect != nil:
		return p.expect(ctx, *step.Expect)
	case step.Told != nil:
		return "", p.told(ctx, *step.Told)
	case step.Post != nil:
		return step.Post.ID, p.sim.AddPost(p.accounts[step.Post.Account], step.Post.Post)
	case step.Faults != nil:
		a := p.accounts[step.Faults.Account]
		p.troubled[a] = true
		return "", p.sim.misbehave(a, step.Faults.faultWords)
	case step.Flush != nil:
		return "", p.sim.Flush(p.accounts[step.Flush.Account])
	case step.Advance != 0:
		_, err := p.sim.Travel(time.Duration(step.Advance))
		return "", err
	}
	ctx, cancel := p.sim.within(ctx, step.Idle)
	defer cancel()
	return "", p.sim.Idle(ctx)
}

// do lets a customer do something.
func (p *play) do(ctx context.Context, step Step, kind Kind, deed Deed) (string, error) {
	person := p.Customers[deed.Customer]
	in := Inbound{
		Account: p.accounts[person.Account], Customer: person.Customer, Kind: kind, Surface: deed.Surface, Post: deed.Post,
		Text: deed.Text, Media: deed.Media, Target: p.id(deed.Target), Emoji: deed.Emoji, Payload: deed.Payload,
	}
	if deed.Kind != "" {
		in.Kind = deed.Kind
	}
	target := p.names[deed.Target]
	switch {
	case in.Surface != Private:
	case step.Comment != nil:
		in.Surface = Comment
	default:
		in.Surface = target.surface
	}
	if in.Post == "" {
		in.Post = target.post
	}
	id, err := p.write(ctx, in, deed.Leave)
	if err == nil && deed.As != "" {
		p.names[deed.As] = named{id, in.Post, in.Surface}
	}
	return id, err
}

func (p *play) write(ctx context.Context, in Inbound, leave bool) (string, error) {
	if leave {
		id, _, err := p.sim.write(in)
		return id, err
	}
	ctx, cancel := p.sim.within(ctx, Span(patience))
	defer cancel()
	id, err := p.sim.CustomerWrites(ctx, in)
	if errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), errTooLate) {
		return id, fmt.Errorf("the webhook was not accepted within %s", patience)
	}
	return id, err
}

// id is what is called so: a message that was named, or a post.
func (p *play) id(name string) string {
	if n, known := p.names[name]; known {
		return n.id
	}
	return name
}
