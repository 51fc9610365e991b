package models_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"parley/models"
)

// belongings are one row of everything an organization can have.
type belongings struct {
	conversation *models.Conversation
	message      *models.Message
	identity     *models.ContactIdentity
	team         *models.Team
	post         *models.Post
	token        *models.Token
	media        *models.Media
}

// furnish puts a row into every table of tenants.
func (w *world) furnish() (b belongings) {
	w.t.Helper()
	b.conversation = w.conversation("4915112345678", nil)
	b.message = w.message(b.conversation, models.OutboundMessage, func(m *models.Message) {
		m.Text, m.ExternalID = "secret words of "+w.org.Name, ptr("wamid.1")
	})
	w.system(func(tx *models.Tx) (err error) {
		b.identity = &models.ContactIdentity{}
		must(w.t, tx.Find(b.identity, b.conversation.IdentityID))
		b.token, _, err = tx.NewToken(w.agent.UserID, models.Token{Kind: models.APIToken, Name: "robot"})
		must(w.t, err)
		must(w.t, tx.Create(b.token))
		b.team = tx.NewTeam("First line")
		must(w.t, tx.Create(b.team))
		must(w.t, tx.Create(&models.TeamMember{OrganizationID: w.org.ID, TeamID: b.team.ID, UserID: w.agent.UserID}))
		b.post, err = tx.TakePost(w.channel.ID, models.PostFacts{ExternalID: "p1"})
		must(w.t, err)
		must(w.t, tx.Create(tx.NewAction(b.message, models.HideMessage)))
		must(w.t, tx.SaveWidget(&models.Widget{OrganizationID: w.org.ID, ChannelID: w.channel.ID, AllowedOrigins: []string{"https://shop.example"}}))
		visitor, _, err := tx.NewVisitor(w.channel.ID)
		must(w.t, err)
		must(w.t, tx.Create(visitor))
		must(w.t, tx.ReplaceAssignment(b.conversation, &w.agent.UserID, &b.team.ID, "because"))
		must(w.t, tx.Create(&models.Attachment{OrganizationID: w.org.ID, MessageID: b.message.ID, Kind: models.Image}))
		b.media = &models.Media{
			OrganizationID: w.org.ID, ID: "med_of_" + w.org.ID, ChannelID: &w.channel.ID, Kind: models.Image, SourceURL: "secret", Status: models.MediaPending, CreatedAt: tx.Now,
		}
		must(w.t, tx.Create(b.media))
		must(w.t, tx.Create(&models.DeliveryAttempt{OrganizationID: w.org.ID, MessageID: b.message.ID, Number: 1, StartedAt: tx.Now}))
		_, err = tx.React(b.message, b.identity.ID, "🌷", tx.Now)
		must(w.t, err)
		must(w.t, tx.KeepForLater(w.channel.ID, "wamid.2", models.Inbound{Kind: models.InboundReceipt, Status: models.Read}))
		_, err = tx.Quarantine(models.Quarantined{ChannelID: w.channel.ID, Reason: models.HeldUnreadable, ElementCount: 1, Body: []byte("?")})
		must(w.t, err)
		_, err = tx.Once(models.Reply, "key", "input", func() (string, error) { return "result", nil })
		must(w.t, err)
		tx.Record(models.Event{Type: models.MessageAdded, ChannelID: w.channel.ID, MessageID: b.message.ID})
		return nil
	})
	return b
}

