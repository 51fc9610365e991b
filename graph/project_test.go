package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"parley/graph"
	"parley/graph/generated"
	"parley/graph/view"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// author writes random documents of the schema.
type author struct {
	*rand.Rand
	schema    *ast.Schema
	rarely    int // how seldom a field is asked for, percent
	omits     map[string]bool
	seldom    map[string]bool
	fragments []string
	spreads   int
}

// unwritten are fields that take arguments or lead back up: authors leave them out.
var unwritten = map[string]bool{
	"Conversation.messages": true, "Message.conversation": true, "Message.replyTo": true, "Channel.widget": true,
	"Message.privateReplyTo": true, "Conversation.openedFrom": true, "Contact.identities": true, "Channel.capabilities": true,
	"Team.members": true, "Attachment.url": true, "Attachment.urlExpiresAt": true,
}

// deepest is down to where authors ask for fields that lead back up.
var deepest = map[string]int{"Message.conversation": 2, "Message.replyTo": 1, "Message.privateReplyTo": 1}

// left are the fields projections leave to the executor: authors ask for one now and then only, as the whole is left then.
var left = map[string]bool{
	"Conversation.post": true, "Conversation.assignments": true, "Channel.webhookUrl": true, "Assignment.reason": true,
	"Assignment.assignedBy": true, "Assignment.assignedAt": true, "Assignment.endedAt": true, "Message.authorContact": true,
	"Message.attachments": true, "Message.template": true, "Message.reactions": true, "Message.buttonPayload": true,
	"Message.referral": true, "Message.product": true, "Message.order": true, "Message.story": true,
	"Message.quotedExternalId": true, "Message.openActions": true, "Message.viewerCanReplyPrivately": true,
	"Message.viewerCannotReplyPrivatelyReasons": true, "Delivery.attempts": true,
}

// newAuthor is an author of documents that ask for lists.
func newAuthor(seed uint64) *author {
	return &author{
		Rand: rand.New(rand.NewPCG(seed, 2)), schema: generated.NewExecutableSchema(generated.Config{}).Schema(),
		rarely: 60, omits: unwritten, seldom: left,
	}
}

func (a *author) chance(percent int) bool { return a.IntN(100) < percent }

func (a *author) condition() string {
	switch a.IntN(40) {
	case 0:
		return " @skip(if: $yes)"
	case 1:
		return " @include(if: $yes)"
	case 2:
		return " @include(if: $no) @skip(if: false)"
	case 3:
		return " @include(if: true)"
	}
	return ""
}

// object is a selection set of a type.
func (a *author) object(name string, depth int) string {
	var b strings.Builder
	b.WriteString("{ __typename")
	if a.chance(50) {
		b.Reset()
		b.WriteString("{ again: __typename")
	}
	for _, f := range a.schema.Types[name].Fields {
		key := name + "." + f.Name
		if strings.HasPrefix(f.Name, "__") || a.omits[key] || depth > deepest[key] && deepest[key] > 0 || a.chance(a.rarely) || a.seldom[key] && a.chance(98) {
			continue
		}
		b.WriteString(" " + a.field(f, depth))
	}
	b.WriteString(" }")
	return b.String()
}

func (a *author) field(f *ast.FieldDefinition, depth int) string {
	text := f.Name
	inside := a.schema.Types[f.Type.Name()]
	if a.chance(5) {
		text = fmt.Sprintf("a%d: %s", a.IntN(1000), f.Name)
	}
	text += a.condition()
	if inside.IsCompositeType() {
		text += " " + a.object(inside.Name, depth+1)
	}
	return text
}

// wrapped puts a part of what is selected of a type into fragments.
func (a *author) wrapped(name string, depth int) string {
	parts := []string{a.object(name, depth)}
	for range a.IntN(3) {
		switch a.IntN(3) {
		case 0:
			parts = append(parts, "{ ..."+a.condition()+" "+a.object(name, depth)+" }")
		case 1:
			parts = append(parts, "{ ... on "+name+a.condition()+" "+a.object(name, depth)+" }")
		default:
			a.spreads++
			fragment := fmt.Sprintf("F%d", a.spreads)
			a.fragments = append(a.fragments, "fragment "+fragment+" on "+name+" "+a.object(name, depth))
			parts = append(parts, "{ ..."+fragment+a.condition()+" }")
		}
	}
	if name == "Conversation" && a.chance(30) {
		parts = append(parts, "{ ... on Node { id } }")
	}
	a.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	for i, p := range parts {
		parts[i] = strings.TrimSuffix(strings.TrimPrefix(p, "{"), "}")
	}
	return "{" + strings.Join(parts, " ") + "}"
}

