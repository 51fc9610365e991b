package models_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"parley/embedded/embeddedtest"
	"parley/models"
)

//go:embed testdata/scale.sql
var scaleSeed string

// scaled is a store on many messages: PARLEY_SCALE says how many, and PARLEY_SCALE_URL where; there they are made once.
func scaled(t testing.TB) (*models.Store, string) {
	t.Helper()
	messages := os.Getenv("PARLEY_SCALE")
	if messages == "" {
		messages = "20000"
	}
	url := os.Getenv("PARLEY_SCALE_URL")
	if url == "" {
		url = embeddedtest.Database(t, server, template)
	}
	store := openAt(t, url, models.SystemClock{}, 0)
	has, err := store.HasOrganizations(context.Background())
	must(t, err)
	if has {
		return store, url
	}
	c, err := pgx.Connect(context.Background(), url)
	must(t, err)
	defer func() { _ = c.Close(context.Background()) }()
	for _, statement := range []string{
		`SELECT set_config('scale.messages', '` + messages + `', FALSE)`,
		`DROP INDEX messages_search`, scaleSeed,
		`CREATE INDEX messages_search ON messages USING gin (organization_id, words_of(text))`, `VACUUM (ANALYZE)`,
	} {
		_, err := c.Exec(context.Background(), statement, pgx.QueryExecModeSimpleProtocol)
		must(t, err)
	}
	return store, url
}

// node is a part of a plan.
type node struct {
	Kind  string `json:"Node Type"`
	Index string `json:"Index Name"`
	Hit   int    `json:"Shared Hit Blocks"`
	Read  int    `json:"Shared Read Blocks"`
	Plans []node
}

func (n node) walk(see func(node)) {
	see(n)
	for _, below := range n.Plans {
		below.walk(see)
	}
}

