package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"parley/graph"
	"parley/graph/transport"
	"parley/graph/view"
	"parley/inbox/inboxtest"
	"parley/models"
)

// prepare has a document read as far as it is before it runs, for a member of some organization.
func prepare(t testing.TB, limits graph.Limits, query string, variables object) (*graphql.OperationContext, gqlerror.List) {
	t.Helper()
	exec := graph.NewExecutor(&graph.Resolver{Limits: limits}, inboxtest.Quiet)
	ctx := view.WithViewer(context.Background(), models.Viewer{Kind: models.ActorUser, OrganizationID: "org_1", UserID: "usr_1"})
	return exec.CreateOperationContext(graphql.StartOperationTrace(ctx), &graphql.RawParams{Query: query, Variables: variables})
}

const busyPage = `query ($n: Int = 20) { conversations(first: 100) { edges { node { contact { name } channel { name }
	lastMessage { text } assignment { user { name } } messages(last: $n) { edges { node { text authorUser { name } } } } } } } }`

func TestCost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query     string
		variables object
		want      int
	}{
		"nothing for scalars":                         {`{ __typename }`, nil, 0},
		"one for each object":                         {`{ viewer { user { id name } organization { id } } }`, nil, 3},
		"the default page":                            {`{ channels { edges { node { id } } } }`, nil, 26},
		"a page that is given":                        {`{ channels(first: 7) { edges { node { id } } pageInfo { hasNextPage } } }`, nil, 9},
		"a page from the end":                         {`{ channels(last: 7) { edges { node { id } } } }`, nil, 8},
		"a page in a variable":                        {`query ($n: Int) { channels(first: $n) { edges { cursor } } }`, object{"n": json.Number("7")}, 8},
		"a page in a variable of its own value":       {`query ($n: Int = 7) { channels(first: $n) { edges { cursor } } }`, nil, 8},
		"a page of null":                              {`query ($n: Int) { channels(first: $n) { edges { cursor } } }`, object{"n": nil}, 26},
		"a page that is refused later":                {`{ channels(first: 100000) { edges { cursor } } }`, nil, 101},
		"a page of less than one":                     {`{ channels(first: -5) { edges { cursor } } }`, nil, 2},
		"an entry in fragments":                       {`{ channels(first: 7) { ...C } } fragment C on ChannelConnection { ... { edges { ...E } } } fragment E on ChannelEdge { node { widget { key } } }`, nil, 15},
		"ten for each list without pages":             {`{ memberships { user { name } } }`, nil, 20},
		"as many as are named":                        {`{ nodes(ids: ["a", "b", "c"]) { id ... on Conversation { contact { id } } } }`, nil, 6},
		"as many as a variable names":                 {`query ($ids: [ID!]!) { nodes(ids: $ids) { id } }`, object{"ids": []any{"a", "b"}}, 2},
		"what is left out":                            {`query ($no: Boolean!) { viewer { user @include(if: $no) { name } organization @skip(if: true) { id } } }`, object{"no": false}, 1},
		"introspection at once":                       {`{ __schema { types { fields { name } } } }`, nil, 50},
		"changing something":                          {`mutation { markConversationRead(input: {conversationId: "c"}) { conversation { id } } }`, nil, 12},
		"signing in":                                  {`mutation { signIn(input: {email: "a", password: "b"}) { token } }`, nil, 101},
		"one event of a subscription":                 {`subscription ($c: ID!) { messageAdded(conversationId: $c) { message { authorUser { name } } } }`, object{"c": "c"}, 3},
		"a busy page of an inbox with its last words": {busyPage, nil, 1 + 100*(1+5+1+20*2)},
	} {
		t.Run("counts "+name, func(t *testing.T) {
			t.Parallel()
			op, errs := prepare(t, graph.Limits{}, c.query, c.variables)
			if errs != nil {
				t.Fatal(errs)
			}
			if got := transport.ChargeOf(op).Cost; got != c.want {
				t.Errorf("costs %d, want %d", got, c.want)
			}
		})
	}
	for name, c := range map[string]struct {
		limits    graph.Limits
		query     string
		variables object
	}{
		"pages in pages":          {graph.Limits{}, `{ conversations(first: 100) { edges { node { messages(first: 100) { edges { node { conversation { messages(first: 100) { edges { cursor } } } } } } } } } }`, nil},
		"pages of variables":      {graph.Limits{}, busyPage, object{"n": json.Number("100")}},
		"what costs too much now": {graph.Limits{Cost: 10}, `{ channels(first: 10) { edges { cursor } } }`, nil},
	} {
		t.Run("refuses "+name+" and says why", func(t *testing.T) {
			t.Parallel()
			op, errs := prepare(t, c.limits, c.query, c.variables)
			if len(errs) != 1 || errs[0].Extensions["code"] != transport.CodeTooComplex || errs[0].Extensions["cost"] != transport.ChargeOf(op).Cost {
				t.Errorf("refused with %v", errs)
			}
		})
	}
	t.Run("stops counting before it is wrong", func(t *testing.T) {
		t.Parallel()
		const level = `messages(first: 100) { edges { node { conversation { `
		document := `{ conversation(id: "c") { ` + strings.Repeat(level, 40) + `id` + strings.Repeat(` } } } }`, 40) + ` } }`
		if cost, _ := graph.Cost(document); cost != 1<<30 {
			t.Errorf("costs %d", cost)
		}
	})
}

// A fragment that is spread twice by one that is spread twice, and so on, is looked at once.
func TestCostReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	var fragments strings.Builder
	for i := range 40 {
		fmt.Fprintf(&fragments, "fragment F%d on User { ...F%d ...F%d } ", i, i+1, i+1)
	}
	document := `{ viewer { user { ...F0 } } } ` + fragments.String() + `fragment F40 on User { name }`
	cost, steps := graph.Cost(document)
	if cost != 2 || steps != 2+1+2*40+1 {
		t.Errorf("cost %d in %d steps", cost, steps)
	}
}

func BenchmarkCost(b *testing.B) {
	op, errs := prepare(b, graph.Limits{}, inboxPage, nil)
	if errs != nil {
		b.Fatal(errs)
	}
	b.ReportAllocs()
	for b.Loop() {
		graph.CostOf(op)
	}
}