// document asks for a page of conversations.
func (a *author) document() string {
	a.fragments, a.spreads = nil, 0
	arguments := []string{
		"", "(first: 3)", "(last: 2)", "(first: 2, after: $after)", "(filter: {statuses: [NEW, PENDING]})", "(sort: OLDEST_WAITING, first: 50)",
		"(filter: {unassigned: true}, first: $n)", "(sort: WINDOW_EXPIRING_SOONEST)", "(first: 0)", "(after: \"nonsense\")",
		"(filter: {statuses: [RESOLVED, NEW]})", "(filter: $f)",
	}[a.IntN(12)]
	body := "{ list: conversations" + arguments + " { edges { cursor node " + a.wrapped("Conversation", 1) + " } " +
		strings.TrimSuffix(strings.TrimPrefix(a.wrapped("ConversationConnection", 0), "{"), "}") + " } }"
	body += " " + strings.Join(a.fragments, " ")
	var used []string
	for _, declared := range []string{"$yes: Boolean! = true", "$no: Boolean! = false", "$after: String", "$n: Int", "$f: ConversationFilter"} {
		if name, _, _ := strings.Cut(declared, ":"); strings.Contains(body, name+")") {
			used = append(used, declared)
		}
	}
	if len(used) == 0 {
		return body
	}
	return "query (" + strings.Join(used, ", ") + ") " + body
}

// both answers a document with and without projections.
type both struct {
	with, without *executor.Executor
}

func newBoth(b *inbox.Inbox) both {
	return both{
		with:    graph.NewExecutor(&graph.Resolver{Inbox: b}, inboxtest.Quiet),
		without: graph.NewExecutor(&graph.Resolver{Inbox: b, Plain: true}, inboxtest.Quiet),
	}
}

// projects reports whether a document is one that projections write.
func (b both) projects(t testing.TB, document string, variables map[string]any) bool {
	t.Helper()
	op, errs := b.with.CreateOperationContext(graphql.StartOperationTrace(context.Background()), &graphql.RawParams{Query: document, Variables: variables})
	if errs != nil {
		t.Fatal(errs)
	}
	return graph.IsProjected(op)
}

func answerOf(e *executor.Executor, v models.Viewer, document string, variables map[string]any) (string, gqlerror.List) {
	ctx := graphql.StartOperationTrace(view.WithViewer(context.Background(), v))
	op, errs := e.CreateOperationContext(ctx, &graphql.RawParams{Query: document, Variables: variables})
	if errs != nil {
		return "", errs
	}
	next, ctx := e.DispatchOperation(ctx, op)
	response := next(ctx)
	return string(response.Data), response.Errors
}

// compare fails the test unless both say the same.
func (b both) compare(t testing.TB, v models.Viewer, document string, variables map[string]any) (data string) {
	t.Helper()
	want, wantErrors := answerOf(b.without, v, document, variables)
	got, gotErrors := answerOf(b.with, v, document, variables)
	if got != want || written(t, gotErrors) != written(t, wantErrors) {
		t.Fatalf("%s\nwith %v answers\n%s %v\nwant\n%s %v", document, variables, got, gotErrors, want, wantErrors)
	}
	return got
}

