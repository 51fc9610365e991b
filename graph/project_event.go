package graph

import (
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"parley/graph/live"
	"parley/graph/view"
	"parley/models"
)

// eventPlans are what is selected of the events of a subscription, compiled for each type when the first comes.
type eventPlans struct {
	op    *graphql.OperationContext
	field graphql.CollectedField
	kind  func(models.Event) eventKind

	mu    sync.Mutex            // a replay asks what it needs beside the group's own show
	typed map[string]*eventPlan // by the type of the schema; nil: the executor writes it
}

// eventPlan writes the data of a response to an event.
type eventPlan struct {
	key    string // of the field: `{"alias":`
	fields *fields[models.Event]
	width  int
	needs
}

var _ live.Writer = (*eventPlans)(nil)

// writing is what writes the events of the subscription that is executed, each as the type that kind gives it; an event
// without a type is none of them.
func (r *Resolver) writing(ctx context.Context, kind func(models.Event) eventKind) live.Writer {
	if r.Plain {
		return nil
	}
	return &eventPlans{
		op: graphql.GetOperationContext(ctx), field: graphql.GetFieldContext(ctx).Field, kind: kind, typed: make(map[string]*eventPlan),
	}
}

// Needs is what of an event its response is made of.
func (p *eventPlans) Needs(e models.Event) view.Needs {
	plan := p.plan(e)
	if plan == nil {
		return view.Needs{}
	}
	return view.Needs{
		Conversation: plan.conversation, Message: plan.message,
		Identity: plan.conversation && plan.identities, Attachments: plan.message && plan.attachments,
	}
}

// Write writes the data of the response to an event. What it fails at is left to the executor, which meets the same and says so.
func (p *eventPlans) Write(ctx context.Context, e models.Event) (data []byte) {
	defer func() {
		if fault := recover(); fault != nil {
			_, data = p.op.Recover(ctx, fault), nil
		}
	}()
	plan := p.plan(e)
	if plan == nil {
		return nil
	}
	data, err := plan.write(ctx, e)
	if err != nil {
		return nil
	}
	return data
}

func (p *eventPlans) plan(e models.Event) *eventPlan {
	k := p.kind(e)
	if k.name == "" {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	plan, known := p.typed[k.name]
	if !known {
		plan = compileEvent(p.op, p.field.Alias, p.field.Selections, k)
		p.typed[k.name] = plan
	}
	return plan
}

func compileEvent(op *graphql.OperationContext, alias string, set ast.SelectionSet, k eventKind) *eventPlan {
	c := &compiler{op: op}
	written := selectedAs(c, []string{k.name, "InboxEvent", "Event"}, set, k.fields)
	if c.unknown {
		return nil
	}
	return &eventPlan{key: "{" + string(quoted(nil, alias)) + ":", fields: written, width: c.width, needs: c.needs}
}

// write writes the data; nil if it cannot.
func (p *eventPlan) write(ctx context.Context, e models.Event) ([]byte, error) {
	s, err := p.see(ctx, e)
	if err != nil || s.directory == nil && p.refers {
		return nil, err
	}
	data := append(make([]byte, 0, p.width+p.width/2+128), p.key...)
	data = append(p.fields.write(s, data, &e), '}')
	if s.lost {
		return nil, nil
	}
	return data, nil
}

// happened is what a sight has of an event.
type happened struct {
	conversation *models.Conversation
	message      *models.Message
	attachments  int
	reactions    int
}

// see reads what the plan needs of an event, through the loaders of its scope: they read the same of other events along.
func (p *eventPlan) see(ctx context.Context, e models.Event) (s *sight, err error) {
	scope := view.From(ctx)
	tx, err := scope.Tx(ctx)
	if err != nil {
		return nil, err
	}
	s = &sight{tx: tx}
	if p.refers {
		if s.directory, err = tx.Directory(); err != nil {
			return nil, err
		}
	}
	h := &s.happened
	if p.message && e.MessageID != "" {
		if h.message, err = scope.Message.Load(ctx, e.MessageID); err != nil {
			return nil, err
		}
	}
	if p.conversation && e.ConversationID != "" {
		if h.conversation, err = scope.Conversation.Load(ctx, e.ConversationID); err != nil {
			return nil, err
		}
	}
	if h.message != nil && p.attachments {
		found, err := scope.Attachments.Load(ctx, h.message.ID)
		if err != nil {
			return nil, err
		}
		h.attachments = len(found)
	}
	if h.message != nil && p.reactions {
		found, err := scope.Reactions.Load(ctx, h.message.ID)
		if err != nil {
			return nil, err
		}
		h.reactions = len(found)
	}
	if h.conversation != nil {
		err = p.seeConversation(ctx, s, h.conversation)
	}
	return s, err
}

func (p *eventPlan) seeConversation(ctx context.Context, s *sight, c *models.Conversation) (err error) {
	scope := view.From(ctx)
	if last := c.LastMessageID; last != nil && (p.messages || p.shows && c.Last.Text == nil) {
		if s.message, err = alone(ctx, scope.Message, *last); err != nil {
			return err
		}
	}
	if p.identities {
		if s.identity, err = alone(ctx, scope.Identity, c.IdentityID); err != nil {
			return err
		}
	}
	if p.contacts {
		s.contact, err = alone(ctx, scope.Contact, c.ContactID)
	}
	return err
}

func alone[T any](ctx context.Context, load *view.One[T], id string) (map[string]*T, error) {
	found, err := load.Load(ctx, id)
	return map[string]*T{id: found}, err
}
