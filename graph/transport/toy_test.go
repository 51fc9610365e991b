package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const sdl = `
	type Query {
		hello: String!
		echo(text: String!): String!
		"Who asks, as the context says."
		viewer: String
		"Fails when nobody asks."
		mine: String!
		broken: String
		"Answers when its context ends."
		waits: String
		"Panics out of every resolver's reach."
		panics: String
	}
	type Mutation { say(text: String!): String! }
	type Subscription {
		"Everything that is said."
		said: String!
		count(to: Int!): Int!
		"Cannot be subscribed to."
		refused: String!
		"Has one event, which fails."
		flaky: String
		"Does not let go before the test says so."
		clings: String
	}`

type viewerKey struct{}

func withViewer(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, viewerKey{}, name)
}

// toy is a schema without nesting, executed by hand the way gqlgen's generated code does it.
type toy struct {
	schema *ast.Schema
	// entered and left tell of operations that wait, by their field.
	entered, left chan string
	letGo         chan struct{}

	mu      sync.Mutex
	hearers map[chan string]bool
}

var _ graphql.ExecutableSchema = (*toy)(nil)

func newToy() *toy {
	return &toy{
		schema:  gqlparser.MustLoadSchema(&ast.Source{Input: sdl}),
		entered: make(chan string, 1000),
		left:    make(chan string, 1000),
		letGo:   make(chan struct{}),
		hearers: make(map[chan string]bool),
	}
}

func (y *toy) executor() *executor.Executor {
	exec := executor.New(y)
	exec.SetRecoverFunc(func(context.Context, any) error { return coded(CodeInternal, "Internal error.") })
	return exec
}

func (y *toy) Schema() *ast.Schema { return y.schema }

func (y *toy) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (y *toy) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	if op.Operation.Operation == ast.Subscription {
		return y.stream(ctx, op)
	}
	done := false
	return func(ctx context.Context) *graphql.Response {
		if done {
			return nil
		}
		done = true
		return &graphql.Response{Data: y.object(ctx, op)}
	}
}

func (y *toy) object(ctx context.Context, op *graphql.OperationContext) json.RawMessage {
	data := []byte("{")
	root := map[ast.Operation]string{ast.Query: "Query", ast.Mutation: "Mutation"}[op.Operation.Operation]
	for i, field := range graphql.CollectFields(op, op.Operation.SelectionSet, []string{root}) {
		if i > 0 {
			data = append(data, ',')
		}
		value, err := y.resolve(ctx, field, field.ArgumentMap(op.Variables))
		if err != nil {
			graphql.AddError(ctx, &gqlerror.Error{Message: err.Error(), Path: ast.Path{ast.PathName(field.Alias)}, Extensions: map[string]any{"code": codeFor(err)}})
			if field.Definition.Type.NonNull {
				return json.RawMessage("null")
			}
		}
		data = append(appendJSON(data, field.Alias), ':')
		data = appendJSON(data, value)
	}
	return append(data, '}')
}

func codeFor(err error) string {
	if errors.Is(err, ErrUnauthenticated) {
		return CodeUnauthenticated
	}
	return "BROKEN"
}

func (y *toy) resolve(ctx context.Context, field graphql.CollectedField, args map[string]any) (any, error) {
	switch field.Name {
	case "__typename":
		return field.ObjectDefinition.Name, nil
	case "hello":
		return "world", nil
	case "echo":
		return args["text"], nil
	case "viewer":
		return ctx.Value(viewerKey{}), nil
	case "mine":
		if ctx.Value(viewerKey{}) == nil {
			return nil, ErrUnauthenticated
		}
		return "yours", nil
	case "waits":
		y.entered <- "waits"
		<-ctx.Done()
		y.left <- "waits"
		return nil, errors.New("waited in vain")
	case "panics":
		panic("a secret")
	case "say":
		text := args["text"].(string)
		y.say(text)
		return text, nil
	}
	return nil, errors.New("broken on purpose")
}

// say reaches everyone who listens; the channels of the test are large enough never to block.
func (y *toy) say(text string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for hearer := range y.hearers {
		hearer <- text
	}
}

func (y *toy) stream(ctx context.Context, op *graphql.OperationContext) graphql.ResponseHandler {
	field := graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Subscription"})[0]
	events, err := y.subscribe(ctx, field.Name, field.ArgumentMap(op.Variables))
	if err != nil {
		graphql.AddError(ctx, err)
		return nil
	}
	// One buffer for all events, as in generated code: who keeps a response must copy it.
	var buf bytes.Buffer
	return func(ctx context.Context) *graphql.Response {
		buf.Reset()
		select {
		case event, ok := <-events:
			if !ok {
				return nil
			}
			if field.Name == "flaky" {
				graphql.AddError(ctx, errors.New("broken on purpose"))
				event = "null"
			}
			fmt.Fprintf(&buf, `{%q:%s}`, field.Alias, event)
		case <-ctx.Done():
			return nil
		}
		return &graphql.Response{Data: buf.Bytes()}
	}
}

func (y *toy) subscribe(ctx context.Context, name string, args map[string]any) (<-chan string, error) {
	out := make(chan string)
	switch name {
	case "said":
		in := y.listen()
		go func() {
			defer close(out)
			defer y.unlisten(in)
			for {
				select {
				case text := <-in:
					select {
					case out <- strconv.Quote(text):
					case <-ctx.Done():
						return
					}
				case <-ctx.Done():
					return
				}
			}
		}()
	case "count":
		to, _ := args["to"].(int64)
		go func() {
			defer close(out)
			for i := range to {
				select {
				case out <- strconv.FormatInt(i+1, 10):
				case <-ctx.Done():
					return
				}
			}
		}()
	case "flaky":
		go func() {
			defer close(out)
			select {
			case out <- "null":
			case <-ctx.Done():
			}
		}()
	case "clings":
		y.entered <- "clings"
		<-y.letGo
		close(out)
	default:
		return nil, coded("REFUSED", "Not for you.")
	}
	return out, nil
}

func (y *toy) listen() chan string {
	y.mu.Lock()
	defer y.mu.Unlock()
	in := make(chan string, 1000)
	y.hearers[in] = true
	y.entered <- "said"
	return in
}

func (y *toy) unlisten(in chan string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	delete(y.hearers, in)
	y.left <- "said"
}
