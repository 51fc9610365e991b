package inbox_test

import (
	"encoding/base64"
	"sync"
	"testing"
	"time"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

func TestFollow(t *testing.T) {
	t.Parallel()
	t.Run("yields everything from the beginning, and then what comes", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		p := newProcess(w, noRedis(t), never)
		p.record(3)
		before := w.LogEnd()

		f := p.follow(w.Onlooker, cursor(0))
		inOrder(t, f.take(before), 0)
		p.record(2)
		p.record(1)
		inOrder(t, f.take(3), before)
	})
	t.Run("yields what is behind a cursor", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		p := newProcess(w, noRedis(t), never)
		after := w.LogEnd()
		p.record(5)

		for skipped := range 5 {
			inOrder(t, p.follow(w.Onlooker, cursor(after+skipped)).take(5-skipped), after+skipped)
		}
	})
	t.Run("begins now without a cursor", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		p := newProcess(w, noRedis(t), never)
		p.record(10)
		before := w.LogEnd()

		f := p.follow(w.Onlooker, nil)
		first := f.takeUntil(func() { p.record(1) })
		p.record(3)

		if first[0].Seq <= int64(before) {
			t.Errorf("began at %d, which was there before", first[0].Seq)
		}
		inOrder(t, append(first, f.take(3)...), int(first[0].Seq)-1)
	})
	t.Run("misses nothing that is committed while it begins", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		p := newProcess(w, noRedis(t), never)

		for range 30 { // each has a new tail, as the one before has left
			after := w.LogEnd()
			f := p.follow(w.Onlooker, cursor(after))
			p.record(1)
			inOrder(t, f.take(1), after)
			f.leave()
		}
	})
	t.Run("says the same of an event, whichever way it came", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		r := newRedis(t)
		here, there := newProcess(w, r.URL(), never), newProcess(w, r.URL(), never)
		start := w.LogEnd()
		live, remote := here.follow(w.Owner, here.end()), there.follow(w.Owner, there.end())
		awaitListeners(w, r.URL(), 2)

		b := w.OpenInbox(here.store)
		in := w.Says("491701", "hello?")
		w.Must(b.Receive(w.Context(), models.WhatsApp, body, channels.Parsed{Inbound: []models.Inbound{in}}))
		_, err := b.Reply(w.Context(), w.Agent, inbox.ReplyRequest{
			ConversationID: w.MessageSaid(in.ExternalID).ConversationID, Draft: models.Draft{Text: "hi"},
		})
		w.Must(err)
		w.Clock.Advance(23*time.Hour + 1234567*time.Nanosecond)
		crew := w.Hire(b)
		for _, kind := range []models.JobKind{models.DueMessages, models.DueWindows} {
			_, err := crew.RunOnce(w.Context(), kind)
			w.Must(err)
		}
		_, err = b.RemoveMember(w.Context(), w.Owner, w.Colleague.UserID, "")
		w.Must(err)

		n := w.LogEnd() - start
		if n < 7 {
			t.Fatalf("only %d events happened", n)
		}
		want := written(t, here.follow(w.Owner, cursor(start)).take(n))
		inboxtest.Same(t, "live", written(t, live.take(n)), want)
		inboxtest.Same(t, "through Redis", written(t, remote.take(n)), want)
	})
	t.Run("shows nothing of another organization, whatever the cursor", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		n := w.Neighbour("2")
		p := newProcess(w, noRedis(t), never)
		w.Must(p.commit(n.Org.ID, 20))
		w.Must(p.commit(w.Org.ID, 10))
		end := w.LogEnd()

		theirs := cursor(4)
		f := p.follow(w.Owner, theirs)
		w.Must(p.commit(n.Org.ID, 1))
		w.Must(p.commit(w.Org.ID, 1))

		events := f.take(end - 4 + 1)
		inOrder(t, events, 4)
		for _, e := range events {
			inboxtest.Same(t, "organization", e.OrganizationID, w.Org.ID)
		}
		p.follow(w.Owner, cursor(n.LogEnd())).refused(models.CursorExpired)
		stranger := models.Viewer{Kind: models.ActorUser, OrganizationID: n.Org.ID, UserID: "usr_00000000000000000000000000000000"}
		p.follow(stranger, cursor(0)).refused(models.Unauthenticated)
	})
	t.Run("refuses what is no cursor", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		p := newProcess(w, noRedis(t), never)
		for _, text := range []string{"", "0", "event:1", "!", "event:-1", "event:", "event:1x", "event:99999999999999999999", "list:1"} {
			f := p.follow(w.Owner, &text)
			f.refused(models.InvalidCursor)
			encoded := base64.RawURLEncoding.EncodeToString([]byte(text))
			if text != "event:1" {
				p.follow(w.Owner, &encoded).refused(models.InvalidCursor)
			}
		}
	})
	t.Run("ends when its context ends", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		p := newProcess(w, noRedis(t), never)
		f := p.follow(w.Owner, p.end())
		p.record(100)
		f.take(1)

		f.leave()

		if events, err := f.rest(); err != nil || len(events) > 0 {
			t.Errorf("after its end came %d events and %v", len(events), err)
		}
	})
	t.Run("ends at once when the feed has ended", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		p := newProcess(w, noRedis(t), never)
		p.stop()

		if events, err := p.follow(w.Owner, cursor(0)).rest(); err == nil || len(events) > 0 {
			t.Errorf("got %v, %v", events, err)
		}
	})
}

