package inbox_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// keyed is a verb on a subject of its own that takes an idempotency key.
type keyed struct {
	do    func(key string) (result string, err error)
	other func(key string) error // the same verb with another input; nil if it has none
	trace func() any             // what changes when it is done; nil: the log
}

var subjects atomic.Int64

// next is a name no other subject has.
func next() string { return fmt.Sprint(subjects.Add(1)) }

// keyedVerbs are all of them. Each call makes a subject that nothing was done to.
var keyedVerbs = map[string]func(w *inboxtest.World) keyed{
	"Reply": func(w *inboxtest.World) keyed {
		c := w.CustomerWrites("4917"+next(), "hello?")
		reply := func(key, text string) (string, error) {
			m, err := w.Inbox.Reply(w.Context(), w.Agent, inbox.ReplyRequest{ConversationID: c.ID, Draft: models.Draft{Text: text}, Key: key})
			return id(m, func(m *models.Message) string { return m.ID }), err
		}
		return keyed{
			do:    func(key string) (string, error) { return reply(key, "hi") },
			other: func(key string) error { _, err := reply(key, "hi!"); return err },
		}
	},
	"Retry": func(w *inboxtest.World) keyed {
		w.Work(models.DueMessages) // of another subject
		m := w.Reply(w.CustomerWrites("4917"+next(), "hello?"), "hi")
		w.Platform.Answer(inboxtest.Refuse(failure(models.RecipientUnreachable)))
		w.Work(models.DueMessages)
		return keyed{
			do: func(key string) (string, error) {
				m, err := w.Inbox.Retry(w.Context(), w.Agent, m.ID, key)
				return id(m, func(m *models.Message) string { return m.ID + string(*m.Status) }), err
			},
			other: func(key string) error { _, err := w.Inbox.Retry(w.Context(), w.Agent, "msg_0", key); return err },
		}
	},
	"Assign": func(w *inboxtest.World) keyed {
		c := w.CustomerWrites("4917"+next(), "hello?")
		assign := func(key, user string) (string, error) {
			c, err := w.Inbox.Assign(w.Context(), w.Agent, inbox.AssignRequest{ConversationID: c.ID, UserID: &user, Key: key})
			return conversationID(c), err
		}
		return keyed{
			do:    func(key string) (string, error) { return assign(key, w.Agent.UserID) },
			other: func(key string) error { _, err := assign(key, w.Colleague.UserID); return err },
		}
	},
	"ChangeStatus": func(w *inboxtest.World) keyed {
		c := w.CustomerWrites("4917"+next(), "hello?")
		change := func(key, reason string) (string, error) {
			c, err := w.Inbox.ChangeStatus(w.Context(), w.Agent, inbox.StatusRequest{
				ConversationID: c.ID, Status: models.Resolved, Reason: reason, Key: key,
			})
			return conversationID(c), err
		}
		return keyed{
			do:    func(key string) (string, error) { return change(key, "DONE") },
			other: func(key string) error { _, err := change(key, "SPAM"); return err },
		}
	},
	"MarkRead": func(w *inboxtest.World) keyed {
		c := w.CustomerWrites("4917"+next(), "hello?")
		return keyed{
			do: func(key string) (string, error) {
				c, err := w.Inbox.MarkRead(w.Context(), w.Agent, c.ID, key)
				return conversationID(c), err
			},
			other: func(key string) error { _, err := w.Inbox.MarkRead(w.Context(), w.Agent, "cnv_0", key); return err },
		}
	},
	"OpenInbox": func(w *inboxtest.World) keyed {
		w.Clock.Advance(time.Hour)
		return keyed{
			do: func(key string) (string, error) {
				o, err := w.Inbox.OpenInbox(w.Context(), w.Agent, key)
				return id(o, func(o *models.Organization) string { return o.ID }), err
			},
			trace: func() any { return w.Organization().InboxOpenedAt.UTC() },
		}
	},
	"ActivateInbox": func(w *inboxtest.World) keyed {
		deactivate(w)
		activate := func(key string, discard bool) (string, error) {
			o, err := w.Inbox.ActivateInbox(w.Context(), w.Owner, discard, key)
			return id(o, func(o *models.Organization) string { return o.ID + string(o.InboxStatus) }), err
		}
		return keyed{
			do:    func(key string) (string, error) { return activate(key, false) },
			other: func(key string) error { _, err := activate(key, true); return err },
		}
	},
	"ConnectChannel": func(w *inboxtest.World) keyed {
		account := next()
		connect := func(key, token string) (string, error) {
			c, err := w.Inbox.ConnectChannel(w.Context(), w.Admin, inbox.ConnectRequest{
				Platform: models.WhatsApp, AccountID: account, Credentials: models.Credentials{AccessToken: token}, Key: key,
			})
			return channelID(c), err
		}
		return keyed{
			do:    func(key string) (string, error) { return connect(key, "token") },
			other: func(key string) error { _, err := connect(key, "another"); return err },
		}
	},
	"UpdateChannel": func(w *inboxtest.World) keyed {
		c := w.Connect(models.WhatsApp, next())
		update := func(key, token string) (string, error) {
			c, err := w.Inbox.UpdateChannel(w.Context(), w.Admin, inbox.UpdateRequest{
				ChannelID: c.ID, Version: c.Version, AccessToken: &token, Key: key,
			})
			return channelID(c), err
		}
		return keyed{
			do:    func(key string) (string, error) { return update(key, "token") },
			other: func(key string) error { _, err := update(key, "another"); return err },
		}
	},
	"DisconnectChannel": func(w *inboxtest.World) keyed {
		c := w.Connect(models.WhatsApp, next())
		return keyed{
			do: func(key string) (string, error) {
				c, err := w.Inbox.DisconnectChannel(w.Context(), w.Admin, c.ID, key)
				return channelID(c), err
			},
			other: func(key string) error {
				_, err := w.Inbox.DisconnectChannel(w.Context(), w.Admin, "chn_0", key)
				return err
			},
		}
	},
	"CreateToken": func(w *inboxtest.World) keyed {
		create := func(key, name string) (string, error) {
			made, err := w.Inbox.CreateToken(w.Context(), w.Agent, inbox.TokenRequest{Name: name, Key: key})
			return id(made, func(n *inbox.NewToken) string { return n.Token.ID + n.Secret }), err
		}
		return keyed{
			do:    func(key string) (string, error) { return create(key, "sync") },
			other: func(key string) error { _, err := create(key, "another"); return err },
			trace: func() any { return w.Count(`SELECT count(*) FROM tokens`) },
		}
	},
	"SwitchOrganization": func(w *inboxtest.World) keyed {
		n := w.Neighbour(next())
		change := func(key, to string) (string, error) {
			made, _, err := w.Inbox.SwitchOrganization(w.Context(), w.Agent, to, key)
			return id(made, func(n *inbox.NewToken) string { return n.Token.ID + n.Secret }), err
		}
		return keyed{
			do:    func(key string) (string, error) { return change(key, n.Org.ID) },
			trace: func() any { return w.Count(`SELECT count(*) FROM tokens`) },
		}
	},
	"RevokeToken": func(w *inboxtest.World) keyed {
		token := newToken(w, w.Inbox, w.Agent)
		return keyed{
			do: func(key string) (string, error) {
				t, err := w.Inbox.RevokeToken(w.Context(), w.Agent, token.TokenID, key)
				return id(t, func(t *models.Token) string { return t.ID + t.RevokedAt.UTC().String() }), err
			},
			other: func(key string) error { _, err := w.Inbox.RevokeToken(w.Context(), w.Agent, "tok_0", key); return err },
		}
	},
	"ChangeRole": func(w *inboxtest.World) keyed {
		who := newMember(w)
		change := func(key string, to models.Role) (string, error) {
			m, err := w.Inbox.ChangeRole(w.Context(), w.Owner, who, to, key)
			return id(m, func(m *models.Membership) string { return m.UserID + string(m.Role) }), err
		}
		return keyed{
			do:    func(key string) (string, error) { return change(key, models.Supervisor) },
			other: func(key string) error { _, err := change(key, models.Admin); return err },
		}
	},
	"RemoveMember": func(w *inboxtest.World) keyed {
		who := newMember(w)
		return keyed{
			do: func(key string) (string, error) {
				m, err := w.Inbox.RemoveMember(w.Context(), w.Owner, who, key)
				return id(m, func(m *models.Membership) string { return m.UserID + m.RemovedAt.UTC().String() }), err
			},
			other: func(key string) error {
				_, err := w.Inbox.RemoveMember(w.Context(), w.Owner, w.Colleague.UserID, key)
				return err
			},
		}
	},
	"AssignFromStream": func(w *inboxtest.World) keyed {
		x := &models.Channel{}
		w.Must(w.Store.Do(w.Context(), w.Admin, models.ManageChannels, func(tx *models.Tx) (err error) {
			if x, err = tx.NewChannel(models.X, next(), "@shop", models.Credentials{}); err != nil {
				return err
			}
			return tx.Create(x)
		}))
		r := seen(w, x)
		assign := func(key, post string) (string, error) {
			r := r
			r.Post.ExternalID, r.Key = post, key
			c, err := w.Inbox.AssignFromStream(w.Context(), w.Agent, r)
			return conversationID(c), err
		}
		return keyed{
			do:    func(key string) (string, error) { return assign(key, "1") },
			other: func(key string) error { _, err := assign(key, "2"); return err },
		}
	},
}

