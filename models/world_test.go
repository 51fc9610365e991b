package models_test

import (
	"context"
	"fmt"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"parley/embedded/embeddedtest"
	"parley/models"
)

// world is an organization with its people and a channel.
type world struct {
	t     testing.TB
	name  string // of its connections
	url   string
	clock *frozen
	store *models.Store

	org                          *models.Organization
	owner, admin, agent, visitor models.Viewer
	channel                      *models.Channel // WhatsApp: its replies have a window
}

// newWorld makes one among strangers: the wall is between them.
func newWorld(t testing.TB) *world { return worldIn(t, shared) }

// newOwnWorld makes one that has its database to itself, for what does not happen in an organization.
func newOwnWorld(t testing.TB) *world { return worldIn(t, embeddedtest.Database(t, server, template)) }

func worldIn(t testing.TB, database string) *world {
	t.Helper()
	name := fmt.Sprint("world", worlds.Add(1))
	w := &world{t: t, name: name, url: named(t, database, name), clock: newFrozen()}
	w.store = openAt(t, w.url, w.clock, 0)
	w.populate("Flower Shop")
	return w
}

func named(t testing.TB, database, name string) string {
	t.Helper()
	address, err := url.Parse(database)
	must(t, err)
	query := address.Query()
	query.Set("application_name", name)
	address.RawQuery = query.Encode()
	return address.String()
}

// neighbour is another organization in the same database.
func (w *world) neighbour() *world {
	w.t.Helper()
	n := *w
	n.populate("Book Shop")
	return &n
}

var worlds atomic.Int64

func (w *world) populate(name string) {
	w.t.Helper()
	domain := fmt.Sprintf("org%d.example", worlds.Add(1))
	person := func(name string, role models.Role) models.NewMember {
		return models.NewMember{Email: name + "@" + domain, Name: name, PasswordHash: "hash", Role: role}
	}
	org, users, err := w.store.Found(context.Background(), name, models.Enterprise,
		person("olga", models.Owner), person("ada", models.Admin), person("ben", models.Agent), person("vera", models.ViewerRole))
	must(w.t, err)
	w.org = org
	for i, viewer := range []*models.Viewer{&w.owner, &w.admin, &w.agent, &w.visitor} {
		*viewer = models.Viewer{Kind: models.ActorUser, OrganizationID: org.ID, UserID: users[i]}
	}
	w.channel = w.connect(models.WhatsApp)
}

func (w *world) connect(p models.Platform) (channel *models.Channel) {
	w.t.Helper()
	w.system(func(tx *models.Tx) (err error) {
		channel, err = tx.NewChannel(p, "account-of-"+w.org.ID, "Shop", models.Credentials{AccessToken: "hidden"})
		must(w.t, err)
		must(w.t, tx.Create(channel))
		return tx.Route(channel)
	})
	return channel
}

// system does something in the organization that must work.
func (w *world) system(fn func(*models.Tx) error) {
	w.t.Helper()
	must(w.t, w.store.Do(context.Background(), models.System(w.org.ID), models.KeepTheClock, fn))
}

// look reads something in the organization that must work.
func (w *world) look(fn func(*models.Tx) error) {
	w.t.Helper()
	must(w.t, w.store.Read(context.Background(), models.System(w.org.ID), models.ViewInbox, fn))
}

func (w *world) identity(channel *models.Channel, a models.Author) (i *models.ContactIdentity) {
	w.t.Helper()
	w.system(func(tx *models.Tx) (err error) {
		i, err = tx.TakeIdentity(channel.ID, a)
		return err
	})
	return i
}

// conversation makes one on the world's channel with a contact known as its thread; change sees it before it is written.
func (w *world) conversation(thread string, change func(*models.Conversation)) *models.Conversation {
	w.t.Helper()
	return w.conversationOn(w.channel, thread, change)
}

func (w *world) conversationOn(channel *models.Channel, thread string, change func(*models.Conversation)) (c *models.Conversation) {
	w.t.Helper()
	w.system(func(tx *models.Tx) error {
		identity, err := tx.TakeIdentity(channel.ID, models.Author{ID: thread})
		if err != nil {
			return err
		}
		c = tx.NewConversation(channel, identity, models.PrivateMessage, thread)
		if change != nil {
			change(c)
		}
		return tx.Create(c)
	})
	return c
}

// message makes one in a conversation; change sees it before it is written.
func (w *world) message(c *models.Conversation, d models.Direction, change func(*models.Message)) (m *models.Message) {
	w.t.Helper()
	w.system(func(tx *models.Tx) error {
		m = tx.NewMessage(c, d)
		if d == models.OutboundMessage {
			m.Status = ptr(models.Queued)
		}
		if change != nil {
			change(m)
		}
		_, err := tx.AddMessage(m, nil)
		return err
	})
	return m
}

// raw is a connection of its own to the world's database, as the login the store uses.
func (w *world) raw() *pgx.Conn {
	w.t.Helper()
	c, err := pgx.Connect(context.Background(), w.url)
	must(w.t, err)
	w.t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// behindTheWall is a transaction as the door opens it, for SQL of the test's own. Without an organization the tenant is unset.
func behindTheWall(t testing.TB, c *pgx.Conn, organizationID string) pgx.Tx {
	t.Helper()
	tx, err := c.Begin(context.Background())
	must(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	_, err = tx.Exec(context.Background(), `SELECT set_config('role', 'parley_app', TRUE)`)
	must(t, err)
	if organizationID != "" {
		_, err = tx.Exec(context.Background(), `SELECT set_config('app.organization_id', $1, TRUE)`, organizationID)
		must(t, err)
	}
	return tx
}

func ptr[T any](v T) *T { return &v }

// patience bounds what should happen at once, so that a test fails instead of hanging.
func patience(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
