package graph_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"parley/channels/messenger"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

const password = "a long and boring password"

var hashed = sync.OnceValues(func() (string, error) { return inbox.HashPassword(password) })

// tenant is an organization with one of everything, whose people belong to no other. Its name is in all its words.
type tenant struct {
	*api
	name    string
	comment string              // a message that can be answered in private
	things  map[string][]string // ids by kind, older ones first

	mu       sync.Mutex
	sessions map[models.Viewer]string
}

// newTenants is an API on a world whose tenants can be made.
func newTenants(t *testing.T) *api {
	t.Helper()
	w := inboxtest.New(t)
	w.Inbox = w.OpenInbox(w.Store, w.Platform, w.Telegram, inboxtest.NewAble(models.X), inboxtest.NewAble(models.Facebook),
		messenger.New(messenger.Config{}))
	return newMomentsOf(t, newAPIOf(t, w))
}

func (a *api) tenant(name string) *tenant {
	a.T.Helper()
	hash, err := hashed()
	a.Must(err)
	person := func(who string, role models.Role) models.NewMember {
		return models.NewMember{Email: who + "@" + name + ".example", Name: name + " " + who, Role: role, PasswordHash: hash}
	}
	org, users, err := a.Store.Found(a.Context(), name, models.Enterprise, person("olga", models.Owner), person("ada", models.Admin),
		person("ben", models.Agent), person("carl", models.Agent), person("vera", models.ViewerRole))
	a.Must(err)
	w := *a.World
	w.Org = org
	for i, viewer := range []*models.Viewer{&w.Owner, &w.Admin, &w.Agent, &w.Colleague, &w.Onlooker} {
		*viewer = models.Viewer{Kind: models.ActorUser, OrganizationID: org.ID, UserID: users[i]}
	}
	o := &tenant{
		api:  &api{World: &w, server: a.server, feed: a.feed, tokens: map[models.Viewer]string{}},
		name: name, sessions: map[models.Viewer]string{},
	}
	o.furnish()
	o.things = o.harvest()
	return o
}

// furnish makes one of everything.
func (o *tenant) furnish() {
	o.T.Helper()
	x := o.on(o.Connect(models.X, o.name+"-x"))
	facebook := o.on(o.Connect(models.Facebook, o.name+"-facebook"))
	widget, err := o.Inbox.ConnectChannel(o.Context(), o.Admin, inbox.ConnectRequest{Platform: models.Messenger, Name: o.name})
	o.Must(err)
	_, err = o.Inbox.AllowOrigins(o.Context(), o.Admin, widget.ID, []string{"https://" + o.name + ".example"}, "")
	o.Must(err)
	o.Channel = o.Connect(models.WhatsApp, o.name+"-whatsapp")

	c := o.CustomerWrites(o.name+"-4917", o.name+" asks")
	o.Reply(c, o.name+" answers")
	comment := facebook.Comments(o.name+"-erika", o.name+"-root", o.name+" comments")
	facebook.Receive(comment)
	o.comment = facebook.MessageSaid(comment.ExternalID).ID
	_, err = o.Inbox.Act(o.Context(), o.Agent, inbox.ActRequest{MessageID: o.comment, Kind: models.LikeMessage})
	o.Must(err)
	x.CustomerWrites(o.name+"-x-4917", o.name+" asks there")
	x.Receive(x.Says(o.name, o.name+" \x00 cannot be kept"))

	_, err = o.Inbox.Assign(o.Context(), o.Owner, inbox.AssignRequest{
		ConversationID: c.ID, UserID: &o.Owner.UserID, TeamID: o.team(), Reason: o.name + " knows",
	})
	o.Must(err)
	_, err = o.Inbox.CreateToken(o.Context(), o.Owner, inbox.TokenRequest{Name: o.name + " spare"})
	o.Must(err)
	_, err = o.Inbox.CreateUpload(o.Context(), o.Owner, inbox.UploadRequest{Filename: o.name + ".png", MIMEType: "image/png", SizeBytes: 10})
	o.Must(err)
}

// on is the tenant's world on another channel.
func (o *tenant) on(c *models.Channel) *inboxtest.World {
	w := *o.World
	w.Channel = c
	return &w
}