func written(t testing.TB, errs gqlerror.List) string {
	t.Helper()
	text, err := json.Marshal(errs)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// crowded is a world with conversations in many states, and executors on it.
func crowded(t testing.TB) (*inboxtest.World, both, string) {
	t.Helper()
	w := inboxtest.New(t)
	w.Connect(models.Telegram, "bot")
	for i := range 12 {
		customer := fmt.Sprint("49170", i)
		in := w.Says(customer, strings.Repeat("\"wörter\"\t\\\n\x01\x1f </script> \u2028", 1+i*i*3))
		in.Author = models.Author{ID: customer, Name: []string{"", "Erika \"E\"", "Max"}[i%3], Handle: []string{"", "@e"}[i%2], Language: []string{"", "de"}[i%2]}
		w.Receive(in)
		c := w.Conversation(w.MessageSaid(in.ExternalID).ConversationID)
		if i%2 == 0 {
			_, err := w.Inbox.Assign(w.Context(), w.Agent, inbox.AssignRequest{ConversationID: c.ID, UserID: &w.Colleague.UserID, Reason: "knows"})
			w.Must(err)
		}
		switch i % 4 {
		case 0:
			w.Reply(c, "we answer")
		case 1:
			w.Receive(w.Deletion(in))
		case 2:
			w.Receive(w.Edit(in, "edited"), w.Opt(customer, models.InboundOptOut))
		}
		if i%5 == 0 {
			w.Work(models.DueMessages)
			_, err := w.Inbox.ChangeStatus(w.Context(), w.Agent, inbox.StatusRequest{ConversationID: c.ID, Status: models.Resolved, Reason: "done", Comment: "at last"})
			w.Must(err)
		}
		w.Clock.Advance(7 * time.Hour)
	}
	w.Must(w.Store.Do(w.Context(), models.System(w.Org.ID), models.DeliverMessages, func(tx *models.Tx) error {
		team := tx.NewTeam("First line")
		if err := tx.Create(team); err != nil {
			return err
		}
		var c models.Conversation
		list, err := tx.ListConversations(models.ConversationFilter{}, models.NewestActivity, models.Page{})
		if err != nil {
			return err
		}
		if err := tx.Lock(&c, list.Edges[1].Node.ID); err != nil {
			return err
		}
		return tx.ReplaceAssignment(&c, nil, &team.ID, "")
	}))
	b := newBoth(w.Inbox)
	data := b.compare(t, w.Agent, `{ conversations(first: 3) { pageInfo { endCursor } } }`, nil)
	cursor := data[strings.Index(data, `"endCursor":"`)+len(`"endCursor":"`):]
	return w, b, cursor[:strings.Index(cursor, `"`)]
}

func TestProjection(t *testing.T) {
	t.Parallel()
	w, b, cursor := crowded(t)

	t.Run("answers generated documents as the executor does", func(t *testing.T) {
		a := newAuthor(4)
		projected, answered := 0, 0
		for i := range 1500 {
			document := a.document()
			variables := map[string]any{"after": cursor, "n": 4, "f": map[string]any{"text": "wörter"}}
			if i%3 == 0 {
				variables["yes"] = a.chance(50)
			}
			viewer := []models.Viewer{w.Agent, w.Onlooker, w.Owner, {}}[min(a.IntN(30), 3)]
			if a.chance(70) {
				viewer = w.Agent
			}
			data := b.compare(t, viewer, document, variables)
			if strings.Contains(document, "$yes") { // what is remembered of a document is not true of its other half
				b.compare(t, viewer, document, map[string]any{"yes": true, "after": cursor, "n": 4, "f": variables["f"]})
				b.compare(t, viewer, document, map[string]any{"yes": false, "after": cursor, "n": 4, "f": variables["f"]})
			}
			if i < 3 && data == "" {
				t.Logf("%s is answered with nothing", document)
			}
			if strings.Contains(data, `"edges"`) || strings.Contains(data, `"cursor"`) {
				answered++
				if b.projects(t, document, variables) {
					projected++
				}
			}
		}
		if projected < 300 || answered == projected {
			t.Errorf("%d of %d answered documents were projected", projected, answered)
		}
	})
}

// FuzzProjection looks for documents that projections answer otherwise than the executor does.
func FuzzProjection(f *testing.F) {
	w, b, cursor := crowded(f)
	for seed := range uint64(3) {
		f.Add(seed, seed%2 == 0, int8(4))
	}
	f.Fuzz(func(t *testing.T, seed uint64, yes bool, size int8) {
		a := newAuthor(seed)
		b.compare(t, w.Agent, a.document(), map[string]any{
			"yes": yes, "after": cursor, "n": int(size), "f": map[string]any{"text": "wörter"},
		})
	})
}

// FuzzQuoted holds strings to the executor's own way of writing them.
func FuzzQuoted(f *testing.F) {
	f.Add("\"wörter\"\t\\\n\x01 </script> \u2028")
	f.Add("\x1c\x7f")
	f.Fuzz(func(t *testing.T, s string) {
		var want strings.Builder
		graphql.MarshalString(s).MarshalGQL(&want)
		if got := graph.Quoted(s); got != want.String() {
			t.Errorf("%q is written %s, not %s", s, got, want.String())
		}
	})
}