func id[T any](row *T, of func(*T) string) string {
	if row == nil {
		return ""
	}
	return of(row)
}

func conversationID(c *models.Conversation) string {
	return id(c, func(c *models.Conversation) string { return c.ID })
}

func channelID(c *models.Channel) string {
	return id(c, func(c *models.Channel) string { return c.ID })
}

// newMember makes one more agent.
func newMember(w *inboxtest.World) (userID string) {
	w.T.Helper()
	name := "member" + next()
	_, users, err := w.Store.Found(w.Context(), "Elsewhere", models.Standard, models.NewMember{Email: name + "@example.com", Name: name, Role: models.Owner})
	w.Must(err)
	w.Must(w.Store.Do(w.Context(), w.Admin, models.ManageMembers, func(tx *models.Tx) error {
		return tx.Create(&models.Membership{OrganizationID: w.Org.ID, UserID: users[0], Role: models.Agent, CreatedAt: tx.Now})
	}))
	return users[0]
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	for name, prepare := range keyedVerbs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := inboxtest.New(t)
			inOrganization := func(v keyed) keyed {
				if v.trace == nil {
					v.trace = func() any { return w.LogEnd() }
				}
				return v
			}
			v := inOrganization(prepare(w))
			before := v.trace()

			first, err := v.do("key")
			w.Must(err)
			done := v.trace()
			if first == "" || done == before {
				t.Fatalf("it did nothing: %q, %v", first, done)
			}

			// The same again, later: the first result, and nothing happens.
			w.Clock.Advance(time.Minute)
			again, err := v.do("key")
			w.Must(err)
			inboxtest.Same(t, "result", again, first)
			inboxtest.Same(t, "trace", v.trace(), done)

			if v.other != nil {
				inboxtest.Refused(t, v.other("key"), models.IdempotencyConflict)
				inboxtest.Same(t, "trace of another input", v.trace(), done)
			}

			// Several at once, on another subject: one does it, and all get its result.
			v = inOrganization(prepare(w))
			alone := v.trace()
			results, errs := make([]string, 3), make([]error, 3)
			inboxtest.Together(3, func(i int) { results[i], errs[i] = v.do("another key") })
			for i := range results {
				w.Must(errs[i])
				inboxtest.Same(t, "result of one of several", results[i], results[0])
			}
			if before, ok := before.(int); ok {
				inboxtest.Same(t, "how much several did", v.trace().(int)-alone.(int), done.(int)-before)
			} else if v.trace() == alone {
				t.Error("several did nothing")
			}
		})
	}
}