// tenantTables asks the catalog for all tables with an organization's rows.
func tenantTables(t testing.TB, c *pgx.Conn) []string {
	t.Helper()
	rows, err := c.Query(context.Background(), `
		SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
		WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace ORDER BY 1`)
	must(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	if len(tables) < 15 {
		t.Fatalf("the catalog knows only %v", tables)
	}
	return tables
}

func TestWall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.neighbour()
	mine, theirs := w.furnish(), other.furnish()

	t.Run("every method that reads shows own rows only", func(t *testing.T) {
		for name, rows := range w.everything(t, mine, theirs) {
			if len(rows) == 0 {
				t.Errorf("%s showed nothing", name)
			}
			for _, organization := range rows {
				if organization != w.org.ID {
					t.Errorf("%s showed a row of %s", name, organization)
				}
			}
		}
	})

	t.Run("users of other organizations cannot be seen", func(t *testing.T) {
		w.look(func(tx *models.Tx) error {
			users, err := tx.Users([]string{w.agent.UserID, other.agent.UserID})
			if err != nil || len(users) != 1 || users[0].ID != w.agent.UserID {
				t.Errorf("got %v, %v", users, err)
			}
			return nil
		})
	})

	t.Run("not yours and not found are the same answer", func(t *testing.T) {
		unknown := strings.Repeat("0", 32)
		for name, ask := range map[string]func(tx *models.Tx, id string) error{
			"Find":         func(tx *models.Tx, id string) error { return tx.Find(&models.Conversation{}, id) },
			"Lock":         func(tx *models.Tx, id string) error { return tx.Lock(&models.Conversation{}, id) },
			"Find channel": func(tx *models.Tx, id string) error { return tx.Find(&models.Channel{}, id) },
			"LockMessage":  func(tx *models.Tx, id string) error { _, _, err := tx.LockMessage(id); return err },
			"Membership":   func(tx *models.Tx, id string) error { _, err := tx.Membership(id); return err },
			"LockMembership": func(tx *models.Tx, id string) error {
				_, err := tx.LockMembership(id)
				return err
			},
			"Update": func(tx *models.Tx, id string) error {
				return tx.Update(&models.Team{OrganizationID: w.org.ID, ID: id, Name: "mine now"}, "name")
			},
			"ListMessages": func(tx *models.Tx, id string) error {
				list, err := tx.ListMessages(id, models.Page{})
				if err == nil && len(list.Edges) > 0 {
					t.Error("a foreign conversation's messages were listed")
				}
				return err
			},
		} {
			foreign := map[string]string{
				"Find": theirs.conversation.ID, "Lock": theirs.conversation.ID, "Find channel": other.channel.ID,
				"LockMessage": theirs.message.ID, "Membership": other.agent.UserID, "LockMembership": other.agent.UserID,
				"Update": theirs.team.ID, "ListMessages": theirs.conversation.ID,
			}[name]
			w.system(func(tx *models.Tx) error {
				notYours, notFound := ask(tx, foreign), ask(tx, "xxx_"+unknown)
				if !reflect.DeepEqual(notYours, notFound) {
					t.Errorf("%s: not yours is %v, not found is %v", name, notYours, notFound)
				}
				if name != "ListMessages" {
					wantCode(t, notYours, models.NotFound)
				}
				return nil
			})
		}
	})

	t.Run("a foreign row cannot be updated or made through the door", func(t *testing.T) {
		stolen := *theirs.team
		stolen.Name = "mine now"
		w.system(func(tx *models.Tx) error {
			wantCode(t, tx.Update(&stolen, "name"), models.NotFound)
			err := tx.Alone(func() error {
				return tx.Create(&models.Team{OrganizationID: other.org.ID, ID: "tea_1", Name: "planted"})
			})
			wantState(t, "insert", err, "42501")
			// The only key that does not lead with the organization: it must not be a way in.
			err = tx.Alone(func() error {
				return tx.Create(&models.ChannelRoute{Platform: models.SMS, AccountID: "1", OrganizationID: other.org.ID, ChannelID: other.channel.ID})
			})
			wantState(t, "route", err, "42501")
			return nil
		})
	})

	t.Run("a reference across the wall is a reference to nothing", func(t *testing.T) {
		w.system(func(tx *models.Tx) error {
			c := *mine.conversation
			c.AssigneeTeamID = &theirs.team.ID
			foreign := tx.Alone(func() error { return tx.Update(&c, "assignee_team_id") })
			c.AssigneeTeamID = ptr("tea_none")
			unknown := tx.Alone(func() error { return tx.Update(&c, "assignee_team_id") })
			wantState(t, "foreign team", foreign, "23503")
			wantState(t, "unknown team", unknown, "23503")
			return nil
		})
	})

	t.Run("raw SQL sees and changes own rows only", func(t *testing.T) {
		c := w.raw()
		for _, table := range tenantTables(t, c) {
			t.Run(table, func(t *testing.T) { w.tryTheWall(t, c, table, other.org.ID) })
		}
		t.Run("organizations", func(t *testing.T) {
			tx := behindTheWall(t, c, w.org.ID)
			defer func() { _ = tx.Rollback(context.Background()) }()
			wantCount(t, tx, 1, `SELECT count(*) FROM organizations`)
			wantRefused(t, tx, `UPDATE organizations SET id = '`+other.org.ID+`'`, "42501")
			wantAffected(t, tx, 0, `UPDATE organizations SET name = 'x' WHERE id <> '`+w.org.ID+`'`)
			wantRefused(t, tx, `INSERT INTO organizations (id, name, inbox_opened_at, created_at) VALUES ('o', 'o', '2026-01-01', '2026-01-01')`, "42501")
			wantRefused(t, tx, `DELETE FROM organizations`, "42501")
		})
	})

	t.Run("an unset tenant sees nothing and writes nothing", func(t *testing.T) {
		c := w.raw()
		tx := behindTheWall(t, c, "")
		defer func() { _ = tx.Rollback(context.Background()) }()
		for _, table := range append(tenantTables(t, w.raw()), "organizations", "users") {
			wantCount(t, tx, 0, `SELECT count(*) FROM `+table)
		}
		wantAffected(t, tx, 0, `UPDATE teams SET name = 'x'`)
		wantAffected(t, tx, 0, `DELETE FROM messages`)
		wantRefused(t, tx, fmt.Sprintf(`INSERT INTO teams VALUES ('%s', 'tea_2', 'x', '2026-01-01')`, w.org.ID), "42501")
		wantRefused(t, tx, `SELECT * FROM search_conversations('secret')`, "42704")
	})

	t.Run("search finds nothing of others", func(t *testing.T) {
		tx := behindTheWall(t, w.raw(), w.org.ID)
		wantCount(t, tx, 1, `SELECT count(*) FROM search_conversations('secret & words')`)
		wantCount(t, tx, 0, `SELECT count(*) FROM search_conversations('book')`)
		wantCount(t, tx, 1, `SELECT count(*) FROM search_conversations('4915112345678')`) // both have this contact
	})

	t.Run("what is of no organization is closed", func(t *testing.T) {
		must(t, w.store.KeepUnrouted(context.Background(), models.SMS, "1", "nobody's", []byte("body")))
		tx := behindTheWall(t, w.raw(), w.org.ID)
		for _, statement := range []string{
			`SELECT hash FROM passwords`, `UPDATE passwords SET hash = ''`, `SELECT body FROM unrouted_deliveries`,
			`SELECT * FROM goose_db_version`, `UPDATE users SET email = 'x'`, `DELETE FROM users`,
			`INSERT INTO users VALUES ('usr_x', 'x', 'x', '2026-01-01')`, `CREATE TABLE public.mine (id TEXT)`,
			`ALTER TABLE messages DISABLE ROW LEVEL SECURITY`, `DROP POLICY tenant ON messages`,
		} {
			wantRefused(t, tx, statement, "42501")
		}
	})
}

