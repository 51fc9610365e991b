package graph_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/jackc/pgx/v5"

	"parley/graph"
	"parley/graph/transport"
	"parley/inbox/inboxtest"
	"parley/models"
)

func TestValidation(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{
		"a field":        `{ viewr { user { id } } }`,
		"an argument":    `{ channels(frist: 1) { edges { cursor } } }`,
		"a type":         `query ($f: ConversationFiltr) { conversations(filter: $f) { edges { cursor } } }`,
		"an enum value":  `{ conversations(sort: NEWEST_ACTIVITI) { edges { cursor } } }`,
		"an input field": `{ conversations(filter: {status: [NEW]}) { edges { cursor } } }`,
		"a leaf":         `{ viewer }`,
		"a member":       `{ node(id: "a") { status } }`,
	} {
		t.Run("does not tell the right name of "+name, func(t *testing.T) {
			t.Parallel()
			_, errs := prepare(t, graph.Limits{}, query, nil)
			if len(errs) == 0 || strings.Contains(errs.Error(), "Did you mean") {
				t.Errorf("refused with %v", errs)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	t.Run("are no more than 20, also of what was tried", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		id := a.CustomerWrites("491701", "hello?").ID
		const tooSmall = `... on Conversation { messages(first: 0) { edges { cursor } } }`
		ids := strings.TrimSuffix(strings.Repeat(`"`+id+`",`, 25), ",")

		got := a.ask(a.Agent, `{ nodes(ids: [`+ids+`]) { `+tooSmall+` } }`, nil)

		if len(got.Errors) != 20 || got.Errors[19].Extensions["omitted"] != 5.0 || got.Errors[0].Extensions["omitted"] != nil {
			t.Errorf("%d errors, the last %v", len(got.Errors), got.Errors[len(got.Errors)-1])
		}
	})
	t.Run("say that it took too long, once the database does no more", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		locker, err := pgx.Connect(w.Context(), w.URL)
		w.Must(err)
		defer locker.Close(context.Background())
		_, err = locker.Exec(w.Context(), `BEGIN; LOCK TABLE quarantine IN ACCESS EXCLUSIVE MODE`)
		w.Must(err)
		authenticate := graph.Authenticate(w.Store)
		h := transport.Handler{
			Executor:   graph.NewExecutor(&graph.Resolver{Inbox: w.Inbox}, inboxtest.Quiet),
			Transports: []graphql.Transport{transport.HTTP{Authenticate: authenticate, Timeout: 300 * time.Millisecond, Log: inboxtest.Quiet}},
		}
		a := &api{World: w, tokens: map[models.Viewer]string{}}
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query": "{ quarantinedDeliveries { edges { cursor } } }"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+a.token(w.Owner))
		answered := httptest.NewRecorder()

		h.ServeHTTP(answered, r)

		if answered.Code != http.StatusOK || !strings.Contains(answered.Body.String(), `"code":"TIMEOUT"`) {
			t.Errorf("answered %d %s", answered.Code, answered.Body)
		}
		late := time.Now().Add(20 * time.Second) // long before the database gives up by itself
		for w.Count(`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`) > 0 {
			if time.Now().After(late) {
				t.Fatal("the statement still waits")
			}
		}
	})
}