func TestIdempotencyKeyIs(t *testing.T) {
	t.Parallel()
	mark := func(w *inboxtest.World, by models.Viewer, c *models.Conversation, key string) error {
		_, err := w.Inbox.MarkRead(w.Context(), by, c.ID, key)
		return err
	}
	t.Run("forgotten after a day", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		create := func() string {
			made, err := w.Inbox.CreateToken(w.Context(), w.Agent, inbox.TokenRequest{Name: "sync", Key: "k"})
			w.Must(err)
			return made.Secret
		}
		w.Clock.Advance(time.Hour)
		first := create()

		w.Clock.Advance(models.DefaultRules().KeyRetention - time.Microsecond)
		w.Work(models.DueLogs)
		inboxtest.Same(t, "secret within a day", create(), first)

		w.Clock.Advance(models.DefaultRules().KeyRetention)
		if w.Work(models.DueLogs) != 1 {
			t.Fatal("nobody looked for old keys")
		}
		inboxtest.Same(t, "keys", w.Count(`SELECT count(*) FROM idempotency_keys`), 0)
		if create() == first {
			t.Error("the first secret was still known")
		}
	})
	t.Run("free again when its verb was refused", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		resolve(w, c)
		reply := func() error {
			_, err := w.Inbox.Reply(w.Context(), w.Agent, inbox.ReplyRequest{ConversationID: c.ID, Draft: models.Draft{Text: "hi"}, Key: "k"})
			return err
		}
		w.Clock.Advance(25 * time.Hour)
		inboxtest.Refused(t, reply(), models.ReplyWindowClosed)
		w.CustomerWrites("491701", "anyone?")

		w.Must(reply())
	})
	t.Run("a member's own, in one organization, for one verb", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("2")
		c, other := w.CustomerWrites("491701", "hello?"), w.CustomerWrites("491702", "hello?")
		theirs := n.Says("491703", "hello?")
		n.Receive(theirs)
		w.Must(mark(w, w.Agent, c, "k"))

		w.Must(mark(w, w.Colleague, other, "k"))
		w.Must(mark(n, n.Agent, n.Conversation(n.MessageSaid(theirs.ExternalID).ConversationID), "k"))
		_, err := w.Inbox.Assign(w.Context(), w.Agent, inbox.AssignRequest{ConversationID: c.ID, UserID: &w.Agent.UserID, Key: "k"})
		w.Must(err)
		inboxtest.Refused(t, mark(w, w.Agent, other, "k"), models.IdempotencyConflict)
	})
	t.Run("of at most 200 characters", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		long := fmt.Sprintf("%0200d", 1)
		w.Must(mark(w, w.Agent, c, long))
		inboxtest.Refused(t, mark(w, w.Agent, c, long+"0"), models.InvalidInput)
	})
	t.Run("not needed", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		c := w.CustomerWrites("491701", "hello?")
		first, second := w.Reply(c, "hi"), w.Reply(c, "hi")
		if first.ID == second.ID {
			t.Error("two replies are one")
		}
		inboxtest.Same(t, "keys", w.Count(`SELECT count(*) FROM idempotency_keys`), 0)
	})
}

// TestSignInWithKey is apart from the other verbs, as passwords take their time.
func TestSignInWithKey(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t)
	found(w, "Alpha")
	tokens := make([]string, 2)
	inboxtest.Together(len(tokens), func(i int) {
		token, _, _, err := w.Inbox.SignIn(w.Context(), inbox.Credentials{Email: "paula@example.com", Password: password, Key: "k"})
		if err != nil {
			t.Error(err)
			return
		}
		tokens[i] = token.Secret
	})
	inboxtest.Same(t, "session", tokens[1], tokens[0])
	inboxtest.Same(t, "sessions", w.Count(`SELECT count(*) FROM tokens`), 1)
}