func TestFollowUnderManyWriters(t *testing.T) {
	t.Parallel()
	backlog := 2 * inbox.TailLength
	t.Run("in one process", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		followManyWriters(w, backlog, newProcess(w, noRedis(t), 20*time.Millisecond))
	})
	t.Run("in two processes", func(t *testing.T) {
		t.Parallel()
		w, r := inboxtest.New(t), newRedis(t)
		followManyWriters(w, backlog, newProcess(w, r.URL(), 20*time.Millisecond), newProcess(w, r.URL(), 20*time.Millisecond))
	})
}

// followManyWriters has eight writers commit more than a tail keeps, while followers of every process come from far
// behind, from the middle, and from now.
func followManyWriters(w *inboxtest.World, backlog int, processes ...*process) {
	for range backlog / 512 {
		processes[0].record(512)
	}
	start := w.LogEnd()
	const writers, commits = 8, 50
	size := func(writer, commit int) int { return 1 + (writer+commit)%11 }
	end := start
	for i := range writers {
		for j := range commits {
			end += size(i, j)
		}
	}
	if end-start < 2*inbox.TailLength {
		w.T.Fatalf("%d events are too few", end-start)
	}
	var working sync.WaitGroup
	join := func(after int) {
		for _, p := range processes {
			f := p.follow(w.Onlooker, cursor(after))
			working.Go(func() {
				events, err := f.collect(end - after)
				if err != nil {
					w.T.Errorf("from %d: %v", after, err)
				}
				inOrder(w.T, events, after)
			})
		}
	}
	join(start)
	join(0)
	for i := range writers {
		p := processes[i%len(processes)]
		working.Go(func() {
			for j := range commits {
				if err := p.commit(w.Org.ID, size(i, j)); err != nil {
					w.T.Error(err)
				}
			}
		})
	}
	join(start / 2)
	working.Wait()
	if last := w.LogEnd(); last != end {
		w.T.Errorf("the log ends at %d, not at %d", last, end)
	}
}

func TestFollowSlowly(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t)
	p := newProcess(w, noRedis(t), never)
	start := w.LogEnd()
	slow, fast := p.follow(w.Agent, cursor(start)), p.follow(w.Owner, cursor(start))
	p.record(1)
	slow.take(1) // and then stops reading for a while

	const n = 3 * inbox.TailLength
	for range n / 256 {
		p.record(256)
		fast.take(256)
	}
	fast.take(1)

	inOrder(t, slow.take(n), start+1)
}

func TestFollowForgottenLog(t *testing.T) {
	t.Parallel()
	forget := func(w *inboxtest.World) {
		w.T.Helper()
		w.Clock.Advance(models.DefaultRules().EventRetention + time.Hour)
		if w.Work(models.DueLogs) == 0 || w.LogEnd() != 0 {
			w.T.Fatal("the log was not forgotten")
		}
	}
	t.Run("refuses a cursor the log does not reach back to", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		p := newProcess(w, noRedis(t), never)
		p.record(5)
		end := w.LogEnd()
		forget(w)

		p.follow(w.Owner, cursor(0)).refused(models.CursorExpired)
		p.follow(w.Owner, cursor(end-1)).refused(models.CursorExpired)

		f := p.follow(w.Owner, cursor(end))
		p.record(2)
		inOrder(t, f.take(2), end)
	})
	t.Run("refuses a cursor from the future", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		p := newProcess(w, noRedis(t), never)

		p.follow(w.Owner, cursor(w.LogEnd()+1)).refused(models.CursorExpired)
	})
	t.Run("tells a follower who fell behind", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		p := newProcess(w, noRedis(t), never)
		start := w.LogEnd()
		f, witness := p.follow(w.Owner, cursor(start)), p.follow(w.Owner, cursor(start))
		p.record(1)
		f.take(1)
		const n = 4 * inbox.TailLength
		for range n / 512 {
			p.record(512)
		}
		witness.take(1 + n) // so the tail has all of it, and keeps only the newest
		forget(w)

		events, err := f.rest()

		inboxtest.Refused(t, err, models.CursorExpired)
		inOrder(t, events, start+1)
	})
	t.Run("tells those whose process did not see what was forgotten", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		p := newProcess(w, noRedis(t), never)
		other := newProcess(w, noRedis(t), never)
		f := p.follow(w.Owner, p.end())
		p.record(1)
		f.take(1)
		other.record(3)
		forget(w)
		end := lastSeq(w)

		p.record(1)

		f.refused(models.CursorExpired)
		inOrder(t, p.follow(w.Owner, cursor(end)).take(1), end)
	})
}

