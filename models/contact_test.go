package models_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/models"
)

// identities reads all identities of the organization, oldest first.
func (w *world) identities() (all []models.ContactIdentity) {
	w.t.Helper()
	contacts := w.contacts()
	w.look(func(tx *models.Tx) (err error) { all, err = tx.IdentitiesOf(contacts); return err })
	return all
}

func (w *world) contacts() []string {
	w.t.Helper()
	return texts(w.t, w.raw(), `SELECT id FROM contacts WHERE organization_id = $1`, w.org.ID)
}

func ids(i models.ContactIdentity) string {
	alt := "-"
	if i.AltExternalID != nil {
		alt = *i.AltExternalID
	}
	return i.ExternalID + " " + alt
}

// TestTakeIdentity tells one person by the ids a platform uses for them: on WhatsApp a phone number and a user id, of
// which a delivery brings one or both.
func TestTakeIdentity(t *testing.T) {
	t.Parallel()
	author := func(id, alt string) models.Author { return models.Author{ID: id, AltID: alt} }
	for _, test := range []struct {
		name  string
		known []models.Author
		now   models.Author
		want  []string // all identities afterwards: id and other id
	}{
		{"makes one of a stranger", nil, author("phone", ""), []string{"phone -"}},
		{"makes one with both ids", nil, author("phone", "user"), []string{"phone user"}},
		{"finds it by its id", []models.Author{author("phone", "user")}, author("phone", "user"), []string{"phone user"}},
		{"keeps what is not said again", []models.Author{author("phone", "user")}, author("phone", ""), []string{"phone user"}},
		{"finds it by its other id alone, and keeps the one to answer to", []models.Author{author("phone", "user")}, author("user", ""), []string{"phone user"}},
		{"learns the other id", []models.Author{author("phone", "")}, author("phone", "user"), []string{"phone user"}},
		{"learns the id to answer to", []models.Author{author("user", "")}, author("phone", "user"), []string{"phone user"}},
		{"learns a new number", []models.Author{author("phone", "user")}, author("phone2", "user"), []string{"phone2 user"}},
		{"learns a new user id", []models.Author{author("phone", "user")}, author("phone", "user2"), []string{"phone user2"}},
		{"takes the ids the other way round", []models.Author{author("phone", "user")}, author("user", "phone"), []string{"user phone"}},
		{"merges two that turn out to be one", []models.Author{author("phone", ""), author("user", "")}, author("phone", "user"), []string{"phone user"}},
		{"merges two, whichever was first", []models.Author{author("user", ""), author("phone", "")}, author("phone", "user"), []string{"phone user"}},
		{"merges two that had other ids, too", []models.Author{author("phone", "old"), author("user", "")}, author("phone", "user"), []string{"phone user"}},
		{"leaves others alone", []models.Author{author("a", "b")}, author("c", "d"), []string{"a b", "c d"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, a := range test.known {
				w.identity(w.channel, a)
			}
			before := w.identities()
			got := w.identity(w.channel, test.now)
			var all []string
			for _, i := range w.identities() {
				all = append(all, ids(i))
			}
			if !slices.Equal(all, test.want) {
				t.Errorf("got %q, want %q", all, test.want)
			}
			if ids(*got) != test.want[len(test.want)-1] {
				t.Errorf("returned %s", ids(*got))
			}
			if len(test.want) == 1 && len(before) > 0 && got.ID != before[0].ID {
				t.Errorf("is %s now, was %s", got.ID, before[0].ID)
			}
		})
	}

	t.Run("merges three that a race made", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		first := w.identity(w.channel, author("phone", ""))
		w.system(func(tx *models.Tx) error {
			for i, other := range []string{"phone", "user"} {
				must(t, tx.Create(&models.ContactIdentity{
					OrganizationID: w.org.ID, ID: fmt.Sprint("idn_z", i), ContactID: first.ContactID, ChannelID: w.channel.ID,
					ExternalID: fmt.Sprint("other", i), AltExternalID: &other, CreatedAt: tx.Now,
				}))
			}
			return nil
		})
		if got := w.identity(w.channel, author("phone", "user")); got.ID != first.ID || len(w.identities()) != 1 {
			t.Errorf("got %v of %v", got, w.identities())
		}
	})

	t.Run("keeps a person apart on two channels", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		other := w.connect(models.SMS)
		if a, b := w.identity(w.channel, author("phone", "")), w.identity(other, author("phone", "")); a.ID == b.ID || a.ContactID == b.ContactID {
			t.Error("they are one")
		}
	})

	t.Run("takes over names, and keeps what the platform leaves out", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.identity(w.channel, models.Author{ID: "1", Name: "Rosa", Handle: "rosa", Language: "de"})
		i := w.identity(w.channel, models.Author{ID: "1", Name: "Rosa Grün"})
		if i.Name != "Rosa Grün" || i.Handle != "rosa" || i.Language != "de" {
			t.Errorf("got %+v", i)
		}
		contact := func() (c models.Contact) {
			w.look(func(tx *models.Tx) error { return tx.Find(&c, i.ContactID) })
			return c
		}
		if c := contact(); c.Name != "Rosa Grün" {
			t.Errorf("the contact is %q", c.Name)
		}
		// A name people gave stays.
		w.system(func(tx *models.Tx) error {
			c := contact()
			c.Name = "Frau Grün"
			return tx.Update(&c, "name")
		})
		w.identity(w.channel, models.Author{ID: "1", Name: "rosa 🌹"})
		if c := contact(); c.Name != "Frau Grün" {
			t.Errorf("the contact is %q", c.Name)
		}
	})
}