func (o *tenant) team() *string {
	o.T.Helper()
	var team *models.Team
	o.Must(o.Store.Do(o.Context(), models.System(o.Org.ID), models.DeliverMessages, func(tx *models.Tx) error {
		team = tx.NewTeam(o.name + " team")
		if err := tx.Create(team); err != nil {
			return err
		}
		return tx.Create(&models.TeamMember{OrganizationID: o.Org.ID, TeamID: team.ID, UserID: o.Owner.UserID})
	}))
	return &team.ID
}

// harvest collects the ids of everything that is the organization's, whatever tables there are.
func (o *tenant) harvest() map[string][]string {
	o.T.Helper()
	found := o.rows(`SELECT format('SELECT id FROM %I WHERE organization_id = $1', table_name) FROM information_schema.columns a
		JOIN information_schema.columns b USING (table_schema, table_name)
		WHERE table_schema = 'public' AND a.column_name = 'organization_id' AND b.column_name = 'id' AND b.data_type = 'text'`)
	ids := o.rows(strings.Join(found, " UNION ALL ")+" UNION ALL SELECT user_id FROM memberships WHERE organization_id = $1 ORDER BY 1", o.Org.ID)
	things := make(map[string][]string)
	for _, id := range append(ids, o.Org.ID) {
		if kind := models.PrefixOf(id); kind != "" {
			things[kind] = append(things[kind], id)
		}
	}
	if len(things) < 12 {
		o.T.Fatalf("%s has only %v", o.name, things)
	}
	return things
}

// trace is what all rows of the organization are, by table, and who wrote them last: equal traces mean that nothing was
// touched in between.
func (o *tenant) trace() []string {
	o.T.Helper()
	tables := o.rows(`SELECT format('SELECT %L || coalesce(md5(string_agg(x.xmin::text || x::text, %L ORDER BY x::text)), %L)
			FROM %I x WHERE %I = $1', t.table_name || ' ', chr(10), 'none', t.table_name, c.column_name)
		FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name)
		WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE'
		  AND c.column_name = CASE t.table_name WHEN 'organizations' THEN 'id' ELSE 'organization_id' END`)
	for table, key := range map[string]string{"users": "id", "passwords": "user_id"} {
		tables = append(tables, `SELECT '`+table+` ' || md5(string_agg(x.xmin::text || x::text, chr(10) ORDER BY x::text)) FROM `+table+` x
			WHERE `+key+` IN (SELECT user_id FROM memberships WHERE organization_id = $1)`)
	}
	return o.rows(strings.Join(tables, " UNION ALL ")+" ORDER BY 1", o.Org.ID)
}

// rows asks the database itself, outside any wall.
func (o *tenant) rows(sql string, args ...any) []string {
	o.T.Helper()
	c, err := pgx.Connect(o.Context(), o.URL)
	o.Must(err)
	defer c.Close(o.Context())
	rows, err := c.Query(o.Context(), sql, args...)
	o.Must(err)
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	o.Must(err)
	return texts
}

// session is the token of a viewer who has signed in: it may do what an API token may not.
func (o *tenant) session(v models.Viewer) string {
	o.T.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sessions[v] == "" {
		token, _, err := o.Inbox.SwitchOrganization(o.Context(), v, v.OrganizationID, "")
		o.Must(err)
		o.sessions[v] = token.Secret
	}
	return o.sessions[v]
}

// verifier is the secret that goes with every signInCode.
var verifier = strings.Repeat("v", 43)

// signInCode is a new code of the owner, who has signed in elsewhere.
func (o *tenant) signInCode() any {
	o.T.Helper()
	challenge := sha256.Sum256([]byte(verifier))
	code, err := o.Store.NewSignInCode(o.Context(), o.Owner.UserID, challenge[:])
	o.Must(err)
	return code
}

// try asks as the viewer, and returns the answer as it came.
func (o *tenant) try(t *testing.T, v models.Viewer, query string, variables object) []byte {
	t.Helper()
	body, err := json.Marshal(object{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(o.Context(), http.MethodPost, o.server.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+o.session(v))
	response, err := o.server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// untouched fails the test if anything of the organization was changed since it was called.
func (o *tenant) untouched(t *testing.T) (check func()) {
	t.Helper()
	before := o.trace()
	return func() {
		t.Helper()
		for i, after := range o.trace() {
			if after != before[i] {
				table, _, _ := strings.Cut(after, " ")
				t.Errorf("rows of %s were touched in %s", o.name, table)
			}
		}
	}
}