// everything asks every method that reads for the rows of both organizations, and returns whose rows it got.
func (w *world) everything(t *testing.T, mine, theirs belongings) map[string][]string {
	t.Helper()
	got := make(map[string][]string)
	w.look(func(tx *models.Tx) error {
		conversations := []string{mine.conversation.ID, theirs.conversation.ID}
		messages := []string{mine.message.ID, theirs.message.ID}
		contacts := []string{mine.conversation.ContactID, theirs.conversation.ContactID}
		whose(t, got, "Conversations", func(c models.Conversation) string { return c.OrganizationID })(tx.Conversations(conversations))
		whose(t, got, "AssignmentsOf", func(a models.Assignment) string { return a.OrganizationID })(tx.AssignmentsOf(conversations))
		whose(t, got, "Messages", func(m models.Message) string { return m.OrganizationID })(tx.Messages(messages))
		whose(t, got, "AttachmentsOf", func(a models.Attachment) string { return a.OrganizationID })(tx.AttachmentsOf(messages))
		whose(t, got, "ReactionsOf", func(r models.Reaction) string { return r.OrganizationID })(tx.ReactionsOf(messages))
		whose(t, got, "AttemptsOf", func(a models.DeliveryAttempt) string { return a.OrganizationID })(tx.AttemptsOf(messages))
		whose(t, got, "Contacts", func(c models.Contact) string { return c.OrganizationID })(tx.Contacts(contacts))
		whose(t, got, "IdentitiesOf", func(i models.ContactIdentity) string { return i.OrganizationID })(tx.IdentitiesOf(contacts))
		whose(t, got, "Identities", func(i models.ContactIdentity) string { return i.OrganizationID })(
			tx.Identities([]string{mine.identity.ID, theirs.identity.ID}))
		whose(t, got, "MessagesByExternalIDs", func(m models.Message) string { return m.OrganizationID })(
			tx.MessagesByExternalIDs(w.channel.ID, []string{"wamid.1"}))
		whose(t, got, "Channels", func(c models.Channel) string { return c.OrganizationID })(tx.Channels(nil))
		whose(t, got, "Channels by id", func(c models.Channel) string { return c.OrganizationID })(
			tx.Channels([]string{mine.conversation.ChannelID, theirs.conversation.ChannelID}))
		whose(t, got, "Teams", func(m models.Team) string { return m.OrganizationID })(tx.Teams([]string{mine.team.ID, theirs.team.ID}))
		whose(t, got, "TeamMembers", func(m models.TeamMember) string { return m.OrganizationID })(
			tx.TeamMembers([]string{mine.team.ID, theirs.team.ID}))
		whose(t, got, "Posts", func(p models.Post) string { return p.OrganizationID })(tx.Posts([]string{mine.post.ID, theirs.post.ID}))
		whose(t, got, "Media", func(m models.Media) string { return m.OrganizationID })(tx.Media([]string{mine.media.ID, theirs.media.ID}))
		whose(t, got, "Memberships", func(m models.Membership) string { return m.OrganizationID })(tx.Memberships(nil))
		whose(t, got, "EventsAfter", func(e models.Event) string { return e.OrganizationID })(tx.EventsAfter(0, 100))
		whose(t, got, "ListConversations", func(c *models.Conversation) string { return c.OrganizationID })(
			nodes(tx.ListConversations(models.ConversationFilter{}, models.NewestActivity, models.Page{})))
		whose(t, got, "ListChannels", func(c *models.Channel) string { return c.OrganizationID })(nodes(tx.ListChannels(models.Page{})))
		whose(t, got, "ListTeams", func(m *models.Team) string { return m.OrganizationID })(nodes(tx.ListTeams(models.Page{})))
		whose(t, got, "ListMessages", func(m *models.Message) string { return m.OrganizationID })(
			nodes(tx.ListMessages(mine.conversation.ID, models.Page{})))
		whose(t, got, "ListTokens", func(m *models.Token) string { return m.OrganizationID })(
			nodes(tx.ListTokens(w.agent.UserID, models.Page{})))
		return nil
	})
	return got
}