// TestTwoFirstMessages: a new contact's first two messages arrive at once.
func TestTwoFirstMessages(t *testing.T) {
	t.Parallel()
	for _, known := range []bool{false, true} {
		t.Run(fmt.Sprintf("the second waits for the first, known before: %t", known), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			author := models.Author{ID: "phone", AltID: "user", Name: "Rosa"}
			if known {
				w.identity(w.channel, author)
			}
			var first, second *models.ContactIdentity
			var taking sync.WaitGroup
			w.system(func(tx *models.Tx) (err error) {
				first, err = tx.TakeIdentity(w.channel.ID, author)
				must(t, err)
				taking.Go(func() { second = w.identity(w.channel, author) })
				awaitBlocked(t, w)
				return nil
			})
			taking.Wait()
			if second.ID != first.ID {
				t.Errorf("one is %s, the other %s", first.ID, second.ID)
			}
			if contacts := w.contacts(); !slices.Equal(contacts, []string{first.ContactID}) {
				t.Errorf("there are the contacts %v", contacts)
			}
		})
	}

	t.Run("many of three people", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		var taking sync.WaitGroup
		taken := make([]*models.ContactIdentity, 12)
		for n := range taken {
			taking.Go(func() {
				taken[n] = w.identity(w.channel, models.Author{ID: fmt.Sprint("phone", n%3), AltID: fmt.Sprint("user", n%3), Name: "Rosa"})
			})
		}
		taking.Wait()
		for n, i := range taken {
			if i.ID != taken[n%3].ID {
				t.Errorf("message %d is of %s, not of %s", n, i.ID, taken[n%3].ID)
			}
		}
		if identities, contacts := w.identities(), w.contacts(); len(identities) != 3 || len(contacts) != 3 {
			t.Errorf("there are %v and the contacts %v", identities, contacts)
		}
	})
}

func TestMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const phone, user = "phone", "user"
	mine, theirs := w.conversation(phone, nil), w.conversation(user, nil)
	asked := w.message(theirs, models.InboundMessage, func(m *models.Message) { m.AuthorIdentityID = &theirs.IdentityID })
	answer := w.message(mine, models.OutboundMessage, nil)
	w.system(func(tx *models.Tx) error {
		_, err := tx.React(answer, mine.IdentityID, "👍", noon)
		must(t, err)
		_, err = tx.React(answer, theirs.IdentityID, "👎", noon) // the same person, by the other id
		must(t, err)
		_, err = tx.React(asked, theirs.IdentityID, "🌷", noon)
		return err
	})
	w.optOut(theirs.IdentityID, noon.Add(time.Hour))
	w.optOut(mine.IdentityID, noon)

	kept := w.identity(w.channel, models.Author{ID: phone, AltID: user})

	t.Run("moves conversations and messages", func(t *testing.T) {
		w.look(func(tx *models.Tx) error {
			for _, id := range []string{mine.ID, theirs.ID} {
				var c models.Conversation
				must(t, tx.Find(&c, id))
				if c.IdentityID != mine.IdentityID || c.ContactID != mine.ContactID {
					t.Errorf("%s is of %s, %s", id, c.IdentityID, c.ContactID)
				}
			}
			var m models.Message
			must(t, tx.Find(&m, asked.ID))
			if *m.AuthorIdentityID != mine.IdentityID {
				t.Errorf("the message is of %s", *m.AuthorIdentityID)
			}
			return nil
		})
	})
	t.Run("keeps one reaction of each message", func(t *testing.T) {
		w.look(func(tx *models.Tx) error {
			reactions, err := tx.ReactionsOf([]string{answer.ID, asked.ID})
			must(t, err)
			var got []string
			for _, r := range reactions {
				if r.IdentityID != mine.IdentityID {
					t.Errorf("%s is of %s", r.Emoji, r.IdentityID)
				}
				got = append(got, r.Emoji)
			}
			slices.Sort(got)
			if !slices.Equal(got, []string{"🌷", "👍"}) {
				t.Errorf("got %v", got)
			}
			return nil
		})
	})
	t.Run("keeps what the person decided last about hearing from us", func(t *testing.T) {
		if !sameTime(kept.OptedOutAt, ptr(noon.Add(time.Hour))) {
			t.Errorf("opted out at %v", kept.OptedOutAt)
		}
		w.look(func(tx *models.Tx) error {
			var stored models.ContactIdentity
			must(t, tx.Find(&stored, kept.ID))
			if !sameTime(stored.OptedOutAt, kept.OptedOutAt) || !sameTime(stored.OptChangedAt, kept.OptedOutAt) {
				t.Errorf("stored: %v, %v", stored.OptedOutAt, stored.OptChangedAt)
			}
			return nil
		})
	})
	t.Run("forgets an older opt-out than the opt-in", func(t *testing.T) {
		w.optOut(w.identity(w.channel, models.Author{ID: "user2"}).ID, noon)
		w.system(func(tx *models.Tx) error {
			in := *kept
			in.OptedOutAt, in.OptChangedAt = nil, ptr(noon.Add(2*time.Hour))
			return tx.Update(&in, "opted_out_at", "opt_changed_at")
		})
		if got := w.identity(w.channel, models.Author{ID: phone, AltID: "user2"}); got.OptedOutAt != nil {
			t.Errorf("opted out at %v", got.OptedOutAt)
		}
	})
}

func (w *world) optOut(identityID string, at time.Time) {
	w.t.Helper()
	w.system(func(tx *models.Tx) error {
		var i models.ContactIdentity
		must(w.t, tx.Lock(&i, identityID))
		i.OptedOutAt, i.OptChangedAt = &at, &at
		return tx.Update(&i, "opted_out_at", "opt_changed_at")
	})
}

func TestRekey(t *testing.T) {
	t.Parallel()
	rekey := func(w *world, from, to string) (i *models.ContactIdentity) {
		w.t.Helper()
		w.system(func(tx *models.Tx) (err error) { i, err = tx.Rekey(w.channel.ID, from, to); return err })
		return i
	}

	t.Run("renames, and the person stays the same", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		before := w.identity(w.channel, models.Author{ID: "old", AltID: "user"})
		if got := rekey(w, "old", "new"); got == nil || got.ID != before.ID || ids(*got) != "new user" {
			t.Errorf("got %v", got)
		}
		if got := w.identity(w.channel, models.Author{ID: "new"}); got.ID != before.ID {
			t.Errorf("the new number is of %s", got.ID)
		}
		if got := w.identity(w.channel, models.Author{ID: "old"}); got.ID == before.ID {
			t.Error("who gets the old number is taken for the person who had it")
		}
	})
	t.Run("merges with who is known by the new id", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		old, known := w.conversation("old", nil), w.conversation("new", nil)
		got := rekey(w, "old", "new")
		if got == nil || got.ID != old.IdentityID || ids(*got) != "new -" || len(w.identities()) != 1 {
			t.Errorf("got %v of %v", got, w.identities())
		}
		w.look(func(tx *models.Tx) error {
			var c models.Conversation
			must(t, tx.Find(&c, known.ID))
			if c.IdentityID != old.IdentityID {
				t.Errorf("the conversation is of %s", c.IdentityID)
			}
			return nil
		})
	})
	t.Run("knows nobody by the old id", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.identity(w.channel, models.Author{ID: "new", AltID: "user"})
		if got := rekey(w, "old", "new"); got != nil {
			t.Errorf("got %v", got)
		}
		if got := rekey(w, "old", "user"); got != nil {
			t.Errorf("got %v", got)
		}
		if all := w.identities(); len(all) != 1 || ids(all[0]) != "new user" {
			t.Errorf("there are %v", all)
		}
	})
}