func TestFollowWithoutAccess(t *testing.T) {
	t.Parallel()
	t.Run("ends at the event that ends a membership", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		p := newProcess(w, noRedis(t), never)
		b := w.OpenInbox(p.store)
		theirs, others := p.follow(w.Agent, p.end()), p.follow(w.Owner, p.end())
		p.record(2)
		theirs.take(2)

		_, err := b.RemoveMember(w.Context(), w.Owner, w.Agent.UserID, "")
		w.Must(err)
		p.record(1)

		theirs.refused(models.AccessRevoked)
		seen := others.take(4)
		inboxtest.Same(t, "event", seen[2].Type, models.MembershipChanged)
		inboxtest.Same(t, "who", seen[2].Data, models.EventData{UserID: w.Agent.UserID})
	})
	t.Run("ends for a follower far behind", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		p := newProcess(w, noRedis(t), never)
		start := w.LogEnd()
		for range 6 {
			p.record(512)
		}
		f := p.follow(w.Agent, cursor(start))
		f.take(1)

		_, err := w.Inbox.RemoveMember(w.Context(), w.Owner, w.Agent.UserID, "")
		w.Must(err)

		events, err := f.rest()
		inboxtest.Refused(t, err, models.AccessRevoked)
		inOrder(t, events, start+1)
	})
	t.Run("ends at the event that revokes its token, and of no other token", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		p := newProcess(w, noRedis(t), never)
		b := w.OpenInbox(p.store)
		revoked, other := newToken(w, b, w.Agent), newToken(w, b, w.Agent)
		ends, stays := p.follow(revoked, p.end()), p.follow(other, p.end())
		p.record(1)
		ends.take(1)
		stays.take(1)

		_, err := b.RevokeToken(w.Context(), w.Agent, revoked.TokenID, "")
		w.Must(err)

		ends.refused(models.AccessRevoked)
		inboxtest.Same(t, "event", stays.take(1)[0].Type, models.TokenRevoked)
		p.record(1)
		stays.take(1)
	})
	t.Run("stays with another role", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		p := newProcess(w, noRedis(t), never)
		b := w.OpenInbox(p.store)
		f := p.follow(w.Agent, p.end())

		_, err := b.ChangeRole(w.Context(), w.Owner, w.Agent.UserID, models.ViewerRole, "")
		w.Must(err)
		p.record(1)

		inboxtest.Same(t, "event", f.take(2)[0].Data, models.EventData{UserID: w.Agent.UserID, To: string(models.ViewerRole)})
	})
	t.Run("never begins", func(t *testing.T) {
		t.Parallel()
		w := inboxtest.New(t)
		p := newProcess(w, noRedis(t), never)
		token := newToken(w, w.Inbox, w.Agent)
		_, err := w.Inbox.RevokeToken(w.Context(), w.Agent, token.TokenID, "")
		w.Must(err)
		_, err = w.Inbox.RemoveMember(w.Context(), w.Owner, w.Colleague.UserID, "")
		w.Must(err)

		p.follow(token, cursor(0)).refused(models.Unauthenticated)
		p.follow(w.Colleague, cursor(0)).refused(models.Unauthenticated)
		p.follow(models.Viewer{Kind: models.ActorUser}, cursor(0)).refused(models.Unauthenticated)
	})
}

// newToken makes a token for a member, and is who comes in by it.
func newToken(w *inboxtest.World, b *inbox.Inbox, member models.Viewer) models.Viewer {
	w.T.Helper()
	made, err := b.CreateToken(w.Context(), member, inbox.TokenRequest{Name: "program"})
	w.Must(err)
	viewer, _, err := w.Store.Authenticate(w.Context(), made.Secret)
	w.Must(err)
	return viewer
}

// lastSeq is the number of the newest event, forgotten or not.
func lastSeq(w *inboxtest.World) int {
	w.T.Helper()
	return int(w.Organization().LastEventSeq)
}
