package models_test

import (
	"context"
	"reflect"
	"testing"

	"parley/models"
)

// TestOutside is about what happens before an organization is known.
func TestOutside(t *testing.T) {
	t.Parallel()
	store, clock := open(t)
	ctx := context.Background()
	found := func(name string, members ...models.NewMember) (*models.Organization, []string) {
		t.Helper()
		o, users, err := store.Found(ctx, name, models.Standard, members...)
		must(t, err)
		return o, users
	}
	used := func() bool {
		t.Helper()
		has, err := store.HasOrganizations(ctx)
		must(t, err)
		return has
	}
	if used() {
		t.Error("somebody uses the new database")
	}
	shop, shopUsers := found("Shop",
		models.NewMember{Email: "Rosa@Example.com", Name: "Rosa", PasswordHash: "first", Role: models.Owner},
		models.NewMember{Email: "ben@example.com", Name: "Ben", Role: models.Agent})
	bakery, bakeryUsers := found("Bakery", models.NewMember{Email: "ROSA@example.com", Name: "Someone", PasswordHash: "second", Role: models.Agent})
	if !used() {
		t.Error("nobody uses the database")
	}

	t.Run("a known user joins another organization as who they are", func(t *testing.T) {
		if shopUsers[0] != bakeryUsers[0] || models.PrefixOf(shopUsers[0]) != models.UserPrefix {
			t.Errorf("rosa is %s and %s", shopUsers[0], bakeryUsers[0])
		}
		login, err := store.LoginByEmail(ctx, "rosa@EXAMPLE.com")
		if want := (&models.Login{UserID: shopUsers[0], PasswordHash: "first"}); err != nil || !reflect.DeepEqual(login, want) {
			t.Errorf("got %v, %v", login, err)
		}
	})
	t.Run("nobody signs in without a password, or unknown", func(t *testing.T) {
		for _, email := range []string{"ben@example.com", "nobody@example.com", "", "' OR TRUE --"} {
			if login, err := store.LoginByEmail(ctx, email); login != nil || err != nil {
				t.Errorf("%q: got %v, %v", email, login, err)
			}
		}
	})
	t.Run("a user's organizations are those they still belong to, by name", func(t *testing.T) {
		names := func(userID string) (names []string) {
			all, err := store.OrganizationsOf(ctx, userID)
			must(t, err)
			for _, o := range all {
				names = append(names, o.Name)
			}
			return names
		}
		if got := names(shopUsers[0]); !reflect.DeepEqual(got, []string{"Bakery", "Shop"}) {
			t.Errorf("got %v", got)
		}
		b := &world{t: t, store: store, clock: clock, org: bakery}
		b.remove(bakeryUsers[0])
		if got := names(shopUsers[0]); !reflect.DeepEqual(got, []string{"Shop"}) {
			t.Errorf("after leaving: %v", got)
		}
		if got := names("usr_none"); got != nil {
			t.Errorf("a stranger: %v", got)
		}
	})
	t.Run("who left joins once more, and who is there keeps the role", func(t *testing.T) {
		anna := models.NewMember{Email: "anna@example.com", Name: "Anna", Role: models.Agent}
		must(t, store.Join(ctx, shop.ID, anna))
		anna.Role = models.Admin
		must(t, store.Join(ctx, shop.ID, anna))
		s := &world{t: t, store: store, clock: clock, org: shop}
		var id string
		for _, want := range []models.Role{models.Agent, models.Admin} {
			must(t, store.Read(ctx, models.System(shop.ID), models.ViewInbox, func(tx *models.Tx) error {
				members, err := tx.Memberships(nil)
				last := members[len(members)-1]
				if id = last.UserID; last.Role != want {
					t.Errorf("%s is %s, want %s", id, last.Role, want)
				}
				return err
			}))
			s.remove(id)
			must(t, store.Join(ctx, shop.ID, anna))
		}
		if err := store.Join(ctx, "org_none", anna); models.CodeOf(err) != models.NotFound {
			t.Errorf("joined nothing: %v", err)
		}
	})
	t.Run("an organization is founded whole or not at all", func(t *testing.T) {
		twice := models.NewMember{Email: "twice@example.com", Role: models.Owner}
		if _, _, err := store.Found(ctx, "Twice", models.Standard, twice, twice); err == nil {
			t.Error("one user joined twice")
		}
		if _, _, err := store.Found(ctx, "Boss", models.Standard, models.NewMember{Email: "boss@example.com", Role: "BOSS"}); err == nil {
			t.Error("a role was invented")
		}
		login, err := store.LoginByEmail(ctx, "twice@example.com")
		ends, endsErr := store.LogEnds(ctx, []string{shop.ID, bakery.ID})
		if login != nil || err != nil || len(ends) != 2 || endsErr != nil {
			t.Errorf("left %v, %v; %v, %v", login, err, ends, endsErr)
		}
	})
	t.Run("an account belongs to one organization at a time", func(t *testing.T) {
		at := func() string {
			route, err := store.Locate(ctx, models.WhatsApp, "4711")
			must(t, err)
			if route == nil {
				return ""
			}
			return route.OrganizationID
		}
		connect := func(o *models.Organization) (c *models.Channel, err error) {
			err = store.Do(ctx, models.System(o.ID), models.KeepTheClock, func(tx *models.Tx) error {
				if c, err = tx.NewChannel(models.WhatsApp, "4711", "x", models.Credentials{}); err != nil {
					return err
				}
				must(t, tx.Create(c))
				return tx.Route(c)
			})
			return c, err
		}
		if at() != "" {
			t.Error("an unknown account was located")
		}
		first, err := connect(shop)
		must(t, err)
		if _, err := connect(bakery); at() != shop.ID {
			t.Errorf("the account was taken away: %v", err)
		} else {
			wantCode(t, err, models.ChannelTaken)
		}
		must(t, store.Do(ctx, models.System(shop.ID), models.KeepTheClock, func(tx *models.Tx) error { return tx.Unroute(first) }))
		if at() != "" {
			t.Error("a disconnected account was located")
		}
		_, err = connect(bakery)
		if must(t, err); at() != bakery.ID {
			t.Errorf("it is at %s", at())
		}
	})
}

func TestKeepUnrouted(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	for _, account := range []string{"1", "1", "2"} { // a platform's retry
		must(t, w.store.KeepUnrouted(context.Background(), models.SMS, account, "nobody's", []byte("body")))
	}
	if kept := texts(t, w.raw(), `SELECT account_id FROM unrouted_deliveries ORDER BY 1`); !reflect.DeepEqual(kept, []string{"1", "2"}) {
		t.Errorf("kept those of %v", kept)
	}
}
