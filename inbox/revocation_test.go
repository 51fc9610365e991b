package inbox_test

import (
	"context"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// lobby is a transport whose guests are the test's, and stay.
type lobby struct {
	t      testing.TB
	guests []models.Viewer
	told   chan [2]string
}

var _ inbox.Guests = (*lobby)(nil)

func (l *lobby) Revoke(owner, tokenID string) { l.told <- [2]string{owner, tokenID} }

func (l *lobby) Subjects() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, v := range l.guests {
			if !yield(inbox.OwnerOf(v), v.TokenID) {
				return
			}
		}
	}
}

// hears fails the test unless this is what it is told next.
func (l *lobby) hears(v models.Viewer, tokenID string) {
	l.t.Helper()
	select {
	case got := <-l.told:
		inboxtest.Same(l.t, "told", got, [2]string{inbox.OwnerOf(v), tokenID})
	case <-time.After(longest):
		l.t.Fatal("it is told nothing")
	}
}

// heardNow fails the test unless it has been told already, and of nothing else.
func (l *lobby) heardNow(v models.Viewer, tokenID string) {
	l.t.Helper()
	inboxtest.Same(l.t, "told so far", len(l.told), 1)
	l.hears(v, tokenID)
}

// doors are what of a process concerns revocations.
type doors struct {
	*lobby
	inbox *inbox.Inbox
}

func newDoors(w *inboxtest.World, redisURL string, every time.Duration, guests ...models.Viewer) *doors {
	w.T.Helper()
	options, err := redis.ParseURL(redisURL)
	w.Must(err)
	client, store := redis.NewClient(options), w.OpenStore()
	d := &doors{lobby: &lobby{t: w.T, guests: guests, told: make(chan [2]string, 10_000)}, inbox: w.OpenInbox(store)}
	revocations := inbox.NewRevocations(inbox.RevocationsConfig{
		Store: store, Redis: client, Guests: []inbox.Guests{d}, Every: every, Log: inboxtest.Quiet,
	})
	store.OnCommit(revocations.Ring)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { revocations.Run(ctx) })
	w.T.Cleanup(func() {
		cancel()
		running.Wait()
		_ = client.Close()
	})
	return d
}

// comesIn is the viewer by a token of their own.
func comesIn(w *inboxtest.World, v models.Viewer) models.Viewer {
	w.T.Helper()
	made, err := w.Inbox.CreateToken(w.Context(), v, inbox.TokenRequest{Name: "test"})
	w.Must(err)
	v.TokenID = made.Token.ID
	return v
}

func (d *doors) revoke(w *inboxtest.World, v models.Viewer) {
	w.T.Helper()
	_, err := d.inbox.RevokeToken(w.Context(), w.Owner, v.TokenID, "")
	w.Must(err)
}

func TestRevocations(t *testing.T) {
	t.Parallel()
	t.Run("are told here at once, and to other processes through Redis", func(t *testing.T) {
		t.Parallel()
		w, r := inboxtest.New(t), newRedis(t)
		here, there := newDoors(w, r.URL(), never), newDoors(w, r.URL(), never)
		awaitHearers(t, r.URL(), "parley:revoked", 2)
		agent := comesIn(w, w.Agent)

		_, err := here.inbox.ChangeRole(w.Context(), w.Owner, w.Agent.UserID, models.Supervisor, "") // revokes nothing
		w.Must(err)
		here.revoke(w, agent)
		here.heardNow(agent, agent.TokenID)
		there.hears(agent, agent.TokenID)
		here.hears(agent, agent.TokenID) // once more, from Redis: it changes nothing

		_, err = there.inbox.RemoveMember(w.Context(), w.Owner, w.Agent.UserID, "")
		w.Must(err)
		there.heardNow(agent, "")
		here.hears(agent, "")
	})
	t.Run("are found by the next look without Redis, of whom is here", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		stays, revoked, removed := comesIn(w, w.Owner), comesIn(w, w.Agent), comesIn(w, w.Colleague)
		here := newDoors(w, noRedis(t), never)
		there := newDoors(w, noRedis(t), 10*time.Millisecond, stays, revoked)
		elsewhere := newDoors(w, noRedis(t), 10*time.Millisecond, stays, removed)

		here.revoke(w, revoked)
		there.hears(revoked, revoked.TokenID)
		_, err := here.inbox.RemoveMember(w.Context(), w.Owner, w.Colleague.UserID, "")
		w.Must(err)
		elsewhere.hears(removed, removed.TokenID)
	})
	t.Run("are found as soon as Redis is back", func(t *testing.T) {
		t.Parallel()
		w, r := inboxtest.New(t), newRedis(t)
		agent := comesIn(w, w.Agent)
		here, there := newDoors(w, noRedis(t), never), newDoors(w, r.URL(), never, agent)
		awaitHearers(t, r.URL(), "parley:revoked", 1)

		r.Kill()
		here.revoke(w, agent)
		w.Must(r.Restart())

		there.hears(agent, agent.TokenID)
	})
	t.Run("are not disturbed by what is no message of ours", func(t *testing.T) {
		t.Parallel()
		w, r := inboxtest.New(t), newRedis(t)
		here, there := newDoors(w, r.URL(), never), newDoors(w, r.URL(), never)
		awaitHearers(t, r.URL(), "parley:revoked", 2)
		options, err := redis.ParseURL(r.URL())
		w.Must(err)
		client := redis.NewClient(options)
		defer client.Close()

		for _, message := range []string{"", "{", "[]", "null", "{}", `{"owner":1}`, `{"owner":""}`, `{"owner":"org_1 "}`, `{"owner":" usr_1","tokenId":"tok_1"}`} {
			w.Must(client.Publish(w.Context(), "parley:revoked", message).Err())
		}
		agent := comesIn(w, w.Agent)
		here.revoke(w, agent)

		there.hears(agent, agent.TokenID)
	})
}
