package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"parley/graph"
	"parley/graph/view"
	"parley/inbox/inboxtest"
	"parley/models"
	"parley/telemetry/span"
)

// observed is what is told of operations on a world of the test's own.
type observed struct {
	*inboxtest.World
	text  bytes.Buffer
	spans *tracetest.InMemoryExporter
	told  []graph.Operation
	see   graph.Observing
}

func newObserved(t *testing.T) *observed {
	t.Helper()
	o := &observed{World: inboxtest.New(t), spans: tracetest.NewInMemoryExporter()}
	o.see = graph.Observing{
		Tracer: span.NewTracer(sdk.NewTracerProvider(sdk.WithSyncer(o.spans))),
		Tell:   func(done graph.Operation) { o.told = append(o.told, done) },
		Log:    slog.New(slog.NewJSONHandler(&o.text, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Slow:   time.Hour,
	}
	return o
}

// run has a viewer ask as a transport would.
func (o *observed) run(v models.Viewer, params *graphql.RawParams) *graphql.Response {
	o.T.Helper()
	exec := graph.NewExecutor(&graph.Resolver{Inbox: o.Inbox}, inboxtest.Quiet)
	exec.Use(o.see)
	ctx := graphql.StartOperationTrace(view.WithViewer(o.Context(), v))
	op, errs := exec.CreateOperationContext(ctx, params)
	if len(errs) > 0 {
		return exec.DispatchError(graphql.WithOperationContext(ctx, op), errs)
	}
	responses, ctx := exec.DispatchOperation(ctx, op)
	return responses(ctx)
}

func (o *observed) only() graph.Operation {
	o.T.Helper()
	if len(o.told) != 1 {
		o.T.Fatalf("told %+v", o.told)
	}
	return o.told[0]
}

func (o *observed) line() (line map[string]any) {
	o.T.Helper()
	o.Must(json.Unmarshal(o.text.Bytes(), &line))
	return line
}

func TestObserving(t *testing.T) {
	t.Parallel()
	t.Run("tells what succeeded, follows it from its cause, and logs it by ids only", func(t *testing.T) {
		t.Parallel()
		o := newObserved(t)
		o.run(o.Agent, &graphql.RawParams{
			Query:      `query Mine($secret: Boolean!) { viewer @include(if: $secret) { __typename } }`,
			Variables:  object{"secret": true},
			Extensions: object{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
		})
		if done := o.only(); done.Type != "query" || done.Outcome != graph.Succeeded || done.Took <= 0 {
			t.Errorf("told %+v", done)
		}
		spans := o.spans.GetSpans()
		if s := spans[len(spans)-1]; s.Name != "query" || s.Parent.TraceID().String() != "0af7651916cd43dd8448eb211c80319c" {
			t.Errorf("recorded %+v", s)
		}
		line := o.line()
		if line["level"] != "DEBUG" || line["op_name"] != "Mine" || len(line["doc_sha256"].(string)) != 64 || line["status"] != "ok" {
			t.Errorf("logged %v", line)
		}
		if strings.Contains(o.text.String(), "secret") {
			t.Errorf("logged %s", o.text.String())
		}
	})
	for name, c := range map[string]struct {
		query   string
		outcome graph.Outcome
		kind    string
		code    string
	}{
		"rejected unread":        {"{", graph.Rejected, "unknown", "GRAPHQL_PARSE_FAILED"},
		"rejected by validation": {"{ nothing }", graph.Rejected, "unknown", "GRAPHQL_VALIDATION_FAILED"},
		"rejected for its variables": {
			"query ($id: ID!) { node(id: $id) { id } }", graph.Rejected, "query", "GRAPHQL_VALIDATION_FAILED",
		},
		"a failure": {"{ conversations(first: 1) { edges { cursor } } }", graph.Failed, "query", string(models.Unauthenticated)},
	} {
		t.Run("tells of what was "+name, func(t *testing.T) {
			t.Parallel()
			o := newObserved(t)
			o.run(models.Viewer{}, &graphql.RawParams{Query: c.query})
			done := o.only()
			if done.Outcome != c.outcome || done.Type != c.kind || len(done.Codes) != 1 || done.Codes[0] != c.code {
				t.Errorf("told %+v", done)
			}
			if line := o.line(); line["level"] != "INFO" || line["error_codes"] != c.code {
				t.Errorf("logged %v", line)
			}
		})
	}
	t.Run("tells what was abandoned", func(t *testing.T) {
		t.Parallel()
		o := newObserved(t)
		exec := graph.NewExecutor(&graph.Resolver{Inbox: o.Inbox}, inboxtest.Quiet)
		exec.Use(o.see)
		ctx, cancel := context.WithCancel(graphql.StartOperationTrace(o.Context()))
		op, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: "{ viewer { role } }"})
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		responses, ctx := exec.DispatchOperation(ctx, op)
		cancel()
		responses(ctx)
		if done := o.only(); done.Outcome != graph.Abandoned || done.Cost != 1 {
			t.Errorf("told %+v", done)
		}
	})
	t.Run("shows of a name what is a name", func(t *testing.T) {
		t.Parallel()
		o := newObserved(t)
		o.run(o.Agent, &graphql.RawParams{Query: "{ __typename }", OperationName: "a\"\n" + strings.Repeat("b", 200)})
		if name := o.line()["op_name"]; name != "a"+strings.Repeat("b", 97) {
			t.Errorf("logged %q", name)
		}
	})
}