// executed has a statement of an organization run behind the wall, and returns what was done.
func executed(t *testing.T, c *pgx.Conn, organizationID, statement string) node {
	t.Helper()
	var text []byte
	wall := behindTheWall(t, c, organizationID)
	must(t, wall.QueryRow(context.Background(), "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+statement).Scan(&text))
	must(t, wall.Rollback(context.Background()))
	var plans []struct{ Plan node }
	must(t, json.Unmarshal(text, &plans))
	return plans[0].Plan
}

// TestScale holds every page, near or far, to a walk along an index.
func TestScale(t *testing.T) {
	t.Parallel()
	store, url := scaled(t)
	org := "org_" + strings.Repeat("0", 31) + "1"
	agent, channel := "usr_"+strings.Repeat("0", 29)+"105", "chn_"+strings.Repeat("0", 29)+"103"
	viewer := models.System(org)
	c, err := pgx.Connect(context.Background(), url)
	must(t, err)
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	yes := true
	some := func(s ...models.ConversationStatus) models.ConversationFilter {
		return models.ConversationFilter{Statuses: s}
	}
	for _, test := range []struct {
		name   string
		filter models.ConversationFilter
		sort   models.ConversationSort
	}{
		{"everything", models.ConversationFilter{}, models.NewestActivity},
		{"a status", some(models.New), models.NewestActivity},
		{"two statuses that are open", some(models.New, models.Pending), models.NewestActivity},
		{"two statuses of which one is not", some(models.Resolved, models.Pending), models.NewestActivity},
		{"an assignee", models.ConversationFilter{AssigneeUserID: &agent}, models.NewestActivity},
		{"an assignee's that are new", models.ConversationFilter{AssigneeUserID: &agent, Statuses: []models.ConversationStatus{models.New}}, models.NewestActivity},
		{"a channel", models.ConversationFilter{ChannelIDs: []string{channel}}, models.NewestActivity},
		{"a channel's that are new", models.ConversationFilter{ChannelIDs: []string{channel}, Statuses: []models.ConversationStatus{models.New}}, models.NewestActivity},
		{"nobody's", models.ConversationFilter{Unassigned: &yes}, models.NewestActivity},
		{"those that wait", models.ConversationFilter{}, models.OldestWaiting},
	} {
		t.Run(test.name+", page 1 and far pages alike, both ways", func(t *testing.T) {
			size := 50
			list := func(p models.Page) (page *models.ConversationConnection, statement string) {
				statements, err := store.Statements(func(s *models.Store) error {
					return s.Read(context.Background(), viewer, models.ViewInbox, func(tx *models.Tx) (err error) {
						page, err = tx.ListConversations(test.filter, test.sort, p)
						return err
					})
				})
				must(t, err)
				return page, statements[len(statements)-1]
			}
			first, statement := list(models.Page{First: &size})
			near := walked(t, c, org, statement)
			// A far page is reached by walking: its cursor is what a client has.
			cursor, pages := first.PageInfo.EndCursor, 1
			for step := models.MaxPage; pages < 400; pages += 2 {
				page, _ := list(models.Page{First: &step, After: cursor})
				if !page.PageInfo.HasNextPage {
					break
				}
				cursor = page.PageInfo.EndCursor
			}
			_, after := list(models.Page{First: &size, After: cursor})
			_, before := list(models.Page{Last: &size, Before: cursor})
			for way, far := range map[string]int{"after": walked(t, c, org, after), "before": walked(t, c, org, before)} {
				if far > near*2+40 {
					t.Errorf("%s page %d touches %d buffers, the first %d", way, pages, far, near)
				}
			}
			t.Logf("%d buffers, %d far away", near, pages)
		})
	}
	t.Run("a timeline, near and far, both ways", func(t *testing.T) {
		size, id := 50, "cnv_"+fmt.Sprintf("%032d", 2)
		list := func(p models.Page) (page *models.MessageConnection, buffers int) {
			statements, err := store.Statements(func(s *models.Store) error {
				return s.Read(context.Background(), viewer, models.ViewInbox, func(tx *models.Tx) (err error) {
					page, err = tx.ListMessages(id, p)
					return err
				})
			})
			must(t, err)
			if len(page.Edges) != size {
				t.Fatalf("there are %d messages", len(page.Edges))
			}
			return page, walked(t, c, org, statements[len(statements)-1])
		}
		page, near := list(models.Page{Last: &size})
		for range 40 {
			page, _ = list(models.Page{Last: &size, Before: page.PageInfo.StartCursor})
		}
		_, before := list(models.Page{Last: &size, Before: page.PageInfo.StartCursor})
		_, after := list(models.Page{First: &size, After: page.PageInfo.EndCursor})
		if before > near*2+40 || after > near*2+40 {
			t.Errorf("far pages touch %d and %d buffers, the newest %d", before, after, near)
		}
	})
	t.Run("a page is one statement beside entering, however long it is", func(t *testing.T) {
		for _, size := range []int{1, 50, 100} {
			statements, err := store.Statements(func(s *models.Store) error {
				return s.Read(context.Background(), viewer, models.ViewInbox, func(tx *models.Tx) error {
					_, err := tx.ListConversations(models.ConversationFilter{}, models.NewestActivity, models.Page{First: &size})
					return err
				})
			})
			must(t, err)
			if len(statements) != 1 {
				t.Errorf("a page of %d takes %q", size, statements)
			}
		}
	})
}

// walked checks that a statement walks indexes in their order, and tells how many buffers that touched.
func walked(t *testing.T, c *pgx.Conn, organizationID, statement string) int {
	t.Helper()
	plan := executed(t, c, organizationID, statement)
	var kinds []string
	plan.walk(func(n node) { kinds = append(kinds, n.Kind) })
	for _, kind := range []string{"Sort", "Incremental Sort", "Seq Scan", "Bitmap Heap Scan"} {
		if slices.Contains(kinds, kind) {
			t.Errorf("%s\nis done by %v", statement, kinds)
		}
	}
	return plan.Hit + plan.Read
}