func whose[T any](t *testing.T, got map[string][]string, name string, of func(T) string) func([]T, error) {
	return func(rows []T, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, row := range rows {
			got[name] = append(got[name], of(row))
		}
	}
}

func nodes[T any](c *models.Connection[T], err error) ([]*T, error) {
	if err != nil {
		return nil, err
	}
	return c.Nodes(), nil
}

func (w *world) tryTheWall(t *testing.T, c *pgx.Conn, table, foreign string) {
	tx := behindTheWall(t, c, w.org.ID)
	defer func() { _ = tx.Rollback(context.Background()) }()
	var own, others int
	must(t, tx.QueryRow(context.Background(), `SELECT count(*) FILTER (WHERE organization_id = $1), count(*) FILTER (WHERE organization_id <> $1)
		FROM `+table, w.org.ID).Scan(&own, &others))
	if own == 0 || others > 0 {
		t.Errorf("sees %d own rows and %d of others", own, others)
	}
	wantAffected(t, tx, 0, `UPDATE `+table+` SET organization_id = organization_id WHERE organization_id = '`+foreign+`'`)
	wantAffected(t, tx, 0, `DELETE FROM `+table+` WHERE organization_id = '`+foreign+`'`)
	wantRefused(t, tx, `UPDATE `+table+` SET organization_id = '`+foreign+`'`, "42501")
	wantRefused(t, tx, `INSERT INTO `+table+` SELECT (jsonb_populate_record(t, '{"organization_id": "`+foreign+`"}')).* FROM `+table+` t`, "42501")
}

func TestWallOnAReusedConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.neighbour()
	w.furnish()
	other.furnish()
	one := openAt(t, w.url, w.clock, 1)
	ctx := patience(t)

	for round := range 3 {
		for _, o := range []*world{w, other} {
			err := one.Do(ctx, o.owner, models.ManageChannels, func(tx *models.Tx) error {
				channels, err := tx.Channels(nil)
				if err != nil || len(channels) != 1 || channels[0].ID != o.channel.ID {
					t.Errorf("round %d: %s got %v, %v", round, o.org.Name, channels, err)
				}
				if round == 1 {
					return errors.New("undo")
				}
				return nil
			})
			if (err != nil) != (round == 1) {
				t.Errorf("round %d: %v", round, err)
			}
			// Outside the door the same connection knows no wall.
			for _, account := range []*world{w, other} {
				route, err := one.Locate(ctx, models.WhatsApp, "account-of-"+account.org.ID)
				if err != nil || route == nil || route.OrganizationID != account.org.ID {
					t.Errorf("round %d: outside the door: %v, %v", round, route, err)
				}
			}
		}
	}
}

func wantState(t testing.TB, what string, err error, state string) {
	t.Helper()
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != state {
		t.Errorf("%s: got %v, want SQLSTATE %s", what, err, state)
	}
}

// wantRefused runs a statement that the database must refuse with this SQLSTATE; the transaction goes on.
func wantRefused(t *testing.T, tx pgx.Tx, statement, state string) {
	t.Helper()
	err := pgx.BeginFunc(context.Background(), tx, func(tx pgx.Tx) error {
		_, err := tx.Exec(context.Background(), statement)
		return err
	})
	wantState(t, statement, err, state)
}

func wantAffected(t *testing.T, tx pgx.Tx, want int64, statement string) {
	t.Helper()
	tag, err := tx.Exec(context.Background(), statement)
	if err != nil || tag.RowsAffected() != want {
		t.Errorf("%s: %d rows, %v; want %d", statement, tag.RowsAffected(), err, want)
	}
}

func wantCount(t *testing.T, tx pgx.Tx, want int, query string) {
	t.Helper()
	var n int
	if err := tx.QueryRow(context.Background(), query).Scan(&n); err != nil || n != want {
		t.Errorf("%s: %d, %v; want %d", query, n, err, want)
	}
}
